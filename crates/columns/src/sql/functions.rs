//! Functions: SQL's names, which win, then the kernels by their Arrow names.

use arrow::datatypes::DataType;
use sqlparser::ast::{Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::coerce::Class;
use super::resolve::{Resolver, mismatch, nearest};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::{self, Scalar};

/// SQL's names of functions, for suggestions; the kernels' own names come to them.
const NAMES: &[&str] = &[
    "lower",
    "upper",
    "trim",
    "ltrim",
    "rtrim",
    "length",
    "substring",
    "replace",
    "starts_with",
    "ends_with",
    "contains",
    "regexp_matches",
    "regexp_replace",
    "regexp_extract",
    "concat",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "abs",
    "round",
    "floor",
    "ceil",
    "sqrt",
    "power",
    "ln",
    "log10",
    "exp",
    "sign",
    "date_part",
    "date_trunc",
    "date_diff",
    "strftime",
    "strptime",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "now",
];

/// Names that only aggregates have.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "stddev",
    "variance",
    "median",
    "quantile",
    "first",
    "last",
    "any_value",
    "bool_and",
    "bool_or",
    "list",
    "string_agg",
];

/// The name of a call: lower case, for SQL does not tell cases apart in them.
pub(super) fn function_name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [part] => part.as_ident().map(|name| name.value.to_ascii_lowercase()),
        _ => None,
    }
}

