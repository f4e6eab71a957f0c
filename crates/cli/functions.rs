//! `jackfield functions`: what expressions can call.

use comfy_table::{Table, presets};
use jackfield_manifest::{Problem, nearest};
use jackfield_runtime::columns::compute;
use jackfield_runtime::columns::sql::SQL_FUNCTIONS;
use jackfield_runtime::{Class, Diagnosis, Report};
use serde_json::{Value, json};

use crate::output::{CommandResult, Output};

/// A line of the list.
struct Entry {
    name: &'static str,
    signature: &'static str,
    doc: &'static str,
    aggregates: bool,
    /// SQL's name rather than a kernel's of Arrow.
    sql: bool,
    options: &'static [&'static str],
}

impl Entry {
    fn kind(&self) -> &'static str {
        match (self.sql, self.aggregates) {
            (true, false) => "SQL",
            (true, true) => "SQL aggregate",
            (false, false) => "kernel",
            (false, true) => "aggregate kernel",
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "signature": self.signature,
            "description": self.doc,
            "aggregates": self.aggregates,
            "sql": self.sql,
            "options": self.options,
        })
    }
}

fn entries() -> impl Iterator<Item = Entry> {
    let sql = SQL_FUNCTIONS.iter().map(|function| Entry {
        name: function.name,
        signature: function.signature,
        doc: function.doc,
        aggregates: function.aggregates,
        sql: true,
        options: &[],
    });
    // SQL's names win over Arrow's.
    let own = |name: &str| SQL_FUNCTIONS.iter().any(|function| function.name == name);
    let kernels = compute::functions().iter().filter(move |function| !own(function.name)).map(|function| Entry {
        name: function.name,
        signature: function.signature,
        doc: function.doc,
        aggregates: function.aggregates(),
        sql: false,
        options: function.options,
    });
    sql.chain(kernels)
}

pub(crate) fn functions(name: Option<&str>, output: &Output) -> CommandResult {
    let Some(name) = name else {
        if output.json {
            let all: Vec<Value> = entries().map(|entry| entry.json()).collect();
            output.json_result(&json!({ "functions": all }))?;
            return Ok(0);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["function", "kind", "description"].map(|title| output.bold(title)));
        for entry in entries() {
            table.add_row([entry.signature, entry.kind(), entry.doc]);
        }
        output.result(&format!("{}\n", table.trim_fmt()))?;
        return Ok(0);
    };
    let wanted = name.to_ascii_lowercase();
    let Some(entry) = entries().find(|entry| entry.name == wanted) else {
        let help = match nearest(&wanted, entries().map(|entry| entry.name)).as_slice() {
            [] => "`jackfield functions` lists them all".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let problem = Problem::error("unknown-function", format!("there is no function `{name}`")).with_help(help);
        return Err(Report::from(Diagnosis { problem, class: Class::Configuration }).into());
    };
    if output.json {
        output.json_result(&entry.json())?;
        return Ok(0);
    }
    let mut text = format!("{}\n{}\n\n  kind     {}\n", output.bold(entry.signature), entry.doc, entry.kind());
    if !entry.options.is_empty() {
        text.push_str(&format!("  options  {}\n", entry.options.join(", ")));
    }
    output.result(&text)?;
    Ok(0)
}
