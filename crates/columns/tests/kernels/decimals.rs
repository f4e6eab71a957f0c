//! Decimals of each width against exact arithmetic on whole numbers.

use arrow::array::ArrayRef;
use jackfield_columns::compute::{Argument, Scalar};

use crate::every_type::values;
use crate::suite::*;

/// The types with the numbers that `every_type` has for them.
const TYPES: &[(&str, &str, &str)] =
    &[("decimal(10,2)", "-1.50", "2.25"), ("decimal(38,38)", "-0.5", "0.5"), ("decimal(50,2)", "-1.50", "2.25")];

/// A number of tens to the power of minus `places`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Exact {
    units: i128,
    places: u32,
}

fn exact(text: &str) -> Exact {
    let places = text.split_once('.').map_or(0, |(_, behind)| behind.len() as u32);
    Exact { units: text.replace('.', "").parse().unwrap(), places }
}

/// Both in units of the same size.
fn aligned(a: Exact, b: Exact) -> (i128, i128, u32) {
    let places = a.places.max(b.places);
    (a.units * 10_i128.pow(places - a.places), b.units * 10_i128.pow(places - b.places), places)
}

/// What the operation gives; quotients have to end within ten places.
fn computed(operation: &str, a: Exact, b: Exact) -> Exact {
    let (left, right, places) = aligned(a, b);
    match operation {
        "add" => Exact { units: left + right, places },
        "subtract" => Exact { units: left - right, places },
        "multiply" => Exact { units: a.units * b.units, places: a.places + b.places },
        "divide" => {
            assert_eq!(left * 10_i128.pow(10) % right, 0, "the quotient is exact");
            Exact { units: left * 10_i128.pow(10) / right, places: 10 }
        }
        _ => Exact { units: left % right, places },
    }
}

/// The number with so many places, which hold all of it.
fn written(number: Exact, places: usize) -> String {
    let digits = format!("{:0width$}", number.units.unsigned_abs(), width = number.places as usize + 1);
    let (whole, behind) = digits.split_at(digits.len() - number.places as usize);
    let behind = behind.trim_end_matches('0');
    assert!(behind.len() <= places, "{behind} is more than {places} places");
    let sign = if number.units < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{behind:0<places$}") }
}

/// Places of the result, as Arrow has them.
fn places(operation: &str, left: usize, right: usize) -> usize {
    match operation {
        "multiply" => left + right,
        "divide" => left + 4,
        _ => left.max(right),
    }
}

pub(crate) fn cases(suite: &mut Suite) {
    for (name, low, high) in TYPES {
        let column_of = values(name, low, high);
        let scale = if *name == "decimal(38,38)" { 38 } else { 2 };
        let (low, high) = (exact(low), exact(high));
        arithmetic(suite, &column_of, low, high, scale);
        signs(suite, &column_of, low, high, scale);
        floats_of(suite, name);
        rounded(suite, name, &column_of, low, high);
        suite.check("is_nan", &[column(&column_of)], "", "false false null");
    }
}

#[test]
fn by_hand() {
    all(cases);
}

fn arithmetic(suite: &mut Suite, column_of: &ArrayRef, low: Exact, high: Exact, scale: usize) {
    let two = exact("2");
    // Without a digit before the point there is no room for a sum of one: these are computed with whole numbers only.
    let partners: Vec<(Argument, [Exact; 2], usize)> = if scale == 38 {
        vec![(int(2), [two, two], 0)]
    } else {
        let cents = decimals(&[50, -75, 100], 5, 2);
        vec![(int(2), [two, two], 0), (column(&cents), [exact("0.50"), exact("-0.75")], 2)]
    };
    for (partner, numbers, other) in partners {
        for operation in ["add", "subtract", "multiply", "divide", "remainder"] {
            let each = [(low, numbers[0]), (high, numbers[1])]
                .map(|(a, b)| written(computed(operation, a, b), places(operation, scale, other)));
            let expected = format!("{} null", each.join(" "));
            for checked in ["", "_checked"] {
                let function = format!("{operation}{checked}");
                suite.check(&function, &[column(column_of), partner.clone()], "", &expected);
            }
        }
    }
}

fn signs(suite: &mut Suite, column_of: &ArrayRef, low: Exact, high: Exact, scale: usize) {
    let told = |f: fn(i128) -> i128| {
        let each = [low, high].map(|number| written(Exact { units: f(number.units), ..number }, scale));
        format!("{} null", each.join(" "))
    };
    let argument = [column(column_of)];
    for checked in ["", "_checked"] {
        suite.check(&format!("negate{checked}"), &argument, "", &told(|units| -units));
        suite.check(&format!("abs{checked}"), &argument, "", &told(i128::abs));
    }
    let whole = |units: i128| written(Exact { units, places: 0 }, scale);
    suite.check("sign", &argument, "", &format!("{} {} null", whole(-1), whole(1)));
}

/// What is float64, of numbers that floats hold exactly.
fn floats_of(suite: &mut Suite, name: &str) {
    let number = if name == "decimal(38,38)" { "0.25" } else { "6.25" };
    let value: f64 = number.parse().unwrap();
    let argument = column(&as_type(&texts(&[Some(number), None]), name));
    type Named = (&'static str, fn(f64) -> f64);
    let functions: [Named; 5] =
        [("sqrt", f64::sqrt), ("ln", f64::ln), ("log10", f64::log10), ("log2", f64::log2), ("exp", f64::exp)];
    for (function, f) in functions {
        suite.check(function, std::slice::from_ref(&argument), "", &format!("{:?} null", f(value)));
    }
    let two = Argument::Scalar(Scalar::Int64(2));
    let pair = [argument, two];
    suite.check("power", &pair, "", &format!("{:?} null", value * value));
    suite.check("power_checked", &pair, "", &format!("{:?} null", value * value));
}

fn rounded(suite: &mut Suite, name: &str, column_of: &ArrayRef, low: Exact, high: Exact) {
    let scale = if name == "decimal(38,38)" { 38 } else { 2 };
    type Mode = (&'static str, fn(i128, i128) -> i128);
    let modes: [Mode; 4] = [
        ("floor", |units, one| units.div_euclid(one)),
        ("ceil", |units, one| -(-units).div_euclid(one)),
        ("trunc", |units, one| units / one),
        // Half to even: the halves here are beside 0, -1 and -2.
        ("round", |units, one| {
            let below = units.div_euclid(one);
            match (units.rem_euclid(one) * 2).cmp(&one) {
                std::cmp::Ordering::Less => below,
                std::cmp::Ordering::Equal => below + below.rem_euclid(2),
                std::cmp::Ordering::Greater => below + 1,
            }
        }),
    ];
    for (function, mode) in modes {
        let mut failed = false;
        let each = [low, high].map(|number| {
            let whole = mode(number.units, 10_i128.pow(number.places));
            // No digit before the point, no one.
            if scale == 38 && whole != 0 {
                return if std::mem::replace(&mut failed, true) {
                    "!".to_owned()
                } else {
                    "!integer-overflow".to_owned()
                };
            }
            written(Exact { units: whole, places: 0 }, scale)
        });
        suite.check(function, &[column(column_of)], "", &format!("{} null", each.join(" ")));
    }
}
