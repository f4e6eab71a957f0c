//! The rules, as the pipeline's file says them, and what becomes of them: conditions in SQL that the host evaluates.

use jackfield_kit::values::{literal, quoted, root};
use jackfield_kit::{Groups, Problems};
use jackfield_sdk::sql::Expression;
use jackfield_sdk::{DataType, Failure, Schema, type_name};
use serde::Deserialize;
use serde_json::Value;

/// A rule as it stands in the file.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RuleText {
    column: Option<String>,
    columns: Option<Vec<String>>,
    rule: Kind,
    #[serde(default)]
    severity: Severity,
    min: Option<Value>,
    max: Option<Value>,
    values: Option<Vec<Value>>,
    pattern: Option<String>,
    r#type: Option<String>,
    r#where: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    NotNull,
    Range,
    Set,
    Pattern,
    Unique,
    Type,
    Expression,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    #[default]
    Error,
    Warning,
}

/// A bound rule.
pub(super) struct Rule {
    pub(super) pointer: String,
    pub(super) severity: Severity,
    pub(super) check: Check,
    /// Numbers of the columns it reads.
    pub(super) columns: Vec<u32>,
    /// The column whose value a reason shows, between these two.
    pub(super) shown: Option<u32>,
    pub(super) before: String,
    pub(super) behind: String,
}

/// How it is told which rows break a rule.
pub(super) enum Check {
    /// Those for which this is false.
    Condition(Expression),
    /// Those with the values of an earlier one.
    Unique { groups: Groups, seen: u32 },
}

/// A condition, what a reason says behind the value, and the parameter that both come from.
struct Condition {
    text: String,
    behind: String,
    parameter: &'static str,
}

impl Rule {
    pub(super) fn bind(pointer: &str, text: &RuleText, schema: &Schema, problems: &mut Problems) -> Option<Rule> {
        text.check_parameters(pointer, problems)?;
        match text.rule {
            Kind::Unique => text.unique(pointer, schema, problems),
            Kind::Expression => text.expression(pointer, schema, problems),
            _ => text.of_column(pointer, schema, problems),
        }
    }
}

