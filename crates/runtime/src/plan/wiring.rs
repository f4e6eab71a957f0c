//! Puts the stages of a pipeline together in the order of their data, then sends the demand back up.

use std::collections::HashMap;

use jackfield_manifest::{PortRef, Source};
use petgraph::graphmap::DiGraphMap;

use super::demand::{Wanted, through};
use super::sketch::{Sketch, Trust, Upstream};
use super::{Body, Edge, Planner, Stage, overlap};
use crate::diagnose::{Class, ProblemExt, problem};

/// All stages, each with what it reads: sources first, then nodes in the order of the data, then sinks.
pub(crate) async fn assemble(planner: &mut Planner<'_>) -> (Vec<Stage>, Vec<Edge>) {
    let mut stages = Vec::new();
    let mut edges = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut sketches: HashMap<String, Sketch> = HashMap::new();
    let pipeline = planner.pipeline;

    let reads_stdin = |source: &&Source| source.paths.iter().any(|path| path == "-");
    let first_of_stdin = pipeline.sources.iter().find(reads_stdin).map(|source| &source.name);
    for source in &pipeline.sources {
        // That stdin is read twice was reported with the file; the second reader would only find it empty.
        if reads_stdin(&source) && first_of_stdin != Some(&source.name) {
            continue;
        }
        let given = planner.ends.source(source);
        let planned = match given {
            Some(stage) => Ok(stage),
            None => planner.plan_source(source).await,
        };
        match planned {
            Ok(stage) => {
                numbers.insert(source.name.to_string(), stages.len());
                stages.push(stage);
            }
            Err(sketch) => drop(sketches.insert(source.name.to_string(), sketch)),
        }
    }
    for index in node_order(planner) {
        let node = &pipeline.nodes[index];
        let mut inputs = Vec::new();
        for input in &node.inputs {
            let path: Vec<&str> = input.path.iter().map(String::as_str).collect();
            inputs.push(resolve(planner, (&stages, &numbers, &sketches), &input.from, &path));
        }
        match planner.plan_node(node, inputs).await {
            Ok((stage, incoming)) => {
                let number = stages.len();
                edges.extend(incoming.into_iter().enumerate().map(|(input, (from, output))| Edge {
                    from,
                    output,
                    to: number,
                    input,
                    waits: false,
                }));
                numbers.insert(node.name.to_string(), number);
                stages.push(stage);
            }
            Err(sketch) => drop(sketches.insert(node.name.to_string(), sketch)),
        }
    }
    for sink in &pipeline.sinks {
        let path = ["sink", sink.name.as_str(), "input"];
        let input = resolve(planner, (&stages, &numbers, &sketches), &sink.input, &path);
        let kept = input.place.and_then(|place| Some((planner.ends.sink(sink, input.schema.clone())?, place)));
        let planned = match kept {
            Some(kept) => Some(kept),
            // Why nothing comes to it has been said.
            None if planner.ends.keeps(sink) => None,
            None => planner.plan_sink(sink, input).await,
        };
        if let Some((stage, (from, output))) = planned {
            edges.push(Edge { from, output, to: stages.len(), input: 0, waits: false });
            stages.push(stage);
        }
    }
    overlap::check(planner, &stages);
    if planner.found.is_empty() {
        send_demand_up(&mut stages, &edges);
        mark_waiting(&stages, &mut edges);
        report_unused(planner, &stages, &edges);
    }
    (stages, edges)
}

/// The nodes' numbers, each after those it reads from; in the order of the file where that leaves a choice.
fn node_order(planner: &Planner<'_>) -> Vec<usize> {
    let nodes = &planner.pipeline.nodes;
    let by_name: HashMap<&str, usize> = nodes.iter().enumerate().map(|(i, node)| (node.name.as_str(), i)).collect();
    let mut graph = DiGraphMap::<usize, ()>::new();
    for (i, node) in nodes.iter().enumerate().rev() {
        graph.add_node(i);
        for input in &node.inputs {
            if let Some(from) = by_name.get(input.from.stage.as_str()) {
                graph.add_edge(*from, i, ());
            }
        }
    }
    // A cycle was reported with the names of its nodes when the file was read; any order serves to find other problems.
    petgraph::algo::toposort(&graph, None).unwrap_or_else(|_| (0..nodes.len()).collect())
}

