//! Operators on numbers, times and text.

use arrow::datatypes::{DataType, TimeUnit};
use sqlparser::ast::BinaryOperator;

use super::coerce::{Class, common};
use super::constants::{self, INTERVAL};
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;

impl Resolver<'_> {
    pub(super) fn operator(&mut self, op: &BinaryOperator, left: Typed, right: Typed) -> Result<Typed, Failure> {
        match op {
            BinaryOperator::Eq => self.compare("equal", "=", left, right),
            BinaryOperator::NotEq => self.compare("not_equal", "<>", left, right),
            BinaryOperator::Lt => self.compare("less", "<", left, right),
            BinaryOperator::LtEq => self.compare("less_equal", "<=", left, right),
            BinaryOperator::Gt => self.compare("greater", ">", left, right),
            BinaryOperator::GtEq => self.compare("greater_equal", ">=", left, right),
            BinaryOperator::Plus => self.add("+", left, right),
            BinaryOperator::Minus => self.add("-", left, right),
            BinaryOperator::Multiply => match (Class::of(&left.data_type), Class::of(&right.data_type)) {
                (Class::Interval, Class::Integer) => self.times(left, right),
                (Class::Integer, Class::Interval) => self.times(right, left),
                _ => self.arithmetic("*", "multiply", left, right),
            },
            BinaryOperator::Modulo => self.arithmetic("%", "remainder", left, right),
            BinaryOperator::Divide => {
                self.numeric("/", &left)?;
                self.numeric("/", &right)?;
                let at = left.offset;
                let (left, right) = (self.cast(left, &DataType::Float64)?, self.cast(right, &DataType::Float64)?);
                self.kernel_of_type("divide", vec![left, right], String::new(), DataType::Float64, at)
            }
            BinaryOperator::DuckIntegerDivide => {
                let at = left.offset;
                let quotient = self.arithmetic("//", "divide", left, right)?;
                if Class::of(&quotient.data_type) == Class::Integer {
                    return Ok(quotient);
                }
                let data_type = quotient.data_type.clone();
                self.kernel_of_type("trunc", vec![quotient], String::new(), data_type, at)
            }
            _ => Err(syntax(format!("the operator `{op}` is not supported")).with_offset(left.offset)),
        }
    }

    /// # Errors
    /// `type-mismatch` where the value is no number.
    pub(super) fn numeric(&self, operator: &str, value: &Typed) -> Result<(), Failure> {
        let class = Class::of(&value.data_type);
        if class.is_number() || class == Class::Null {
            return Ok(());
        }
        let message = format!("`{operator}` takes numbers: {}", value.describe(self.schema));
        let failure = mismatch(message, value.offset);
        Err(match (class, value.node.clone()) {
            (Class::Text, Node::Column(index)) => {
                let name = self.schema.field(index).name();
                failure.with_column(name).with_help(format!("convert it, as in CAST({name} AS int64); `||` joins text"))
            }
            (Class::Text, _) => failure.with_help("convert it, as in CAST(x AS int64); `||` joins text"),
            _ => failure,
        })
    }

    /// `+` and `-`, which times know too.
    fn add(&mut self, operator: &'static str, left: Typed, right: Typed) -> Result<Typed, Failure> {
        let subtract = operator == "-";
        let times = [Class::Date, Class::Timestamp, Class::Time, Class::Duration, Class::Interval];
        let (a, b) = (Class::of(&left.data_type), Class::of(&right.data_type));
        if !times.contains(&a) && !times.contains(&b) {
            let function = if subtract { "subtract" } else { "add" };
            return self.arithmetic(operator, function, left, right);
        }
        // A text beside a time is a time of that kind, as in a comparison.
        let (left, right) = match (left.literal_text().is_some(), right.literal_text().is_some()) {
            (true, _) if subtract => (self.cast(left, &right.data_type.clone())?, right),
            (_, true) if subtract => {
                let to = left.data_type.clone();
                (left, self.cast(right, &to)?)
            }
            _ => (left, right),
        };
        self.add_times(operator, subtract, left, right)
    }

    fn add_times(&mut self, operator: &str, subtract: bool, left: Typed, right: Typed) -> Result<Typed, Failure> {
        let at = left.offset;
        let (a, b) = (Class::of(&left.data_type), Class::of(&right.data_type));
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        match (a, b) {
            (Class::Null, _) => {
                let to = right.data_type.clone();
                let left = self.cast(left, &to)?;
                self.add_times(operator, subtract, left, right)
            }
            (_, Class::Null) => {
                let to = if a == Class::Duration { left.data_type.clone() } else { INTERVAL };
                let right = self.cast(right, &to)?;
                self.add_times(operator, subtract, left, right)
            }
            (Class::Interval | Class::Duration, Class::Date | Class::Timestamp) if !subtract => {
                self.add_times(operator, subtract, right, left)
            }
            // As in DuckDB, a date and an interval make a timestamp, two dates a number of days.
            (Class::Date, Class::Interval | Class::Duration) => {
                let left = self.cast(left, &micros)?;
                self.add_times(operator, subtract, left, right)
            }
            (Class::Date, Class::Date) if subtract => {
                let days = |this: &mut Self, date: Typed| {
                    let date = this.cast(date, &DataType::Date32)?;
                    let days = this.convert(date, &DataType::Int32, false)?;
                    this.cast(days, &DataType::Int64)
                };
                let (left, right) = (days(self, left)?, days(self, right)?);
                self.arithmetic(operator, "subtract", left, right)
            }
            (Class::Date, Class::Integer) => {
                let date = self.cast(left, &DataType::Date32)?;
                let days = self.convert(date, &DataType::Int32, false)?;
                let function = if subtract { "subtract" } else { "add" };
                let days = self.arithmetic(operator, function, days, right)?;
                let days = self.convert(days, &DataType::Int32, false)?;
                self.convert(days, &DataType::Date32, false)
            }
            (Class::Integer, Class::Date) if !subtract => self.add_times(operator, subtract, right, left),
            (Class::Timestamp | Class::Date, Class::Timestamp | Class::Date) if subtract => {
                let (values, shared) = self.unify("`-`", vec![left, right])?;
                let unit = match shared {
                    DataType::Timestamp(unit, _) => unit,
                    _ => TimeUnit::Microsecond,
                };
                self.temporal(subtract, values, DataType::Duration(unit), at)
            }
            (Class::Timestamp, Class::Interval) => {
                let data_type = left.data_type.clone();
                self.temporal(subtract, vec![left, right], data_type, at)
            }
            (Class::Timestamp, Class::Duration) => {
                let (DataType::Timestamp(unit, zone), DataType::Duration(other)) = (&left.data_type, &right.data_type)
                else {
                    return Err(self.no_times(operator, &left, &right));
                };
                let Some(DataType::Duration(unit)) = common(&DataType::Duration(*unit), &DataType::Duration(*other))
                else {
                    return Err(self.no_times(operator, &left, &right));
                };
                let data_type = DataType::Timestamp(unit, zone.clone());
                let left = self.cast(left, &data_type)?;
                let right = self.cast(right, &DataType::Duration(unit))?;
                self.temporal(subtract, vec![left, right], data_type, at)
            }
            (Class::Duration, Class::Duration) => {
                let (values, shared) = self.unify(&format!("`{operator}`"), vec![left, right])?;
                self.temporal(subtract, values, shared, at)
            }
            (Class::Interval, Class::Interval) => self.temporal(subtract, vec![left, right], INTERVAL, at),
            _ => Err(self.no_times(operator, &left, &right)),
        }
    }

    fn temporal(&mut self, subtract: bool, sides: Vec<Typed>, data_type: DataType, at: u32) -> Result<Typed, Failure> {
        let [left, right]: [Typed; 2] = sides.try_into().map_err(|_| syntax("an operand is missing"))?;
        let node = Node::Temporal { subtract, left: Box::new(left), right: Box::new(right) };
        self.fold(Typed::new(node, data_type, at)?)
    }

    /// An interval so many times.
    fn times(&mut self, interval: Typed, count: Typed) -> Result<Typed, Failure> {
        let at = interval.offset.min(count.offset);
        let count = self.cast(count, &DataType::Int64)?;
        let node = Node::Times(Box::new(interval), Box::new(count));
        self.fold(Typed::new(node, INTERVAL, at)?)
    }

    fn no_times(&self, operator: &str, left: &Typed, right: &Typed) -> Failure {
        let message = format!(
            "`{operator}` cannot take these types: {}, and {}",
            left.describe(self.schema),
            right.describe(self.schema)
        );
        let help = "dates and timestamps take intervals, as in x + INTERVAL '1 day', and differ by `-`";
        mismatch(message, left.offset).with_help(help)
    }

    /// Arithmetic of numbers: integers as int64, checked; with a float, float64.
    fn arithmetic(&mut self, operator: &str, kernel: &str, left: Typed, right: Typed) -> Result<Typed, Failure> {
        self.numeric(operator, &left)?;
        self.numeric(operator, &right)?;
        let at = left.offset;
        let classes = [Class::of(&left.data_type), Class::of(&right.data_type)];
        if classes.iter().all(|class| matches!(class, Class::Integer | Class::Null)) {
            let (left, right) = (self.cast(left, &DataType::Int64)?, self.cast(right, &DataType::Int64)?);
            let checked = format!("{kernel}_checked");
            return self.kernel_of_type(&checked, vec![left, right], String::new(), DataType::Int64, at);
        }
        if classes.contains(&Class::Decimal) && !classes.contains(&Class::Float) && kernel != "divide" {
            let (left, right) = (self.decimal(left)?, self.decimal(right)?);
            if let (Some(left), Some(right)) = (left, right) {
                return self.kernel(kernel, vec![left, right], String::new(), at);
            }
            let message = format!("`{operator}` needs CAST(x AS float64) or CAST(x AS decimal(p,s)) on one side");
            return Err(mismatch(message, at));
        }
        let float = match (&left.data_type, &right.data_type) {
            (DataType::Float32, DataType::Float32) => DataType::Float32,
            _ => DataType::Float64,
        };
        let (left, right) = (self.cast(left, &float)?, self.cast(right, &float)?);
        self.kernel_of_type(kernel, vec![left, right], String::new(), float, at)
    }

    /// A whole number as a decimal; none for what is neither.
    fn decimal(&mut self, value: Typed) -> Result<Option<Typed>, Failure> {
        Ok(match Class::of(&value.data_type) {
            Class::Decimal => Some(value),
            Class::Integer | Class::Null => Some(self.cast(value, &DataType::Decimal128(19, 0))?),
            _ => None,
        })
    }

    pub(super) fn negate(&mut self, value: Typed) -> Result<Typed, Failure> {
        let at = value.offset;
        if value.data_type == INTERVAL {
            let zero = constants::interval("0 days").map(|zero| Typed::leaf(Node::Literal(zero), INTERVAL, at));
            return match zero {
                Some(zero) => self.add_times("-", true, zero, value),
                None => Err(syntax("an interval cannot be negated here").with_offset(at)),
            };
        }
        self.numeric("-", &value)?;
        match Class::of(&value.data_type) {
            Class::Integer | Class::Null => {
                let value = self.cast(value, &DataType::Int64)?;
                self.kernel_of_type("negate_checked", vec![value], String::new(), DataType::Int64, at)
            }
            _ => {
                let data_type = value.data_type.clone();
                self.kernel_of_type("negate", vec![value], String::new(), data_type, at)
            }
        }
    }

    /// `||`: null where one of them is.
    pub(super) fn join_text(&mut self, parts: Vec<Typed>) -> Result<Typed, Failure> {
        let at = parts.first().map_or(0, |part| part.offset);
        for part in &parts {
            if !matches!(Class::of(&part.data_type), Class::Text | Class::Null) {
                let message = format!("`||` joins text: {}", part.describe(self.schema));
                let help = "convert it, as in CAST(x AS utf8), or write concat(…), which takes any type";
                return Err(mismatch(message, part.offset).with_help(help));
            }
        }
        self.joined(parts, "emit_null", at)
    }

    /// Joins texts without anything between them.
    pub(super) fn joined(&mut self, parts: Vec<Typed>, null_handling: &str, at: u32) -> Result<Typed, Failure> {
        let text = DataType::Utf8;
        let mut parts = parts.into_iter().map(|part| self.cast(part, &text)).collect::<Result<Vec<_>, _>>()?;
        let separator = crate::compute::Scalar::Text(String::new());
        parts.push(Typed::leaf(Node::Literal(separator), DataType::Utf8, at));
        let options = serde_json::json!({ "null_handling": null_handling }).to_string();
        self.kernel_of_type("binary_join_element_wise", parts, options, text, at)
    }
}
