//! Plans a node: its type, its parameters, and what it makes of its inputs' schemas.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use jackfield_columns::{Failure, parse_type, type_name};
use jackfield_host::{Binding, CallError, OutColumn, OutputPort};
use jackfield_manifest::{Node, NodeDecl, Value, to_json};

use super::sketch::{Sketch, Trust, Upstream, stands, with_missing};
use super::{Body, Planner, Port, Stage, params};
use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, place, problem};
use crate::native::{NodeCode, RunningNode};
use crate::progress::StageKind;

/// A node that is open and, unless an input's schema is known with its first batch only, bound.
#[derive(Debug)]
pub(crate) struct NodeStage {
    pub(crate) code: NodeCode,
    pub(crate) node_type: String,
    pub(crate) parameters: String,
    pub(crate) instance: RunningNode,
    /// The names of the connected input ports, in the order of the stage's edges.
    pub(crate) ports: Vec<String>,
    pub(crate) binding: Option<Binding>,
}

impl NodeStage {
    /// Several instances may share its work.
    pub(crate) fn is_row_wise(&self) -> bool {
        self.binding.as_ref().is_some_and(|binding| binding.row_wise)
    }
}

type Incoming = Vec<(usize, usize)>;

/// Rounds in which columns are made up that nobody knows to be there or not.
const ROUNDS: usize = 64;

/// Keys of a node that say nothing about its columns.
const HARMLESS: [&str; 1] = ["on-error"];

