//! The table's entries of aggregate functions.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::super::options::Options;
use super::super::promote::mismatch;
use super::super::table::{Body, Bound, Check, Function, Literals, Plan};
use super::{Make, cells, count, distinct, lists, moments, product, sketch, sums, variance};
use crate::Failure;

const fn entry(name: &'static str, signature: &'static str, check: Check, make: Make) -> Function {
    Function {
        name,
        signature,
        doc: "",
        options: &[],
        differs: "",
        bound: Bound::Pieces,
        weight: 1,
        arity: (1, 1),
        literals: Literals::Own,
        check,
        body: Body::Aggregate(make),
    }
}

pub(in super::super) const FUNCTIONS: &[Function] = &[
    entry("count", "count([any]) -> int64", counted, count::make)
        .arity(0, 1)
        .options(&["mode"])
        .doc("how many values there are: `mode` = only_valid, or all, which is also what it does without an argument"),
    entry("count_distinct", "count_distinct(any) -> int64", any, distinct::make)
        .weight(8)
        .differs("0.0 and -0.0 are one value")
        .doc("how many different values there are"),
    entry("sum", "sum(number) -> int64, float64 or decimal", summed, sums::make)
        .differs("one of integers does not wrap around")
        .doc("the sum; one of integers that is out of the range of int64 is an error"),
    entry("mean", "mean(number) -> float64", averaged, sums::make_mean).differs("the mean of decimals is float64")
        .doc("the arithmetic mean"),
    entry("min", "min(any) -> any", ordered, cells::make_min).differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the smallest"),
    entry("max", "max(any) -> any", ordered, cells::make_max).differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the largest; NaN is larger than any number"),
    entry("first", "first(any) -> any", same, cells::make_first).weight(2).doc("the first that is not null"),
    entry("last", "last(any) -> any", same, cells::make_last).weight(2).doc("the last that is not null"),
    entry("any", "any(bool) -> bool", booleans, cells::make_max).doc("whether any is true"),
    entry("all", "all(bool) -> bool", booleans, cells::make_min).doc("whether all are true"),
    entry("variance", "variance(number) -> float64", spread, variance::make)
        .options(&["ddof"])
        .weight(3)
        .differs("Arrow's `ddof` is 0 unless it is given")
        .doc("the variance of a sample; with `ddof` = 0 (else 1) that of all there is"),
    entry("stddev", "stddev(number) -> float64", spread, variance::make_root)
        .options(&["ddof"])
        .weight(3)
        .differs("Arrow's `ddof` is 0 unless it is given")
        .doc("the standard deviation of a sample; with `ddof` = 0 (else 1) that of all there is"),
    entry("product", "product(number) -> int64 or float64", multiplied, product::make)
        .weight(2)
        .differs("the product of decimals is float64, and one of integers does not wrap around")
        .doc("the product; one of integers that is out of the range of int64 is an error"),
    entry("skew", "skew(number) -> float64", shaped, moments::make_skew)
        .options(&["biased"])
        .weight(8)
        .doc("the skewness; with `biased` = false (else true) that of which the values are a sample"),
    entry("kurtosis", "kurtosis(number) -> float64", shaped, moments::make_kurtosis)
        .options(&["biased"])
        .weight(8)
        .doc("the excess kurtosis; with `biased` = false (else true) that of which the values are a sample"),
    entry("tdigest", "tdigest(number) -> float64", quantile, sketch::make).options(&["q"]).weight(12).differs("another digest, so that the value is near Arrow's and not the same")
        .doc(
        "about the value below which the fraction `q` (0.5) of the values lies, in memory that does not grow with them",
    ),
    entry("approximate_median", "approximate_median(number) -> float64", floats, sketch::make)
        .weight(12)
        .differs("another digest, so that the value is near Arrow's and not the same")
        .doc("about the median, in memory that does not grow with the values"),
    entry("median", "median(number) -> float64", floats, lists::make_quantile)
        .weight(8)
        .doc("the median, interpolated"),
    entry("quantile", "quantile(number) -> float64", quantile, lists::make_quantile)
        .options(&["q"])
        .weight(8)
        .differs("NaN is larger than any number; Arrow leaves it out")
        .doc("the value below which the fraction `q` (0.5) of the values lies, interpolated"),
    entry("list", "list(any) -> list", listed, lists::make_list)
        .weight(4)
        .doc("the values that are not null, in order"),
    entry("string_agg", "string_agg(text) -> text", joined, lists::make_text)
        .options(&["separator"])
        .weight(4)
        .doc("the texts with the `separator` (,) between them"),
];

