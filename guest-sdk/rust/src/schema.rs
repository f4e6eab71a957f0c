//! Schemas and types as flat trees: a list of fields in which children are numbers into that same list.

use crate::{DataType, Failure, Field, Schema};

impl Field {
    /// A nullable field without children.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Field { name: name.into(), data_type, nullable: true, children: Vec::new(), metadata: Vec::new() }
    }
}

impl Schema {
    /// A schema of columns, each a tree (item 0 is the root, children come behind it).
    pub fn of(columns: impl IntoIterator<Item = Vec<Field>>) -> Self {
        let mut schema = Schema { fields: Vec::new(), columns: Vec::new(), metadata: Vec::new() };
        for tree in columns {
            let base = schema.fields.len() as u32;
            schema.columns.push(base);
            schema.fields.extend(tree.into_iter().map(|mut field| {
                field.children.iter_mut().for_each(|child| *child += base);
                field
            }));
        }
        schema
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The top-level fields.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &Field> + Clone {
        self.columns.iter().map(|root| &self.fields[*root as usize])
    }

    /// The columns' names.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.columns().map(|field| field.name.as_str())
    }

    /// The number of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<u32> {
        self.names().position(|other| other == name).map(|index| index as u32)
    }

    /// The number of the column of this name.
    ///
    /// # Errors
    /// `unknown-column` with the nearest names.
    pub fn expect_index(&self, name: &str) -> Result<u32, Failure> {
        self.index_of(name).ok_or_else(|| Failure::unknown_column(name, self.names()))
    }

    /// The type of a column with its children, item 0 being the column itself; empty where there is no such column.
    pub fn tree(&self, column: u32) -> Vec<Field> {
        let Some(root) = self.columns.get(column as usize) else { return Vec::new() };
        subtree(&self.fields, *root)
    }

    /// The name of a column's type, as people write it.
    pub fn type_name(&self, column: u32) -> String {
        crate::type_name(&self.tree(column))
    }

    /// `name: type, …` of all columns, for messages.
    pub fn text(&self) -> String {
        let columns: Vec<String> =
            (0u32..).zip(self.names()).map(|(i, name)| format!("{name}: {}", self.type_name(i))).collect();
        columns.join(", ")
    }
}

/// The field `root` of a flat tree with all below it, renumbered so that it stands first.
pub fn subtree(fields: &[Field], root: u32) -> Vec<Field> {
    let mut tree: Vec<Field> = Vec::new();
    let mut waiting = vec![root];
    let mut next = 0;
    while let Some(field) = waiting.get(next).and_then(|number| fields.get(*number as usize)) {
        let mut field = field.clone();
        let first = waiting.len() as u32;
        waiting.extend_from_slice(&field.children);
        field.children = (first..waiting.len() as u32).collect();
        tree.push(field);
        next += 1;
        // A tree uses each field once; more visits than fields mean that this one does not.
        if next > fields.len() {
            break;
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_type;

    #[test]
    fn a_column_of_a_schema_has_its_own_tree() {
        let nested = parse_type("pair", "struct<a: int64, b: list<utf8>>").unwrap();
        let schema = Schema::of([parse_type("x", "int64").unwrap(), nested.clone()]);
        assert_eq!(schema.tree(0).len(), 1);
        assert_eq!(schema.type_name(1), crate::type_name(&nested));
        assert_eq!(schema.text(), "x: int64, pair: struct<a: int64, b: list<utf8>>");
        assert_eq!(schema.index_of("pair"), Some(1));
        assert_eq!(schema.expect_index("pear").unwrap_err().code, "unknown-column");
    }

    #[test]
    fn a_cycle_ends() {
        let mut field = Field::new("a", DataType::ListOf);
        field.children = vec![0];
        assert!(subtree(&[field], 0).len() <= 2);
    }
}
