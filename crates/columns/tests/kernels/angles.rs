//! Angles, logarithms, bits, and rounding to digits and multiples of each row's or the caller's choice.

use arrow::array::{Array, ArrayRef};

use crate::arithmetic::{INTEGERS, of_type};
use crate::suite::*;

/// The types of numbers.
pub(crate) const NUMBERS: &[&str] = &[
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "decimal(10,2)",
    "decimal(38,38)",
    "decimal(50,2)",
];

/// A column of that type with a number, a null and zero, and the number.
pub(crate) fn few(name: &str) -> (ArrayRef, f64) {
    let number = if name == "decimal(38,38)" { "0.5" } else { "1" };
    (as_type(&texts(&[Some(number), None, Some("0")]), name), number.parse().unwrap())
}

pub(crate) fn cases(suite: &mut Suite) {
    angles(suite);
    bits(suite);
    rounding(suite);
    tests(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

type One = (&'static str, fn(f64) -> f64);
const ONES: &[One] = &[
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("asin", f64::asin),
    ("acos", f64::acos),
    ("atan", f64::atan),
    ("sinh", f64::sinh),
    ("cosh", f64::cosh),
    ("tanh", f64::tanh),
    ("asinh", f64::asinh),
    ("acosh", f64::acosh),
    ("atanh", f64::atanh),
    ("expm1", f64::exp_m1),
    ("log1p", f64::ln_1p),
];

/// What the checked ones refuse.
type Checked = (&'static str, fn(f64) -> f64, fn(f64) -> bool);
const CHECKED: &[Checked] = &[
    ("sin_checked", f64::sin, f64::is_infinite),
    ("cos_checked", f64::cos, f64::is_infinite),
    ("tan_checked", f64::tan, f64::is_infinite),
    ("asin_checked", f64::asin, |x| !(-1.0..=1.0).contains(&x)),
    ("acos_checked", f64::acos, |x| !(-1.0..=1.0).contains(&x)),
    ("acosh_checked", f64::acosh, |x| x < 1.0),
    ("atanh_checked", f64::atanh, |x| x <= -1.0 || x >= 1.0),
    ("sqrt_checked", f64::sqrt, |x| x < 0.0),
    ("ln_checked", f64::ln, |x| x <= 0.0),
    ("log10_checked", f64::log10, |x| x <= 0.0),
    ("log2_checked", f64::log2, |x| x <= 0.0),
    ("log1p_checked", f64::ln_1p, |x| x <= -1.0),
];

fn angles(suite: &mut Suite) {
    for name in NUMBERS {
        let (numbers, value) = few(name);
        let argument = [column(&numbers)];
        for (function, f) in ONES {
            suite.check(function, &argument, "", &format!("{:?} null {:?}", f(value), f(0.0)));
        }
        for (function, f, outside) in CHECKED {
            let mut failed = false;
            let each = [value, 0.0].map(|x| match outside(x) {
                true if std::mem::replace(&mut failed, true) => "!".to_owned(),
                true => "!out-of-bounds".to_owned(),
                false => format!("{:?}", f(x)),
            });
            suite.check(function, &argument, "", &format!("{} null {}", each[0], each[1]));
        }
        let pair = [column(&numbers), column(&numbers)];
        suite.check("atan2", &pair, "", &format!("{:?} null 0.0", std::f64::consts::FRAC_PI_4));
        let one = numbers.slice(0, 2);
        let logarithm = value.ln() / value.ln();
        suite.check("logb", &[column(&one), column(&one)], "", &format!("{logarithm:?} null"));
        suite.check("logb_checked", &[column(&one), column(&one)], "", &format!("{logarithm:?} null"));
    }
    let odd = floats(&[Some(f64::NAN), Some(f64::INFINITY), Some(-2.0), None]);
    suite.check("sin", &[column(&odd)], "", &format!("NaN NaN {:?} null", (-2.0_f64).sin()));
    suite.check("sin_checked", &[column(&odd)], "", &format!("NaN !out-of-bounds {:?} null", (-2.0_f64).sin()));
    suite.check("sqrt_checked", &[column(&odd)], "", "NaN inf !out-of-bounds null");
    suite.check("acosh", &[column(&odd)], "", "NaN inf NaN null");
    suite.check("atan2", &[float(-0.0), column(&floats(&[Some(-0.0), Some(1.0)]))], "", "-3.141592653589793 -0.0");
    suite.check("logb", &[column(&ints(&[Some(8), Some(0), Some(-1)])), int(2)], "", "3.0 -inf NaN");
    suite.check("logb_checked", &[column(&ints(&[Some(8), Some(0), Some(-1)])), int(2)], "", "3.0 !out-of-bounds !");
    suite.refuse("sin", &[column(&texts(&[Some("1")]))], "", "type-mismatch");
}

/// A number of a type's width, from its bits.
fn wrapped(value: i128, low: i128, high: i128) -> i128 {
    (value - low).rem_euclid(high - low + 1) + low
}

fn bits(suite: &mut Suite) {
    for (name, low, high) in INTEGERS {
        let (a, b) = ([*low, *high, 12, 1], [*high, *high, 10, 0]);
        let of = |values: &[i128]| {
            let values: Vec<_> = values.iter().map(|value| Some(*value)).chain([None]).collect();
            column(&of_type(name, &values))
        };
        let pair = [of(&a), of(&b)];
        let told = |f: &dyn Fn(i128, i128) -> i128| {
            let each: Vec<String> = a.iter().zip(&b).map(|(a, b)| f(*a, *b).to_string()).collect();
            format!("{} null", each.join(" "))
        };
        suite.check("bit_wise_and", &pair, "", &told(&|a, b| a & b));
        suite.check("bit_wise_or", &pair, "", &told(&|a, b| a | b));
        suite.check("bit_wise_xor", &pair, "", &told(&|a, b| a ^ b));
        suite.check("bit_wise_not", &pair[..1], "", &told(&|a, _| wrapped(!a, *low, *high)));
        let width = 128 - (high - low).leading_zeros();
        let by = [1, i128::from(width) - 1, i128::from(width), 0];
        let shifts = [of(&a), of(&by)];
        let shifted = |left: bool, checked: bool| {
            let each = a.iter().zip(&by).map(|(a, by)| match (*by < i128::from(width), left) {
                (false, _) if checked => "!out-of-bounds".to_owned(),
                (false, _) => a.to_string(),
                (true, true) => wrapped((a & ((1 << width) - 1)) << by & ((1 << width) - 1), *low, *high).to_string(),
                (true, false) => (a >> by).to_string(),
            });
            format!("{} null", each.collect::<Vec<_>>().join(" "))
        };
        // The square of the width does not fit 128 bits for the widest; their shifts are told by hand below.
        if width < 64 {
            suite.check("shift_left", &shifts, "", &shifted(true, false));
            suite.check("shift_left_checked", &shifts, "", &shifted(true, true));
        }
        suite.check("shift_right", &shifts, "", &shifted(false, false));
        suite.check("shift_right_checked", &shifts, "", &shifted(false, true));
    }
    let wide = ints(&[Some(1), Some(-1), Some(3), None]);
    suite.check("shift_left", &[column(&wide), int(63)], "", &format!("{} {} {} null", i64::MIN, i64::MIN, i64::MIN));
    suite.check("shift_left", &[column(&wide), int(-1)], "", "1 -1 3 null");
    suite.check("shift_left_checked", &[column(&wide), int(64)], "", "!out-of-bounds ! ! null");
    let large = unsigned(&[u64::MAX, 1]);
    suite.check(
        "shift_left",
        &[column(&large), column(&unsigned(&[1, 63]))],
        "",
        &format!("{} {}", u64::MAX - 1, 1_u64 << 63),
    );
    suite.check(
        "shift_left_checked",
        &[column(&large), column(&unsigned(&[1, 64]))],
        "",
        &format!("{} !out-of-bounds", u64::MAX - 1),
    );
    suite.refuse("bit_wise_and", &[column(&floats(&[Some(1.0)])), int(1)], "", "type-mismatch");
}

fn rounding(suite: &mut Suite) {
    let digits = || column(&ints(&[Some(1), Some(0), Some(-1), None]));
    let numbers = floats(&[Some(1.25), Some(2.5), Some(15.0), Some(1.0)]);
    for (mode, expected) in [
        ("half_to_even", "1.2 2.0 20.0 null"),
        ("half_up", "1.3 3.0 20.0 null"),
        ("towards_zero", "1.2 2.0 10.0 null"),
        ("half_to_odd", "1.3 3.0 10.0 null"),
    ] {
        let options = format!(r#"{{"round_mode": "{mode}"}}"#);
        suite.check("round_binary", &[column(&numbers), digits()], &options, expected);
        suite.check("round_binary", &[column(&as_type(&numbers, "float32")), digits()], &options, expected);
        suite.check("round_binary", &[column(&as_type(&numbers, "float16")), digits()], &options, expected);
        let exact = expected.replace("1.2 ", "1.20 ").replace("1.3 ", "1.30 ").replace(".0 ", ".00 ");
        for name in ["decimal(10,2)", "decimal(50,2)"] {
            suite.check("round_binary", &[column(&as_type(&numbers, name)), digits()], &options, &exact);
        }
    }
    for (name, _, high) in INTEGERS {
        let values = of_type(name, &[Some(25), Some(35), Some(*high), None]);
        let places = column(&ints(&[Some(-1), Some(1), Some(-1), Some(0)]));
        // The last digit of every largest value is 5 or 7: up is out of range.
        let down = (high / 10) * 10;
        let up = r#"{"round_mode": "up"}"#;
        suite.check("round_binary", &[column(&values), places.clone()], up, "30 35 !integer-overflow null");
        let options = r#"{"round_mode": "down"}"#;
        suite.check("round_binary", &[column(&values), places], options, &format!("20 35 {down} null"));
        let options = r#"{"multiple": 10, "round_mode": "down"}"#;
        suite.check("round_to_multiple", &[column(&values)], options, &format!("20 30 {down} null"));
        suite.check("round_to_multiple", &[column(&values)], "", &format!("25 35 {high} null"));
    }
    let half = as_type(&texts(&[Some("0.5"), Some("0.25"), None]), "decimal(38,38)");
    let expected = format!("0.5{} 0.2{} null", "0".repeat(37), "0".repeat(37));
    suite.check("round_binary", &[column(&half), int(1)], "", &expected);
    suite.check("round_binary", &[column(&half), int(0)], r#"{"round_mode": "up"}"#, "!integer-overflow ! null");
    let quarter = r#"{"multiple": 0.25}"#;
    let expected = format!("0.50{} 0.25{} null", "0".repeat(36), "0".repeat(36));
    suite.check("round_to_multiple", &[column(&half)], quarter, &expected);
    for name in ["float16", "float32", "float64"] {
        let values = as_type(&floats(&[Some(1.125), Some(-1.125), Some(0.3), None, Some(f64::INFINITY)]), name);
        suite.check("round_to_multiple", &[column(&values)], quarter, "1.0 -1.0 0.25 null inf");
        let up = r#"{"multiple": 0.25, "round_mode": "half_up"}"#;
        suite.check("round_to_multiple", &[column(&values)], up, "1.25 -1.0 0.25 null inf");
    }
    let cents = decimals(&[113, -113, 0], 5, 2);
    suite.check("round_to_multiple", &[column(&cents)], quarter, "1.25 -1.25 0.00");
    for name in ["decimal(10,2)", "decimal(50,2)"] {
        suite.check("round_to_multiple", &[column(&as_type(&cents, name))], quarter, "1.25 -1.25 0.00");
    }
    for wrong in [r#"{"multiple": 0}"#, r#"{"multiple": -1}"#, r#"{"multiple": "x"}"#] {
        suite.refuse("round_to_multiple", &[column(&cents)], wrong, "out-of-bounds");
    }
    suite.refuse("round_to_multiple", &[column(&ints(&[Some(1)]))], quarter, "out-of-bounds");
}

fn tests(suite: &mut Suite) {
    for name in NUMBERS {
        let (numbers, _) = few(name);
        suite.check("is_finite", &[column(&numbers)], "", "true null true");
        suite.check("is_inf", &[column(&numbers)], "", "false null false");
    }
    for name in ["float16", "float32", "float64"] {
        let odd = as_type(&floats(&[Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), None]), name);
        suite.check("is_finite", &[column(&odd)], "", "false false false null");
        suite.check("is_inf", &[column(&odd)], "", "false true true null");
    }
    let (t, f) = (Some(true), Some(false));
    let left = column(&bools(&[t, t, t, f, f, f, None, None, None]));
    let right = column(&bools(&[t, f, None, t, f, None, t, f, None]));
    let pair = [left, right];
    suite.check("and_not", &pair, "", "false true null false false null null null null");
    suite.check("and_not_kleene", &pair, "", "false true null false false false false null null");
}
