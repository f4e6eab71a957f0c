//! SQL's names of functions, for suggestions and for people; the kernels' own names come to them.

/// A function by the name that SQL expressions have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlFunction {
    /// Lower case; expressions may write it in any.
    pub name: &'static str,
    /// Arguments and result, for people.
    pub signature: &'static str,
    /// One line about what it does.
    pub doc: &'static str,
    /// It stands in `columns` of aggregate, pivot and window instead of in expressions over rows.
    pub aggregates: bool,
}

const fn of(name: &'static str, signature: &'static str, doc: &'static str) -> SqlFunction {
    SqlFunction { name, signature, doc, aggregates: false }
}

const fn over(name: &'static str, signature: &'static str, doc: &'static str) -> SqlFunction {
    SqlFunction { name, signature, doc, aggregates: true }
}

/// All of them, by topic.
pub const SQL_FUNCTIONS: &[SqlFunction] = &[
    of("lower", "lower(text) -> text", "in lower case"),
    of("upper", "upper(text) -> text", "in upper case"),
    of("trim", "trim(text [, characters]) -> text", "without spaces, or these characters, on both sides"),
    of("ltrim", "ltrim(text [, characters]) -> text", "likewise on the left"),
    of("rtrim", "rtrim(text [, characters]) -> text", "likewise on the right"),
    of("length", "length(text or list) -> int64", "how many characters, or items"),
    of("substring", "substring(text, from [, length]) -> text", "a part, by characters from 1"),
    of("left", "left(text, count) -> text", "the first characters"),
    of("right", "right(text, count) -> text", "the last characters"),
    of("replace", "replace(text, from, to) -> text", "every occurrence replaced"),
    of("starts_with", "starts_with(text, prefix) -> bool", "whether it begins so"),
    of("ends_with", "ends_with(text, suffix) -> bool", "whether it ends so"),
    of("contains", "contains(text, part) -> bool", "whether it has this part"),
    of("regexp_matches", "regexp_matches(text, pattern [, flags]) -> bool", "whether the pattern is found in it"),
    of(
        "regexp_replace",
        "regexp_replace(text, pattern, to [, flags]) -> text",
        "the first match replaced; with `g` every one",
    ),
    of(
        "regexp_extract",
        "regexp_extract(text, pattern [, group [, flags]]) -> text",
        "the match, or one of its groups; empty without one",
    ),
    of("concat", "concat(any, …) -> text", "one after the other; nulls are skipped"),
    of("coalesce", "coalesce(any, …) -> any", "the first that is not null"),
    of("nullif", "nullif(any, any) -> any", "the first, or null if they are the same"),
    of("greatest", "greatest(any, …) -> any", "the greatest that is not null"),
    of("least", "least(any, …) -> any", "the least that is not null"),
    of("if", "if(bool, any, any) -> any", "the second where the first is true, else the third"),
    of("abs", "abs(number) -> number", "without its sign"),
    of("round", "round(number [, digits]) -> number", "to so many digits; half away from zero"),
    of("floor", "floor(number) -> number", "rounded down"),
    of("ceil", "ceil(number) -> number", "rounded up"),
    of("trunc", "trunc(number) -> number", "rounded towards zero"),
    of("sqrt", "sqrt(number) -> float64", "the square root"),
    of("power", "power(number, number) -> float64", "the first to the power of the second"),
    of("ln", "ln(number) -> float64", "the natural logarithm"),
    of("log10", "log10(number) -> float64", "the logarithm to base 10"),
    of("log2", "log2(number) -> float64", "the logarithm to base 2"),
    of("exp", "exp(number) -> float64", "e to this power"),
    of("sign", "sign(number) -> number", "-1, 0 or 1"),
    of("isnan", "isnan(number) -> bool", "whether it is NaN"),
    of("date_part", "date_part(part, time) -> int64", "year, month, day, dow, hour, …; local to the zone"),
    of("date_trunc", "date_trunc(part, time) -> timestamp", "the beginning of its year, month, day, hour, …"),
    of("date_diff", "date_diff(part, from, to) -> int64", "how many boundaries of the part lie between"),
    of("strftime", "strftime(time, format) -> text", "the time as text"),
    of("strptime", "strptime(text, format) -> timestamp", "the text as a time"),
    of(
        "year",
        "year(time) -> int64",
        "its year; likewise quarter, month, week, day, hour, minute, second, dayofweek, dayofyear",
    ),
    of("month", "month(time) -> int64", "its month, from 1"),
    of("day", "day(time) -> int64", "its day of the month, from 1"),
    of("hour", "hour(time) -> int64", "its hour"),
    of("minute", "minute(time) -> int64", "its minute"),
    of("second", "second(time) -> int64", "its second"),
    of("epoch", "epoch(time) -> float64", "seconds since 1970-01-01 in UTC"),
    of("now", "now() -> timestamp[UTC]", "the start of the run; 1970-01-01 with `deterministic`"),
    of("today", "today() -> date", "the day of `now()` in UTC"),
    over("count", "count(*), count(x), count(distinct x) -> int64", "rows; values that are not null; different ones"),
    over("sum", "sum(number) -> number", "the sum; of integers int64, where too much is an error; null over no rows"),
    over("avg", "avg(number) -> float64", "the mean; also `mean`"),
    over("mean", "mean(number) -> float64", "the mean"),
    over("min", "min(any) -> any", "the least"),
    over("max", "max(any) -> any", "the greatest"),
    over("stddev", "stddev(number) -> float64", "the standard deviation of a sample"),
    over("variance", "variance(number) -> float64", "the variance of a sample"),
    over("median", "median(number) -> float64", "the middle"),
    over("quantile", "quantile(number, q) -> float64", "the value below which the share q lies; interpolated"),
    over("first", "first(any) -> any", "the first that is not null"),
    over("last", "last(any) -> any", "the last that is not null"),
    over("any_value", "any_value(any) -> any", "one that is not null"),
    over("bool_and", "bool_and(bool) -> bool", "whether all are true"),
    over("bool_or", "bool_or(bool) -> bool", "whether one is true"),
    over("list", "list(any) -> list", "all values"),
    over("string_agg", "string_agg(text, separator) -> text", "all texts, with the separator between"),
];

/// Whether only aggregates have this name.
pub(super) fn aggregates(name: &str) -> bool {
    SQL_FUNCTIONS.iter().any(|function| function.aggregates && function.name == name)
}

/// The names of what rows can be computed with.
pub(super) fn row_names() -> impl Iterator<Item = &'static str> {
    SQL_FUNCTIONS.iter().filter(|function| !function.aggregates).map(|function| function.name)
}