impl Planner<'_> {
    /// A node and where its inputs come from, or with its problems noted what can be told of its outputs all the same.
    pub(crate) async fn plan_node(&mut self, node: &Node, inputs: Vec<Upstream>) -> Result<(Stage, Incoming), Sketch> {
        let mut problems = Vec::new();
        let planned = self.try_node(node, inputs, &mut problems).await;
        for diagnosis in problems {
            self.note(diagnosis, &["node", node.name.as_str()]);
        }
        planned
    }

    async fn try_node(
        &mut self,
        node: &Node,
        inputs: Vec<Upstream>,
        problems: &mut Vec<Diagnosis>,
    ) -> Result<(Stage, Incoming), Sketch> {
        let name = node.name.as_str();
        let registry = self.registry.clone();
        let (installed, declared) = match registry.node(&node.node_type) {
            Ok(found) => found,
            Err(unknown) => {
                let message = format!("there is no node type `{}`", node.node_type.name);
                let location = self.document().locate(&["node", name, "type"]);
                let wrong = problem("unknown-type", message).with_help(unknown.help("node type")).at(location);
                problems.push(wrong.class(Class::Configuration));
                return Err(Sketch::named([]));
            }
        };
        let outline = || Sketch::named(declared.outputs.iter().map(|output| output.name.as_str()));
        let parameters = to_json(&Value::Table(node.params.clone()), declared.parameters.as_ref());
        let path = ["node", name, "params"];
        problems.extend(params::validate(self.document(), &path, &parameters, declared.parameters.as_ref()));
        let spared = self.misread.spares("node", name, &HARMLESS);
        if !spared {
            // What is missing may stand under the key that is wrong.
            problems.retain(|found| found.problem.code != "missing-key");
        }
        let wrong_parameters = !problems.is_empty() || !spared;
        let before = problems.len();
        let ports = self.port_names(node, declared, problems);
        let ports_fit = problems.len() == before;
        self.use_plugin(&installed, &["node", name, "type"]);
        self.deprecated(&format!("node type {}", declared.node_type), &declared.deprecated, &["node", name, "type"]);
        let code = match self.runtime.native(&installed) {
            Some(native) => match self.running.up(self.runtime, &installed).await {
                Ok(()) => NodeCode::Native { plugin: native.clone(), limits: self.runtime.limits_of(&installed) },
                Err(found) => {
                    problems.extend(found);
                    return Err(outline());
                }
            },
            None => match self.ready(&installed).await {
                Ok(plugin) => NodeCode::Sandboxed(plugin),
                Err(found) => {
                    problems.extend(found);
                    return Err(outline());
                }
            },
        };
        let (parameters, changed) = match wrong_parameters {
            false => (parameters, Vec::new()),
            true => params::mended(&parameters, declared.parameters.as_ref()).ok_or_else(outline)?,
        };
        let store = self.store(name, code.installed(), code.limits());
        let parameters = parameters.to_string();
        let mut instance = match code.open(store.clone(), &node.node_type.name, &parameters).await {
            Ok(instance) => instance,
            Err(error) => {
                problems.extend(self.node_problems(about_written(error, &changed), name));
                return Err(outline());
            }
        };
        if !ports_fit {
            return Err(outline());
        }
        let places: Option<Incoming> = inputs.iter().map(|input| input.place).collect();
        let incoming = match places {
            Some(places) if problems.is_empty() && spared => places,
            _ => {
                let late = inputs.iter().any(|input| input.place.is_some() && input.schema.is_none());
                if late {
                    return Err(outline());
                }
                let code = (&code, node.node_type.name.as_str(), parameters.as_str());
                // One that is not there has left no trace among them.
                let told = !["input", "inputs"].iter().any(|key| self.misread.holds("node", name, key));
                let inputs = inputs.into_iter().map(|input| if told { input } else { Upstream::unknown() });
                let drawn =
                    self.draw_node(name, code, &changed, ports.into_iter().zip(inputs).collect(), problems).await;
                return Err(match drawn {
                    Some(drawn) if problems.is_empty() && spared => drawn,
                    Some(drawn) => Sketch { trust: Trust::Nothing, ..drawn },
                    None => outline(),
                });
            }
        };
        let schemas: Option<Vec<SchemaRef>> = inputs.into_iter().map(|input| input.schema).collect();
        let (binding, outputs) = match schemas {
            Some(schemas) => {
                let inputs: Vec<(String, SchemaRef)> = ports.iter().cloned().zip(schemas).collect();
                problems.extend(self.wrong_inputs(name, declared, &inputs));
                if !problems.is_empty() {
                    return Err(outline());
                }
                let binding = match instance.bind(&inputs).await {
                    Ok(binding) => binding,
                    Err(error) => {
                        problems.extend(self.node_problems(error, name));
                        return Err(outline());
                    }
                };
                match output_ports(&binding, &inputs) {
                    Ok(outputs) => (Some(binding), outputs),
                    Err(message) => {
                        problems.push(broken_binding(&code, name, &message));
                        return Err(outline());
                    }
                }
            }
            None => {
                let outputs = declared.outputs.iter();
                (None, outputs.map(|o| Port { name: o.name.clone(), schema: None, wanted: None }).collect())
            }
        };
        let counters = Planner::counters(name, StageKind::Node, code.installed(), None);
        let body = NodeStage { code, node_type: node.node_type.name.clone(), parameters, instance, ports, binding };
        let stage = Stage {
            name: name.to_owned(),
            counters,
            on_error: node.on_error.clone(),
            outputs,
            store,
            body: Body::Node(Box::new(body)),
        };
        Ok((stage, incoming))
    }

    /// What else is wrong with a node that is not right, or stands behind something that is not, and what it would give:
    /// all problems of one pipeline are to be seen at once, and none that only follows from another.
    async fn draw_node(
        &mut self,
        name: &str,
        (code, node_type, parameters): (&NodeCode, &str, &str),
        changed: &[String],
        inputs: Vec<(String, Upstream)>,
        problems: &mut Vec<Diagnosis>,
    ) -> Option<Sketch> {
        let trust = inputs.iter().map(|(_, input)| input.trust).min().unwrap_or(Trust::Sure);
        let some_known = inputs.iter().any(|(_, input)| input.trust > Trust::Nothing);
        let mut given: Vec<(String, SchemaRef)> =
            inputs.iter().map(|(port, input)| (port.clone(), input.columns())).collect();
        for _ in 0..ROUNDS {
            let store = self.store(name, code.installed(), code.limits());
            let mut instance = code.open(store, node_type, parameters).await.ok()?;
            let failures = match instance.bind(&given).await {
                Ok(binding) => return Some(Sketch { outputs: output_ports(&binding, &given).ok()?, trust }),
                Err(CallError::Failures(failures)) => failures,
                Err(_) => return None,
            };
            let mut widened = false;
            for ((_, schema), (_, input)) in given.iter_mut().zip(&inputs) {
                if input.trust == Trust::Nothing
                    && let Some(wider) = with_missing(schema, &failures)
                {
                    (*schema, widened) = (wider, true);
                }
            }
            // What is missing though the inputs that are not known have it is missing in one that is.
            let missing = |failure: &Failure| {
                !widened && some_known && failure.code == "unknown-column" && failure.column.is_some()
            };
            let failures = failures.into_iter().filter(|failure| stands(failure, trust) || missing(failure)).collect();
            let found = self.node_problems(about_written(CallError::Failures(failures), changed), name);
            found.into_iter().for_each(|found| {
                if !problems.contains(&found) {
                    problems.push(found);
                }
            });
            if !widened {
                break;
            }
        }
        None
    }

    /// Columns that the manifest says an input must have, and that are missing or of another type.
    fn wrong_inputs(&self, name: &str, declared: &NodeDecl, inputs: &[(String, SchemaRef)]) -> Vec<Diagnosis> {
        let mut problems = Vec::new();
        for (port, schema) in inputs {
            let of_port =
                |name: &str| port == name || port.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            let declared = declared.inputs.iter().find(|declared| of_port(&declared.name));
            let Some(text) = declared.and_then(|declared| declared.columns.as_ref()) else { continue };
            let location = self.document().locate(&["node", name]);
            let mut wrong = |code: &str, message: String, help: &str| {
                let message = format!("node.{name}: the input `{port}` {message}");
                problems.push(problem(code, message).with_help(help).at(location.clone()).class(Class::Configuration));
            };
            let fields = match parse_type(text) {
                Ok(DataType::Struct(fields)) => fields,
                Ok(_) | Err(_) => {
                    let message = format!("is declared with the type `{text}`, which names no columns");
                    wrong("invalid-type", message, "this is a defect of the plugin's manifest; tell its authors");
                    continue;
                }
            };
            for field in &fields {
                let (column, wanted) = (field.name(), type_name(field.data_type()));
                match schema.field_with_name(column) {
                    Err(_) => wrong(
                        "unknown-column",
                        format!("needs a column `{column}` of type {wanted}"),
                        "make it with a node before this one",
                    ),
                    Ok(found) if found.data_type() != field.data_type() => wrong(
                        "type-mismatch",
                        format!("needs `{column}` as {wanted}, it is {}", type_name(found.data_type())),
                        "convert it with a node of type cast before this one",
                    ),
                    Ok(_) => {}
                }
            }
        }
        problems
    }

    /// The declared port that each input goes to.
    fn port_names(&self, node: &Node, declared: &NodeDecl, problems: &mut Vec<Diagnosis>) -> Vec<String> {
        let name = node.name.as_str();
        let declared_names: Vec<&str> = declared.inputs.iter().map(|port| port.name.as_str()).collect();
        let mut wrong = |code: &str, message: String, help: String, key: &str| {
            let location = self.document().locate(&["node", name, key]);
            problems.push(problem(code, message).with_help(help).at(location).class(Class::Configuration));
        };
        let mut names: Vec<String> = Vec::new();
        let mut listed = false;
        for (number, input) in node.inputs.iter().enumerate() {
            let key = if node.inputs.len() == 1 && input.port.is_none() { "input" } else { "inputs" };
            let several = declared.inputs.iter().find(|port| port.multiple);
            let fits = match &input.port {
                Some(port) if several.is_some() && is_of_list(port) => several,
                Some(port) => declared.inputs.iter().find(|declared| declared.name == *port),
                None => declared.inputs.first(),
            };
            match fits {
                Some(port) if port.multiple => names.push(format!("{}.{number}", port.name)),
                Some(port) if names.contains(&port.name) => {
                    let message = format!("node.{name}: the port `{}` takes one input only", port.name);
                    wrong("unknown-port", message, "put a union before it".to_owned(), key);
                }
                Some(port) => names.push(port.name.clone()),
                // A list of inputs is a fault of its own, told once.
                None if input.port.as_deref().is_some_and(is_of_list) => {
                    if !listed {
                        let message = format!("node.{name}: {} takes no list of inputs", declared.node_type);
                        let help = match declared_names.as_slice() {
                            [_] => "say input = \"…\"; a union before it puts several together".to_owned(),
                            names => format!("say inputs = {{ {} }}", names.join(" = \"…\", ") + " = \"…\""),
                        };
                        wrong("unknown-port", message, help, key);
                    }
                    listed = true;
                }
                None => {
                    let port = input.port.as_deref().unwrap_or("in");
                    let message = format!("node.{name}: {} has no input port `{port}`", declared.node_type);
                    wrong("unknown-port", message, format!("its input ports are: {}", declared_names.join(", ")), key);
                }
            }
        }
        for port in declared.inputs.iter().filter(|port| !port.optional) {
            let connected = names.iter().any(|n| *n == port.name || n.starts_with(&format!("{}.", port.name)));
            if !connected && !listed && !self.says_inputs(node) {
                let message =
                    format!("node.{name}: the input port `{}` of {} is not connected", port.name, declared.node_type);
                let help = format!("say inputs = {{ {} = \"…\" }}", port.name);
                wrong("missing-input", message, help, "inputs");
            }
        }
        names
    }

    /// The file names inputs, though those that are not there have been reported and left out.
    fn says_inputs(&self, node: &Node) -> bool {
        let document = self.document();
        let own = document.locate_key(&["node", node.name.as_str()]);
        let said = |key| document.locate_key(&["node", node.name.as_str(), key]) != own;
        node.inputs.is_empty() && (said("input") || said("inputs"))
    }

    fn node_problems(&self, error: CallError, name: &str) -> Vec<Diagnosis> {
        match error {
            CallError::Failures(failures) => failures
                .into_iter()
                .map(|failure| {
                    let mut diagnosis = place(self.document(), &["node", name], "params", failure);
                    // Nothing has run yet, so whatever is wrong is wrong with the pipeline.
                    if diagnosis.class == Class::Failed {
                        diagnosis.class = Class::Configuration;
                    }
                    diagnosis
                })
                .collect(),
            other => call_problems(other, &format!("node.{name}")),
        }
    }
}