impl Resolver<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Result<Typed, Failure> {
        let at = self.at(&sqlparser::ast::Expr::Function(function.clone()));
        let Some(name) = function_name(function) else {
            return Err(syntax("a function has one plain name").with_offset(at));
        };
        if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
            let message = format!("`{name}` takes no OVER, FILTER or WITHIN GROUP here");
            return Err(syntax(message)
                .with_offset(at)
                .with_help("the node types aggregate and window have parameters for it"));
        }
        let mut arguments = Vec::new();
        let list: &[FunctionArg] = match &function.args {
            FunctionArguments::None => &[],
            FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => {
                &list.args
            }
            _ => return Err(self.not_here(&name, at)),
        };
        for argument in list {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) => arguments.push(self.resolve(tree)?),
                _ => return Err(self.not_here(&name, at)),
            }
        }
        self.call(&name, arguments, at)
    }

    fn not_here(&self, name: &str, at: u32) -> Failure {
        if AGGREGATES.contains(&name) {
            return self.aggregate_here(name, at);
        }
        syntax(format!("`{name}` takes plain expressions as arguments")).with_offset(at)
    }

    fn aggregate_here(&self, name: &str, at: u32) -> Failure {
        let message = format!("`{name}` is an aggregate, and each row is computed by itself here");
        let help = "compute it in a node of type aggregate or window";
        Failure::invalid_config("unknown-function", message).with_offset(at).with_help(help)
    }

    /// A function by its lower-case name.
    fn call(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        match name {
            "lower" | "upper" | "lcase" | "ucase" | "trim" | "ltrim" | "rtrim" | "length" | "len" | "char_length"
            | "substring" | "substr" | "replace" | "starts_with" | "prefix" | "ends_with" | "suffix" | "contains"
            | "regexp_matches" | "regexp_replace" | "regexp_extract" | "concat" | "left" | "right" => {
                self.text_function(name, arguments, at)
            }
            "date_part" | "datepart" | "date_trunc" | "datetrunc" | "date_diff" | "datediff" | "strftime"
            | "strptime" | "year" | "month" | "day" | "hour" | "minute" | "second" | "quarter" | "week"
            | "dayofweek" | "isodow" | "dayofyear" | "epoch" | "now" | "current_timestamp" | "today" => {
                self.time_function(name, arguments, at)
            }
            "abs" | "round" | "floor" | "ceil" | "ceiling" | "trunc" | "sqrt" | "power" | "pow" | "ln" | "log10"
            | "log" | "log2" | "exp" | "sign" | "isnan" => self.number_function(name, arguments, at),
            "coalesce" | "ifnull" => {
                self.arity(name, &arguments, 1, usize::MAX, at)?;
                let (mut values, data_type) = self.unify("`coalesce`", arguments)?;
                // Constants that are null give nothing, and behind one that is not nothing is asked.
                values.retain(|value| !value.is_null());
                if let Some(end) = values.iter().position(|value| value.literal().is_some()) {
                    values.truncate(end + 1);
                }
                match values.len() {
                    0 => Ok(Typed::leaf(Node::Literal(Scalar::Null), data_type, at)),
                    1 => values.pop().ok_or_else(|| syntax("a value is missing")),
                    _ => Typed::new(Node::Coalesce(values), data_type, at),
                }
            }
            "nullif" => {
                let [value, other] = self.exactly(name, arguments, at)?;
                let (value, kept) = self.keep(value);
                let same = self.compare("equal", "nullif", value.clone(), other)?;
                let null = Typed::leaf(Node::Literal(Scalar::Null), value.data_type.clone(), at);
                let data_type = value.data_type.clone();
                let node = Node::Case { branches: vec![(same, null)], otherwise: Box::new(value) };
                let case = Typed::new(node, data_type, at)?;
                match kept {
                    Some(kept) => kept.around(case),
                    None => Ok(case),
                }
            }
            "greatest" | "least" => {
                self.arity(name, &arguments, 1, usize::MAX, at)?;
                let (values, data_type) = self.unify(&format!("`{name}`"), arguments)?;
                let kernel = if name == "greatest" { "max_element_wise" } else { "min_element_wise" };
                self.kernel_of_type(kernel, values, String::new(), data_type, at)
            }
            "if" | "if_else" => {
                let [condition, yes, no] = self.exactly(name, arguments, at)?;
                let condition = self.boolean(&format!("`{name}`"), condition)?;
                let (values, data_type) = self.unify(&format!("`{name}`"), vec![yes, no])?;
                let [yes, no]: [Typed; 2] = values.try_into().map_err(|_| syntax("a value is missing"))?;
                Typed::new(Node::Case { branches: vec![(condition, yes)], otherwise: Box::new(no) }, data_type, at)
            }
            _ => self.arrow_function(name, arguments, at),
        }
    }

    fn arrow_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        match compute::functions().iter().find(|function| function.name == name) {
            Some(function) if !function.aggregates() => self.kernel(name, arguments, String::new(), at),
            Some(_) => Err(self.aggregate_here(name, at)),
            None if AGGREGATES.contains(&name) => Err(self.aggregate_here(name, at)),
            None => {
                let known = NAMES.iter().copied().chain(compute::functions().iter().map(|function| function.name));
                let failure = Failure::invalid_config("unknown-function", format!("there is no function `{name}`"))
                    .with_offset(at);
                Err(match nearest(name, known).as_slice() {
                    [] => failure.with_help("`jackfield functions` lists them all"),
                    near => {
                        let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                        failure.with_help(format!("did you mean {}?", near.join(" or ")))
                    }
                })
            }
        }
    }

    fn text_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let plain = String::new;
        match name {
            "lower" | "lcase" | "upper" | "ucase" => {
                let [value] = self.exactly(name, arguments, at)?;
                let value = self.text(name, value)?;
                let kernel = if name.starts_with('l') { "utf8_lower" } else { "utf8_upper" };
                self.kernel(kernel, vec![value], plain(), at)
            }
            "trim" | "ltrim" | "rtrim" => {
                self.arity(name, &arguments, 1, 2, at)?;
                let mut arguments = arguments.into_iter();
                let (Some(value), characters) = (arguments.next(), arguments.next()) else {
                    return Err(syntax("an argument is missing").with_offset(at));
                };
                let value = self.text(name, value)?;
                let kernel = match name {
                    "trim" => "utf8_trim",
                    "ltrim" => "utf8_ltrim",
                    _ => "utf8_rtrim",
                };
                // As in DuckDB, what is trimmed are spaces, not line ends.
                let characters = match &characters {
                    Some(characters) => self.constant_text(name, characters)?,
                    None => " ",
                };
                let options = serde_json::json!({ "characters": characters }).to_string();
                self.kernel(kernel, vec![value], options, at)
            }
            "length" | "len" | "char_length" => {
                let [value] = self.exactly(name, arguments, at)?;
                let kernel = match (&value.data_type, Class::of(&value.data_type)) {
                    (_, Class::Binary) => "binary_length",
                    (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..), _) => {
                        "list_value_length"
                    }
                    _ => "utf8_length",
                };
                let value = if kernel == "utf8_length" { self.text(name, value)? } else { value };
                let length = self.kernel(kernel, vec![value], plain(), at)?;
                self.cast(length, &DataType::Int64)
            }
            "substring" | "substr" | "left" | "right" => self.substring(name, arguments, at),
            "replace" => {
                let [value, from, to] = self.exactly(name, arguments, at)?;
                let (value, from, to) = (self.text(name, value)?, self.text(name, from)?, self.text(name, to)?);
                self.kernel("utf8_replace", vec![value, from, to], plain(), at)
            }
            "starts_with" | "prefix" | "ends_with" | "suffix" | "contains" => {
                let [value, part] = self.exactly(name, arguments, at)?;
                let (value, part) = (self.text(name, value)?, self.text(name, part)?);
                let kernel = match name {
                    "starts_with" | "prefix" => "starts_with",
                    "ends_with" | "suffix" => "ends_with",
                    _ => "match_substring",
                };
                self.kernel(kernel, vec![value, part], plain(), at)
            }
            "concat" => {
                self.arity(name, &arguments, 1, usize::MAX, at)?;
                let parts = arguments
                    .into_iter()
                    .map(|part| match Class::of(&part.data_type) {
                        Class::Text | Class::Null => Ok(part),
                        _ => self.convert(part, &DataType::Utf8, false),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                self.joined(parts, "skip", at)
            }
            _ => self.pattern_function(name, arguments, at),
        }
    }

    /// `substring` counts from 1, or from -1 at the end.
    fn substring(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let (least, most) = if name.starts_with("substr") { (2, 3) } else { (2, 2) };
        self.arity(name, &arguments, least, most, at)?;
        let mut arguments = arguments.into_iter();
        let Some(value) = arguments.next() else { return Err(syntax("an argument is missing").with_offset(at)) };
        let mut parts = vec![self.text(name, value)?];
        for number in arguments {
            parts.push(self.integer(name, number)?);
        }
        Typed::new(Node::Substring { part: name.to_owned(), arguments: parts }, DataType::Utf8, at)
            .and_then(|typed| self.fold(typed))
    }

    fn pattern_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        let (least, most) = if name == "regexp_replace" { (3, 4) } else { (2, 3) };
        self.arity(name, &arguments, least, most, at)?;
        let mut arguments = arguments.into_iter();
        let (Some(value), Some(pattern)) = (arguments.next(), arguments.next()) else {
            return Err(syntax("an argument is missing").with_offset(at));
        };
        let value = self.text(name, value)?;
        let pattern_at = pattern.offset;
        let pattern = self.constant_text(name, &pattern)?.to_owned();
        let rest: Vec<Typed> = arguments.collect();
        let flags = match (name, rest.as_slice()) {
            ("regexp_matches", [flags]) | ("regexp_replace", [_, flags]) => self.constant_text(name, flags)?.to_owned(),
            _ => String::new(),
        };
        if let Some(unknown) = flags.chars().find(|flag| !"cisgm".contains(*flag)) {
            let message = format!("`{name}` does not know the flag {unknown}");
            return Err(syntax(message)
                .with_offset(at)
                .with_help("the flags are c, i (ignore case), s, m and g (replace all)"));
        }
        let inline: String = flags.chars().filter(|flag| "ism".contains(*flag)).collect();
        let pattern = if inline.is_empty() { pattern } else { format!("(?{inline}){pattern}") };
        let located = |failure: Failure| failure.with_offset(pattern_at);
        match name {
            "regexp_matches" => {
                let options = serde_json::json!({ "pattern": pattern }).to_string();
                self.kernel("match_substring_regex", vec![value], options, at).map_err(located)
            }
            "regexp_extract" => {
                let group = match rest.first() {
                    None => 0,
                    Some(group) => match group.literal() {
                        Some(Scalar::Int64(group)) => *group,
                        _ => {
                            return Err(mismatch(
                                "the group of `regexp_extract` must be a constant number",
                                group.offset,
                            ));
                        }
                    },
                };
                let options = serde_json::json!({ "pattern": pattern, "group": group }).to_string();
                self.kernel("extract_regex_group", vec![value], options, at).map_err(located)
            }
            _ => {
                let Some(replacement) = rest.first() else {
                    return Err(syntax("an argument is missing").with_offset(at));
                };
                let replacement = self.constant_text(name, replacement)?;
                let options = serde_json::json!({
                    "pattern": pattern, "replacement": replacement, "global": flags.contains('g'),
                });
                self.kernel("replace_substring_regex", vec![value], options.to_string(), at).map_err(located)
            }
        }
    }

    fn number_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        match name {
            "round" => self.round(name, arguments, at),
            "power" | "pow" => {
                let [base, exponent] = self.exactly(name, arguments, at)?;
                let (base, exponent) = (self.float(name, base)?, self.float(name, exponent)?);
                self.kernel("power", vec![base, exponent], String::new(), at)
            }
            "sqrt" | "ln" | "log10" | "log" | "log2" | "exp" | "isnan" => {
                let [value] = self.exactly(name, arguments, at)?;
                let value = self.float(name, value)?;
                let kernel = match name {
                    "log" => "log10",
                    "isnan" => "is_nan",
                    name => name,
                };
                self.kernel(kernel, vec![value], String::new(), at)
            }
            _ => {
                let [value] = self.exactly(name, arguments, at)?;
                self.numeric(name, &value)?;
                let integer = matches!(Class::of(&value.data_type), Class::Integer | Class::Null);
                match name {
                    "abs" if integer => {
                        let value = self.cast(value, &DataType::Int64)?;
                        self.kernel("abs_checked", vec![value], String::new(), at)
                    }
                    // A whole number is already where floor, ceil and trunc lead.
                    "floor" | "ceil" | "ceiling" | "trunc" if integer => Ok(value),
                    "ceiling" => self.kernel("ceil", vec![value], String::new(), at),
                    _ => self.kernel(name, vec![value], String::new(), at),
                }
            }
        }
    }

    /// Half away from zero; a whole number stays one.
    fn round(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
        self.arity(name, &arguments, 1, 2, at)?;
        let mut arguments = arguments.into_iter();
        let (Some(value), digits) = (arguments.next(), arguments.next()) else {
            return Err(syntax("an argument is missing").with_offset(at));
        };
        self.numeric(name, &value)?;
        let digits = match digits {
            None => 0,
            Some(digits) => match digits.literal() {
                Some(Scalar::Int64(digits)) => *digits,
                _ => {
                    let message = "the number of digits of `round` must be a constant whole number";
                    return Err(mismatch(message, digits.offset));
                }
            },
        };
        if digits >= 0 && matches!(Class::of(&value.data_type), Class::Integer) {
            return Ok(value);
        }
        let value = if value.is_null() { self.cast(value, &DataType::Float64)? } else { value };
        let options = serde_json::json!({ "ndigits": digits, "round_mode": "half_towards_infinity" }).to_string();
        self.kernel("round", vec![value], options, at)
    }

    pub(super) fn arity(
        &self,
        name: &str,
        arguments: &[Typed],
        least: usize,
        most: usize,
        at: u32,
    ) -> Result<(), Failure> {
        let count = arguments.len();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        let plural = |n: usize| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
        let wanted = match (least, most) {
            (least, most) if least == most => plural(least),
            (least, usize::MAX) => format!("at least {}", plural(least)),
            (least, most) => format!("{least} to {}", plural(most)),
        };
        Err(mismatch(format!("`{name}` takes {wanted}, not {count}"), at))
    }

    pub(super) fn exactly<const N: usize>(
        &self,
        name: &str,
        arguments: Vec<Typed>,
        at: u32,
    ) -> Result<[Typed; N], Failure> {
        self.arity(name, &arguments, N, N, at)?;
        arguments.try_into().map_err(|_| syntax("an argument is missing").with_offset(at))
    }

    /// # Errors
    /// `type-mismatch` where the value is no text.
    pub(super) fn text(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        match Class::of(&value.data_type) {
            Class::Text => Ok(value),
            Class::Null => self.cast(value, &DataType::Utf8),
            _ => {
                let message = format!("`{name}` takes text: {}", value.describe(self.schema));
                Err(mismatch(message, value.offset).with_help("convert it, as in CAST(x AS utf8)"))
            }
        }
    }

    /// # Errors
    /// `type-mismatch` where the value is no constant text.
    pub(super) fn constant_text<'t>(&self, name: &str, value: &'t Typed) -> Result<&'t str, Failure> {
        value.literal_text().ok_or_else(|| {
            let message = format!("`{name}` needs a constant text here: {}", value.describe(self.schema));
            mismatch(message, value.offset)
        })
    }

    fn integer(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        match Class::of(&value.data_type) {
            Class::Integer | Class::Null => self.cast(value, &DataType::Int64),
            _ => {
                let message = format!("`{name}` takes a whole number here: {}", value.describe(self.schema));
                Err(mismatch(message, value.offset))
            }
        }
    }

    fn float(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        self.numeric(name, &value)?;
        self.cast(value, &DataType::Float64)
    }
}
