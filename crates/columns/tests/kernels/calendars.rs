//! Zones, weeks, leap years, and rounding of times.

use crate::suite::*;
use crate::times::DATED;

pub(crate) fn cases(suite: &mut Suite) {
    zones(suite);
    weeks(suite);
    parts(suite);
    rounded(suite);
}

#[test]
fn by_hand() {
    all(cases);
}

const HOUR: i64 = 3_600_000_000;

fn zones(suite: &mut Suite) {
    let paris = |more: &str| format!(r#"{{"timezone": "Europe/Paris"{more}}}"#);
    // The clocks go from 02:00 to 03:00 on 2021-03-28, and from 03:00 back to 02:00 on 2021-10-31.
    let winter = as_type(&texts(&[Some("2021-01-01T12:00:00"), Some("2021-07-01T12:00:00"), None]), "timestamp");
    let told = "2021-01-01T12:00:00+01:00 2021-07-01T12:00:00+02:00 null";
    suite.check("assume_timezone", &[column(&winter)], &paris(""), told);
    let never = column(&as_type(&texts(&[Some("2021-03-28T02:30:00"), Some("2021-03-28T03:00:00")]), "timestamp"));
    let behind = "2021-03-28T03:00:00+02:00";
    suite.check("assume_timezone", &[never.clone()], &paris(""), &format!("!out-of-bounds {behind}"));
    let latest = paris(r#", "nonexistent": "latest""#);
    suite.check("assume_timezone", &[never.clone()], &latest, &format!("{behind} {behind}"));
    let earliest = paris(r#", "nonexistent": "earliest""#);
    suite.check("assume_timezone", &[never], &earliest, &format!("2021-03-28T01:59:59.999999+01:00 {behind}"));
    let twice = as_type(&texts(&[Some("2021-10-31T02:30:00"), Some("2021-10-31T03:00:00")]), "timestamp");
    for (name, unit) in [("timestamp[s]", ""), ("timestamp[ms]", ""), ("timestamp", ""), ("timestamp[ns]", "")] {
        let twice = column(&as_type(&twice, name));
        let behind = "2021-10-31T03:00:00+01:00";
        suite.check("assume_timezone", &[twice.clone()], &paris(unit), &format!("!out-of-bounds {behind}"));
        let earliest = paris(r#", "ambiguous": "earliest""#);
        suite.check("assume_timezone", &[twice.clone()], &earliest, &format!("2021-10-31T02:30:00+02:00 {behind}"));
        let latest = paris(r#", "ambiguous": "latest""#);
        suite.check("assume_timezone", &[twice], &latest, &format!("2021-10-31T02:30:00+01:00 {behind}"));
    }
    let plain = column(&times(&[HOUR], None));
    suite.check(
        "assume_timezone",
        std::slice::from_ref(&plain),
        r#"{"timezone": "+02:00"}"#,
        "1970-01-01T01:00:00+02:00",
    );
    suite.refuse("assume_timezone", std::slice::from_ref(&plain), r#"{"timezone": "Nowhere"}"#, "invalid-type");
    suite.refuse("assume_timezone", std::slice::from_ref(&plain), "", "type-mismatch");
    suite.refuse("assume_timezone", &[column(&times(&[0], Some("UTC")))], &paris(""), "type-mismatch");
    let summer = times(&[1_625_140_800_000_000, 1_609_502_400_000_000], Some("UTC"));
    for (name, local, saving) in [
        ("timestamp[s]", ["2021-07-01T12:00:00", "2021-01-01T12:00:00"], None),
        ("timestamp[ms]", ["2021-07-01T12:00:00", "2021-01-01T12:00:00"], None),
        ("timestamp", ["2021-07-01T12:00:00", "2021-01-01T12:00:00"], None),
        ("timestamp[ns]", ["2021-07-01T12:00:00", "2021-01-01T12:00:00"], None),
        ("timestamp[UTC]", ["2021-07-01T12:00:00", "2021-01-01T12:00:00"], Some("false false")),
        ("timestamp[ms, Europe/Paris]", ["2021-07-01T14:00:00", "2021-01-01T13:00:00"], Some("true false")),
        ("timestamp[s, +02:00]", ["2021-07-01T14:00:00", "2021-01-01T14:00:00"], Some("false false")),
    ] {
        let at = [column(&as_type(&summer, name))];
        suite.check("local_timestamp", &at, "", &local.join(" "));
        match saving {
            Some(saving) => suite.check("is_dst", &at, "", saving),
            None => suite.refuse("is_dst", &at, "", "type-mismatch"),
        }
    }
    // South of the equator it is the other way round.
    let sydney = column(&as_type(&summer, "timestamp[Australia/Sydney]"));
    suite.check("is_dst", &[sydney], "", "false true");
}

fn weeks(suite: &mut Suite) {
    // A Sunday; a Thursday, New Year's day; a Friday, New Year's day.
    let days = as_type(&texts(&[Some("2013-12-29"), Some("2015-01-01"), Some("2016-01-01"), None]), "date");
    suite.check("week", &[column(&days)], "", "52 1 53 null");
    suite.check("week", &[column(&days)], r#"{"week_starts_monday": false}"#, "1 53 52 null");
    suite.check("week", &[column(&days)], r#"{"count_from_zero": true}"#, "52 1 0 null");
    suite.check("week", &[column(&days)], r#"{"first_week_is_fully_in_year": true}"#, "51 52 52 null");
    let both = r#"{"count_from_zero": true, "first_week_is_fully_in_year": true}"#;
    suite.check("week", &[column(&days)], both, "51 0 0 null");
    suite.check("us_week", &[column(&days)], "", "1 53 52 null");
    suite.check("us_year", &[column(&days)], "", "2014 2014 2015 null");
    suite.check(
        "is_leap_year",
        &[column(&as_type(&texts(&[Some("2000-02-29"), Some("1900-01-01"), Some("2024-12-31"), None]), "date"))],
        "",
        "true false true null",
    );
}

fn parts(suite: &mut Suite) {
    // Noon of 2024-02-29, a Thursday in week 9, or its midnight.
    let noon = times(&[1_709_208_000_000_000], Some("UTC"));
    for name in DATED {
        let at = [column(&as_type(&noon, name))];
        suite.check("year_month_day", &at, "", "{year: 2024, month: 2, day: 29}");
        suite.check("iso_calendar", &at, "", "{iso_year: 2024, iso_week: 9, iso_day_of_week: 4}");
        suite.check("is_leap_year", &at, "", "true");
        suite.check("week", &at, "", "9");
        suite.check("us_week", &at, "", "9");
        suite.check("us_year", &at, "", "2024");
        if name.starts_with("timestamp") {
            suite.check("subsecond", &at, "", "0.0");
        } else {
            suite.refuse("subsecond", &at, "", "type-mismatch");
        }
    }
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        let at =
            [column(&as_type(&texts(&[Some("13:14:15.25"), None]), if name == "time[s]" { "time" } else { name }))];
        suite.check("subsecond", &at, "", "0.25 null");
    }
    suite.check("subsecond", &[column(&as_type(&texts(&[Some("13:14:15")]), "time[s]"))], "", "0.0");
    suite.check("subsecond", &[column(&times(&[-1], None))], "", "0.999999");
    suite.check("year_month_day", &[column(&times(&[-1], None))], "", "{year: 1969, month: 12, day: 31}");
}

fn rounded(suite: &mut Suite) {
    let a = times(&[1_388_361_598_123_456, 0], None);
    for (unit, end, nearer) in [
        ("year", "2014-01-01T00:00:00", "2014-01-01T00:00:00"),
        ("quarter", "2014-01-01T00:00:00", "2014-01-01T00:00:00"),
        ("month", "2014-01-01T00:00:00", "2014-01-01T00:00:00"),
        ("week", "2013-12-30T00:00:00", "2013-12-30T00:00:00"),
        ("day", "2013-12-30T00:00:00", "2013-12-30T00:00:00"),
        ("hour", "2013-12-30T00:00:00", "2013-12-30T00:00:00"),
        ("minute", "2013-12-30T00:00:00", "2013-12-30T00:00:00"),
        ("second", "2013-12-29T23:59:59", "2013-12-29T23:59:58"),
        ("millisecond", "2013-12-29T23:59:58.124", "2013-12-29T23:59:58.123"),
        ("microsecond", "2013-12-29T23:59:58.123456", "2013-12-29T23:59:58.123456"),
    ] {
        let options = format!(r#"{{"unit": "{unit}"}}"#);
        // 1970-01-01 was a Thursday.
        let (ceil, round) = if unit == "week" {
            ("1970-01-05T00:00:00", "1969-12-29T00:00:00")
        } else {
            ("1970-01-01T00:00:00", "1970-01-01T00:00:00")
        };
        suite.check("ceil_temporal", &[column(&a)], &options, &format!("{end} {ceil}"));
        suite.check("round_temporal", &[column(&a)], &options, &format!("{nearer} {round}"));
    }
    let strictly = r#"{"unit": "hour", "ceil_is_strictly_greater": true}"#;
    suite.check("ceil_temporal", &[column(&times(&[0, 1], None))], strictly, "1970-01-01T01:00:00 1970-01-01T01:00:00");
    suite.check(
        "round_temporal",
        &[column(&times(&[HOUR / 2, HOUR / 2 - 1], None))],
        r#"{"unit": "hour"}"#,
        "1970-01-01T01:00:00 1970-01-01T00:00:00",
    );
    let five = times(&[7 * HOUR + 1, -1], None);
    suite.check(
        "floor_temporal",
        &[column(&five)],
        r#"{"unit": "hour", "multiple": 5}"#,
        "1970-01-01T05:00:00 1969-12-31T19:00:00",
    );
    suite.check(
        "ceil_temporal",
        &[column(&five)],
        r#"{"unit": "hour", "multiple": 5}"#,
        "1970-01-01T10:00:00 1970-01-01T00:00:00",
    );
    let days = dates(&[40, 364]);
    suite.check("floor_temporal", &[column(&days)], r#"{"unit": "month", "multiple": 7}"#, "1970-01-01 1970-08-01");
    suite.check(
        "floor_temporal",
        &[column(&days)],
        r#"{"unit": "week", "week_starts_monday": false}"#,
        "1970-02-08 1970-12-27",
    );
    suite.check("floor_temporal", &[column(&days)], r#"{"unit": "year", "multiple": 4}"#, "1968-01-01 1968-01-01");
    for multiple in [0, -1, i64::MAX] {
        let options = format!(r#"{{"multiple": {multiple}}}"#);
        suite.refuse("floor_temporal", &[column(&days)], &options, "out-of-bounds");
    }
    // Noon of 2024-02-29: the days of each zone begin at its own midnight.
    let noon = times(&[1_709_208_000_000_000], Some("UTC"));
    for name in DATED {
        let at = as_type(&noon, name);
        let day = as_type(&texts(&[Some(if name.starts_with("date") { "2024-02-29" } else { "2024-03-01" })]), "date");
        let midnight = match *name {
            "timestamp[ms, Europe/Paris]" => "2024-03-01T00:00:00+01:00".to_owned(),
            "timestamp[s, +02:00]" => "2024-03-01T00:00:00+02:00".to_owned(),
            name => shown(&as_type(&day, name)),
        };
        suite.check("ceil_temporal", &[column(&at)], "", &midnight);
        suite.check("round_temporal", &[column(&at)], "", &midnight);
    }
    for name in ["time[s]", "time[ms]", "time", "time[ns]"] {
        let at = [column(&as_type(&texts(&[Some("13:44:15"), Some("23:30:00"), None]), name))];
        let hour = r#"{"unit": "hour"}"#;
        suite.check("ceil_temporal", &at, hour, "14:00:00 !out-of-bounds null");
        suite.check("round_temporal", &at, hour, "14:00:00 !out-of-bounds null");
    }
    // Multiples of hours are those of the clocks' own hours, also where the clocks have changed in between.
    let changed = column(&times(&[1_616_893_200_000_000], Some("Europe/Paris")));
    suite.check("floor_temporal", &[changed], r#"{"unit": "hour", "multiple": 5}"#, "2021-03-27T23:00:00+01:00");
    // A date has no hours to be rounded to.
    suite.check("floor_temporal", &[column(&dates(&[-1]))], r#"{"unit": "hour", "multiple": 5}"#, "1969-12-31");
    // The day after a day of 23 hours.
    let short = column(&times(&[1_616_932_800_000_000 - HOUR], Some("Europe/Paris")));
    suite.check("ceil_temporal", &[short], "", "2021-03-29T00:00:00+02:00");
}
