//! One way to break out for each `{ case }`. Where something works that must not, the failure is `accepted`; where the
//! host says no as it should, the rows are passed on, unless a limit ends the instance.

mod kernels;
mod surroundings;

use std::hint::black_box;
use std::time::Duration;

use jackfield_sdk::{
    Batch, Binding, Buffers, Failure, InputPort, Node, OutputPort, Params, Progress, Step, parse_type,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Corpus {
    case: String,
    #[serde(default)]
    functions: Vec<String>,
    #[serde(skip)]
    calls: i64,
    #[serde(skip)]
    kept: Option<Batch<'static>>,
}

impl Node for Corpus {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        params.parse()
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Ok(match self.case.as_str() {
            // Row by row, it says, and then it counts.
            "d05-counts-calls" => {
                let port = OutputPort::passing("out", &inputs[0]).made(parse_type("call", "int64")?);
                Binding::new().output(port).row_wise()
            }
            // As guests do whose runtime never gives back what it was handed.
            "leaks" | "leaks-nothing" => {
                let port = OutputPort::passing("out", &inputs[0]).made(parse_type("half", "float64")?);
                Binding::new().output(port).row_wise().keeps_rows()
            }
            "k03-emit" => Binding::new().output(OutputPort::unknown("out")),
            _ => Binding::passing(&inputs[0]),
        })
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        match self.case.as_str() {
            "honest" => {}
            "l03-panics" => kernels::panics(batch)?,
            "d05-counts-calls" => {
                self.calls += 1;
                return Ok(Step::made([kernels::constant(batch.rows(), self.calls)?]));
            }
            "leaks" | "leaks-nothing" => {
                if self.case == "leaks" {
                    std::mem::forget(batch.share());
                    std::mem::forget(black_box(vec![1_u8; 256 << 10]));
                }
                let half = batch.column_at(0)?.cast("float64")?.div(2.0)?;
                return Ok(Step::made([half]));
            }
            "a06-sleep" => std::thread::sleep(Duration::from_secs(3600)),
            "m05-hoard" => hoard_polls(),
            "a08-many-calls" => {
                work();
                return Ok(Step::nothing().more());
            }
            "d08-endless-rows" => {
                self.kept = Some(batch.share());
                return Ok(Step::nothing().more());
            }
            "d08-many-rows" => {
                let many = kernels::repeated(batch, 20_000)?;
                return Ok(Step::nothing().emit("out", many));
            }
            case if case.starts_with('k') => {
                if let Some(step) = kernels::run(case, batch, &self.functions)? {
                    return Ok(step);
                }
            }
            case => surroundings::run(case)?,
        }
        Ok(Step::pass())
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        match &self.kept {
            Some(batch) => {
                let many = kernels::repeated(batch, 1_000_000)?;
                Ok(Step { progress: Progress::More, ..Step::nothing().emit("out", many) })
            }
            None => {
                work();
                Ok(Step::nothing().more())
            }
        }
    }
}

/// A few milliseconds.
fn work() {
    (0..5_000_000_u64).for_each(|turn| _ = black_box(turn));
}

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.0")]
unsafe extern "C" {
    #[link_name = "subscribe-duration"]
    fn subscribe_duration(nanoseconds: u64) -> i32;
}

/// Polls that nobody waits for, until the table is full: without a grant there are no files to hoard.
fn hoard_polls() {
    for _ in 0..1_000_000 {
        // SAFETY: the import takes a number and gives a handle, which is kept.
        black_box(unsafe { subscribe_duration(3_600_000_000_000) });
    }
}

jackfield_sdk::export_node!(Corpus);
