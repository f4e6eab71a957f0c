//! Dates, times and timestamps, by hand.

use crate::suite::*;

const DAY: i64 = 86_400_000_000;

/// The types that have a calendar.
pub(crate) const DATED: &[&str] = &[
    "date",
    "date64",
    "timestamp[s]",
    "timestamp[ms]",
    "timestamp",
    "timestamp[ns]",
    "timestamp[UTC]",
    "timestamp[ms, Europe/Paris]",
    "timestamp[s, +02:00]",
];

pub(crate) fn cases(suite: &mut Suite) {
    arithmetic(suite);
    parts(suite);
    units(suite);
    between(suite);
    as_text(suite);
    edges(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

fn arithmetic(suite: &mut Suite) {
    for checked in ["", "_checked"] {
        let (add, subtract) = (format!("add{checked}"), format!("subtract{checked}"));
        for (name, whole) in [
            ("timestamp[s]", 1),
            ("timestamp[ms]", 1_000),
            ("timestamp", 1_000_000),
            ("timestamp[ns]", 1_000_000_000),
            ("timestamp[UTC]", 1_000_000),
            ("timestamp[ms, Europe/Paris]", 1_000),
            ("timestamp[s, +02:00]", 1),
        ] {
            let a = as_type(&ints(&[Some(90_000 * whole), None]), name);
            suite.check(&subtract, &[column(&a), column(&a)], "", "P0D null");
            for unit in ["duration[s]", "duration[ms]", "duration", "duration[ns]"] {
                let second = as_type(&as_type(&ints(&[Some(1), Some(1)]), "duration[s]"), unit);
                let later = as_type(&ints(&[Some(90_001 * whole), None]), name);
                suite.check(&add, &[column(&a), column(&second)], "", &shown(&later));
                suite.check(&add, &[column(&second), column(&a)], "", &shown(&later));
                suite.check(&subtract, &[column(&later), column(&second)], "", &shown(&a));
                suite.check(&add, &[column(&second), column(&second)], "", "PT2S PT2S");
                suite.check(&subtract, &[column(&second), column(&second)], "", "P0D P0D");
            }
        }
        suite.check(&subtract, &[column(&times(&[3 * DAY], None)), column(&times(&[DAY], None))], "", "PT172800S");
        suite.check(&subtract, &[column(&dates(&[5])), column(&dates(&[3]))], "", "PT172800S");
        let days = as_type(&dates(&[5]), "date64");
        suite.check(&subtract, &[column(&days), column(&as_type(&dates(&[3]), "date64"))], "", "PT172800S");
        let months = as_type(&small(&[1]), "interval[year-month]");
        let many = as_type(&small(&[15]), "interval[year-month]");
        suite.check(&format!("multiply{checked}"), &[column(&months), int(15)], "", &shown(&many));
        suite.check(&add, &[column(&dates(&[30])), column(&months)], "", "1970-02-28");
        suite.check(&subtract, &[column(&dates(&[58])), column(&months)], "", "1970-01-28");
        suite.check(&add, &[column(&times(&[30 * DAY], None)), column(&months)], "", "1970-02-28T00:00:00");
        let last = times(&[i64::MAX, 0], None);
        let one = as_type(&ints(&[Some(1), Some(1)]), "duration");
        suite.check(&add, &[column(&last), column(&one)], "", "!integer-overflow 1970-01-01T00:00:00.000001");
        let month = as_type(&small(&[1, 1]), "interval[year-month]");
        suite.check(&add, &[column(&dates(&[i32::MAX, 0])), column(&month)], "", "!integer-overflow 1970-02-01");
    }
    suite.check("greater", &[column(&times(&[0, DAY], None)), text("1970-01-01T12:00:00")], "", "false true");
    suite.check("equal", &[column(&times(&[0, DAY], Some("UTC"))), text("1970-01-02T00:00:00Z")], "", "false true");
    suite.check(
        "equal",
        &[column(&times(&[0, DAY], Some("Europe/Paris"))), column(&times(&[0, 0], None))],
        "",
        "true false",
    );
    suite.check("less", &[column(&dates(&[0, 20_000])), text("2020-01-01")], "", "true false");
    // A date that nanoseconds do not reach is the row's error, not a wrong answer.
    let nanos = as_type(&times(&[0, 0], None), "timestamp[ns]");
    suite.check("less", &[column(&dates(&[200_000, -1])), column(&nanos)], "", "!invalid-cast true");
    suite.refuse("add", &[column(&dates(&[0])), text("x")], "", "type-mismatch");
    suite.refuse("multiply", &[column(&dates(&[0])), int(2)], "", "type-mismatch");
}

fn parts(suite: &mut Suite) {
    // 2013-12-29T23:59:58.123456, a Sunday, and 1969-12-31T23:00:00.
    let a = times(&[1_388_361_598_123_456, -3_600_000_000], None);
    for (function, expected) in [
        ("year", "2013 1969"),
        ("quarter", "4 4"),
        ("month", "12 12"),
        ("day", "29 31"),
        ("day_of_year", "363 365"),
        ("iso_week", "52 1"),
        ("iso_year", "2013 1970"),
        ("hour", "23 23"),
        ("minute", "59 0"),
        ("second", "58 0"),
        ("millisecond", "123 0"),
        ("microsecond", "456 0"),
        ("nanosecond", "0 0"),
        ("day_of_week", "6 2"),
    ] {
        suite.check(function, &[column(&a)], "", expected);
    }
    suite.check("nanosecond", &[column(&as_type(&ints(&[Some(-1), None]), "timestamp[ns]"))], "", "999 null");
    suite.check("day_of_week", &[column(&a)], r#"{"week_start": 7}"#, "0 3");
    suite.check("day_of_week", &[column(&a)], r#"{"count_from_zero": false}"#, "7 3");
    suite.refuse("day_of_week", &[column(&a)], r#"{"week_start": 8}"#, "out-of-bounds");
    // Noon of 2024-02-29, or its midnight, in all types; Paris and +02:00 are ahead of UTC.
    let noon = times(&[1_709_208_000_000_000], Some("UTC"));
    for name in DATED {
        let at = [column(&as_type(&noon, name))];
        let hour = match *name {
            "date" | "date64" => "0",
            "timestamp[ms, Europe/Paris]" => "13",
            "timestamp[s, +02:00]" => "14",
            _ => "12",
        };
        for (function, expected) in [
            ("year", "2024"),
            ("quarter", "1"),
            ("month", "2"),
            ("day", "29"),
            ("day_of_year", "60"),
            ("day_of_week", "3"),
            ("iso_week", "9"),
            ("iso_year", "2024"),
            ("hour", hour),
            ("minute", "0"),
            ("second", "0"),
            ("millisecond", "0"),
            ("microsecond", "0"),
            ("nanosecond", "0"),
        ] {
            suite.check(function, &at, "", expected);
        }
        let seconds = if name.starts_with("date") { "1709164800.0" } else { "1709208000.0" };
        suite.check("epoch", &at, "", seconds);
    }
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        let at = [column(&as_type(&texts(&[Some("13:14:15"), None]), name))];
        for (function, expected) in [
            ("hour", "13"),
            ("minute", "14"),
            ("second", "15"),
            ("millisecond", "0"),
            ("microsecond", "0"),
            ("nanosecond", "0"),
            ("epoch", "47655.0"),
        ] {
            suite.check(function, &at, "", &format!("{expected} null"));
        }
        suite.refuse("year", &at, "", "type-mismatch");
    }
    suite.check("quarter", &[column(&dates(&[0, 100]))], "", "1 2");
    suite.check("year", &[null()], "", "null");
}

fn units(suite: &mut Suite) {
    let a = times(&[1_388_361_598_123_456, -3_600_000_001], None);
    for (unit, expected) in [
        ("year", "2013-01-01T00:00:00 1969-01-01T00:00:00"),
        ("quarter", "2013-10-01T00:00:00 1969-10-01T00:00:00"),
        ("month", "2013-12-01T00:00:00 1969-12-01T00:00:00"),
        ("week", "2013-12-23T00:00:00 1969-12-29T00:00:00"),
        ("day", "2013-12-29T00:00:00 1969-12-31T00:00:00"),
        ("hour", "2013-12-29T23:00:00 1969-12-31T22:00:00"),
        ("minute", "2013-12-29T23:59:00 1969-12-31T22:59:00"),
        ("second", "2013-12-29T23:59:58 1969-12-31T22:59:59"),
        ("millisecond", "2013-12-29T23:59:58.123 1969-12-31T22:59:59.999"),
        ("microsecond", "2013-12-29T23:59:58.123456 1969-12-31T22:59:59.999999"),
        ("nanosecond", "2013-12-29T23:59:58.123456 1969-12-31T22:59:59.999999"),
    ] {
        suite.check("floor_temporal", &[column(&a)], &format!(r#"{{"unit": "{unit}"}}"#), expected);
    }
    suite.check("floor_temporal", &[column(&dates(&[40]))], r#"{"unit": "month"}"#, "1970-02-01");
    // 2021-03-28T12:00Z in Paris is 14:00; its day began at 23:00Z the day before.
    let paris = times(&[1_616_932_800_000_000], Some("Europe/Paris"));
    suite.check("floor_temporal", &[column(&paris)], r#"{"unit": "day"}"#, "2021-03-28T00:00:00+01:00");
    let noon = times(&[1_709_208_000_000_000], Some("UTC"));
    for name in DATED {
        let (at, midnight) = (as_type(&noon, name), as_type(&as_type(&noon, "date"), name));
        suite.check("floor_temporal", &[column(&at)], "", &shown(&midnight));
    }
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        let at = [column(&as_type(&texts(&[Some("13:14:15"), None]), name))];
        suite.check("floor_temporal", &at, r#"{"unit": "hour"}"#, "13:00:00 null");
        suite.refuse("floor_temporal", &at, r#"{"unit": "week"}"#, "type-mismatch");
    }
    // A unit finer than the type's leaves a time as it is, however far away.
    let far = as_type(&ints(&[Some(40_000_000_000)]), "timestamp[s]");
    suite.check("floor_temporal", &[column(&far)], r#"{"unit": "nanosecond"}"#, &shown(&far));
}

fn between(suite: &mut Suite) {
    let (from, to) = (dates(&[0, 364]), dates(&[31, 366]));
    suite.check("days_between", &[column(&from), column(&to)], "", "31 2");
    suite.check("months_between", &[column(&from), column(&to)], "", "1 1");
    suite.check("quarters_between", &[column(&from), column(&to)], "", "0 1");
    suite.check("years_between", &[column(&from), column(&to)], "", "0 1");
    suite.check("weeks_between", &[column(&to), column(&from)], "", "-4 0");
    suite.check("days_between", &[column(&from), text("1970-01-11")], "", "10 -354");
    let start = times(&[0], Some("UTC"));
    let end = times(&[400 * DAY + 1_000_000], Some("UTC"));
    for (unit, count) in [("years", 1), ("quarters", 4), ("months", 13), ("weeks", 57), ("days", 400)] {
        for name in DATED {
            let pair = [column(&as_type(&start, name)), column(&as_type(&end, name))];
            suite.check(&format!("{unit}_between"), &pair, "", &count.to_string());
        }
    }
    let units = [
        ("hours", 9_600),
        ("minutes", 576_000),
        ("seconds", 34_560_000),
        ("milliseconds", 34_560_000_000),
        ("microseconds", 34_560_000_000_000),
        ("nanoseconds", 34_560_000_000_000_000_i64),
    ];
    let whole = times(&[400 * DAY], Some("UTC"));
    for (unit, count) in units {
        for name in DATED {
            let pair = [column(&as_type(&start, name)), column(&as_type(&whole, name))];
            suite.check(&format!("{unit}_between"), &pair, "", &count.to_string());
        }
    }
    let (morning, evening) = (texts(&[Some("08:00:00"), None]), texts(&[Some("20:30:00"), Some("01:00:00")]));
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        let pair = [column(&as_type(&morning, name)), column(&as_type(&evening, name))];
        for (unit, count) in [
            ("years", 0),
            ("quarters", 0),
            ("months", 0),
            ("weeks", 0),
            ("days", 0),
            ("hours", 12),
            ("minutes", 750),
            ("seconds", 45_000),
            ("milliseconds", 45_000_000),
            ("microseconds", 45_000_000_000),
            ("nanoseconds", 45_000_000_000_000_i64),
        ] {
            suite.check(&format!("{unit}_between"), &pair, "", &format!("{count} null"));
        }
    }
}

fn as_text(suite: &mut Suite) {
    let a = times(&[1_388_361_598_123_456], None);
    suite.check("strftime", &[column(&a), text("%d.%m.%Y")], "", "29.12.2013");
    suite.check("strftime", &[column(&a), text("%z")], "", "!invalid-cast");
    suite.check("strftime", &[column(&a), null()], "", "null");
    suite.check("strftime", &[column(&times(&[0], Some("Europe/Paris")))], r#"{"format": "%H%z"}"#, "01+0100");
    for name in DATED {
        suite.check(
            "strftime",
            &[column(&as_type(&times(&[DAY * 19_782], Some("UTC")), name)), text("%F")],
            "",
            "2024-02-29",
        );
    }
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        suite.check("strftime", &[column(&as_type(&texts(&[Some("13:14:15"), None]), name))], "", "13:14:15 null");
    }
    suite.refuse("strftime", &[column(&a), text("%!")], "", "syntax");
    suite.refuse("strftime", &[column(&a), text(&"%Y".repeat(600))], "", "too-large");
    let b = texts(&[Some("29.12.2013"), None, Some("31.02.2013"), Some("")]);
    suite.check("strptime", &[column(&b), text("%d.%m.%Y")], "", "2013-12-29T00:00:00 null !invalid-cast !");
    let c = texts(&[Some("2013-12-29T10:00:01"), None]);
    suite.check("strptime", &[column(&c)], "", "2013-12-29T10:00:01 null");
    let c = texts(&[Some("2013-12-29 10:00 +0200")]);
    suite.check("strptime", &[column(&c)], r#"{"format": "%Y-%m-%d %H:%M %z"}"#, "2013-12-29T08:00:00Z");
    suite.check(
        "strptime",
        &[column(&b)],
        r#"{"format": "%d.%m.%Y", "type": "date"}"#,
        "2013-12-29 null !invalid-cast !",
    );
    suite.refuse("strptime", &[column(&b)], r#"{"type": "int64"}"#, "type-mismatch");
    let nanos = r#"{"format": "%Y", "type": "timestamp[ns]"}"#;
    suite.check("strptime", &[column(&texts(&[Some("3000"), Some("x")]))], nanos, "!invalid-cast !");
}

/// Times beyond the calendar are the row's error; nothing panics at either end.
fn edges(suite: &mut Suite) {
    let functions =
        ["year", "quarter", "month", "day", "day_of_year", "day_of_week", "iso_week", "iso_year", "hour", "nanosecond"];
    for name in ["timestamp[s]", "timestamp[s, +02:00]", "timestamp[s, Europe/Paris]", "timestamp[s, -11:00]", "date64"]
    {
        let ends = as_type(&ints(&[Some(i64::MAX), Some(i64::MIN), None]), name);
        // The time of the day needs no calendar.
        for function in functions.iter().filter(|function| !["hour", "nanosecond"].contains(function)) {
            suite.check(function, &[column(&ends)], "", "!out-of-bounds ! null");
        }
        suite.check("strftime", &[column(&ends)], "", "!invalid-cast ! null");
    }
    // The last second and the first that the calendar reaches, which no offset may carry over its end unnoticed.
    let ends = ints(&[Some(8_210_266_876_799), Some(-8_334_601_228_800)]);
    for zone in ["UTC", "+02:00", "-11:00", "Asia/Kolkata"] {
        let ends = as_type(&ends, &format!("timestamp[s, {zone}]"));
        for function in functions {
            told(&run(function, &[column(&ends)], "").unwrap());
        }
        for unit in ["year", "week", "day", "hour", "second"] {
            told(&run("floor_temporal", &[column(&ends)], &format!(r#"{{"unit": "{unit}"}}"#)).unwrap());
        }
        for format in ["%c", "%+", "%Y-%j %G-%V %s %Z"] {
            told(&run("strftime", &[column(&ends), text(format)], "").unwrap());
        }
    }
}
