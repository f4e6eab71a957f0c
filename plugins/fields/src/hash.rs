//! `hash`: hides values. The same value becomes the same hash everywhere, so that tables still join; or characters become
//! stars.

mod digest;

use digest::Hasher;
use jackfield_kit::values::as_type;
use jackfield_kit::{Problems, Work, names, only_input};
use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Step, compute,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Parameters {
    columns: Vec<String>,
    #[serde(default)]
    method: Method,
    key: Option<String>,
    length: Option<usize>,
    show: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Method {
    #[default]
    Sha256,
    Mask,
}

pub(crate) struct Hash {
    columns: Vec<String>,
    how: How,
    indices: Vec<u32>,
}

enum How {
    Hash(Hasher),
    /// Stars, but for so many characters at the end.
    Mask(usize),
}

impl Hash {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { columns, method, key, length, show } = params.parse()?;
        let other = match method {
            Method::Sha256 => show.map(|_| ("show", "mask")),
            Method::Mask => key.as_ref().map(|_| "key").or(length.map(|_| "length")).map(|name| (name, "sha256")),
        };
        if let Some((name, of)) = other {
            let message = format!("`{name}` is for the method `{of}`");
            let failure = Failure::invalid_config("conflicting-parameters", message);
            return Err(failure.with_parameter(format!("/{name}")).with_help("leave it out").into());
        }
        let how = match method {
            Method::Sha256 => How::Hash(Hasher::new(key.as_deref(), length.unwrap_or(64))),
            Method::Mask => How::Mask(show.unwrap_or(0)),
        };
        Ok(Hash { columns, how, indices: Vec::new() })
    }

    fn hidden(&self, texts: &Buffers) -> Result<Buffers, Failure> {
        let mut builder = TextBuilder::with_capacity(texts.length as usize, texts.values.len());
        for row in 0..texts.length as usize {
            let Some(text) = texts.bytes(row) else {
                builder.push_null();
                continue;
            };
            match &self.how {
                How::Hash(hasher) => hasher.write(text, builder.open()),
                How::Mask(show) => mask(&String::from_utf8_lossy(text), *show, builder.open()),
            }
            builder.close(true);
        }
        builder.finish()
    }
}

fn mask(text: &str, show: usize, out: &mut Vec<u8>) {
    let hidden = text.chars().count().saturating_sub(show);
    out.resize(out.len() + hidden, b'*');
    let from = text.char_indices().nth(hidden).map_or(text.len(), |(at, _)| at);
    out.extend_from_slice(text.get(from..).unwrap_or_default().as_bytes());
}

impl Work for Hash {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        let mut indices = problems.columns("/columns", &self.columns, &input.schema);
        for (number, index) in indices.iter().enumerate() {
            let options = json!({ "to_type": "utf8", "safe": false }).to_string();
            let result = compute::result_type("cast", &[input.schema.tree(*index)], &options);
            problems.note(&format!("/columns/{number}"), result);
        }
        indices.sort_unstable();
        let port = (0..).zip(input.schema.names()).fold(OutputPort::new("out"), |port, (index, name)| {
            if indices.contains(&index) {
                port.made(vec![Field::new(name, DataType::Utf8)])
            } else {
                port.pass(&input.name, index, None)
            }
        });
        let needed = names::of(&input.schema, &indices);
        let binding = Binding::new().output(port).needs(&input.name, &needed).row_wise().keeps_rows();
        self.indices = indices;
        problems.or(binding)
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let text = vec![Field::new("text", DataType::Utf8)];
        let made: Result<Vec<Column>, Failure> = self
            .indices
            .iter()
            .map(|index| {
                let texts = as_type(batch.column_at(*index)?, &text)?.buffers()?;
                Column::of(&text, &[self.hidden(&texts)?])
            })
            .collect();
        Ok(Step::made(made?))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn characters_are_masked_but_for_the_last() {
        let masked = |text, show| {
            let mut out = Vec::new();
            super::mask(text, show, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(masked("Zoë Ñandú", 3), "******ndú");
        assert_eq!(masked("ab", 3), "ab");
        assert_eq!(masked("ab", 0), "**");
    }
}
