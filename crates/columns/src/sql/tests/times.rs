//! Dates, timestamps, intervals.

use super::check;

#[test]
fn parts() {
    check(&[
        ("date_part('hour', z)", "int64: 1 0 null 12"),
        ("date_part('dow', z)", "int64: 1 4 null 4"),
        ("date_part('isodow', d)", "2 4 null 4"),
        ("date_part('doy', d)", "1 1 null 60"),
        ("EXTRACT(year FROM d)", "int64: 2013 1970 null 2024"),
        ("year(t) * 100 + month(t)", "201307 197001 null 202402"),
        ("day(d)", "1 1 null 29"),
        ("minute(t)", "0 0 null 4"),
        ("second(t)", "0 0 null 5"),
        ("hour(d)", "0 0 null 0"),
        ("date_part('millisecond', t)", "0 0 null 5678"),
        ("date_part('microsecond', t)", "0 0 null 5678901"),
        ("date_part('epoch', z)", "float64: 1372640400.0 0.0 null 1709208245.678901"),
        ("date_part('quarter', d)", "1 1 null 1"),
        ("date_part('week', d)", "1 1 null 9"),
    ]);
}

#[test]
fn truncation_and_differences() {
    check(&[
        ("date_trunc('month', d)", "timestamp: 2013-01-01T00:00:00 1970-01-01T00:00:00 null 2024-02-01T00:00:00"),
        (
            "date_trunc('hour', z)",
            "timestamp[UTC]: 2013-07-01T01:00:00Z 1970-01-01T00:00:00Z null 2024-02-29T12:00:00Z",
        ),
        ("CAST(date_trunc('week', d) AS date)", "2012-12-31 1969-12-29 null 2024-02-26"),
        ("date_diff('week', d, DATE '2024-03-04')", "582 2826 null 0"),
        ("date_diff('week', DATE '2024-03-04', d)", "-582 -2826 null 0"),
        ("date_diff('day', DATE '2013-01-01', d)", "int64: 0 -15706 null 4076"),
        ("date_diff('month', DATE '2013-01-31', d)", "0 -516 null 133"),
        ("date_diff('year', DATE '2012-12-31', d)", "1 -42 null 12"),
        ("date_diff('hour', t, z)", "0 0 null 0"),
        ("d - DATE '2013-01-01'", "int64: 0 -15706 null 4076"),
        ("d + 1", "date: 2013-01-02 1970-01-02 null 2024-03-01"),
    ]);
}

#[test]
fn intervals() {
    check(&[
        ("t + INTERVAL '1 day'", "timestamp: 2013-07-02T01:00:00 1970-01-02T00:00:00 null 2024-03-01T12:04:05.678901"),
        ("d - INTERVAL '1 month'", "timestamp: 2012-12-01T00:00:00 1969-12-01T00:00:00 null 2024-01-29T00:00:00"),
        ("d + INTERVAL 7 DAY > DATE '2013-01-05'", "true false null true"),
        ("INTERVAL '2' HOUR + z", "2013-07-01T03:00:00Z 1970-01-01T02:00:00Z null 2024-02-29T14:04:05.678901Z"),
        ("z - z = t - t", "true true null true"),
        ("t + y * INTERVAL '1 day' = t + INTERVAL '2 days'", "true true null null"),
        ("d + INTERVAL '1 month' * 2 = d + INTERVAL '2 months'", "true true null true"),
        ("t + big * INTERVAL '1 day' > t", "! true ! false"),
        ("t + INTERVAL '01:30:00' = t + INTERVAL '90 minutes'", "true true null true"),
        ("t + INTERVAL '1 day 00:00:01.5' = t + INTERVAL '86401500 milliseconds'", "true true null true"),
        ("TIMESTAMP '2024-01-31' + INTERVAL '1 month' = TIMESTAMP '2024-02-29'", "true true true true"),
        ("t > now() - INTERVAL '1 hour'", "true true null true"),
    ]);
}