fn counted(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.word("mode", &["only_valid", "all"])?;
    Ok(Plan { inputs: types.to_vec(), output: DataType::Int64 })
}

fn one(types: &[DataType]) -> Result<&DataType, Failure> {
    types.first().ok_or_else(|| mismatch("an argument is expected"))
}

fn any(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(Plan::uniform(1, one(types)?.clone(), DataType::Int64))
}

fn summed(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(match one(types)? {
        DataType::Null | DataType::Boolean => Plan::uniform(1, DataType::Int64, DataType::Int64),
        to if to.is_integer() => Plan::uniform(1, DataType::Int64, DataType::Int64),
        to if to.is_floating() => Plan::uniform(1, DataType::Float64, DataType::Float64),
        to @ DataType::Decimal256(_, scale) => Plan::uniform(1, to.clone(), DataType::Decimal256(76, *scale)),
        to @ DataType::Decimal128(_, scale) => Plan::uniform(1, to.clone(), DataType::Decimal128(38, *scale)),
        to @ DataType::Duration(_) => Plan::uniform(1, to.clone(), to.clone()),
        _ => return Err(mismatch("a number or duration is expected")),
    })
}

fn averaged(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(match one(types)? {
        // Its upper half is not in int64; the sum of either has 128 bits.
        DataType::UInt64 => Plan::uniform(1, DataType::Decimal128(20, 0), DataType::Float64),
        to if to.is_integer() => Plan::uniform(1, DataType::Int64, DataType::Float64),
        to if to.is_numeric() || matches!(to, DataType::Null | DataType::Boolean) => {
            Plan::uniform(1, DataType::Float64, DataType::Float64)
        }
        _ => return Err(mismatch("a number is expected")),
    })
}

fn multiplied(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    Ok(match one(types)? {
        DataType::Null | DataType::Boolean => Plan::uniform(1, DataType::Int64, DataType::Int64),
        to if to.is_integer() => Plan::uniform(1, DataType::Int64, DataType::Int64),
        to if to.is_numeric() => Plan::uniform(1, DataType::Float64, DataType::Float64),
        _ => return Err(mismatch("a number is expected")),
    })
}

fn shaped(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    moments::biased(options)?;
    floats(name, types, options)
}

fn floats(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match one(types)? {
        to if to.is_numeric() || *to == DataType::Null => Ok(Plan::uniform(1, DataType::Float64, DataType::Float64)),
        _ => Err(mismatch("a number is expected")),
    }
}

fn spread(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    variance::ddof(options)?;
    floats(name, types, options)
}

fn quantile(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    lists::fraction(options)?;
    floats(name, types, options)
}

fn same(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = one(types)?;
    Ok(Plan::uniform(1, to.clone(), to.clone()))
}

fn ordered(name: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    if one(types)?.is_nested() {
        return Err(mismatch("nested types have no order"));
    }
    same(name, types, options)
}

fn booleans(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    match one(types)? {
        DataType::Boolean | DataType::Null => Ok(Plan::uniform(1, DataType::Boolean, DataType::Boolean)),
        _ => Err(mismatch("a bool is expected")),
    }
}

fn listed(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    let to = one(types)?;
    let list = DataType::List(Arc::new(Field::new_list_field(to.clone(), true)));
    Ok(Plan::uniform(1, to.clone(), list))
}

fn joined(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.text("separator")?;
    match one(types)? {
        DataType::Utf8 | DataType::Null => Ok(Plan::uniform(1, DataType::Utf8, DataType::Utf8)),
        _ => Err(mismatch("text is expected; cast to utf8 first")),
    }
}
