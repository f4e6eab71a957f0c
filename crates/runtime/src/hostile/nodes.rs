//! Nodes on odd schemas and batches, and twice on the same ones.

use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, Unmetered, to_ipc};
use jackfield_host::{Binding, CallError, NodeInstance, Output, Progress, Step};
use jackfield_manifest::NodeDecl;
use serde_json::Value as Json;

use super::inputs::{Table, made_up, tables};
use super::{Trials, Verdict, verdict};

/// Answers that are asked for after one input at most: a node that always has more is stopped by its limits before.
const MOST_RESUMES: u32 = 10_000;

pub(super) async fn run(trials: &mut Trials<'_>, node: &NodeDecl, parameters: Option<&Json>) {
    let made = parameters.cloned().unwrap_or_else(|| made_up(node.parameters.as_ref()));
    let made = made.to_string();
    let tables = match tables() {
        Ok(tables) => tables,
        Err(failure) => return trials.note("inputs", Verdict::NotTried(failure.message)),
    };
    let ports: Vec<String> = node
        .inputs
        .iter()
        .map(|port| if port.multiple { format!("{}.0", port.name) } else { port.name.clone() })
        .collect();
    for (number, table) in tables.iter().enumerate() {
        let (mut instance, binding) = match open(trials, node, &made, &ports, &table.schema).await {
            Ok(opened) => opened,
            Err(verdict) => {
                let verdict = match verdict {
                    Verdict::Refused(why) if number == 0 && parameters.is_none() => {
                        Verdict::NotTried(format!("it refuses the parameters that were made up, {made}: {why}"))
                    }
                    other => other,
                };
                let stop = matches!(verdict, Verdict::NotTried(_));
                trials.note(table.name, verdict);
                if stop {
                    return;
                }
                continue;
            }
        };
        let mut broken = false;
        for (name, batch) in &table.batches {
            let worked = work(&mut instance, &ports, batch).await;
            broken = matches!(worked, Err(CallError::Fault(_)));
            trials.note(format!("{}: {name}", table.name), worked.err().map_or(Verdict::Took, verdict));
            if broken {
                break;
            }
        }
        if !broken {
            let ended = end(&mut instance, &ports).await;
            trials.note(format!("{}: the end", table.name), ended.err().map_or(Verdict::Took, verdict));
        }
        if number == 0 && (node.pure || binding.row_wise) {
            replay(trials, node, &made, &ports, table, binding.row_wise).await;
        }
    }
}

async fn open(
    trials: &Trials<'_>,
    node: &NodeDecl,
    parameters: &str,
    ports: &[String],
    schema: &SchemaRef,
) -> Result<(NodeInstance, Binding), Verdict> {
    let component = &trials.plugin.component;
    let opened = NodeInstance::open(component, trials.store.clone(), &node.node_type, parameters).await;
    let mut instance = opened.map_err(verdict)?;
    let inputs: Vec<(String, SchemaRef)> = ports.iter().map(|port| (port.clone(), schema.clone())).collect();
    let binding = instance.bind(&inputs).await.map_err(verdict)?;
    Ok((instance, binding))
}

/// Gives the batch to every port and takes all answers.
async fn work(instance: &mut NodeInstance, ports: &[String], batch: &Batch) -> Result<Vec<Step>, CallError> {
    let mut steps = Vec::new();
    for port in ports {
        let step = instance.process(port, batch.clone()).await?;
        rest(instance, step, &mut steps).await?;
    }
    Ok(steps)
}

async fn end(instance: &mut NodeInstance, ports: &[String]) -> Result<Vec<Step>, CallError> {
    let mut steps = Vec::new();
    for port in ports {
        let step = instance.finish(port).await?;
        rest(instance, step, &mut steps).await?;
    }
    Ok(steps)
}

async fn rest(instance: &mut NodeInstance, mut step: Step, steps: &mut Vec<Step>) -> Result<(), CallError> {
    for _ in 0..MOST_RESUMES {
        let more = step.progress == Progress::More;
        steps.push(step);
        if !more {
            return Ok(());
        }
        step = instance.resume().await?;
    }
    Ok(())
}

/// The same input has to give the same output: from a second instance, and, of a node that works row by row, from the
/// same one once more.
async fn replay(
    trials: &mut Trials<'_>,
    node: &NodeDecl,
    parameters: &str,
    ports: &[String],
    table: &Table,
    row_wise: bool,
) {
    let mut told = Vec::new();
    for _ in 0..2 {
        let Ok((mut instance, _)) = open(trials, node, parameters, ports, &table.schema).await else { return };
        let mut given = Vec::new();
        for (_, batch) in &table.batches {
            let Ok(first) = work(&mut instance, ports, batch).await else { break };
            let first = shown(&first);
            if row_wise {
                let Ok(again) = work(&mut instance, ports, batch).await else { break };
                if shown(&again) != first {
                    let message = "it says that it works row by row, and gave something else for the same rows";
                    return trials.defect("the same batch twice", "nondeterministic", message);
                }
            }
            given.push(first);
        }
        if let Ok(last) = end(&mut instance, ports).await {
            given.push(shown(&last));
        }
        told.push(given);
    }
    match told.as_slice() {
        [one, other] if one != other => {
            let message = "it says that the same input gives the same output, and two instances differ";
            trials.defect("the same input twice", "nondeterministic", message);
        }
        _ => trials.note("the same input twice", Verdict::Took),
    }
}

/// What steps say, as bytes that can be compared.
fn shown(steps: &[Step]) -> Vec<Vec<u8>> {
    let mut shown = Vec::new();
    for emission in steps.iter().flat_map(|step| &step.emissions) {
        shown.push(emission.port.clone().into_bytes());
        match &emission.output {
            Output::Batch(batch) => shown.push(to_ipc(std::slice::from_ref(batch), &mut Unmetered).unwrap_or_default()),
            Output::Change { selection, made } => {
                shown.push(format!("{selection:?}").into_bytes());
                for array in made {
                    let levels = jackfield_columns::read_levels(array).unwrap_or_default();
                    shown.push(format!("{levels:?}").into_bytes());
                }
            }
        }
    }
    for rejected in steps.iter().flat_map(|step| &step.rejected) {
        shown.push(format!("{:?} {}", rejected.rows, rejected.reason.message).into_bytes());
    }
    shown
}