#[test]
fn literals_and_zones() {
    check(&[
        ("DATE '2024-02-29'", "date: 2024-02-29 2024-02-29 2024-02-29 2024-02-29"),
        ("z = TIMESTAMP '2013-07-01T01:00:00Z'", "true false null false"),
        ("z = TIMESTAMP '2013-07-01 03:00:00+02:00'", "true false null false"),
        ("t = TIMESTAMP '2013-07-01 01:00:00'", "true false null false"),
        ("t = z", "true true null true"),
        ("d <= z", "true true null true"),
        ("CAST(z AS date)", "date: 2013-07-01 1970-01-01 null 2024-02-29"),
        ("CAST(d AS timestamp)", "timestamp: 2013-01-01T00:00:00 1970-01-01T00:00:00 null 2024-02-29T00:00:00"),
        ("CAST('2024-02-30' AS date)", "! ! ! !"),
        ("t = TIMESTAMP '2013-07-01 01:00'", "true false null false"),
        ("z = TIMESTAMP '2013-07-01T01:00Z'", "true false null false"),
        ("z = '2013-07-01 03:00+02:00'", "true false null false"),
        (
            "now()",
            "timestamp[UTC]: 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z",
        ),
        ("strftime(d, '%d.%m.%Y')", "utf8: 01.01.2013 01.01.1970 null 29.02.2024"),
        ("year(strptime('29.02.2024', '%d.%m.%Y'))", "2024 2024 2024 2024"),
    ]);
}

#[test]
fn text() {
    check(&[
        ("CAST(z AS varchar)", "2013-07-01 01:00:00+00 1970-01-01 00:00:00+00 null 2024-02-29 12:04:05.678901+00"),
        (
            "concat(d, ' ', t)",
            "2013-01-01 2013-07-01 01:00:00 1970-01-01 1970-01-01 00:00:00   2024-02-29 2024-02-29 12:04:05.678901",
        ),
        ("CAST(CAST(z AS varchar) AS timestamptz) = z", "true true null true"),
        ("CAST(CAST(t AS varchar) AS timestamp) = t", "true true null true"),
        ("strftime(t, '%f|%g')", "000000|000 000000|000 null 678901|678"),
        (
            "strftime(z, '%c %Z %%f')",
            "2013-07-01 01:00:00 UTC %f 1970-01-01 00:00:00 UTC %f null 2024-02-29 12:04:05 UTC %f",
        ),
        (
            "strptime('2024-02-29 10:11:12.5', '%Y-%m-%d %H:%M:%S.%f') = TIMESTAMP '2024-02-29T10:11:12.5'",
            "true true true true",
        ),
        ("strptime('10:11', '%H:%M') = TIMESTAMP '1900-01-01T10:11:00'", "true true true true"),
        ("strptime('2024', '%Y') = DATE '2024-01-01'", "true true true true"),
        ("strptime('70', '%y') = DATE '1970-01-01'", "true true true true"),
        ("strptime('2024-060', '%Y-%j') = DATE '2024-02-29'", "true true true true"),
    ]);
}

#[test]
fn zones() {
    check(&[
        (
            "z AT TIME ZONE 'Europe/Paris'",
            "timestamp: 2013-07-01T03:00:00 1970-01-01T01:00:00 null 2024-02-29T13:04:05.678901",
        ),
        (
            "t AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC'",
            "timestamp: 2013-06-30T23:00:00 1969-12-31T23:00:00 null 2024-02-29T11:04:05.678901",
        ),
        ("t AT TIME ZONE 'UTC' = z", "true true null true"),
        ("hour(d AT TIME ZONE 'Asia/Kathmandu' AT TIME ZONE 'UTC')", "18 18 null 18"),
        ("TIMESTAMP '2021-03-28 02:30' AT TIME ZONE 'Europe/Paris'", "! ! ! !"),
        (
            "assume_timezone(TIMESTAMP '2021-10-31 02:30', timezone := 'Europe/Paris', ambiguous := 'latest') = TIMESTAMP '2021-10-31T01:30Z'",
            "true true true true",
        ),
        ("t AT TIME ZONE 'Europe/Pari'", "invalid-type: there is no time zone \"Europe/Pari\""),
        ("z AT TIME ZONE 'Europe/Pari'", "invalid-type: there is no time zone \"Europe/Pari\""),
        ("x AT TIME ZONE 'UTC'", "type-mismatch: AT TIME ZONE takes a timestamp: column `x` is int64"),
    ]);
}
