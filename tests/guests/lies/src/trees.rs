//! Types that are no trees, or too large ones.

use crate::steps::numbers;
use jackfield_sdk::{Batch, Buffers, Column, DataType, Failure, Field, Schema};

/// Tells the lie, if it is one of these.
pub(crate) fn probe(what: &str, _batch: &Batch) -> Result<bool, Failure> {
    match what {
        "cyclic-children" => make(vec![list(0)])?,
        "shared-children" => {
            let mut parent = Field::new("made", DataType::StructOf);
            parent.children = vec![1, 1];
            make(vec![parent, Field::new("child", DataType::Int64)])?;
        }
        "child-beyond" => make(vec![list(7)])?,
        "deep-tree" => {
            let mut tree: Vec<Field> = (1..=100_000).map(list).collect();
            tree.push(Field::new("item", DataType::Int64));
            make(tree)?;
        }
        "wide-tree" => {
            let mut parent = Field::new("made", DataType::StructOf);
            parent.children = (1..=100_000).collect();
            let members = parent.children.iter().map(|number| Field::new(number.to_string(), DataType::Int64));
            let tree = members.collect::<Vec<_>>();
            make([vec![parent], tree].concat())?;
        }
        "schema-columns" => {
            let fields = vec![Field::new("a", DataType::Int64)];
            let schema = Schema { fields, columns: vec![0, 0, 9], metadata: Vec::new() };
            Batch::of(&schema, 0, &[])?;
        }
        "deep-type-text" => _ = numbers(3)?.cast(&"list<".repeat(200_000))?,
        "deep-other-type" => make(vec![Field::new("made", DataType::Other("List(".repeat(200_000)))])?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn list(child: u32) -> Field {
    let mut list = Field::new("made", DataType::ListOf);
    list.children = vec![child];
    list
}

fn make(tree: Vec<Field>) -> Result<(), Failure> {
    let level = |field: &Field| {
        let offsets = matches!(field.data_type, DataType::ListOf).then(|| vec![0; 4]);
        Buffers { length: 0, null_count: 0, validity: None, offsets, values: Vec::new() }
    };
    let levels: Vec<Buffers> = tree.iter().map(level).collect();
    Column::of(&tree, &levels).map(drop)
}
