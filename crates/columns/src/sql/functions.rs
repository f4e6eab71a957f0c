//! Functions: SQL's names, which win, then the kernels by their Arrow names.

use arrow::datatypes::DataType;
use serde_json::{Map, Value as Json};
use sqlparser::ast::{Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArguments};

use super::catalogue::{aggregates, row_names};
use super::coerce::Class;
use super::names::nearest;
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::{self, Scalar};

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
        if function.over.is_some() || function.filter.is_some() {
            let message = format!("`{name}` takes no OVER and no FILTER here");
            return Err(syntax(message)
                .with_offset(at)
                .with_help("the node types aggregate and window have parameters for it"));
        }
        let (mut arguments, mut options) = (Vec::new(), Map::new());
        let list: &[FunctionArg] = match &function.args {
            FunctionArguments::None => &[],
            FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => {
                &list.args
            }
            _ => return Err(self.not_here(&name, at)),
        };
        for argument in list {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(tree)) if options.is_empty() => {
                    arguments.push(self.resolve(tree)?);
                }
                FunctionArg::Named {
                    name: option,
                    arg: FunctionArgExpr::Expr(tree),
                    operator: FunctionArgOperator::Assignment,
                } => {
                    let value = self.resolve(tree)?;
                    let value = self.option(&option.value, &value)?;
                    if options.insert(option.value.clone(), value).is_some() {
                        let message = format!("the option `{}` is given twice", option.value);
                        return Err(syntax(message).with_offset(self.at(tree)));
                    }
                }
                _ => return Err(self.not_here(&name, at)),
            }
        }
        if options.is_empty() {
            return self.call(&name, arguments, at);
        }
        self.kernel_with(&name, arguments, options, at)
    }

    /// A kernel by its Arrow name, with options of its own.
    fn kernel_with(
        &mut self,
        name: &str,
        arguments: Vec<Typed>,
        options: Map<String, Json>,
        at: u32,
    ) -> Result<Typed, Failure> {
        let kernel = compute::functions().iter().find(|function| function.name == name && function.is_row_wise());
        if kernel.is_none_or(|function| function.options.is_empty()) {
            let message = format!("`{name}` takes no options by name");
            return Err(syntax(message).with_offset(at).with_help("`jackfield functions` says which take options"));
        }
        self.kernel(name, arguments, Json::Object(options).to_string(), at)
    }

    /// The constant that an option is.
    fn option(&self, name: &str, value: &Typed) -> Result<Json, Failure> {
        match value.literal() {
            Some(Scalar::Boolean(value)) => Ok(Json::from(*value)),
            Some(Scalar::Int64(value)) => Ok(Json::from(*value)),
            Some(Scalar::Float64(value)) => Ok(Json::from(*value)),
            Some(Scalar::Text(value)) => Ok(Json::from(value.as_str())),
            _ => {
                let message = format!("the option `{name}` must be a constant: {}", value.describe(self.schema));
                Err(mismatch(message, value.offset))
            }
        }
    }

    fn not_here(&self, name: &str, at: u32) -> Failure {
        if aggregates(name) {
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
            Some(function) if function.is_row_wise() => self.kernel(name, arguments, String::new(), at),
            Some(function) if function.aggregates() => Err(self.aggregate_here(name, at)),
            Some(_) => {
                let message = format!("`{name}` depends on other rows, and each row is computed by itself here");
                let failure = Failure::invalid_config("unknown-function", message).with_offset(at);
                Err(failure.with_help("compute it in a node of type window"))
            }
            None if aggregates(name) => Err(self.aggregate_here(name, at)),
            None => {
                let known = row_names().chain(compute::functions().iter().map(|function| function.name));
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

    pub(super) fn integer(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        match Class::of(&value.data_type) {
            Class::Integer | Class::Null => self.cast(value, &DataType::Int64),
            _ => {
                let message = format!("`{name}` takes a whole number here: {}", value.describe(self.schema));
                Err(mismatch(message, value.offset))
            }
        }
    }

    pub(super) fn float(&mut self, name: &str, value: Typed) -> Result<Typed, Failure> {
        self.numeric(name, &value)?;
        self.cast(value, &DataType::Float64)
    }
}
