//! {{title}}: keeps the rows whose column is above a number, and adds the column in hours.

use jackfield_sdk::table::Table;
use serde::Deserialize;

/// The parameters, as plugin.toml describes them.
#[derive(Deserialize)]
struct Params {
    column: String,
    #[serde(default = "an_hour")]
    above: f64,
    #[serde(default = "hours")]
    into: String,
}

fn an_hour() -> f64 {
    60.0
}

fn hours() -> String {
    "hours".to_owned()
}

/// Called once, before data flows; what it says is done to every batch, by the host's kernels.
fn {{snake}}(rows: Table, params: &Params) -> Table {
    let minutes = rows.col(&params.column);
    rows.filter(minutes.gt(params.above)).with_column(&params.into, minutes.float() / 60.0)
}

jackfield_sdk::nodes! { "{{name}}" => table({{snake}}) }

#[cfg(test)]
mod tests {
    use jackfield_sdk::Scalar;
    use jackfield_sdk::table::testing::{Rows, run};

    use super::*;

    #[test]
    fn rows_above_the_number_stay() {
        let params = Params { column: "delay".to_owned(), above: 60.0, into: "hours".to_owned() };
        let rows = Rows::new().int("delay", [Some(90), Some(60), None]);
        let made = run({{snake}}, &params, &rows).unwrap();
        assert_eq!(made.column("hours"), [Scalar::Float64(1.5)]);
    }
}
