//! Columns: handles on Arrow arrays in the host, with its kernels as methods.
//!
//! Each method is one call of a native kernel over the whole column. The other operand is a column or a value:
//!
//! ```no_run
//! # use jackfield_sdk::{Batch, Column, Failure};
//! # fn example(batch: &Batch) -> Result<Column, Failure> {
//! let gained = batch.column("dep_delay")?.sub(&batch.column("arr_delay")?)?;
//! gained.gt(10)?.and(&batch.column("carrier")?.is_in(["UA", "AA"])?)
//! # }
//! ```
//!
//! Nulls follow SQL: a comparison with null is null, and `and` and `or` are Kleene's. Where a single value makes a row
//! fail (integer overflow, a division by zero, a text that is no number) these methods fail as a whole with that row;
//! [`call`] tells the rows instead, and knows every kernel by name.

use crate::compute::{self, Argument};
use crate::{Buffers, Column, Failure, Field, Outcome, Scalar};
use serde_json::json;

/// Calls a kernel by its Arrow name, element by element; values broadcast. `options` is a JSON object or empty.
///
/// # Errors
/// An unknown name or types the kernel does not take. Rows that fail by themselves are in the outcome.
pub fn call(function: &str, arguments: &[Argument], options: &str) -> Result<Outcome, Failure> {
    compute::call(function, arguments, options, None)
}

/// The values of an outcome, if no row failed.
///
/// # Errors
/// The first row's failure.
pub fn whole(outcome: Outcome) -> Result<Column, Failure> {
    match outcome.first {
        Some(failure) if outcome.failed.is_some() => Err(failure),
        _ => Ok(outcome.values),
    }
}

/// `then` in the rows where the boolean column is true, else `otherwise`.
///
/// # Errors
/// Types that do not fit together.
pub fn if_else<'a>(
    condition: &'a Column,
    then: impl Into<Argument<'a>>,
    otherwise: impl Into<Argument<'a>>,
) -> Result<Column, Failure> {
    whole(call("if_else", &[condition.into(), then.into(), otherwise.into()], "")?)
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $function:literal),+ $(,)?) => {
        $($(#[$doc])*
        ///
        /// # Errors
        /// Types that the kernel does not take, or a row that fails by itself.
        pub fn $name<'a>(&'a self, other: impl Into<Argument<'a>>) -> Result<Column, Failure> {
            whole(call($function, &[self.into(), other.into()], "")?)
        })+
    };
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $function:literal),+ $(,)?) => {
        $($(#[$doc])*
        ///
        /// # Errors
        /// A type that the kernel does not take, or a row that fails by itself.
        pub fn $name(&self) -> Result<Column, Failure> {
            whole(call($function, &[self.into()], "")?)
        })+
    };
}

// The names are those of the kernels, not of `std::ops`, whose traits give no results.
#[allow(clippy::should_implement_trait)]
impl Column {
    binary! {
        /// Whether equal.
        eq = "equal",
        /// Whether not equal.
        ne = "not_equal",
        /// Whether less.
        lt = "less",
        /// Whether less or equal.
        le = "less_equal",
        /// Whether greater.
        gt = "greater",
        /// Whether greater or equal.
        ge = "greater_equal",
        /// Both, by Kleene's logic.
        and = "and_kleene",
        /// Either, by Kleene's logic.
        or = "or_kleene",
        /// The sum; integers are checked for overflow.
        add = "add_checked",
        /// The difference; integers are checked for overflow.
        sub = "subtract_checked",
        /// The product; integers are checked for overflow.
        mul = "multiply_checked",
        /// The quotient; of integers truncated, and by zero a failure.
        div = "divide_checked",
        /// The remainder, with the sign of the dividend.
        rem = "remainder_checked",
        /// The value, or the other where it is null.
        coalesce = "coalesce",
        /// Whether the text begins with the other.
        starts_with = "starts_with",
        /// Whether the text ends with the other.
        ends_with = "ends_with",
    }
    unary! {
        /// The opposite of truth values; null stays null.
        not = "invert",
        /// Whether null.
        is_null = "is_null",
        /// Whether not null.
        is_valid = "is_valid",
        /// The number with its sign turned.
        negate = "negate_checked",
        /// The number without its sign.
        abs = "abs_checked",
        /// The text in lower case.
        lower = "utf8_lower",
        /// The text in upper case.
        upper = "utf8_upper",
        /// The text without white space around it.
        trim = "utf8_trim_whitespace",
        /// The length of the text in characters.
        text_length = "utf8_length",
    }

