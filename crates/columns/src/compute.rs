//! Kernels: vectorised functions over columns, with row errors, grouping, joining and sorting.
