//! The data plane: lazy Arrow batches, kernels and SQL expressions.
