//! The seam between a node in the sandbox and one of the host's own: planning and running see only this.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, Failure};
use jackfield_host::{Binding, CallError, Limits, NodeInstance, Output, Step, StoreOptions, Usage};
use serde_json::Value as Json;

use super::{NativeNode, NativePlugin};
use crate::discover::InstalledPlugin;
use crate::loader::LoadedPlugin;
use crate::plan::output_ports;

/// What instances of a node are made from.
#[derive(Debug, Clone)]
pub(crate) enum NodeCode {
    /// A component.
    Sandboxed(LoadedPlugin),
    /// Code of the host.
    Native {
        /// It and its nodes.
        plugin: NativePlugin,
        /// What is told of it; native code is not limited.
        limits: Limits,
    },
}

impl NodeCode {
    pub(crate) fn installed(&self) -> &Arc<InstalledPlugin> {
        match self {
            NodeCode::Sandboxed(plugin) => &plugin.installed,
            NodeCode::Native { plugin, .. } => plugin.installed(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        match self {
            NodeCode::Sandboxed(plugin) => &plugin.limits,
            NodeCode::Native { limits, .. } => limits,
        }
    }

    /// Starts an instance of a node type with its parameters, a JSON object.
    pub(crate) async fn open(
        &self,
        store: StoreOptions,
        node_type: &str,
        params_json: &str,
    ) -> Result<RunningNode, CallError> {
        match self {
            NodeCode::Sandboxed(plugin) => {
                let opened = NodeInstance::open(&plugin.component, store, node_type, params_json).await;
                opened.map(|node| RunningNode::Sandboxed(Box::new(node)))
            }
            NodeCode::Native { plugin, .. } => {
                let failed = |failure: Failure| CallError::Failures(vec![failure]);
                let Some(make) = plugin.make(node_type) else {
                    let message = format!("the native plugin {} has no code for it", plugin.installed().title());
                    return Err(failed(Failure::invalid_config("unknown-node", message)));
                };
                let params: Json = serde_json::from_str(params_json)
                    .map_err(|error| failed(Failure::internal("protocol", error.to_string())))?;
                let node = guarded(|| make(&params))?.map_err(CallError::Failures)?;
                Ok(RunningNode::Native(NativeInstance { node, outputs: Vec::new(), usage: Usage::default() }))
            }
        }
    }
}

/// An instance of a node.
pub(crate) enum RunningNode {
    Sandboxed(Box<NodeInstance>),
    Native(NativeInstance),
}

/// An instance of a native node. Its panics are failures of the run, as a plugin's are.
pub(crate) struct NativeInstance {
    node: Box<dyn NativeNode>,
    /// The output ports of the binding, with their schemas where these are known.
    outputs: Vec<(String, Option<SchemaRef>)>,
    usage: Usage,
}

impl RunningNode {
    pub(crate) async fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, CallError> {
        match self {
            RunningNode::Sandboxed(node) => node.bind(inputs).await,
            RunningNode::Native(node) => {
                let binding = node.call(|node| node.bind(inputs))?.map_err(CallError::Failures)?;
                let ports = output_ports(&binding, inputs).map_err(protocol)?;
                node.outputs = ports.into_iter().map(|port| (port.name, port.schema)).collect();
                Ok(binding)
            }
        }
    }

    pub(crate) async fn process(&mut self, port: &str, batch: Batch) -> Result<Step, CallError> {
        match self {
            RunningNode::Sandboxed(node) => node.process(port, batch).await,
            RunningNode::Native(node) => node.step(Some(batch.rows()), |node| node.process(port, &batch)),
        }
    }

    pub(crate) async fn resume(&mut self) -> Result<Step, CallError> {
        match self {
            RunningNode::Sandboxed(node) => node.resume().await,
            RunningNode::Native(node) => node.step(None, |node| node.resume()),
        }
    }

    pub(crate) async fn finish(&mut self, port: &str) -> Result<Step, CallError> {
        match self {
            RunningNode::Sandboxed(node) => node.finish(port).await,
            RunningNode::Native(node) => node.step(None, |node| node.finish(port)),
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        match self {
            RunningNode::Sandboxed(node) => node.usage(),
            RunningNode::Native(node) => node.usage,
        }
    }
}

impl NativeInstance {
    fn call<T>(&mut self, call: impl FnOnce(&mut dyn NativeNode) -> T) -> Result<T, CallError> {
        let start = Instant::now();
        let answer = guarded(|| call(&mut *self.node));
        self.usage.calls += 1;
        self.usage.busy += start.elapsed();
        answer
    }

    /// A step, compared with the binding as a plugin's is: later stages rely on it. `rows`: those of the input.
    fn step(
        &mut self,
        rows: Option<usize>,
        call: impl FnOnce(&mut dyn NativeNode) -> Result<Step, Failure>,
    ) -> Result<Step, CallError> {
        let step = self.call(call)?.map_err(|failure| CallError::Failures(vec![failure]))?;
        for emission in &step.emissions {
            let port = &emission.port;
            let Some((_, schema)) = self.outputs.iter().find(|(name, _)| name == port) else {
                return Err(protocol(format!("it sends to the port `{port}`, which its binding does not have")));
            };
            match (&emission.output, schema) {
                (Output::Batch(batch), Some(schema)) if batch.schema().fields() != schema.fields() => {
                    return Err(protocol(format!("a batch for `{port}` has other columns than the binding says")));
                }
                (Output::Change { .. }, _) if rows.is_none() => {
                    return Err(protocol("it answers with a change where there is no input".to_owned()));
                }
                (Output::Change { selection, made }, _) => {
                    let lengths = selection.iter().map(|mask| mask.len()).chain(made.iter().map(|array| array.len()));
                    if let Some(length) = lengths.into_iter().find(|length| Some(*length) != rows) {
                        return Err(protocol(format!("a column of a change has {length} rows, not the input's")));
                    }
                }
                _ => {}
            }
        }
        if let Some(wrong) = step.rejected.iter().find(|rejected| Some(rejected.rows.len()) != rows) {
            return Err(protocol(format!("it rejects among {} rows, not the input's", wrong.rows.len())));
        }
        Ok(step)
    }
}

fn protocol(message: String) -> CallError {
    CallError::Failures(vec![Failure::internal("protocol", message)])
}

fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, CallError> {
    // What the call has touched is dropped with the instance, which is never called again.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        CallError::Failures(vec![Failure::internal("panic", format!("native code panicked: {text}"))])
    })
}

impl std::fmt::Debug for RunningNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunningNode::Sandboxed(node) => node.fmt(f),
            RunningNode::Native(node) => f.debug_struct("NativeInstance").field("usage", &node.usage).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    use jackfield_host::{Emission, Label, OutputPort, Progress};

