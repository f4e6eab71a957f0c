//! SQL expressions: parsed and type-checked once, evaluated batch by batch.
