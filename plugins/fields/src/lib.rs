//! Nodes that work on single values: split and merge of text, hash, and geo-distance as an example of a node that knows
//! a domain.

mod geo;
mod hash;
mod merge;
mod place;
mod split;

jackfield_kit::export_works! {
    "split" => split::Split,
    "merge" => merge::Merge,
    "hash" => hash::Hash,
    "geo-distance" => geo::GeoDistance,
}
