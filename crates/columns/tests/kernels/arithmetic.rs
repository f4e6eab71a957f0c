//! Arithmetic and rounding, by hand.

use crate::suite::*;

const MAX: i64 = i64::MAX;

/// Smallest and largest value of each integer type.
pub(crate) const INTEGERS: &[(&str, i128, i128)] = &[
    ("int8", i8::MIN as i128, i8::MAX as i128),
    ("int16", i16::MIN as i128, i16::MAX as i128),
    ("int32", i32::MIN as i128, i32::MAX as i128),
    ("int64", i64::MIN as i128, i64::MAX as i128),
    ("uint8", 0, u8::MAX as i128),
    ("uint16", 0, u16::MAX as i128),
    ("uint32", 0, u32::MAX as i128),
    ("uint64", 0, u64::MAX as i128),
];

/// A column of that integer type.
pub(crate) fn of_type(name: &str, values: &[Option<i128>]) -> arrow::array::ArrayRef {
    let written: Vec<Option<String>> = values.iter().map(|value| value.map(|value| value.to_string())).collect();
    as_type(&texts(&written.iter().map(Option::as_deref).collect::<Vec<_>>()), name)
}

/// What two's complement makes of a number that is out of range.
fn wrapped(value: i128, low: i128, high: i128) -> i128 {
    (value - low).rem_euclid(high - low + 1) + low
}

