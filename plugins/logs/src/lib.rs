//! Logs: logfmt and access logs in the manner of Apache, read and written as a file format plugin.
//!
//! [`pattern`] understands Apache's LogFormat, [`access`] reads lines by it and [`access_write`] makes them; [`clock`] is
//! about their times. [`logfmt`] and [`logfmt_write`] are for lines of `key=value`.

mod access;
mod access_write;
mod clock;
mod detect;
mod logfmt;
mod logfmt_write;
mod options;
mod pattern;
mod plugin;
