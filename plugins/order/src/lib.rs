//! Nodes that look at more than one row: sort, top, distinct, sample, window and fill. What must be held is held in the
//! host; what is here decides which rows stay and where they go.

mod distinct;
mod fill;
mod sample;
mod sort;
mod top;
mod window;

jackfield_kit::export_works! {
    "sort" => sort::Sort,
    "top" => top::Top,
    "distinct" => distinct::Distinct,
    "sample" => sample::Sample,
    "window" => window::Window,
    "fill" => fill::Fill,
}
