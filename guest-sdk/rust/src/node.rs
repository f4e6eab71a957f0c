//! Nodes: what turns batches into batches.

mod binding;
mod step;

use crate::bindings::host::jackfield::plugin::data;
use crate::bindings::node::exports::jackfield::plugin::node as wit;
use crate::{Batch, Buffers, Failure, Params, Schema};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

pub use crate::bindings::host::jackfield::plugin::flow::{Change, Emission, Output, Step};
pub use wit::{Binding, InputPort, Need, Origin, OutColumn, OutputPort, Passed, Prefetch};

/// The name of the port that a node with one input or one main output has.
pub const INPUT: &str = "in";
/// See [`INPUT`].
pub const OUTPUT: &str = "out";

/// A plugin's nodes. Name the type in [`export_node!`](crate::export_node); a plugin with several node types tells them
/// apart by `node_type`, for which [`new`](Node::new) may give the variants of an enum.
pub trait Node: Sized + 'static {
    /// Reads the parameters; they have been checked against the manifest's schema.
    ///
    /// # Errors
    /// All that is wrong with them.
    fn new(node_type: &str, params: Params) -> Result<Self, Vec<Failure>>;

    /// Learns the schema of every connected input, once and before data flows, and says what comes out and what is
    /// needed.
    ///
    /// # Errors
    /// All that does not fit.
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>>;

    /// Works on a batch. `columns` are the buffers that the binding's [`prefetch`](Binding::prefetch) asked for.
    ///
    /// # Errors
    /// What ends the run; rows that are wrong by themselves are [rejected](Step::reject) instead.
    fn process(&mut self, port: &str, batch: &Batch, columns: &[Buffers]) -> Result<Step, Failure>;

    /// Goes on after a step that said [`more`](Step::more).
    ///
    /// # Errors
    /// What ends the run.
    fn resume(&mut self) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }

    /// There is no more input on this port.
    ///
    /// # Errors
    /// What ends the run.
    fn finish(&mut self, port: &str) -> Result<Step, Failure> {
        let _ = port;
        Ok(Step::nothing())
    }
}

/// Exports the nodes of a type that implements [`Node`].
#[macro_export]
macro_rules! export_node {
    ($node:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::node::Exported<$node>;
    $crate::bindings::node::export_world!(Exported with_types_in $crate::bindings::node);
        };
        // Natively, where unit tests run, there is nothing to export to, and the names would trouble the linker.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::node::implemented::<$node>();
    };
}

/// Exports several node types, by their names in the manifest: each is a type that implements [`Node`], or
/// `table(function)` for a function over a [`Table`](crate::table::Table).
///
/// ```no_run
/// # use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step, table::Table};
/// # struct Counter;
/// # impl Node for Counter {
/// #     fn new(_: &str, _: Params) -> Result<Self, Vec<Failure>> { Ok(Counter) }
/// #     fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> { Ok(Binding::passing(&inputs[0])) }
/// #     fn process(&mut self, _: &str, _: &Batch, _: &[Buffers]) -> Result<Step, Failure> { Ok(Step::pass()) }
/// # }
/// fn upper(rows: Table, _: &()) -> Table {
///     let name = rows.col("name").upper();
///     rows.with_column("name", name)
/// }
///
/// jackfield_sdk::nodes! {
///     "upper" => table(upper),
///     "counter" => Counter,
/// }
/// ```
#[macro_export]
macro_rules! nodes {
    ($($name:literal => $kind:ident $(($say:expr))?),+ $(,)?) => {
        #[doc(hidden)]
        #[allow(missing_debug_implementations)]
        pub struct JackfieldNodes(Box<dyn $crate::node::AnyNode>);

        impl $crate::Node for JackfieldNodes {
            fn new(node_type: &str, params: $crate::Params) -> Result<Self, Vec<$crate::Failure>> {
                match node_type {
                    $($name => $crate::make_node!(node_type, params, $kind $(($say))?).map(JackfieldNodes),)+
                    other => Err(vec![$crate::Failure::internal(format!("the component has no node type `{other}`"))]),
                }
            }
            fn bind(&mut self, inputs: &[$crate::InputPort]) -> Result<$crate::Binding, Vec<$crate::Failure>> {
                self.0.bind(inputs)
            }
            fn process(
                &mut self,
                port: &str,
                batch: &$crate::Batch,
                columns: &[$crate::Buffers],
            ) -> Result<$crate::Step, $crate::Failure> {
                self.0.process(port, batch, columns)
            }
            fn resume(&mut self) -> Result<$crate::Step, $crate::Failure> {
                self.0.resume()
            }
            fn finish(&mut self, port: &str) -> Result<$crate::Step, $crate::Failure> {
                self.0.finish(port)
            }
        }

        $crate::export_node!(JackfieldNodes);
    };
}