impl RuleText {
    fn name(&self) -> &'static str {
        match self.rule {
            Kind::NotNull => "not-null",
            Kind::Range => "range",
            Kind::Set => "set",
            Kind::Pattern => "pattern",
            Kind::Unique => "unique",
            Kind::Type => "type",
            Kind::Expression => "expression",
        }
    }

    /// Each rule has its own parameters: what it lacks and what it does not take are problems.
    fn check_parameters(&self, pointer: &str, problems: &mut Problems) -> Option<()> {
        let given = [
            ("column", self.column.is_some()),
            ("columns", self.columns.is_some()),
            ("min", self.min.is_some()),
            ("max", self.max.is_some()),
            ("values", self.values.is_some()),
            ("pattern", self.pattern.is_some()),
            ("type", self.r#type.is_some()),
            ("where", self.r#where.is_some()),
        ];
        // Of each list one is needed.
        let needed: &[&[&str]] = match self.rule {
            Kind::NotNull => &[&["column"]],
            Kind::Range => &[&["column"], &["min", "max"]],
            Kind::Set => &[&["column"], &["values"]],
            Kind::Pattern => &[&["column"], &["pattern"]],
            Kind::Unique => &[&["column", "columns"]],
            Kind::Type => &[&["column"], &["type"]],
            Kind::Expression => &[&["where"]],
        };
        let name = self.name();
        let is_given = |name: &str| given.iter().any(|(other, given)| *other == name && *given);
        let mut well = true;
        for of in needed.iter().filter(|of| !of.iter().any(|name| is_given(name))) {
            let what: Vec<String> = of.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("the rule `{name}` needs {}", what.join(" or "));
            problems.push(Failure::invalid_config("missing-parameter", message).with_parameter(pointer));
            well = false;
        }
        let takes = |parameter: &str| needed.iter().any(|of| of.contains(&parameter));
        for (parameter, _) in given.iter().filter(|(parameter, given)| *given && !takes(parameter)) {
            let message = format!("the rule `{name}` takes no `{parameter}`");
            let failure = Failure::invalid_config("invalid-parameter", message);
            problems.push(failure.with_parameter(format!("{pointer}/{parameter}")).with_help("leave it out"));
            well = false;
        }
        well.then_some(())
    }

    fn unique(&self, pointer: &str, schema: &Schema, problems: &mut Problems) -> Option<Rule> {
        let groups = match (&self.column, &self.columns) {
            (Some(column), None) => {
                let index = problems.column(&format!("{pointer}/column"), column, schema)?;
                Groups::of(&format!("{pointer}/column"), vec![index], schema, problems)
            }
            (None, Some(columns)) => Groups::bind(&format!("{pointer}/columns"), columns, schema, problems),
            _ => {
                let failure =
                    Failure::invalid_config("conflicting-parameters", "`column` and `columns` exclude one another");
                problems.push(failure.with_parameter(format!("{pointer}/columns")).with_help("leave one of them out"));
                return None;
            }
        };
        let columns = groups.columns().to_vec();
        let (shown, before, behind) = match (&self.column, &self.columns) {
            (None, Some(names)) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                (None, format!("{} are those of an earlier row", names.join(", ")), String::new())
            }
            (name, _) => {
                let name = name.as_deref().unwrap_or_default();
                (columns.first().copied(), format!("`{name}`"), ", as in an earlier row".to_owned())
            }
        };
        let check = Check::Unique { groups, seen: 0 };
        Some(Rule { pointer: pointer.to_owned(), severity: self.severity, check, columns, shown, before, behind })
    }

    fn expression(&self, pointer: &str, schema: &Schema, problems: &mut Problems) -> Option<Rule> {
        let text = self.r#where.as_deref().unwrap_or_default();
        let place = format!("{pointer}/where");
        let expression = problems.note(&place, Expression::new(text, schema))?;
        let result = expression.result_type();
        if !matches!(root(&result), DataType::Boolean) {
            let message = format!("the condition `{text}` is {}, expected bool", type_name(&result));
            let help = "compare it with something, as in `x > 0` or `x is not null`";
            problems.push(Failure::invalid_config("not-boolean", message).with_parameter(place).with_help(help));
            return None;
        }
        Some(Rule {
            pointer: pointer.to_owned(),
            severity: self.severity,
            columns: expression.columns(),
            check: Check::Condition(expression),
            shown: None,
            before: format!("`{text}` is false"),
            behind: String::new(),
        })
    }

    fn of_column(&self, pointer: &str, schema: &Schema, problems: &mut Problems) -> Option<Rule> {
        let name = self.column.as_deref().unwrap_or_default();
        let index = problems.column(&format!("{pointer}/column"), name, schema)?;
        let Condition { text, behind, parameter } = self.condition(name);
        let expression = Expression::new(&text, schema).map_err(|failure| {
            // The text is made here, so a place in it means nothing to the reader of the file.
            Failure { offset: None, parameter: None, ..failure }.with_column(name)
        });
        let expression = problems.note(&format!("{pointer}/{parameter}"), expression)?;
        let is_null_rule = self.rule == Kind::NotNull;
        Some(Rule {
            pointer: pointer.to_owned(),
            severity: self.severity,
            check: Check::Condition(expression),
            columns: vec![index],
            shown: (!is_null_rule).then_some(index),
            before: if is_null_rule { format!("`{name}` is null") } else { format!("`{name}`") },
            behind,
        })
    }

    fn condition(&self, name: &str) -> Condition {
        let column = quoted(name);
        let condition = |text: String, behind: String, parameter| Condition { text, behind, parameter };
        match self.rule {
            Kind::Range => match (&self.min, &self.max) {
                (Some(min), Some(max)) => condition(
                    format!("{column} >= {} AND {column} <= {}", sql(min), sql(max)),
                    format!(", expected {} to {}", shown(min), shown(max)),
                    "min",
                ),
                (Some(min), None) => {
                    condition(format!("{column} >= {}", sql(min)), format!(", expected at least {}", shown(min)), "min")
                }
                (_, max) => {
                    let max = max.as_ref().unwrap_or(&Value::Null);
                    condition(format!("{column} <= {}", sql(max)), format!(", expected at most {}", shown(max)), "max")
                }
            },
            Kind::Set => {
                let values = self.values.as_deref().unwrap_or_default();
                let list: Vec<String> = values.iter().map(sql).collect();
                let some: Vec<String> = values.iter().take(10).map(shown).collect();
                let dots = if values.len() > 10 { ", …" } else { "" };
                condition(
                    format!("{column} IN ({})", list.join(", ")),
                    format!(", expected one of {}{dots}", some.join(", ")),
                    "values",
                )
            }
            Kind::Pattern => {
                let pattern = self.pattern.as_deref().unwrap_or_default();
                condition(
                    format!("regexp_matches({column}, {})", literal(pattern)),
                    format!(", which does not match {pattern}"),
                    "pattern",
                )
            }
            Kind::Type => {
                let of = self.r#type.as_deref().unwrap_or_default();
                condition(
                    format!("{column} IS NULL OR TRY_CAST({column} AS {of}) IS NOT NULL"),
                    format!(", which is not of type {of}"),
                    "type",
                )
            }
            Kind::NotNull | Kind::Unique | Kind::Expression => {
                condition(format!("{column} IS NOT NULL"), String::new(), "column")
            }
        }
    }
}

/// A value as SQL writes it.
fn sql(value: &Value) -> String {
    match value {
        Value::String(text) => literal(text),
        other => other.to_string(),
    }
}

/// A value as people write it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
