//! Aggregates by SQL's names.

use arrow::datatypes::{DataType, Schema};
use sqlparser::ast::{DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::coerce::Class;
use super::functions::function_name;
use super::names::nearest;
use super::resolve::{Resolver, mismatch};
use super::text::{Source, syntax};
use super::with_reader_help;
use super::{Context, Expression};
use crate::Failure;
use crate::compute::{self, Scalar};

/// An aggregate function over expressions, for `compute::Accumulator`.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Arrow's name: `count`, `sum`, `mean` …
    pub function: String,
    /// What it is computed over; none for `count(*)`.
    pub arguments: Vec<Expression>,
    /// Whether equal values count once.
    pub distinct: bool,
    /// JSON object, or empty.
    pub options: String,
    /// The type of its value.
    pub result_type: DataType,
}

/// SQL's names and the kernels'.
const NAMES: &[(&str, &str)] = &[
    ("count", "count"),
    ("sum", "sum"),
    ("avg", "mean"),
    ("mean", "mean"),
    ("min", "min"),
    ("max", "max"),
    ("stddev", "stddev"),
    ("stddev_samp", "stddev"),
    ("variance", "variance"),
    ("var_samp", "variance"),
    ("median", "median"),
    ("quantile", "quantile"),
    ("quantile_cont", "quantile"),
    ("first", "first"),
    ("last", "last"),
    ("any_value", "first"),
    ("bool_and", "all"),
    ("bool_or", "any"),
    ("list", "list"),
    ("array_agg", "list"),
    ("string_agg", "string_agg"),
];

/// Parses an aggregate such as `avg(a - b)`, `count(*)` or `count(distinct c)`.
///
/// # Errors
/// As [`Expression::parse`].
pub fn parse_aggregate(text: &str, schema: &Schema, context: &Context) -> Result<Aggregate, Failure> {
    parse(text, schema, context).map_err(|failure| with_reader_help(failure, schema))
}

fn parse(text: &str, schema: &Schema, context: &Context) -> Result<Aggregate, Failure> {
    let source = Source::new(text)?;
    let tree = source.parse()?;
    let Expr::Function(function) = &tree else {
        let message = "an aggregate is a call of an aggregate function";
        return Err(syntax(message).with_offset(0).with_help("write it as in avg(dep_delay), count(*) or sum(a - b)"));
    };
    let resolver = Resolver::new(schema, context, &source);
    let at = resolver.at(&tree);
    let kernel = kernel(function, at)?;
    let (distinct, mut arguments) = arguments(function, at)?;
    let name = function_name(function).unwrap_or_default();
    if let ("count", [Argument::All]) = (kernel, arguments.as_slice()) {
        if distinct {
            return Err(syntax("`count(distinct *)` is not supported").with_offset(at));
        }
        let options = serde_json::json!({ "mode": "all" }).to_string();
        let (function, result_type) = ("count".to_owned(), DataType::Int64);
        return Ok(Aggregate { function, arguments: Vec::new(), distinct, options, result_type });
    }
    let constant =
        if matches!(kernel, "quantile" | "string_agg") && arguments.len() == 2 { arguments.pop() } else { None };
    let [Argument::Of(argument)] = arguments.as_slice() else {
        let wanted = if matches!(kernel, "quantile" | "string_agg") { "1 or 2 arguments" } else { "1 argument" };
        return Err(mismatch(format!("`{name}` takes {wanted}"), at));
    };
    let value = Expression::of(text, argument, &source, schema, context)?;
    let options = match (kernel, constant) {
        ("quantile", constant) => {
            let q =
                constant.map(|constant| number(&constant, &source, schema, context, at)).transpose()?.unwrap_or(0.5);
            if !(0.0..=1.0).contains(&q) {
                return Err(mismatch(format!("the quantile must lie between 0 and 1, not at {q}"), at));
            }
            serde_json::json!({ "q": q }).to_string()
        }
        ("string_agg", constant) => {
            let separator = match constant {
                None => ",".to_owned(),
                Some(constant) => separator(&constant, &source, schema, context, at)?,
            };
            serde_json::json!({ "separator": separator }).to_string()
        }
        _ => String::new(),
    };
    check(&name, kernel, &value, schema, at)?;
    if distinct && !matches!(kernel, "count" | "min" | "max" | "first" | "all" | "any") {
        let message = format!("`{name}` does not take DISTINCT");
        return Err(syntax(message).with_offset(at).with_help("use a node of type distinct before the aggregate"));
    }
    let function = if distinct && kernel == "count" { "count_distinct" } else { kernel };
    let result_type = compute::result_type(function, &[value.result_type().clone()], &options)
        .map_err(|failure| failure.with_offset(at))?;
    Ok(Aggregate { function: function.to_owned(), arguments: vec![value], distinct, options, result_type })
}