/// The stages that are right with their numbers, and the others as far as they are known.
type Known<'k> = (&'k [Stage], &'k HashMap<String, usize>, &'k HashMap<String, Sketch>);

/// The output that a reference means, as far as it is known.
fn resolve(
    planner: &mut Planner<'_>,
    (stages, numbers, sketches): Known<'_>,
    reference: &PortRef,
    path: &[&str],
) -> Upstream {
    let stage = numbers.get(reference.stage.as_str()).and_then(|number| Some((*number, stages.get(*number)?)));
    let (outputs, trust) = match (stage, sketches.get(reference.stage.as_str())) {
        (Some((_, stage)), _) => (&stage.outputs, Trust::Sure),
        (None, Some(sketch)) if !sketch.outputs.is_empty() => (&sketch.outputs, sketch.trust),
        // It is not there, or nobody knows its outputs: that has been said.
        _ => return Upstream::unknown(),
    };
    let output = match &reference.port {
        None => Some(0),
        Some(port) => outputs.iter().position(|output| output.name == *port),
    };
    if let Some(output) = output {
        let schema = outputs.get(output).and_then(|port| port.schema.clone());
        return Upstream { place: stage.map(|(number, _)| (number, output)), schema, trust };
    }
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    let message = format!("{} has no port `{}`", reference.stage, reference.port.as_deref().unwrap_or_default());
    let unknown = problem("unknown-port", message).with_help(format!("its ports are: {}", names.join(", ")));
    let location = planner.document().locate(path);
    planner.found.push(unknown.at(location).class(Class::Configuration));
    Upstream::unknown()
}

/// From the sinks up: what each output's consumers can use of it.
fn send_demand_up(stages: &mut [Stage], edges: &[Edge]) {
    for number in (0..stages.len()).rev() {
        let connected: Vec<(usize, Wanted)> = stages[number]
            .outputs
            .iter()
            .enumerate()
            .filter_map(|(output, port)| Some((output, port.wanted.clone()?)))
            .collect();
        for edge in edges.iter().filter(|edge| edge.to == number) {
            let schema = stages[edge.from].outputs[edge.output].schema.clone();
            let wanted = match (&stages[number].body, schema) {
                (Body::Sink(sink), _) => sink.wanted(),
                (Body::Node(node), Some(schema)) => match &node.binding {
                    Some(binding) => through(binding, &node.ports[edge.input], &schema, &connected),
                    None => Wanted::all(),
                },
                _ => Wanted::all(),
            };
            let slot = &mut stages[edge.from].outputs[edge.output].wanted;
            *slot = Some(match slot.take() {
                Some(others) => others.and(wanted),
                None => wanted,
            });
        }
    }
}

/// Marks the edges into a node that drains one input before another, where both hang on the same stage: without room of
/// their own they would wait for each other.
fn mark_waiting(stages: &[Stage], edges: &mut [Edge]) {
    let above = |mut open: Vec<usize>| {
        let mut seen = std::collections::BTreeSet::new();
        while let Some(stage) = open.pop() {
            if seen.insert(stage) {
                open.extend(edges.iter().filter(|e| e.to == stage).map(|e| e.from));
            }
        }
        seen
    };
    let mut waiting = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        if !matches!(stage.body, Body::Node(_)) {
            continue;
        }
        let incoming: Vec<&Edge> = edges.iter().filter(|edge| edge.to == number).collect();
        for (i, edge) in incoming.iter().enumerate() {
            let own = above(vec![edge.from]);
            let shares =
                incoming.iter().enumerate().any(|(j, other)| i != j && !above(vec![other.from]).is_disjoint(&own));
            if shares {
                waiting.push(**edge);
            }
        }
    }
    for edge in edges.iter_mut() {
        edge.waits = waiting.contains(edge);
    }
}

fn report_unused(planner: &mut Planner<'_>, stages: &[Stage], edges: &[Edge]) {
    for (number, stage) in stages.iter().enumerate() {
        let kind = stage.counters.kind.name();
        if !stage.outputs.is_empty() && !edges.iter().any(|edge| edge.from == number) {
            let mut unused = problem("unused-stage", format!("nothing reads from {kind} {}", stage.name));
            unused.severity = jackfield_manifest::Severity::Warning;
            unused.location = planner.document().locate(&[kind, &stage.name]);
            planner.warnings.push(unused);
        }
    }
}
