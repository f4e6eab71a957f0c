//! Runs the function of a table in ordinary unit tests, without a host: on rows written in the test, with kernels in Rust
//! for what such functions mostly use. Whatever else there is, `jackfield plugin test` runs against the real host.
//!
//! ```
//! use jackfield_sdk::table::{Table, testing::{Rows, run}};
//! use jackfield_sdk::Scalar;
//!
//! fn double(rows: Table, _: &()) -> Table {
//!     let x = rows.col("x");
//!     rows.with_column("y", x * 2)
//! }
//! let made = run(double, &(), &Rows::new().int("x", [Some(1), None])).unwrap();
//! assert_eq!(made.column("y"), [Scalar::Int64(2), Scalar::Null]);
//! ```

use std::rc::Rc;

use super::Table;
use super::plan::{Given, Kernels, Outcome, Plan, Source};
use crate::{Failure, Field, Scalar, Schema};

/// Rows that a test gives.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    columns: Vec<(String, Vec<Field>, Rc<Vec<Scalar>>)>,
    rows: usize,
}

/// What comes of them.
#[derive(Clone, Debug)]
pub struct Made {
    /// How many rows there are.
    pub rows: usize,
    /// Each column with its values.
    pub columns: Vec<(String, Vec<Scalar>)>,
    /// Numbers of rows of the input that failed, each with its reason.
    pub rejected: Vec<(usize, Failure)>,
}

impl Made {
    /// The values of a column; none if there is no such column.
    pub fn column(&self, name: &str) -> &[Scalar] {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, values)| values.as_slice()).unwrap_or_default()
    }
}

impl Rows {
    /// No columns yet. The first one says how many rows there are; shorter ones are filled up with nulls.
    pub fn new() -> Rows {
        Rows::default()
    }

    /// A column of int64.
    #[must_use]
    pub fn int(self, name: &str, values: impl IntoIterator<Item = Option<i64>>) -> Rows {
        self.add(name, "int64", values.into_iter().map(|value| value.map_or(Scalar::Null, Scalar::Int64)))
    }

    /// A column of float64.
    #[must_use]
    pub fn float(self, name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Rows {
        self.add(name, "float64", values.into_iter().map(|value| value.map_or(Scalar::Null, Scalar::Float64)))
    }

    /// A column of utf8.
    #[must_use]
    pub fn text<'a>(self, name: &str, values: impl IntoIterator<Item = Option<&'a str>>) -> Rows {
        let values = values.into_iter().map(|value| value.map_or(Scalar::Null, |text| Scalar::Text(text.to_owned())));
        self.add(name, "utf8", values)
    }

    /// A column of bool.
    #[must_use]
    pub fn bool(self, name: &str, values: impl IntoIterator<Item = Option<bool>>) -> Rows {
        self.add(name, "bool", values.into_iter().map(|value| value.map_or(Scalar::Null, Scalar::Boolean)))
    }

    fn add(mut self, name: &str, type_text: &str, values: impl Iterator<Item = Scalar>) -> Rows {
        let mut values: Vec<Scalar> = values.collect();
        if self.columns.is_empty() {
            self.rows = values.len();
        }
        values.resize(self.rows, Scalar::Null);
        let tree = crate::parse_type(name, type_text).unwrap_or_default();
        self.columns.push((name.to_owned(), tree, Rc::new(values)));
        self
    }

    fn schema(&self) -> Schema {
        Schema::of(self.columns.iter().map(|(_, tree, _)| tree.clone()))
    }
}

