//! Columns whose values stand in the names of folders: `carrier=UA/month=1/part-0.csv`, as partitioned sinks write them.

use arrow::datatypes::{DataType, Field};
use indexmap::IndexMap;
use jackfield_columns::parse_type;

use super::layout::unescaped;
use super::paths::Input;

/// The columns that the folders of all files say, and the values of each file; none where the files do not agree on the
/// columns. Types are those of `schema`, else int64 or date where all values are such, else text.
pub(super) fn of(inputs: &[Input], schema: &IndexMap<String, String>) -> (Vec<Field>, Vec<Vec<Option<String>>>) {
    let none = || (Vec::new(), inputs.iter().map(|_| Vec::new()).collect());
    let mut names: Option<Vec<String>> = None;
    let mut values = Vec::with_capacity(inputs.len());
    for input in inputs {
        let Input::File { shown, .. } = input else { return none() };
        let (own, of_file): (Vec<String>, Vec<Option<String>>) = said(shown).into_iter().unzip();
        if own.is_empty() || names.get_or_insert_with(|| own.clone()) != &own {
            return none();
        }
        values.push(of_file);
    }
    let names = names.unwrap_or_default();
    let twice = names.iter().enumerate().any(|(number, name)| names.iter().take(number).any(|other| other == name));
    if twice {
        return none();
    }
    let field = |(number, name): (usize, &String)| {
        let told = schema.get(name).and_then(|text| parse_type(text).ok());
        let all = || values.iter().filter_map(|of_file| of_file.get(number)?.as_deref());
        let found = || {
            if all().next().is_some() && all().all(is_integer) {
                DataType::Int64
            } else if all().next().is_some() && all().all(is_date) {
                DataType::Date32
            } else {
                DataType::Utf8
            }
        };
        Field::new(name, told.unwrap_or_else(found), true)
    };
    let fields = names.iter().enumerate().map(field).collect();
    (fields, values)
}

/// What the folders of a path say: columns and values, null as `None`.
fn said(path: &str) -> Vec<(String, Option<String>)> {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders).split('/');
    let pairs = folders.filter_map(|folder| folder.split_once('='));
    pairs.filter_map(|(column, value)| Some((unescaped(column).filter(|c| !c.is_empty())?, unescaped(value)))).collect()
}

/// As an int64 is written: leading zeros and a plus make text.
fn is_integer(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(shown: &str) -> Input {
        Input::File { path: shown.into(), shown: shown.to_owned() }
    }

    #[test]
    fn folders_say_columns_and_types() {
        let inputs = [
            input("out/k=a%2Fb/m=1/d=2024-01-31/part-0.csv"),
            input("out/k=__HIVE_DEFAULT_PARTITION__/m=-12/d=2024-02-01/part-0.csv"),
        ];
        let (fields, values) = of(&inputs, &IndexMap::new());
        let told: Vec<(&str, &DataType)> = fields.iter().map(|f| (f.name().as_str(), f.data_type())).collect();
        assert_eq!(told, [("k", &DataType::Utf8), ("m", &DataType::Int64), ("d", &DataType::Date32)]);
        assert_eq!(values[0][0].as_deref(), Some("a/b"));
        assert_eq!(values[1][0], None);
        let wanted = IndexMap::from([("m".to_owned(), "utf8".to_owned())]);
        assert_eq!(of(&inputs, &wanted).0[1].data_type(), &DataType::Utf8);
    }

    #[test]
    fn files_that_do_not_agree_say_nothing() {
        for paths in [["out/k=1/a.csv", "out/a.csv"], ["out/k=1/a.csv", "out/j=1/a.csv"], ["k=1/k=2/a.csv"; 2]] {
            let (fields, values) = of(&paths.map(input), &IndexMap::new());
            assert!(fields.is_empty(), "{paths:?}");
            assert_eq!(values.len(), 2);
        }
        assert!(of(&[input("out/k=01/a.csv")], &IndexMap::new()).0[0].data_type() == &DataType::Utf8);
    }
}