pub(crate) fn cases(suite: &mut Suite) {
    integers(suite);
    mixed(suite);
    floating(suite);
    decimal(suite);
    rounding(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

/// Every width at both of its edges: wrapping around, or failing where it would.
fn integers(suite: &mut Suite) {
    for (name, low, high) in INTEGERS {
        let pairs = [(*low, 1), (*high, 1), (*high, *high), (*low, *low), (7, 2), (*high, 0)];
        let (left, right): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (Some(*a), Some(*b))).unzip();
        let (left, right) = ([left, vec![None]].concat(), [right, vec![Some(0)]].concat());
        let columns = [column(&of_type(name, &left)), column(&of_type(name, &right))];
        type Operation = fn(i128, i128) -> Option<i128>;
        // The square of the largest uint64 is beyond 128 bits with a sign; modulo 2^64 it is 1.
        let operations: [(&str, Operation); 5] = [
            ("add", |a, b| a.checked_add(b)),
            ("subtract", |a, b| a.checked_sub(b)),
            ("multiply", |a, b| a.checked_mul(b).or(Some((1 << 64) + 1))),
            ("divide", i128::checked_div),
            ("remainder", i128::checked_rem),
        ];
        for (function, exact) in operations {
            for checked in [false, true] {
                let mut failed = 0;
                let mut expected = Vec::new();
                for (a, b) in &pairs {
                    let code = match exact(*a, *b) {
                        None if *b == 0 => "division-by-zero",
                        None => panic!("{a} and {b} are beyond 128 bits"),
                        Some(value) if checked && !(*low..=*high).contains(&value) => "integer-overflow",
                        Some(value) => {
                            expected.push(wrapped(value, *low, *high).to_string());
                            continue;
                        }
                    };
                    expected.push(if failed == 0 { format!("!{code}") } else { "!".to_owned() });
                    failed += 1;
                }
                expected.push("null".to_owned());
                let function = if checked { format!("{function}_checked") } else { function.to_owned() };
                suite.check(&function, &columns, "", &expected.join(" "));
            }
        }
        let one = column(&of_type(name, &[Some(*low), Some(*high), None, Some(0)]));
        let edge = if *low < 0 { *low } else { 0 };
        let negated = if *low < 0 { -*high } else { 1 };
        let minus = std::slice::from_ref(&one);
        suite.check("negate", minus, "", &format!("{edge} {negated} null 0"));
        suite.check("abs", minus, "", &format!("{edge} {high} null 0"));
        let fails = if *low < 0 { "!integer-overflow".to_owned() } else { "0".to_owned() };
        let beyond = if *low < 0 { negated.to_string() } else { "!integer-overflow".to_owned() };
        suite.check("negate_checked", minus, "", &format!("{fails} {beyond} null 0"));
        suite.check("abs_checked", minus, "", &format!("{fails} {high} null 0"));
        suite.check("sign", minus, "", &format!("{} 1 null 0", low.signum()));
        for function in ["floor", "ceil", "trunc", "round"] {
            suite.check(function, minus, "", &format!("{low} {high} null 0"));
        }
        for (function, expected) in
            [("sqrt", "2.0"), ("exp", "54.598150033144236"), ("ln", "1.3862943611198906"), ("log2", "2.0")]
        {
            suite.check(function, &[column(&of_type(name, &[Some(4), None]))], "", &format!("{expected} null"));
        }
        suite.check("log10", &[column(&of_type(name, &[Some(100)]))], "", "2.0");
        let base = of_type(name, &[Some(3), None]);
        suite.check("power", &[column(&base), column(&base)], "", "27.0 null");
        suite.check("power_checked", &[column(&base), column(&base)], "", "27 null");
        let high = i128::from(name.ends_with('8')) * 2 + 62;
        let squares = [
            column(&of_type(name, &[Some(2), Some(0), Some(1)])),
            column(&of_type(name, &[Some(high), Some(0), Some(high)])),
        ];
        let overflows = if name.ends_with("64") { "4611686018427387904" } else { "!integer-overflow" };
        suite.check("power_checked", &squares, "", &format!("{overflows} 1 1"));
    }
    // The one quotient that overflows.
    for (name, low, _) in INTEGERS.iter().filter(|(_, low, _)| *low < 0) {
        let arguments = [column(&of_type(name, &[Some(*low), Some(6)])), column(&of_type(name, &[Some(-1), Some(-1)]))];
        suite.check("divide", &arguments, "", &format!("{low} -6"));
        suite.check("power_checked", &arguments, "", "!out-of-bounds !");
        suite.check("divide_checked", &arguments, "", "!integer-overflow -6");
        suite.check("remainder", &arguments, "", "0 0");
        suite.check("remainder_checked", &arguments, "", "0 0");
    }
}

fn mixed(suite: &mut Suite) {
    let a = ints(&[Some(7), None, Some(-7), Some(MAX)]);
    suite.check("add", &[column(&a), int(1)], "", &format!("8 null -6 {}", i64::MIN));
    suite.check("add_checked", &[column(&a), int(1)], "", "8 null -6 !integer-overflow");
    suite.check("subtract_checked", &[int(-2), column(&a)], "", "-9 null 5 !integer-overflow");
    suite.check("divide", &[column(&a), int(2)], "", &format!("3 null -3 {}", MAX / 2));
    suite.check("remainder", &[column(&a), int(2)], "", "1 null -1 1");
    suite.check("divide_checked", &[int(1), column(&ints(&[Some(0), Some(2)]))], "", "!division-by-zero 0");
    suite.check("divide", &[column(&ints(&[Some(1), None])), int(0)], "", "!division-by-zero null");
    suite.check("add", &[column(&small(&[1, i32::MAX])), int(1)], "", "2 2147483648");
    suite.check("add", &[column(&a), float(0.5)], "", "7.5 null -6.5 9.223372036854776e18");
    suite.check("add", &[column(&a), null()], "", "null null null null");
    suite.check("add", &[int(1), int(2)], "", "3");
    suite.check("multiply_checked", &[null(), null()], "", "null");
    // Of unlike widths: the smallest type that holds both; a value beyond int64 is the row's error.
    let narrow = of_type("int8", &[Some(-128), Some(127)]);
    suite.check("subtract", &[column(&narrow), column(&of_type("uint8", &[Some(255), Some(0)]))], "", "-383 127");
    let wide = unsigned(&[u64::MAX, 5]);
    suite.check("add", &[column(&wide), column(&narrow)], "", "!invalid-cast 132");
    for wrong in [texts(&[Some("1")]), bools(&[Some(true)])] {
        suite.refuse("add", &[column(&wrong), int(1)], "", "type-mismatch");
        suite.refuse("negate", &[column(&wrong)], "", "type-mismatch");
    }
}

fn floating(suite: &mut Suite) {
    let a = floats(&[Some(1.0), Some(0.0), Some(-1.0), None]);
    suite.check("divide", &[column(&a), float(0.0)], "", "inf NaN -inf null");
    suite.check("divide_checked", &[column(&a), float(0.0)], "", "inf NaN -inf null");
    suite.check("remainder", &[column(&a), float(0.0)], "", "NaN NaN NaN null");
    suite.check("multiply_checked", &[column(&floats(&[Some(f64::MAX)])), float(2.0)], "", "inf");
    suite.check("abs", &[column(&floats(&[Some(-0.0), Some(-1.5), Some(f64::NEG_INFINITY)]))], "", "0.0 1.5 inf");
    suite.check("negate", &[column(&floats(&[Some(0.0), Some(-1.5)]))], "", "-0.0 1.5");
    suite.check(
        "sign",
        &[column(&floats(&[Some(-3.5), Some(0.0), Some(f64::NAN), Some(2.0)]))],
        "",
        "-1.0 0.0 NaN 1.0",
    );
    suite.check("sqrt", &[column(&floats(&[Some(-1.0), Some(f64::INFINITY)]))], "", "NaN inf");
    suite.check("ln", &[column(&floats(&[Some(0.0), Some(-1.0), Some(1.0)]))], "", "-inf NaN 0.0");
    suite.check("power", &[int(2), column(&floats(&[Some(7.0), Some(-1.0), None]))], "", "128.0 0.5 null");
    suite.check("power_checked", &[int(2), column(&floats(&[Some(7.0), Some(-1.0), None]))], "", "128.0 0.5 null");
    for name in ["float32", "float16"] {
        let half = as_type(&floats(&[Some(1.5), None, Some(-2.0)]), name);
        let pair = [column(&half), column(&half)];
        for (function, expected) in [
            ("add", "3.0 null -4.0"),
            ("subtract", "0.0 null 0.0"),
            ("multiply", "2.25 null 4.0"),
            ("divide", "1.0 null 1.0"),
            ("remainder", "0.0 null -0.0"),
        ] {
            suite.check(function, &pair, "", expected);
            suite.check(&format!("{function}_checked"), &pair, "", expected);
        }
        suite.check("power", &pair, "", "1.8371173070873836 null 0.25");
        suite.check("power_checked", &pair, "", "1.8371173070873836 null 0.25");
        for (function, expected) in [
            ("negate", "-1.5 null 2.0"),
            ("negate_checked", "-1.5 null 2.0"),
            ("abs", "1.5 null 2.0"),
            ("abs_checked", "1.5 null 2.0"),
            ("sign", "1.0 null -1.0"),
            ("floor", "1.0 null -2.0"),
            ("ceil", "2.0 null -2.0"),
            ("trunc", "1.0 null -2.0"),
            ("round", "2.0 null -2.0"),
        ] {
            suite.check(function, &pair[..1], "", expected);
        }
        let one = [column(&as_type(&floats(&[Some(1.0), None]), name))];
        for (function, expected) in [
            ("sqrt", "1.0 null"),
            ("ln", "0.0 null"),
            ("log2", "0.0 null"),
            ("log10", "0.0 null"),
            ("exp", "2.718281828459045 null"),
        ] {
            suite.check(function, &one, "", expected);
        }
    }
    let one = [column(&floats(&[Some(1.0), None]))];
    for function in ["exp", "log2", "log10"] {
        suite.check(function, &one, "", if function == "exp" { "2.718281828459045 null" } else { "0.0 null" });
    }
    let two = [column(&floats(&[Some(5.5), None])), column(&floats(&[Some(2.0), Some(1.0)]))];
    for (function, expected) in
        [("add", "7.5"), ("subtract", "3.5"), ("multiply", "11.0"), ("divide", "2.75"), ("remainder", "1.5")]
    {
        suite.check(function, &two, "", &format!("{expected} null"));
        suite.check(&format!("{function}_checked"), &two, "", &format!("{expected} null"));
    }
    for function in ["negate_checked", "abs_checked"] {
        let expected = if function == "abs_checked" { "1.5" } else { "-1.5" };
        suite.check(function, &[column(&floats(&[Some(1.5)]))], "", expected);
    }
}

fn decimal(suite: &mut Suite) {
    let a = decimals(&[150, -250], 38, 2);
    for wide in [false, true] {
        let a = if wide { as_type(&a, "decimal256(40,2)") } else { a.clone() };
        let pair = [column(&a), column(&a)];
        for checked in ["", "_checked"] {
            suite.check(&format!("add{checked}"), &pair, "", "3.00 -5.00");
            suite.check(&format!("subtract{checked}"), &pair, "", "0.00 0.00");
            suite.check(&format!("multiply{checked}"), &pair, "", "2.2500 6.2500");
            suite.check(&format!("divide{checked}"), &pair, "", "1.000000 1.000000");
            suite.check(&format!("remainder{checked}"), &pair, "", "0.00 0.00");
            suite.check(&format!("negate{checked}"), &pair[..1], "", "-1.50 2.50");
            suite.check(&format!("abs{checked}"), &pair[..1], "", "1.50 2.50");
        }
        suite.check("multiply", &[column(&a), int(2)], "", "3.00 -5.00");
        suite.check("sign", &pair[..1], "", "1.00 -1.00");
        suite.check("power", &[column(&a), int(2)], "", "2.25 6.25");
        suite.check("power_checked", &[column(&a), int(2)], "", "2.25 6.25");
        for (function, expected) in
            [("sqrt", "2.0"), ("ln", "1.3862943611198906"), ("log2", "2.0"), ("exp", "54.598150033144236")]
        {
            let four = decimals(&[400], 38, 2);
            suite.check(
                function,
                &[column(&if wide { as_type(&four, "decimal256(40,2)") } else { four })],
                "",
                expected,
            );
        }
        let hundred = decimals(&[10_000], 38, 2);
        suite.check("log10", &[column(&if wide { as_type(&hundred, "decimal256(40,2)") } else { hundred })], "", "2.0");
    }
    suite.check("divide", &[column(&a), column(&decimals(&[0, 100], 38, 2))], "", "!division-by-zero -2.500000");
    // More digits than the type has, though fewer than its bits hold.
    let most = decimals(&[10_i128.pow(38) - 1, 5], 38, 0);
    let more = decimals(&[10_i128.pow(37), 5], 38, 0);
    for function in ["add", "add_checked"] {
        suite.check(function, &[column(&most), column(&most)], "", "!integer-overflow 10");
        suite.check(function, &[column(&most), column(&more)], "", "!integer-overflow 10");
    }
    suite.check("multiply", &[column(&more), column(&decimals(&[12, 3], 38, 0))], "", "!integer-overflow 15");
    suite.check("subtract", &[column(&as_type(&most, "decimal(5,2)").slice(1, 1)), int(1)], "", "4.00");
    // Decimals without a digit before the point have no room for a one.
    suite.check("sign", &[column(&decimals(&[50, -1, 0], 2, 2))], "", "1.00 -1.00 0.00");
    suite.check("sign", &[column(&decimals(&[50], 38, 38))], "", &format!("1.{}", "0".repeat(38)));
}

fn rounding(suite: &mut Suite) {
    let a = floats(&[Some(2.5), Some(-2.5), Some(0.5), Some(1.26), None, Some(f64::INFINITY)]);
    let modes = [
        ("half_to_even", "2.0 -2.0 0.0 1.0 null inf"),
        ("half_towards_infinity", "3.0 -3.0 1.0 1.0 null inf"),
        ("half_up", "3.0 -2.0 1.0 1.0 null inf"),
        ("half_down", "2.0 -3.0 0.0 1.0 null inf"),
        ("half_towards_zero", "2.0 -2.0 0.0 1.0 null inf"),
        ("half_to_odd", "3.0 -3.0 1.0 1.0 null inf"),
        ("up", "3.0 -2.0 1.0 2.0 null inf"),
        ("down", "2.0 -3.0 0.0 1.0 null inf"),
        ("towards_zero", "2.0 -2.0 0.0 1.0 null inf"),
        ("towards_infinity", "3.0 -3.0 1.0 2.0 null inf"),
    ];
    let cents = decimals(&[250, -250, 50, 126, 0], 5, 2);
    for (mode, expected) in modes {
        let options = format!(r#"{{"round_mode": "{mode}"}}"#);
        suite.check("round", &[column(&a)], &options, expected);
        let exact: Vec<String> =
            expected.split(' ').take(4).map(|value| format!("{value}0").replace("-0.00", "0.00")).collect();
        suite.check("round", &[column(&cents)], &options, &format!("{} 0.00", exact.join(" ")));
        let tens = ints(&[Some(25), Some(-25), Some(5), Some(13)]);
        let exact: Vec<String> =
            exact.iter().map(|value| (value.parse::<f64>().unwrap() * 10.0).to_string().replace("-0", "0")).collect();
        suite.check(
            "round",
            &[column(&tens)],
            &format!(r#"{{"round_mode": "{mode}", "ndigits": -1}}"#),
            &exact.join(" "),
        );
    }
    suite.check("round", &[column(&a)], r#"{"ndigits": 1}"#, "2.5 -2.5 0.5 1.3 null inf");
    suite.check("round", &[column(&a)], r#"{"ndigits": 400}"#, "2.5 -2.5 0.5 1.26 null inf");
    suite.check("round", &[column(&a)], r#"{"ndigits": -400}"#, "0.0 0.0 0.0 0.0 null inf");
    suite.check("floor", &[column(&a)], "", "2.0 -3.0 0.0 1.0 null inf");
    suite.check("ceil", &[column(&a)], "", "3.0 -2.0 1.0 2.0 null inf");
    suite.check("trunc", &[column(&a)], "", "2.0 -2.0 0.0 1.0 null inf");
    suite.check("floor", &[column(&cents)], "", "2.00 -3.00 0.00 1.00 0.00");
    suite.check("ceil", &[column(&cents)], "", "3.00 -2.00 1.00 2.00 0.00");
    suite.check("trunc", &[column(&cents)], "", "2.00 -2.00 0.00 1.00 0.00");
    let away = r#"{"ndigits": -1, "round_mode": "half_towards_infinity"}"#;
    suite.check(
        "round",
        &[column(&ints(&[Some(15), Some(-15), Some(14), Some(MAX)]))],
        away,
        "20 -20 10 !integer-overflow",
    );
    suite.check("round", &[column(&ints(&[Some(MAX), Some(-1)]))], r#"{"ndigits": -40}"#, "0 0");
    suite.check("ceil", &[column(&decimals(&[99], 2, 2))], "", "!integer-overflow");
    suite.check("round", &[null()], "", "null");
    suite.refuse("round", &[column(&a)], r#"{"round_mode": "sideways"}"#, "type-mismatch");
    suite.refuse("round", &[column(&a)], r#"{"ndigits": 1.5}"#, "type-mismatch");
}
