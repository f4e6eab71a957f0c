//! What the first-party plugins share: columns in the types that a pipeline tells; and of nodes the problems of their parameters, rows that fail by themselves, rows that are held
//! until the end, row numbers, and results that leave in pieces.

pub mod adjacent;
pub mod groups;
pub mod held;
pub mod names;
pub mod numbers;
pub mod order;
pub mod outgoing;
pub mod partitions;
pub mod pieces;
pub mod problems;
pub mod recast;
pub mod rejections;
pub mod room;
pub mod sorter;
pub mod tally;
pub mod values;
pub mod works;

pub use adjacent::Adjacent;
pub use groups::Groups;
pub use held::{Held, Whole, settled};
pub use numbers::{numbers, rows_of};
pub use order::Orders;
pub use outgoing::{Outgoing, PIECE};
pub use problems::{Problems, at, not_bound, only_input, unknown_node};
pub use rejections::Rejections;
pub use room::Room;
pub use sorter::{Advance, Sorter};
pub use tally::Tally;
pub use works::Work;
