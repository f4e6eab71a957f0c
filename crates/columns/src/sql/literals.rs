//! Constants as they are written, and the types of casts.

use arrow::datatypes::DataType;
use sqlparser::ast::{Expr, Value, ValueWithSpan};
use sqlparser::tokenizer::Span;

use super::constants;
use super::resolve::{Resolver, mismatch};
use super::text::syntax;
use super::tree::{Node, Typed};
use crate::Failure;
use crate::compute::Scalar;
use crate::types::parse_type;

impl Resolver<'_> {
    pub(super) fn value(&mut self, value: &ValueWithSpan, negative: bool) -> Result<Typed, Failure> {
        let at = self.offset(value.span);
        let (scalar, data_type) = match &value.value {
            Value::Number(text, _) => {
                let signed = format!("{}{text}", if negative { "-" } else { "" });
                constants::number(&signed).ok_or_else(|| {
                    let message = format!("the number {signed} is out of range");
                    Failure::invalid_config("out-of-bounds", message).with_offset(at).with_help(
                        "int64 reaches from -9223372036854775808 to 9223372036854775807; write 1e20 for a float64",
                    )
                })?
            }
            Value::SingleQuotedString(text) => (Scalar::Text(text.clone()), DataType::Utf8),
            Value::Boolean(value) => (Scalar::Boolean(*value), DataType::Boolean),
            Value::Null => (Scalar::Null, DataType::Null),
            _ => return Err(syntax("this form of constant is not supported").with_offset(at)),
        };
        Ok(Typed::leaf(Node::Literal(scalar), data_type, at))
    }

    /// `DATE '…'`, `TIMESTAMP '…'`: a zone in the text makes it timestamp[UTC].
    pub(super) fn typed_text(&mut self, text: Typed, to: &DataType) -> Result<Typed, Failure> {
        let zoned = text.literal_text().is_some_and(|text| {
            let time = text.find([':']).map_or("", |at| &text[at..]);
            time.contains(['Z', 'z', '+', '-']) || text.trim_end().ends_with("UTC")
        });
        match to {
            DataType::Timestamp(unit, None) if zoned => {
                self.cast(text, &DataType::Timestamp(*unit, Some("UTC".into())))
            }
            _ => self.cast(text, to),
        }
    }

    pub(super) fn cast_type(&self, named: &sqlparser::ast::DataType, at: u32) -> Result<DataType, Failure> {
        if let sqlparser::ast::DataType::Custom(name, modifiers) = named
            && let (Some(ident), []) = (name.0.first().and_then(|part| part.as_ident()), modifiers.as_slice())
        {
            return self.named_type(&ident.value, ident.span);
        }
        self.read_type(&named.to_string(), at)
    }

    pub(super) fn named_type(&self, text: &str, span: Span) -> Result<DataType, Failure> {
        self.read_type(text, self.offset(span))
    }

    fn read_type(&self, text: &str, at: u32) -> Result<DataType, Failure> {
        parse_type(text).map_err(|failure| {
            let offset = at + failure.offset.unwrap_or(0);
            failure.with_offset(offset)
        })
    }

    pub(super) fn explicit_cast(&mut self, value: Typed, to: &DataType, safe: bool) -> Result<Typed, Failure> {
        if value.data_type == *to {
            return Ok(value);
        }
        if value.is_null() {
            return Ok(Typed::leaf(Node::Literal(Scalar::Null), to.clone(), value.offset));
        }
        self.convert(value, to, safe)
    }

    pub(super) fn interval(&mut self, interval: &sqlparser::ast::Interval) -> Result<Typed, Failure> {
        let value = match interval.value.as_ref() {
            Expr::Value(value) => value,
            other => return Err(syntax("INTERVAL needs a text, as in INTERVAL '1 day'").with_offset(self.at(other))),
        };
        let at = self.offset(value.span);
        let mut text = match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            Value::Number(number, _) => number.clone(),
            _ => return Err(syntax("INTERVAL needs a text, as in INTERVAL '1 day'").with_offset(at)),
        };
        if let Some(unit) = &interval.leading_field {
            text = format!("{text} {unit}");
        }
        let scalar = constants::interval(&text).filter(|_| interval.last_field.is_none()).ok_or_else(|| {
            mismatch(format!("'{text}' is not an interval"), at).with_help("write INTERVAL '1 day 2 hours'")
        })?;
        Ok(Typed::leaf(Node::Literal(scalar), constants::INTERVAL, at))
    }
}
