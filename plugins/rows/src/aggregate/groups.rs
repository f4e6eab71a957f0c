//! The groups: numbered by the host's grouper, or just one where there are no keys.

use super::keys::Key;
use jackfield_sdk::builders::PrimitiveBuilder;
use jackfield_sdk::compute::Grouper;
use jackfield_sdk::{Buffers, Column, DataType, Failure, Field};

pub(super) enum Groups {
    Keyed(Grouper),
    /// Holds a column of zeros, as long as the longest batch so far.
    Single(Option<(Column, u32)>),
}

impl Groups {
    pub(super) fn new(keys: &[Key]) -> Result<Self, Failure> {
        if keys.is_empty() {
            return Ok(Groups::Single(None));
        }
        let trees: Vec<Vec<Field>> = keys.iter().map(|key| key.tree.clone()).collect();
        Grouper::new(&trees).map(Groups::Keyed)
    }

    /// The group of each row, and the number of groups so far.
    pub(super) fn assign(&mut self, keys: &[Column], rows: u32) -> Result<(Column, u32), Failure> {
        match self {
            Groups::Keyed(grouper) => {
                let keys: Vec<&Column> = keys.iter().collect();
                Ok((grouper.assign(&keys)?, grouper.count()))
            }
            Groups::Single(held) => {
                let zeros = match held {
                    Some((zeros, length)) if *length >= rows => zeros.slice(0, rows)?,
                    _ => {
                        let fresh = zeros(rows)?;
                        held.insert((fresh, rows)).0.share()
                    }
                };
                Ok((zeros, 1))
            }
        }
    }

    /// The keys of the groups, and how many these are.
    pub(super) fn keys(&self) -> Result<(Vec<Column>, u32), Failure> {
        match self {
            Groups::Keyed(grouper) => Ok((grouper.keys()?, grouper.count())),
            Groups::Single(_) => Ok((Vec::new(), 1)),
        }
    }
}

/// A uint32 column of zeros.
pub(super) fn zeros(rows: u32) -> Result<Column, Failure> {
    let mut zeros = PrimitiveBuilder::<u32>::default();
    zeros.extend_from_slice(&vec![0; rows as usize]);
    Column::of(&[Field::new("", DataType::Uint32)], &[zeros.finish()])
}

/// A column without rows.
pub(super) fn empty_column(tree: &[Field]) -> Result<Column, Failure> {
    let level = |field: &Field| {
        let offsets = match field.data_type {
            DataType::Utf8 | DataType::Binary | DataType::ListOf | DataType::MapOf => Some(vec![0; 4]),
            DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeListOf => Some(vec![0; 8]),
            _ => None,
        };
        Buffers { length: 0, null_count: 0, validity: None, offsets, values: Vec::new() }
    };
    let levels: Vec<Buffers> = tree.iter().map(level).collect();
    Column::of(tree, &levels)
}
