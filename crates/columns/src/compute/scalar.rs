//! Scalars as arrays of one row, and back.

use std::fmt::{self, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, NullArray, StringArray, UInt64Array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::Scalar;
use super::promote::internal;
use crate::batch::null_row_bytes;
use crate::caught::caught;
use crate::types::sound;
use crate::{Failure, type_name};

impl Scalar {
    /// The type that the scalar has by itself.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Boolean(_) => DataType::Boolean,
            Self::Int64(_) => DataType::Int64,
            Self::Uint64(_) => DataType::UInt64,
            Self::Float64(_) => DataType::Float64,
            Self::Text(_) => DataType::Utf8,
            Self::Binary(_) => DataType::Binary,
            Self::Typed(data_type, _) => data_type.clone(),
        }
    }

    /// An array of the one value.
    ///
    /// # Errors
    /// `invalid-cast` if the text of a typed scalar is not a value of its type.
    pub fn to_array(&self) -> Result<ArrayRef, Failure> {
        Ok(match self {
            Self::Null => Arc::new(NullArray::new(1)),
            Self::Boolean(value) => Arc::new(BooleanArray::from(vec![*value])),
            Self::Int64(value) => Arc::new(Int64Array::from(vec![*value])),
            Self::Uint64(value) => Arc::new(UInt64Array::from(vec![*value])),
            Self::Float64(value) => Arc::new(Float64Array::from(vec![*value])),
            Self::Text(value) => Arc::new(StringArray::from(vec![value.as_str()])),
            Self::Binary(value) => Arc::new(BinaryArray::from(vec![value.as_slice()])),
            Self::Typed(data_type, text) => from_text(text, data_type)?,
        })
    }

    /// The value of row `row`; null if there is no such row.
    ///
    /// # Errors
    /// Nested values that have no text form.
    pub fn from_array(array: &ArrayRef, row: usize) -> Result<Self, Failure> {
        if row >= array.len() || array.logical_nulls().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(Self::Null);
        }
        let one = array.slice(row, 1);
        let as_type = |to: &DataType| cast_with_options(&one, to, &CastOptions::default()).map_err(internal);
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(one.as_boolean().value(0)),
            DataType::UInt64 => Self::Uint64(one.as_primitive::<UInt64Type>().value(0)),
            DataType::Int64 => Self::Int64(one.as_primitive::<Int64Type>().value(0)),
            DataType::Float64 => Self::Float64(one.as_primitive::<Float64Type>().value(0)),
            DataType::Int8 | DataType::Int16 | DataType::Int32 => {
                Self::Int64(as_type(&DataType::Int64)?.as_primitive::<Int64Type>().value(0))
            }
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
                Self::Uint64(as_type(&DataType::UInt64)?.as_primitive::<UInt64Type>().value(0))
            }
            DataType::Float16 | DataType::Float32 => {
                Self::Float64(as_type(&DataType::Float64)?.as_primitive::<Float64Type>().value(0))
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(as_type(&DataType::Utf8)?.as_string::<i32>().value(0).to_owned())
            }
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Binary(as_type(&DataType::Binary)?.as_binary::<i32>().value(0).to_vec())
            }
            DataType::Dictionary(_, values) => return Self::from_array(&as_type(values)?, 0),
            other => {
                let formatter = ArrayFormatter::try_new(one.as_ref(), &FormatOptions::default()).map_err(internal)?;
                Self::Typed(other.clone(), formatter.value(0).to_string())
            }
        })
    }
}

/// One value read from text.
pub(super) fn from_text(text: &str, to: &DataType) -> Result<ArrayRef, Failure> {
    let invalid = || {
        let short: String = text.chars().take(60).collect();
        let end = if short.len() < text.len() { "…" } else { "" };
        Failure::invalid_config("invalid-cast", format!("{short:?}{end} is not {}", type_name(to)))
    };
    sound(to).map_err(|message| Failure::invalid_config("invalid-type", message))?;
    // No text is a value of a fixed width that it does not fill; a null of that width may be gigabytes.
    if null_row_bytes(to) > text.len() as u64 + 64 {
        return Err(invalid());
    }
    let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let cast = super::cast::convert(&array, to).map_err(|_| invalid())?;
    if cast.is_null(0) { Err(invalid()) } else { Ok(cast) }
}

/// Text that takes no more than a message shows.
#[derive(Debug, Default)]
struct Short {
    text: String,
    left: usize,
}

impl Write for Short {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let taken = more.chars().take(self.left);
        let before = self.text.len();
        self.text.extend(taken);
        self.left -= self.text.get(before..).unwrap_or_default().chars().count();
        // What is left out may be long: an error ends the writing of it.
        if self.text.len() - before < more.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// A value as text, shortened, for messages.
pub(super) fn shown(array: &dyn Array, row: usize) -> String {
    let mut short = Short { text: String::new(), left: 60 };
    let whole = match ArrayFormatter::try_new(array, &FormatOptions::default().with_null("null")) {
        // Arrow panics at times whose local form is just beyond the calendar.
        Ok(formatter) => match caught(|| write!(short, "{}", formatter.value(row))) {
            Ok(written) => written.is_ok() || short.left > 0,
            Err(_) => return "a time beyond the calendar".to_owned(),
        },
        Err(_) => return "a value".to_owned(),
    };
    let end = if whole { "" } else { "…" };
    let text = short.text;
    if matches!(array.data_type(), DataType::Utf8) { format!("{text:?}{end}") } else { format!("{text}{end}") }
}
