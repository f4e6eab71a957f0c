//! Functions of numbers.

use arrow::datatypes::DataType;

use super::coerce::Class;
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::Typed;
use crate::Failure;
use crate::compute::Scalar;

impl Resolver<'_> {
    pub(super) fn number_function(&mut self, name: &str, arguments: Vec<Typed>, at: u32) -> Result<Typed, Failure> {
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
}
