//! Widths of a histogram's bins that people would choose: of numbers, and of times.

/// So many bins are aimed at.
const BINS: f64 = 25.0;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Where the bins of numbers begin, and where the last one ends: whole multiples of 1, 2 or 5 times a power of ten.
pub(super) fn of_numbers(least: f64, most: f64, whole: bool) -> Vec<f64> {
    let span = most - least;
    if span <= 0.0 || !span.is_finite() {
        return vec![least, most];
    }
    let raw = span / BINS;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw);
    let step = step.unwrap_or(power * 10.0);
    let step = if whole { step.max(1.0).round() } else { step };
    let first = (least / step).floor();
    let bins = ((most / step).floor() - first) as usize + 1;
    // Each edge by itself, so that errors do not add up.
    (0..=bins).map(|bin| (first + bin as f64) * step).collect()
}

/// A step in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeStep {
    /// Microseconds.
    Micros(i64),
    /// Months of a calendar.
    Months(i64),
}

/// The same of microseconds since 1970, in UTC: seconds, hours, days, months, years as the span wants it.
pub(super) fn of_times(least: i64, most: i64) -> (Vec<i64>, TimeStep) {
    let step = time_step((most as f64 - least as f64) / BINS);
    let mut edges = Vec::new();
    match step {
        TimeStep::Micros(step) => {
            // Weeks begin on Mondays; 1970-01-01 was a Thursday.
            let offset = if step % (7 * DAY) == 0 { 4 * DAY } else { 0 };
            let mut edge = (least - offset).div_euclid(step) * step + offset;
            edges.push(edge);
            while edge <= most && edges.len() < 200 {
                edge = edge.saturating_add(step);
                edges.push(edge);
            }
        }
        TimeStep::Months(step) => {
            let (year, month, _) = civil(least.div_euclid(DAY));
            let mut months = (year * 12 + month - 1).div_euclid(step) * step;
            edges.push(start_of(months));
            while edges.last().is_some_and(|edge| *edge <= most) && edges.len() < 200 {
                months += step;
                edges.push(start_of(months));
            }
        }
    }
    (edges, step)
}

fn time_step(raw: f64) -> TimeStep {
    let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let days = [1, 2, 7, 14].map(|days| days * DAY);
    let small = seconds.map(|second| second * SECOND).into_iter().chain(days).find(|step| *step as f64 >= raw);
    if let Some(step) = small {
        return TimeStep::Micros(step);
    }
    let month = 30.44 * DAY as f64;
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000];
    TimeStep::Months(months.into_iter().find(|months| *months as f64 * month >= raw).unwrap_or(60_000))
}

/// A time as the label of a bin, with as much of it as the step needs.
pub(super) fn label(micros: i64, step: TimeStep) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let seconds = micros.rem_euclid(DAY) / SECOND;
    match step {
        TimeStep::Months(step) if step % 12 == 0 => format!("{year:04}"),
        TimeStep::Months(_) => format!("{year:04}-{month:02}"),
        TimeStep::Micros(step) if step % DAY == 0 => format!("{year:04}-{month:02}-{day:02}"),
        TimeStep::Micros(step) => {
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let time = if step % (60 * SECOND) == 0 {
                format!("{hour:02}:{minute:02}")
            } else {
                format!("{hour:02}:{minute:02}:{second:02}")
            };
            format!("{year:04}-{month:02}-{day:02} {time}")
        }
    }
}

/// Microseconds of the first day of a month, counted from the year 0.
fn start_of(months: i64) -> i64 {
    days(months.div_euclid(12), months.rem_euclid(12) + 1, 1).saturating_mul(DAY)
}

/// Days since 1970 of a date of the Gregorian calendar; years begin in March here, so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_round_edges() {
        assert_eq!(of_numbers(0.0, 100.0, true).first(), Some(&0.0));
        assert_eq!(of_numbers(0.0, 100.0, true).last(), Some(&105.0), "the greatest value lies in the last bin");
        assert_eq!(of_numbers(3.0, 7.0, true), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(of_numbers(-0.5, 0.5, false).len(), 22);
        assert_eq!(of_numbers(2.0, 2.0, false), [2.0, 2.0]);
    }

    #[test]
    fn times_get_edges_of_the_calendar() {
        let day = |text: (i64, i64, i64)| days(text.0, text.1, text.2) * DAY;
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(civil(days(2024, 2, 29)), (2024, 2, 29));
        assert_eq!(civil(-1), (1969, 12, 31));
        let (edges, step) = of_times(day((2013, 1, 1)), day((2013, 12, 31)));
        assert_eq!((step, edges.len()), (TimeStep::Months(1), 13));
        assert_eq!(label(edges[1], step), "2013-02");
        let (edges, step) = of_times(day((2012, 1, 1)), day((2013, 12, 31)));
        assert_eq!((step, edges.len()), (TimeStep::Months(1), 25));
        assert_eq!(label(edges[1], step), "2012-02");
        let (edges, step) = of_times(day((2013, 1, 1)), day((2013, 1, 1)) + 3600 * SECOND);
        assert_eq!(label(edges[1], step), "2013-01-01 00:05");
        assert_eq!(step, TimeStep::Micros(300 * SECOND));
        let (edges, step) = of_times(day((1900, 5, 1)), day((2020, 5, 1)));
        assert_eq!(step, TimeStep::Months(60));
        assert_eq!(label(edges[0], step), "1900");
        let (edges, step) = of_times(day((2013, 1, 1)), day((2013, 3, 31)));
        assert_eq!((label(edges[0], step).as_str(), step), ("2012-12-31", TimeStep::Micros(7 * DAY)), "a Monday");
        let (edges, step) = of_times(day((2013, 1, 1)), day((2013, 12, 1)));
        assert_eq!((label(edges[0], step).as_str(), step), ("2012-12-24", TimeStep::Micros(14 * DAY)), "a Monday");
    }
}
