//! The node: reads one column of text as raw buffers and makes another.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, Field, InputPort, Node, OutputPort, Params, Step, parse_type,
};
use serde::Deserialize;

use crate::keys::{letters, metaphone, soundex};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Asked {
    column: String,
    #[serde(default)]
    algorithm: Algorithm,
    into: Option<String>,
    #[serde(default = "four")]
    length: usize,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Algorithm {
    #[default]
    Soundex,
    Metaphone,
}

fn four() -> usize {
    4
}

/// The node `phonetic`.
pub(crate) struct Phonetic {
    asked: Asked,
    /// The type of the column that it makes.
    tree: Vec<Field>,
}

impl Node for Phonetic {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        Ok(Phonetic { asked: params.parse()?, tree: Vec::new() })
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let [input] = inputs else { return Err(Failure::internal("one input is due").into()) };
        let Asked { column, into, .. } = &self.asked;
        let index = input.schema.expect_index(column).map_err(|failure| failure.with_parameter("/column"))?;
        let found = input.schema.type_name(index);
        if found != "utf8" {
            let message = format!("column `{column}` has to be utf8, it is {found}");
            let failure = Failure::invalid_config("type-mismatch", message).with_column(column);
            return Err(failure.with_parameter("/column").into());
        }
        let into = into.clone().unwrap_or_else(|| format!("{column}_phonetic"));
        self.tree = parse_type(&into, "utf8")?;
        let mut port = OutputPort::new("out");
        for (number, name) in (0u32..).zip(input.schema.names()) {
            port = match name == into {
                true => port.made(self.tree.clone()),
                false => port.pass(&input.name, number, None),
            };
        }
        if input.schema.index_of(&into).is_none() {
            port = port.made(self.tree.clone());
        }
        let binding = Binding::new().output(port).needs(&input.name, &[column]).prefetch(&input.name, [vec![index]]);
        Ok(binding.row_wise().keeps_rows())
    }

    fn process(&mut self, _port: &str, _batch: &Batch, columns: &[Buffers]) -> Result<Step, Failure> {
        let Some(texts) = columns.first() else { return Err(Failure::internal("the column was not given")) };
        let level = self.keys(texts)?;
        Ok(Step::made([Column::of(&self.tree, &[level])?]))
    }
}

impl Phonetic {
    /// The keys of a column of text.
    fn keys(&self, texts: &Buffers) -> Result<Buffers, Failure> {
        let rows = texts.length as usize;
        let mut keys = TextBuilder::with_capacity(rows, rows * self.asked.length);
        let mut upper = Vec::new();
        for row in 0..rows {
            let Some(text) = texts.bytes(row) else {
                keys.push_null();
                continue;
            };
            letters(text, &mut upper);
            match self.asked.algorithm {
                Algorithm::Soundex => soundex(&upper, self.asked.length, keys.open()),
                Algorithm::Metaphone => metaphone(&upper, self.asked.length, keys.open()),
            }
            keys.close(true);
        }
        keys.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_stay_null_and_no_host_is_needed() {
        let asked = Asked { column: "name".to_owned(), algorithm: Algorithm::Soundex, into: None, length: 4 };
        let node = Phonetic { asked, tree: Vec::new() };
        let mut texts = TextBuilder::default();
        texts.push(b"Robert");
        texts.push_null();
        texts.push("12 \u{e9}".as_bytes());
        let keys = node.keys(&texts.finish().unwrap()).unwrap();
        assert_eq!((keys.text(0), keys.text(1), keys.text(2)), (Some("R163"), None, Some("")));
    }
}