    /// Whether one of these values.
    ///
    /// # Errors
    /// Values of another type.
    pub fn is_in<'a>(&'a self, values: impl IntoIterator<Item = impl Into<Argument<'a>>>) -> Result<Column, Failure> {
        let mut arguments = vec![Argument::Column(self)];
        arguments.extend(values.into_iter().map(Into::into));
        whole(call("is_in", &arguments, "")?)
    }

    /// The values as another type, by its name: `int64`, `timestamp[UTC]`, `list<utf8>`.
    ///
    /// # Errors
    /// An unknown type, or a value that does not convert.
    pub fn cast(&self, to: &str) -> Result<Column, Failure> {
        let options = json!({ "to_type": to, "safe": false }).to_string();
        whole(call("cast", &[self.into()], &options)?)
    }

    /// The values as another type, null where one does not convert.
    ///
    /// # Errors
    /// An unknown type.
    pub fn try_cast(&self, to: &str) -> Result<Column, Failure> {
        let options = json!({ "to_type": to, "safe": true }).to_string();
        whole(call("cast", &[self.into()], &options)?)
    }

    /// The whole column as one value: `sum`, `min`, `max`, `mean`, `count`, `first`, `last`, ….
    ///
    /// # Errors
    /// An unknown name, or a sum that overflows.
    pub fn reduce(&self, function: &str) -> Result<Scalar, Failure> {
        compute::reduce(function, self, "")
    }

    /// The column's own level as raw buffers; [`read`](Column::read) walks into children.
    ///
    /// # Errors
    /// A column that is too large to be read whole.
    pub fn buffers(&self) -> Result<Buffers, Failure> {
        self.read(&[])
    }

    /// A column made of raw buffers, for a type's [tree](crate::parse_type): a level for each of its fields, in order.
    ///
    /// # Errors
    /// Buffers that do not fit one another or the type.
    pub fn of(tree: &[Field], levels: &[Buffers]) -> Result<Column, Failure> {
        Column::create(tree, levels)
    }
}

impl<'a> From<&'a Column> for Argument<'a> {
    fn from(column: &'a Column) -> Self {
        Argument::Column(column)
    }
}

impl From<Scalar> for Argument<'_> {
    fn from(scalar: Scalar) -> Self {
        Argument::Scalar(scalar)
    }
}

macro_rules! scalars {
    ($($from:ty => $case:ident),+) => {
        $(impl From<$from> for Scalar {
            fn from(value: $from) -> Self {
                Scalar::$case(value.into())
            }
        }
        impl From<$from> for Argument<'_> {
            fn from(value: $from) -> Self {
                Argument::Scalar(value.into())
            }
        })+
    };
}
scalars!(bool => Boolean, i32 => Int64, i64 => Int64, u32 => Uint64, u64 => Uint64, f64 => Float64, &str => Text,
    String => Text, &[u8] => Binary);

/// Values of the same case; a float equals itself by IEEE's rules, so NaN does not.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Scalar::Null, Scalar::Null) => true,
            (Scalar::Boolean(a), Scalar::Boolean(b)) => a == b,
            (Scalar::Int64(a), Scalar::Int64(b)) => a == b,
            (Scalar::Uint64(a), Scalar::Uint64(b)) => a == b,
            (Scalar::Float64(a), Scalar::Float64(b)) => a == b,
            (Scalar::Text(a), Scalar::Text(b)) => a == b,
            (Scalar::Binary(a), Scalar::Binary(b)) => a == b,
            (Scalar::Typed((a, x)), Scalar::Typed((b, y))) => x == y && format!("{a:?}") == format!("{b:?}"),
            _ => false,
        }
    }
}
