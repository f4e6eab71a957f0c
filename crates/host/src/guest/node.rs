//! A running node.

use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, array_bytes, read_level};
use wasmtime::component::{Instance, Resource, ResourceAny};

use super::bound::{self, Bound};
use super::lacks;
use super::wear::Wear;
use crate::bindings::exports::jackfield::plugin::node;
use crate::bindings::jackfield::plugin::{flow, types};
use crate::convert;
use crate::session::Session;
use crate::state::{State, as_boolean};
use crate::{Binding, CallError, Component, Emission, Output, Progress, Rejected, Step, StoreOptions, Usage};

/// A running node. Dropping it frees everything it holds.
///
/// A node that works row by row is made anew between two batches once it is worn out: after so many batches, at an age,
/// or when it holds too much memory or too many handles (`recycle-…` in [`crate::Limits`]). Nobody but
/// [`Usage::recycled`] tells.
pub struct NodeInstance {
    session: Session,
    guest: node::Guest,
    node: ResourceAny,
    bound: Option<Bound>,
    wear: Wear,
    again: Again,
}

/// What it takes to make the node anew.
struct Again {
    component: Component,
    node_type: String,
    params_json: String,
    inputs: Vec<(String, SchemaRef)>,
    row_wise: bool,
}

impl NodeInstance {
    /// Starts an instance of `node_type` with its parameters, a JSON object.
    ///
    /// # Errors
    /// All that the plugin finds wrong with the parameters, or a fault.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        node_type: &str,
        params_json: &str,
    ) -> Result<Self, CallError> {
        let opened = Session::open(component, options).await?;
        let (session, guest, node) = construct(component, opened, node_type, params_json).await?;
        let again = Again {
            component: component.clone(),
            node_type: node_type.to_owned(),
            params_json: params_json.to_owned(),
            inputs: Vec::new(),
            row_wise: false,
        };
        Ok(Self { session, guest, node, bound: None, wear: Wear::new(), again })
    }

    /// Makes it anew, bound as before, if it is worn out and has nothing to lose.
    async fn renew(&mut self) -> Result<(), CallError> {
        if !self.again.row_wise || !self.session.is_worn(&self.wear) {
            return Ok(());
        }
        let Some((options, carried)) = self.session.carry() else { return Ok(()) };
        let Again { component, node_type, params_json, inputs, .. } = &self.again;
        let opened = Session::open_again(component, options, carried).await?;
        (self.session, self.guest, self.node) = construct(component, opened, node_type, params_json).await?;
        self.wear = Wear::new();
        let inputs = inputs.clone();
        let before = self.bound.take();
        self.bind(&inputs).await?;
        let same = self.bound.as_mut().zip(before).is_none_or(|(bound, before)| bound.takes_over(&before));
        if !same {
            return Err(self.session.protocol("a fresh instance of it bound in another way than the one before"));
        }
        Ok(())
    }

    /// Tells it the schema of every connected input; once, before data flows.
    ///
    /// # Errors
    /// All that the plugin finds wrong, or a fault.
    pub async fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, CallError> {
        let ports: Vec<node::InputPort> = inputs
            .iter()
            .map(|(name, schema)| node::InputPort { name: name.clone(), schema: convert::schema_to_wit(schema) })
            .collect();
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.instance().call_bind(&mut *store, self.node, &ports)).await;
        let answer = self.session.settle(outcome)?;
        let binding = self.session.answer_all(answer)?;
        match bound::check(binding, inputs) {
            Ok((binding, bound)) => {
                self.bound = Some(bound);
                self.again.inputs = inputs.to_vec();
                self.again.row_wise = binding.row_wise;
                Ok(binding)
            }
            Err(message) => Err(self.session.protocol(format!("its binding is wrong: {message}"))),
        }
    }

    /// Gives it a batch, which is lent for the call and not charged to the plugin.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn process(&mut self, port: &str, batch: Batch) -> Result<Step, CallError> {
        self.renew().await?;
        let rows = batch.rows();
        self.session.gives_in(rows, || batch.bytes());
        let Some(bound) = self.bound.as_ref() else { return Err(self.session.protocol("it was never bound")) };
        let paths = bound.prefetch(port);
        let (store, watch) = self.session.begin()?;
        let prefetched = prefetch(store.data_mut(), &batch, paths);
        let lent = store.data_mut().lend_batch(batch);
        let (rep, outcome) = match (prefetched, lent) {
            (Ok(Ok(columns)), Ok(lent)) => {
                let rep = lent.rep();
                let instance = self.guest.instance();
                let call = instance.call_process(&mut *store, self.node, port, Resource::new_borrow(rep), &columns);
                (Some(rep), watch.run(call).await)
            }
            (Ok(Err(failure)), _) => (None, Ok(Ok(Err(failure)))),
            (Err(error), _) | (_, Err(error)) => (None, Ok(Err(error))),
        };
        let answer = self.session.settle(outcome)?;
        if let Some(rep) = rep {
            self.session.with_state(|state| state.take_batch(Resource::new_own(rep)).map(drop))?;
        }
        let step = self.session.answer(answer)?;
        self.step(step, Some((port, rows)))
    }

    /// Asks for more after a step that said so.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn resume(&mut self) -> Result<Step, CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.instance().call_resume(&mut *store, self.node)).await;
        let answer = self.session.settle(outcome)?;
        let step = self.session.answer(answer)?;
        self.step(step, None)
    }

    /// Tells it that a port has no more input.
    ///
    /// # Errors
    /// A failure of the plugin, or a fault.
    pub async fn finish(&mut self, port: &str) -> Result<Step, CallError> {
        let (store, watch) = self.session.begin()?;
        let outcome = watch.run(self.guest.instance().call_finish(&mut *store, self.node, port)).await;
        let answer = self.session.settle(outcome)?;
        let step = self.session.answer(answer)?;
        self.step(step, None)
    }

    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.session.usage()
    }

    /// Takes the handles of a step from the plugin and checks them against the binding. `input`: the port and rows of
    /// the batch that was just processed.
    fn step(&mut self, step: flow::Step, input: Option<(&str, usize)>) -> Result<Step, CallError> {
        let taken = self.session.with_state(|state| take_step(state, step))?;
        let checked = match self.bound.as_mut() {
            Some(bound) => taken.and_then(|step| bound.check_step(&step, input).map(|()| step)),
            None => Err("it was never bound".to_owned()),
        };
        let step = checked.map_err(|message| self.session.protocol(message))?;
        self.session.takes_out(|| emitted(&step, input.map_or(0, |(_, rows)| rows as u64)))?;
        // As long as more is to come there is something to lose.
        self.wear.worked(self.session.held(), step.progress == Progress::Ready);
        Ok(step)
    }
}