    use super::*;

    /// Does with a batch what its parameter says.
    struct Odd(String);

    impl NativeNode for Odd {
        fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, Vec<Failure>> {
            assert!(self.0 != "panic in bind", "no use");
            let column = jackfield_host::OutColumn::Passed { port: inputs[0].0.clone(), index: 0, name: None };
            Ok(Binding {
                outputs: vec![OutputPort { name: "out".into(), columns: Some(vec![column]) }],
                needs: Vec::new(),
                prefetch: Vec::new(),
                drain_first: Vec::new(),
                row_wise: true,
                extra: Vec::new(),
            })
        }

        fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
            let mask = |rows: usize| Some(BooleanArray::from(vec![true; rows]));
            let change = |selection| Output::Change { selection, made: Vec::new() };
            let (port, output) = match self.0.as_str() {
                "port" => ("elsewhere", change(None)),
                "mask" => ("out", change(mask(batch.rows() + 1))),
                "columns" => {
                    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
                    let other = RecordBatch::try_from_iter([("other", column)]).unwrap();
                    ("out", Output::Batch(Batch::new(other)))
                }
                "panic" => panic!("out of ideas"),
                _ => ("out", change(mask(batch.rows()))),
            };
            let emissions = vec![Emission { port: port.into(), output }];
            Ok(Step { emissions, rejected: Vec::new(), progress: Progress::Ready })
        }
    }

    fn code() -> NodeCode {
        let manifest = "[plugin]\nname = \"odd\"\nversion = \"1.0.0\"\n\n[[provides.node]]\ntype = \"odd\"\n\n\
                        [[provides.node]]\ntype = \"forgotten\"\n";
        let plugin = NativePlugin::new(manifest).unwrap();
        let plugin = plugin.node("odd", |params: &Json| Ok(Odd(params["do"].as_str().unwrap_or_default().to_owned())));
        NodeCode::Native { plugin, limits: Limits::default() }
    }

    fn store() -> StoreOptions {
        StoreOptions {
            label: Label { pipeline: "p".into(), stage: "n".into(), plugin: "odd".into(), version: "1.0.0".into() },
            ..StoreOptions::default()
        }
    }

    /// What comes of one batch.
    fn try_it(what: &str) -> Result<Step, String> {
        let told = |error: CallError| match error {
            CallError::Failures(failures) => failures.into_iter().map(|f| f.message).collect::<Vec<_>>().join("; "),
            other => format!("{other:?}"),
        };
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)])), vec![column]);
        let batch = Batch::new(batch.unwrap());
        let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
        executor.block_on(async {
            let params = serde_json::json!({ "do": what }).to_string();
            let mut node = code().open(store(), "odd", &params).await.map_err(told)?;
            node.bind(&[("in".to_owned(), batch.schema().clone())]).await.map_err(told)?;
            let step = node.process("in", batch.clone()).await.map_err(told)?;
            assert_eq!(node.usage().calls, 2);
            Ok(step)
        })
    }

    #[test]
    fn only_nodes_are_native() {
        let manifest = "[plugin]\nname = \"odd\"\nversion = \"1.0.0\"\n\n[[provides.codec]]\nid = \"b64\"\nextensions = [\"b64\"]\n";
        let problems = NativePlugin::new(manifest).unwrap_err();
        assert_eq!(problems[0].message, "the native plugin odd provides the codec `b64`: only nodes can be native");
    }

    #[test]
    fn native_answers_are_compared_with_the_binding() {
        assert_eq!(try_it("well").unwrap().emissions.len(), 1);
        for (what, told) in [
            ("port", "it sends to the port `elsewhere`"),
            ("mask", "a column of a change has 4 rows"),
            ("columns", "a batch for `out` has other columns"),
            ("panic", "native code panicked: out of ideas"),
            ("panic in bind", "native code panicked: no use"),
        ] {
            let error = try_it(what).unwrap_err();
            assert!(error.contains(told), "{what}: {error}");
        }
    }

    #[test]
    fn a_node_type_without_code_is_said() {
        let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opened = executor.block_on(code().open(store(), "forgotten", "{}"));
        let Err(CallError::Failures(failures)) = opened else { panic!("it was opened") };
        assert_eq!(failures[0].code, "unknown-node");
    }
}