/// Does to the rows what the function says.
///
/// # Errors
/// All that is wrong with it, as `bind` would say; or a kernel that is only in the host.
pub fn run<P>(say: impl Fn(Table, &P) -> Table, params: &P, rows: &Rows) -> Result<Made, Vec<Failure>> {
    let kernels = Few(rows);
    let plan = Plan::of(say(Table::of(&rows.schema()), params), &kernels)?;
    let worked = plan.run(&kernels).map_err(|failure| vec![failure])?;
    let rejected: Vec<(usize, Failure)> = worked
        .failed
        .iter()
        .flat_map(|(mask, reason)| {
            let rows = mask.iter().enumerate().filter(|(_, value)| is_true(value));
            rows.map(|(row, _)| (row, reason.clone())).collect::<Vec<_>>()
        })
        .collect();
    let keep = |row: usize| {
        let selected = worked.selection.as_ref().is_none_or(|mask| mask.get(row).is_some_and(is_true));
        selected && !rejected.iter().any(|(failed, _)| *failed == row)
    };
    let mut made = worked.made.iter();
    let mut columns = Vec::new();
    for (name, source) in &plan.columns {
        let values = match source {
            Source::Input(number) => rows.columns.get(*number as usize).map(|(_, _, values)| values.clone()),
            Source::Made { .. } => made.next().cloned(),
        };
        let values = values.unwrap_or_default();
        let kept = values.iter().enumerate().filter(|(row, _)| keep(*row)).map(|(_, value)| value.clone());
        columns.push((name.clone(), kept.collect()));
    }
    Ok(Made { rows: (0..rows.rows).filter(|row| keep(*row)).count(), columns, rejected })
}

fn is_true(value: &Scalar) -> bool {
    matches!(value, Scalar::Boolean(true))
}

/// Some kernels, value by value.
struct Few<'a>(&'a Rows);

impl Kernels for Few<'_> {
    type Column = Rc<Vec<Scalar>>;

    fn result_type(&self, function: &str, arguments: &[Vec<Field>], options: &str) -> Result<Vec<Field>, Failure> {
        let names: Vec<String> = arguments.iter().map(|tree| crate::type_name(tree)).collect();
        let numeric = |name: &String| matches!(name.as_str(), "int64" | "uint64" | "float64" | "null");
        let all = |wanted: &str| names.iter().all(|name| name == wanted || name == "null");
        let wrong = || {
            let message = format!("{function} does not take {}", names.join(", "));
            Failure::invalid_config("type-mismatch", message)
        };
        let given = match function {
            "equal" | "not_equal" | "less" | "less_equal" | "greater" | "greater_equal" | "is_in" => {
                let fits = names.iter().all(numeric) || all("utf8") || all("bool");
                fits.then_some("bool").ok_or_else(wrong)?
            }
            "and_kleene" | "or_kleene" | "invert" => all("bool").then_some("bool").ok_or_else(wrong)?,
            "is_null" | "is_valid" => "bool",
            "starts_with" | "ends_with" => all("utf8").then_some("bool").ok_or_else(wrong)?,
            "add_checked" | "subtract_checked" | "multiply_checked" | "divide_checked" | "remainder_checked"
            | "negate_checked" | "abs_checked" => {
                if !names.iter().all(numeric) {
                    return Err(wrong());
                }
                if names.iter().any(|name| name == "float64") { "float64" } else { "int64" }
            }
            "utf8_lower" | "utf8_upper" | "utf8_trim_whitespace" => all("utf8").then_some("utf8").ok_or_else(wrong)?,
            "utf8_length" => all("utf8").then_some("int64").ok_or_else(wrong)?,
            "coalesce" | "if_else" => {
                let values = if function == "if_else" { names.get(1..).unwrap_or_default() } else { &names };
                let of = |wanted: &str| values.iter().any(|name| name == wanted);
                match values.iter().find(|name| *name != "null") {
                    Some(_) if of("float64") && values.iter().all(numeric) => "float64",
                    Some(first) if values.iter().all(|name| name == first || name == "null") => first,
                    None => "null",
                    Some(_) => return Err(wrong()),
                }
            }
            "cast" => {
                let options: serde_json::Value = serde_json::from_str(options).unwrap_or_default();
                let to = options.get("to_type").and_then(|to| to.as_str()).unwrap_or_default().to_owned();
                return crate::parse_type("", &to);
            }
            _ => return Err(only_in_the_host(function)),
        };
        crate::parse_type("", given)
    }

    fn input(&self, number: u32) -> Result<Self::Column, Failure> {
        let column = self.0.columns.get(number as usize).map(|(_, _, values)| values.clone());
        column.ok_or_else(|| Failure::internal("no such column"))
    }

    fn constant(&self, value: &Scalar) -> Result<Self::Column, Failure> {
        Ok(Rc::new(vec![value.clone(); self.0.rows]))
    }

    fn call(
        &self,
        function: &str,
        arguments: &[Given<Self::Column>],
        options: &str,
        only: Option<&Self::Column>,
    ) -> Result<Outcome<Self::Column>, Failure> {
        let mut values = Vec::with_capacity(self.0.rows);
        let mut failed = vec![Scalar::Boolean(false); self.0.rows];
        let mut first = None;
        for (row, mark) in failed.iter_mut().enumerate() {
            if only.is_some_and(|only| !only.get(row).is_some_and(is_true)) {
                values.push(Scalar::Null);
                continue;
            }
            let given: Vec<Scalar> = arguments
                .iter()
                .map(|argument| match argument {
                    Given::Column(column) => column.get(row).cloned().unwrap_or(Scalar::Null),
                    Given::Value(value) => value.clone(),
                })
                .collect();
            values.push(one(function, &given, options).unwrap_or_else(|failure| {
                *mark = Scalar::Boolean(true);
                first.get_or_insert(failure);
                Scalar::Null
            }));
        }
        Ok(Outcome { values: Rc::new(values), failed: first.map(|first| (Rc::new(failed), first)) })
    }
}