fn kernel(function: &Function, at: u32) -> Result<&'static str, Failure> {
    let name = function_name(function).ok_or_else(|| syntax("a function has one plain name").with_offset(at))?;
    if function.over.is_some() || function.filter.is_some() {
        let message = format!("`{name}` takes no OVER and no FILTER here");
        return Err(syntax(message)
            .with_offset(at)
            .with_help("filter before the aggregate, or use a node of type window"));
    }
    let known = NAMES.iter().find(|(sql, _)| *sql == name).map(|(_, kernel)| *kernel);
    let arrow = || compute::functions().iter().find(|f| f.aggregates() && f.name == name).map(|f| f.name);
    known.or_else(arrow).ok_or_else(|| {
        let message = format!("there is no aggregate `{name}`");
        let failure = Failure::invalid_config("unknown-function", message).with_offset(at);
        match nearest(&name, NAMES.iter().map(|(sql, _)| *sql)).as_slice() {
            [] => {
                let names: Vec<&str> = NAMES.iter().map(|(sql, _)| *sql).collect();
                failure.with_help(format!("the aggregates are {}", names.join(", ")))
            }
            near => failure.with_help(format!("did you mean `{}`?", near.join("` or `"))),
        }
    })
}

/// An argument of an aggregate.
enum Argument<'a> {
    All,
    Of(&'a Expr),
}

fn arguments(function: &Function, at: u32) -> Result<(bool, Vec<Argument<'_>>), Failure> {
    let list = match &function.args {
        FunctionArguments::List(list) if list.clauses.is_empty() => list,
        _ => return Err(syntax("an aggregate takes plain expressions as arguments").with_offset(at)),
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let arguments = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => Ok(Argument::Of(tree)),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Argument::All),
        _ => Err(syntax("an aggregate takes plain expressions as arguments").with_offset(at)),
    });
    Ok((distinct, arguments.collect::<Result<_, _>>()?))
}

fn constant(
    argument: &Argument<'_>,
    source: &Source<'_>,
    schema: &Schema,
    context: &Context,
) -> Result<Option<Scalar>, Failure> {
    match argument {
        Argument::All => Ok(None),
        Argument::Of(tree) => Ok(Resolver::new(schema, context, source).resolve(tree)?.literal().cloned()),
    }
}

fn number(
    argument: &Argument<'_>,
    source: &Source<'_>,
    schema: &Schema,
    context: &Context,
    at: u32,
) -> Result<f64, Failure> {
    match constant(argument, source, schema, context)? {
        Some(Scalar::Float64(number)) => Ok(number),
        Some(Scalar::Int64(number)) => Ok(number as f64),
        _ => Err(mismatch("the quantile must be a constant number between 0 and 1", at)),
    }
}

fn separator(
    argument: &Argument<'_>,
    source: &Source<'_>,
    schema: &Schema,
    context: &Context,
    at: u32,
) -> Result<String, Failure> {
    match constant(argument, source, schema, context)? {
        Some(Scalar::Text(separator)) => Ok(separator),
        _ => Err(mismatch("the separator must be a constant text", at)),
    }
}

/// What the kernels would say less clearly.
fn check(name: &str, kernel: &str, value: &Expression, schema: &Schema, at: u32) -> Result<(), Failure> {
    let class = Class::of(value.result_type());
    let wanted = match kernel {
        "sum" | "mean" | "stddev" | "variance" | "median" | "quantile"
            if !class.is_number() && !matches!(class, Class::Null | Class::Duration) =>
        {
            "numbers"
        }
        "all" | "any" if !matches!(class, Class::Boolean | Class::Null) => "bool",
        "string_agg" if !matches!(class, Class::Text | Class::Null) => "text",
        _ => return Ok(()),
    };
    let message = format!("`{name}` takes {wanted}: {}", value.parsed.tree.describe(schema));
    Err(mismatch(message, at).with_help("convert it, as in sum(CAST(x AS int64))"))
}