impl std::fmt::Debug for NodeInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeInstance").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Makes the node in a new instance.
async fn construct(
    component: &Component,
    (mut session, instance): (Session, Instance),
    node_type: &str,
    params_json: &str,
) -> Result<(Session, node::Guest, ResourceAny), CallError> {
    let Some(indices) = component.node() else { return Err(lacks(&mut session, "node")) };
    let (store, watch) = session.begin()?;
    let guest = indices.load(&mut *store, &instance);
    let outcome = match &guest {
        Ok(guest) => watch.run(guest.instance().call_constructor(&mut *store, node_type, params_json)).await,
        Err(error) => Ok(Err(wasmtime::format_err!("{error:#}"))),
    };
    let answer = session.settle(outcome)?;
    let node = session.answer_all(answer)?;
    let guest = session.guest(guest)?;
    Ok((session, guest, node))
}

/// Rows and bytes of a step; what a change passes on is the input's and counts as rows only.
fn emitted(step: &Step, input: u64) -> (u64, u64) {
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    for emission in &step.emissions {
        let (more_rows, more_bytes) = match &emission.output {
            Output::Batch(batch) => (batch.rows() as u64, batch.bytes()),
            Output::Change { made, .. } => (input, made.iter().map(array_bytes).fold(0, u64::saturating_add)),
        };
        rows = rows.saturating_add(more_rows);
        bytes = bytes.saturating_add(more_bytes);
    }
    (rows, bytes)
}

/// Copies out the arrays that the binding wants as bytes.
fn prefetch(
    state: &mut State,
    batch: &Batch,
    paths: &[Vec<u32>],
) -> wasmtime::Result<Result<Vec<types::Buffers>, types::Failure>> {
    let mut copied = Vec::with_capacity(paths.len());
    for path in paths {
        let Some((column, inside)) = path.split_first() else { continue };
        let column = batch.column(*column as usize, &mut state.account);
        let level = column.and_then(|array| read_level(&array, inside, &mut state.account));
        match state.answer(level)? {
            Ok(level) => copied.push(convert::buffers_to_wit(level)),
            Err(failure) => return Ok(Err(failure)),
        }
    }
    Ok(Ok(copied))
}

/// The inner error is a breach of protocol, found once all handles are taken.
fn take_step(state: &mut State, step: flow::Step) -> wasmtime::Result<Result<Step, String>> {
    let mut wrong = None;
    let mut boolean = |array: arrow::array::ArrayRef, what: &str| match as_boolean(&array) {
        Ok(rows) => Some(rows),
        Err(failure) => {
            wrong = Some(format!("its {what}: {}", failure.message));
            None
        }
    };
    let mut emissions = Vec::with_capacity(step.emissions.len());
    for flow::Emission { port, output } in step.emissions {
        let output = match output {
            flow::Output::Batch(batch) => Output::Batch(state.take_batch(batch)?),
            flow::Output::Change(change) => {
                let selection = match change.selection {
                    Some(selection) => boolean(state.take_column(selection)?, "selection"),
                    None => None,
                };
                let mut made = Vec::with_capacity(change.made.len());
                for column in change.made {
                    made.push(state.take_column(column)?);
                }
                Output::Change { selection, made }
            }
        };
        emissions.push(Emission { port, output });
    }
    let mut rejected = Vec::with_capacity(step.rejected.len());
    for flow::Rejected { rows, reason } in step.rejected {
        if let Some(rows) = boolean(state.take_column(rows)?, "rejected rows") {
            rejected.push(Rejected { rows, reason: convert::failure_from_wit(reason) });
        }
    }
    let progress = match step.progress {
        flow::Progress::Ready => Progress::Ready,
        flow::Progress::More => Progress::More,
        flow::Progress::Done => Progress::Done,
    };
    Ok(match wrong {
        Some(message) => Err(message),
        None => Ok(Step { emissions, rejected, progress }),
    })
}