fn only_in_the_host(function: &str) -> Failure {
    let message = format!("the kernel {function} is only in the host");
    Failure::invalid_config("unknown-function", message).with_help("test it with `jackfield plugin test`")
}

/// A kernel for one row.
fn one(function: &str, given: &[Scalar], options: &str) -> Result<Scalar, Failure> {
    let null = Scalar::Null;
    let a = given.first().unwrap_or(&null);
    let b = given.get(1).unwrap_or(&null);
    let truth = |value: bool| Ok(Scalar::Boolean(value));
    match function {
        "is_null" => return truth(matches!(a, Scalar::Null)),
        "is_valid" => return truth(!matches!(a, Scalar::Null)),
        "coalesce" => return Ok(given.iter().find(|value| !matches!(value, Scalar::Null)).cloned().unwrap_or(null)),
        "if_else" => return Ok(if is_true(a) { b.clone() } else { given.get(2).cloned().unwrap_or(null) }),
        "and_kleene" | "or_kleene" => {
            let deciding = function == "or_kleene";
            let is = |value: &Scalar, wanted: bool| matches!(value, Scalar::Boolean(value) if *value == wanted);
            return if is(a, deciding) || is(b, deciding) {
                truth(deciding)
            } else if is(a, !deciding) && is(b, !deciding) {
                truth(!deciding)
            } else {
                Ok(null)
            };
        }
        "is_in" if matches!(a, Scalar::Null) => return Ok(null),
        "is_in" => {
            return truth(given.iter().skip(1).any(|value| compare(a, value) == Some(std::cmp::Ordering::Equal)));
        }
        _ => {}
    }
    if given.iter().any(|value| matches!(value, Scalar::Null)) {
        return Ok(null);
    }
    let ordered = |wanted: fn(std::cmp::Ordering) -> bool| truth(compare(a, b).is_some_and(wanted));
    match (function, a, b) {
        ("equal", ..) => ordered(std::cmp::Ordering::is_eq),
        ("not_equal", ..) => truth(compare(a, b).is_none_or(std::cmp::Ordering::is_ne)),
        ("less", ..) => ordered(std::cmp::Ordering::is_lt),
        ("less_equal", ..) => ordered(std::cmp::Ordering::is_le),
        ("greater", ..) => ordered(std::cmp::Ordering::is_gt),
        ("greater_equal", ..) => ordered(std::cmp::Ordering::is_ge),
        ("invert", Scalar::Boolean(value), _) => truth(!value),
        ("starts_with", Scalar::Text(text), Scalar::Text(with)) => truth(text.starts_with(with.as_str())),
        ("ends_with", Scalar::Text(text), Scalar::Text(with)) => truth(text.ends_with(with.as_str())),
        ("utf8_lower", Scalar::Text(text), _) => Ok(Scalar::Text(text.to_lowercase())),
        ("utf8_upper", Scalar::Text(text), _) => Ok(Scalar::Text(text.to_uppercase())),
        ("utf8_trim_whitespace", Scalar::Text(text), _) => Ok(Scalar::Text(text.trim().to_owned())),
        ("utf8_length", Scalar::Text(text), _) => Ok(Scalar::Int64(text.chars().count() as i64)),
        ("cast", ..) => cast(a, options),
        _ => arithmetic(function, a, b),
    }
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Int64(number) => Some(*number as f64),
        Scalar::Uint64(number) => Some(*number as f64),
        Scalar::Float64(number) => Some(*number),
        _ => None,
    }
}

