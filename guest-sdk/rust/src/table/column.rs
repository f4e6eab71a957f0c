//! Columns that are said, not computed: what becomes of them is known, what is in them is not.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};
use std::rc::Rc;

use serde_json::json;

use crate::{Failure, Scalar};

/// A column of a [`Table`](super::Table), or what is made of some.
#[derive(Clone, Debug)]
pub struct Col(pub(super) Rc<Said>);

/// How a column comes about.
#[derive(Debug)]
pub(super) enum Said {
    /// A column of the input, by its number.
    Input(u32),
    /// The same value in each row.
    Value(Scalar),
    /// A kernel.
    Call { function: String, arguments: Vec<Col>, options: String },
    /// Only the rows that so many masks have left are asked for.
    Under { column: Col, masks: usize },
    /// It cannot be.
    Wrong(Failure),
}

/// What can stand where a column can: columns, and values of Rust.
pub trait IntoCol {
    /// The column.
    fn into_col(self) -> Col;
}

impl IntoCol for Col {
    fn into_col(self) -> Col {
        self
    }
}

impl IntoCol for &Col {
    fn into_col(self) -> Col {
        self.clone()
    }
}

macro_rules! values {
    ($($from:ty),+) => {
        $(impl IntoCol for $from {
            fn into_col(self) -> Col {
                Col(Rc::new(Said::Value(Scalar::from(self))))
            }
        })+
    };
}
values!(bool, i32, i64, u32, u64, f64, &str, String, &[u8]);

impl IntoCol for &String {
    fn into_col(self) -> Col {
        self.as_str().into_col()
    }
}

impl IntoCol for Scalar {
    fn into_col(self) -> Col {
        Col(Rc::new(Said::Value(self)))
    }
}

/// A value as a column.
pub fn lit(value: impl IntoCol) -> Col {
    value.into_col()
}

/// `then` where the condition is true, else `otherwise`. What a row does not take cannot fail it.
pub fn if_else(condition: impl IntoCol, then: impl IntoCol, otherwise: impl IntoCol) -> Col {
    Col::call("if_else", [condition.into_col(), then.into_col(), otherwise.into_col()], "")
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $function:literal),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self) -> Col {
            Col::call($function, [self.clone()], "")
        })+
    };
}

macro_rules! pairs {
    ($($(#[$doc:meta])* $name:ident = $function:literal),+ $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(&self, other: impl IntoCol) -> Col {
            Col::call($function, [self.clone(), other.into_col()], "")
        })+
    };
}

impl Col {
    pub(super) fn input(number: u32) -> Col {
        Col(Rc::new(Said::Input(number)))
    }

    pub(super) fn wrong(failure: Failure) -> Col {
        Col(Rc::new(Said::Wrong(failure)))
    }

    /// The column, asked for only in rows that the first masks leave; plain columns of the input cannot fail and stay.
    pub(super) fn under(self, masks: usize) -> Col {
        match &*self.0 {
            Said::Input(_) | Said::Wrong(_) => self,
            _ if masks == 0 => self,
            _ => Col(Rc::new(Said::Under { column: self, masks })),
        }
    }

    /// Any kernel, by its Arrow name (`jackfield functions` lists them); `options` is a JSON object or empty.
    pub fn call(function: &str, arguments: impl IntoIterator<Item = Col>, options: &str) -> Col {
        let arguments = arguments.into_iter().collect();
        Col(Rc::new(Said::Call { function: function.to_owned(), arguments, options: options.to_owned() }))
    }

    pairs! {
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
        /// The value, or the other where it is null.
        coalesce = "coalesce",
        /// Whether the text begins with the other.
        starts_with = "starts_with",
        /// Whether the text ends with the other.
        ends_with = "ends_with",
    }
    methods! {
        /// Whether null.
        is_null = "is_null",
        /// Whether not null.
        is_valid = "is_valid",
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
    #[must_use]
    pub fn is_in(&self, values: impl IntoIterator<Item = impl IntoCol>) -> Col {
        let values = values.into_iter().map(IntoCol::into_col);
        Col::call("is_in", std::iter::once(self.clone()).chain(values), "")
    }

    /// The values as another type, by its name: `int64`, `timestamp[UTC]`, `list<utf8>`.
    #[must_use]
    pub fn cast(&self, to: &str) -> Col {
        Col::call("cast", [self.clone()], &json!({ "to_type": to, "safe": false }).to_string())
    }

    /// The same, null where a value does not convert.
    #[must_use]
    pub fn try_cast(&self, to: &str) -> Col {
        Col::call("cast", [self.clone()], &json!({ "to_type": to, "safe": true }).to_string())
    }

    /// The numbers as float64.
    #[must_use]
    pub fn float(&self) -> Col {
        self.cast("float64")
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $function:literal),+ $(,)?) => {
        $(impl<T: IntoCol> $trait<T> for Col {
            type Output = Col;
            fn $method(self, other: T) -> Col {
                Col::call($function, [self, other.into_col()], "")
            }
        }
        impl<T: IntoCol> $trait<T> for &Col {
            type Output = Col;
            fn $method(self, other: T) -> Col {
                Col::call($function, [self.clone(), other.into_col()], "")
            }
        })+
    };
}
operators! {
    Add add "add_checked",
    Sub sub "subtract_checked",
    Mul mul "multiply_checked",
    Div div "divide_checked",
    Rem rem "remainder_checked",
    BitAnd bitand "and_kleene",
    BitOr bitor "or_kleene",
}

macro_rules! prefixes {
    ($($trait:ident $method:ident $function:literal),+ $(,)?) => {
        $(impl $trait for Col {
            type Output = Col;
            fn $method(self) -> Col {
                Col::call($function, [self], "")
            }
        }
        impl $trait for &Col {
            type Output = Col;
            fn $method(self) -> Col {
                Col::call($function, [self.clone()], "")
            }
        })+
    };
}
prefixes! {
    Not not "invert",
    Neg neg "negate_checked",
}
