//! All kinds in one component: the node `kinds-node` passes rows, the format `lines` reads and writes one text column, the
//! codec `rot13` turns letters.

mod codec;
mod format;
mod node;

jackfield_sdk::export_node!(node::Pass);
jackfield_sdk::export_format!(format::Lines);
jackfield_sdk::export_codec!(codec::Rot13);
