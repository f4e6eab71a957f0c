//! Nodes that bring tables together or give them another shape: join, union, flatten, pivot, unpivot and tee.

mod flatten;
mod join;
mod pivot;
mod tee;
mod union;
mod unpivot;

jackfield_kit::export_works! {
    "join" => join::Join,
    "union" => union::Union,
    "flatten" => flatten::Flatten,
    "pivot" => pivot::Pivot,
    "unpivot" => unpivot::Unpivot,
    "tee" => tee::Tee,
}
