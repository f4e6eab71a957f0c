//! Any text as an expression, an aggregate and an order, evaluated over a small batch under a meter.
#![no_main]

#[path = "../input.rs"]
mod input;

use input::{Bounded, sample, sound};
use jackfield_columns::sql::{Context, Expression, parse_aggregate, parse_order};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let batch = sample();
    let context = Context::default();
    if let Ok(expression) = Expression::parse(text, batch.schema(), &context) {
        let _ = expression.predicates();
        if let Some(outcome) = sound(expression.evaluate(&batch, &mut Bounded::default())) {
            assert_eq!(outcome.values.len(), batch.rows());
            assert_eq!(outcome.values.data_type(), expression.result_type());
        }
    }
    let _ = parse_aggregate(text, batch.schema(), &context);
    let _ = parse_order(text, batch.schema(), &context);
});