fn compare(a: &Scalar, b: &Scalar) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Scalar::Int64(a), Scalar::Int64(b)) => Some(a.cmp(b)),
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
        (Scalar::Boolean(a), Scalar::Boolean(b)) => Some(a.cmp(b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn arithmetic(function: &str, a: &Scalar, b: &Scalar) -> Result<Scalar, Failure> {
    if let (Scalar::Int64(a), true) = (a, matches!(b, Scalar::Int64(_) | Scalar::Null)) {
        let b = if let Scalar::Int64(b) = b { *b } else { 0 };
        if b == 0 && matches!(function, "divide_checked" | "remainder_checked") {
            return Err(Failure::invalid_input("division-by-zero", format!("{a} is divided by zero")));
        }
        let result = match function {
            "add_checked" => a.checked_add(b),
            "subtract_checked" => a.checked_sub(b),
            "multiply_checked" => a.checked_mul(b),
            "divide_checked" => a.checked_div(b),
            "remainder_checked" => a.checked_rem(b),
            "negate_checked" => a.checked_neg(),
            "abs_checked" => a.checked_abs(),
            _ => return Err(only_in_the_host(function)),
        };
        let overflow = || Failure::invalid_input("integer-overflow", format!("the result for {a} does not fit int64"));
        return result.map(Scalar::Int64).ok_or_else(overflow);
    }
    let (Some(a), b) = (number(a), number(b).unwrap_or(0.0)) else { return Err(only_in_the_host(function)) };
    Ok(Scalar::Float64(match function {
        "add_checked" => a + b,
        "subtract_checked" => a - b,
        "multiply_checked" => a * b,
        "divide_checked" => a / b,
        "remainder_checked" => a % b,
        "negate_checked" => -a,
        "abs_checked" => a.abs(),
        _ => return Err(only_in_the_host(function)),
    }))
}

fn cast(value: &Scalar, options: &str) -> Result<Scalar, Failure> {
    let options: serde_json::Value = serde_json::from_str(options).unwrap_or_default();
    let to = options.get("to_type").and_then(|to| to.as_str()).unwrap_or_default();
    let safe = options.get("safe").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let text = match value {
        Scalar::Text(text) => text.trim().to_owned(),
        Scalar::Int64(number) => number.to_string(),
        Scalar::Float64(number) => number.to_string(),
        Scalar::Boolean(value) => value.to_string(),
        _ => return Err(only_in_the_host("cast")),
    };
    let converted = match (to, value) {
        ("float64", _) => text.parse().ok().map(Scalar::Float64),
        ("int64", Scalar::Float64(number)) => Some(Scalar::Int64(*number as i64)),
        ("int64", _) => text.parse().ok().map(Scalar::Int64),
        ("utf8", _) => Some(Scalar::Text(text.clone())),
        ("bool", _) => text.parse().ok().map(Scalar::Boolean),
        _ => return Err(only_in_the_host(&format!("cast to {to}"))),
    };
    match converted {
        None if safe => Ok(Scalar::Null),
        None => Err(Failure::invalid_input("invalid-value", format!("`{text}` is no {to}"))),
        Some(value) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{if_else, lit};
    use super::*;

    fn ints(values: &[Option<i64>]) -> Vec<Scalar> {
        values.iter().map(|value| value.map_or(Scalar::Null, Scalar::Int64)).collect()
    }

    #[test]
    fn columns_follow_one_another_and_filters_spare_rows() {
        let say = |rows: Table, _: &()| {
            let (a, b) = (rows.col("a"), rows.col("b"));
            let rows = rows.filter(b.ne(0)).with_column("ratio", a / b);
            let ratio = rows.col("ratio");
            rows.with_column("more", ratio + 1).drop("b")
        };
        let rows = Rows::new().int("a", [Some(10), Some(7), None, Some(1)]).int("b", [Some(5), Some(0), Some(1), None]);
        let made = run(say, &(), &rows).unwrap();
        assert!(made.rejected.is_empty(), "{:?}", made.rejected);
        assert_eq!(made.column("ratio"), ints(&[Some(2), None]));
        assert_eq!(made.column("more"), ints(&[Some(3), None]));
        assert!(made.column("b").is_empty());
    }

    #[test]
    fn rows_that_fail_are_rejected() {
        let say = |rows: Table, _: &()| {
            let a = rows.col("a");
            rows.with_column("b", lit(12) / a)
        };
        let made = run(say, &(), &Rows::new().int("a", [Some(3), Some(0), Some(4)])).unwrap();
        assert_eq!(made.column("b"), ints(&[Some(4), Some(3)]));
        assert_eq!(made.rejected.len(), 1);
        assert_eq!((made.rejected[0].0, made.rejected[0].1.code.as_str()), (1, "division-by-zero"));
    }

    #[test]
    fn a_branch_that_is_not_taken_fails_no_row() {
        let say = |rows: Table, _: &()| {
            let a = rows.col("a");
            rows.with_column("b", if_else(a.ne(0), lit(12) / &a, lit(-1)))
        };
        let made = run(say, &(), &Rows::new().int("a", [Some(3), Some(0), None])).unwrap();
        assert!(made.rejected.is_empty());
        assert_eq!(made.column("b"), ints(&[Some(4), Some(-1), Some(-1)]));
    }

    #[test]
    fn what_is_wrong_is_told_at_once_with_the_columns() {
        let say = |rows: Table, _: &()| {
            let text = rows.col("t") + 1;
            let mask = rows.col("carier").eq("UA");
            rows.filter(mask).with_column("x", text).select(&["y"])
        };
        let rows = Rows::new().text("t", [Some("a")]).text("carrier", [Some("UA")]);
        let failures = run(say, &(), &rows).unwrap_err();
        let codes: Vec<&str> = failures.iter().map(|failure| failure.code.as_str()).collect();
        assert_eq!(codes, ["unknown-column", "unknown-column"]);
        let only = |rows: Table, _: &()| {
            let text = rows.col("t") + 1;
            rows.with_column("x", text)
        };
        let failures = run(only, &(), &rows).unwrap_err();
        assert!(failures[0].message.contains("t is utf8"), "{}", failures[0].message);
        assert_eq!(failures[0].column.as_deref(), Some("t"));
    }

    #[test]
    fn readers_hear_of_comparisons() {
        let schema = Schema::of([crate::parse_type("a", "int64").unwrap(), crate::parse_type("b", "int64").unwrap()]);
        let table = Table::of(&schema);
        let (a, b) = (table.col("a"), table.col("b"));
        let rows = Rows::new().int("a", []).int("b", []);
        let table = table.filter(a.gt(60) & lit(5).le(&b)).filter((a + b).gt(3));
        let plan = Plan::of(table, &Few(&rows)).unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        let mut told: Vec<String> =
            plan.predicates(&names).iter().map(|p| format!("{} {} {:?}", p.column, p.comparison, p.values)).collect();
        told.sort();
        assert_eq!(told, ["a > [Scalar::Int64(60)]", "b >= [Scalar::Int64(5)]"]);
    }
}
