//! Log lines: they reach the user's terminal and the daemon's log, with the plugin's name.
//!
//! ```no_run
//! # use jackfield_sdk::warn;
//! let rows = 3;
//! warn!("{rows} rows were empty");
//! warn!("rows were empty"; rows = rows, file = "a.csv");
//! ```

pub use crate::bindings::host::jackfield::plugin::log::Level;

/// Writes one line with fields.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    crate::bindings::host::jackfield::plugin::log::write(level, message, fields);
}

/// Writes a line of the level [`Level::Trace`].
#[macro_export]
macro_rules! trace { ($($line:tt)+) => { $crate::log_line!($crate::log::Level::Trace, $($line)+) } }
/// Writes a line of the level [`Level::Debug`].
#[macro_export]
macro_rules! debug { ($($line:tt)+) => { $crate::log_line!($crate::log::Level::Debug, $($line)+) } }
/// Writes a line of the level [`Level::Info`].
#[macro_export]
macro_rules! info { ($($line:tt)+) => { $crate::log_line!($crate::log::Level::Info, $($line)+) } }
/// Writes a line of the level [`Level::Warn`].
#[macro_export]
macro_rules! warn { ($($line:tt)+) => { $crate::log_line!($crate::log::Level::Warn, $($line)+) } }
/// Writes a line of the level [`Level::Error`].
#[macro_export]
macro_rules! error { ($($line:tt)+) => { $crate::log_line!($crate::log::Level::Error, $($line)+) } }

/// What the macros named after levels expand to: a constant message with `name = value` fields, or a format string.
#[doc(hidden)]
#[macro_export]
macro_rules! log_line {
    ($level:expr, $message:literal; $($name:ident = $value:expr),+ $(,)?) => {
        $crate::log::write($level, $message, &[$((stringify!($name).to_owned(), ($value).to_string())),+])
    };
    ($level:expr, $($format:tt)+) => { $crate::log::write($level, &format!($($format)+), &[]) };
}