/// Of what is wrong only what is about parameters that are as they were written, where some were changed.
fn about_written(error: CallError, changed: &[String]) -> CallError {
    let written = |failure: &Failure| {
        let key = failure.parameter.as_deref().and_then(|pointer| pointer.split('/').nth(1));
        key.is_some_and(|key| !changed.iter().any(|changed| changed == key))
    };
    match error {
        CallError::Failures(failures) if !changed.is_empty() => {
            CallError::Failures(failures.into_iter().filter(written).collect())
        }
        CallError::Failures(_) => error,
        _ if changed.is_empty() => error,
        _ => CallError::Failures(Vec::new()),
    }
}

/// Whether the name of a port is that of an entry of a plain list.
fn is_of_list(port: &str) -> bool {
    port.strip_prefix("in.").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

fn broken_binding(code: &NodeCode, name: &str, message: &str) -> Diagnosis {
    let manifest = &code.installed().manifest;
    let message =
        format!("node.{name}: the plugin {} {} answers bind wrongly: {message}", manifest.plugin, manifest.version);
    problem("invalid-binding", message)
        .with_help("this is a defect of the plugin; tell its authors")
        .class(Class::Failed)
}

/// The schemas of a binding's outputs.
///
/// # Errors
/// A passed column that is not there, or a name twice.
pub(crate) fn output_ports(binding: &Binding, inputs: &[(String, SchemaRef)]) -> Result<Vec<Port>, String> {
    binding
        .outputs
        .iter()
        .map(|output| {
            let schema = output_schema(output, inputs)?;
            Ok(Port { name: output.name.clone(), schema, wanted: None })
        })
        .collect()
}

fn output_schema(output: &OutputPort, inputs: &[(String, SchemaRef)]) -> Result<Option<SchemaRef>, String> {
    let Some(columns) = &output.columns else { return Ok(None) };
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        fields.push(match column {
            OutColumn::Made(field) => Arc::new(field.clone()),
            OutColumn::Passed { port, index, name } => {
                let (_, schema) = inputs.iter().find(|(input, _)| input == port).ok_or_else(|| {
                    format!("output `{}` passes a column of `{port}`, which is not connected", output.name)
                })?;
                let field = schema.fields().get(*index).ok_or_else(|| {
                    format!(
                        "output `{}` passes column {index} of `{port}`, which has {}",
                        output.name,
                        schema.fields().len()
                    )
                })?;
                match name {
                    Some(name) => Arc::new(field.as_ref().clone().with_name(name)),
                    None => field.clone(),
                }
            }
        });
    }
    let mut names: Vec<&String> = fields.iter().map(|field| field.name()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("output `{}` has the column `{}` twice", output.name, twice[0]));
    }
    Ok(Some(Arc::new(Schema::new(fields))))
}