/// One node of [`nodes!`](crate::nodes).
#[doc(hidden)]
#[macro_export]
macro_rules! make_node {
    ($node_type:expr, $params:expr, table($say:expr)) => {{
        let _ = $node_type;
        $crate::table::TableNode::with(&$params, $say).map(|node| Box::new(node) as Box<dyn $crate::node::AnyNode>)
    }};
    ($node_type:expr, $params:expr, $made:ident) => {
        <$made as $crate::Node>::new($node_type, $params).map(|node| Box::new(node) as Box<dyn $crate::node::AnyNode>)
    };
}

/// A node of any type, as [`nodes!`](crate::nodes) keeps it.
#[doc(hidden)]
pub trait AnyNode {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>>;
    fn process(&mut self, port: &str, batch: &Batch, columns: &[Buffers]) -> Result<Step, Failure>;
    fn resume(&mut self) -> Result<Step, Failure>;
    fn finish(&mut self, port: &str) -> Result<Step, Failure>;
}

impl<N: Node> AnyNode for N {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        Node::bind(self, inputs)
    }
    fn process(&mut self, port: &str, batch: &Batch, columns: &[Buffers]) -> Result<Step, Failure> {
        Node::process(self, port, batch, columns)
    }
    fn resume(&mut self) -> Result<Step, Failure> {
        Node::resume(self)
    }
    fn finish(&mut self, port: &str) -> Result<Step, Failure> {
        Node::finish(self, port)
    }
}

#[doc(hidden)]
pub const fn implemented<T: Node>() {}

/// What [`export_node!`](crate::export_node) exports.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<N>(PhantomData<N>);

#[doc(hidden)]
#[derive(Debug)]
pub struct Instance<N> {
    node: RefCell<N>,
    /// By port, so that a batch need not ask the host for what `bind` told.
    schemas: RefCell<Vec<(String, Rc<Schema>)>>,
}

impl<N: Node> wit::Guest for Exported<N> {
    type Instance = Instance<N>;
}

impl<N: Node> wit::GuestInstance for Instance<N> {
    fn new(node_type: String, parameters: String) -> Result<Self, Vec<Failure>> {
        let node = N::new(&node_type, Params::new(parameters))?;
        Ok(Instance { node: RefCell::new(node), schemas: RefCell::default() })
    }

    fn bind(&self, inputs: Vec<InputPort>) -> Result<Binding, Vec<Failure>> {
        let binding = self.node.borrow_mut().bind(&inputs)?;
        *self.schemas.borrow_mut() = inputs.into_iter().map(|input| (input.name, Rc::new(input.schema))).collect();
        Ok(binding)
    }

    fn process(&self, port: String, input: &data::Batch, columns: Vec<Buffers>) -> Result<Step, Failure> {
        let schema = self.schemas.borrow().iter().find(|(name, _)| *name == port).map(|(_, schema)| schema.clone());
        self.node.borrow_mut().process(&port, &Batch::borrowed(input, schema), &columns)
    }

    fn resume(&self) -> Result<Step, Failure> {
        self.node.borrow_mut().resume()
    }

    fn finish(&self, port: String) -> Result<Step, Failure> {
        self.node.borrow_mut().finish(&port)
    }
}
