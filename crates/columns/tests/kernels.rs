//! The kernels at their public boundary: results computed by hand for every function, models, and hostile use.
// A list of one argument reads like a list of several, and a table of functions needs no name.
#![allow(clippy::cloned_ref_to_slice_refs, clippy::type_complexity)]
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(test)]

#[path = "kernels/accumulators.rs"]
mod accumulators;
#[path = "kernels/angles.rs"]
mod angles;
#[path = "kernels/arithmetic.rs"]
mod arithmetic;
#[path = "kernels/bounds.rs"]
mod bounds;
#[path = "kernels/calendars.rs"]
mod calendars;
#[path = "kernels/calls.rs"]
mod calls;
#[path = "kernels/casts.rs"]
mod casts;
#[path = "kernels/characters.rs"]
mod characters;
#[path = "kernels/choice.rs"]
mod choice;
#[path = "kernels/coverage.rs"]
mod coverage;
#[path = "kernels/decimals.rs"]
mod decimals;
#[path = "kernels/every_type.rs"]
mod every_type;
#[path = "kernels/keys.rs"]
mod keys;
#[path = "kernels/long.rs"]
mod long;
#[path = "kernels/models.rs"]
mod models;
#[path = "kernels/nested.rs"]
mod nested;
#[path = "kernels/patterns.rs"]
mod patterns;
#[path = "kernels/running.rs"]
mod running;
#[path = "kernels/suite.rs"]
mod suite;
#[path = "kernels/texts.rs"]
mod texts;
#[path = "kernels/times.rs"]
mod times;
