//! Works through a node's inputs and hands on what it makes of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::{Array, BooleanArray};
use arrow::compute::{and, not, or};
use arrow::datatypes::SchemaRef;
use jackfield_columns::{Batch, Failure, Unmetered, json::row_to_json};
use jackfield_host::{Binding, Emission, OutColumn, Output, Progress, Rejected, Step, StoreOptions};
use jackfield_manifest::OnError;

use super::letters::rejected_row_letter;
use super::packets::{Inbox, Outlet};
use super::source::job_letter;
use super::{Ended, Job};
use crate::diagnose::{Diagnosis, ProblemExt, call_problems, problem};
use crate::hooks::stage::{About, StageHooks};
use crate::native::RunningNode;
use crate::plan::{NodeStage, Port, granted_rows, output_ports};
use crate::progress::StageCounters;

mod told;

/// A node stage on its way.
#[derive(Debug, Clone)]
pub(crate) struct Working {
    pub(crate) name: String,
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) on_error: OnError,
    pub(crate) outputs: Vec<Port>,
    pub(crate) store: StoreOptions,
    /// Rows that the node would like to get at a time.
    pub(crate) asked_rows: Option<u32>,
}

pub(crate) async fn run(
    job: &Job<'_>,
    working: Working,
    node: NodeStage,
    inboxes: Vec<Inbox>,
    outlet: &mut Outlet<'_>,
) -> Ended {
    if let OnError::DeadLetter(path) = &working.on_error {
        job.letters.open(path).map_err(|d| vec![d])?;
    }
    let about = NodeAbout::of(&node);
    let mut stage = NodeRun::new(job, working, node.instance, node.binding, about);
    let ports = node.ports.into_iter();
    let mut inputs: Vec<(String, Option<Inbox>)> = ports.zip(inboxes.into_iter().map(Some)).collect();
    let result = stage.work(&mut inputs, outlet).await;
    let collected = stage.close().await;
    result.and(collected)
}

/// One instance of a node at work.
pub(crate) struct NodeRun<'a> {
    job: &'a Job<'a>,
    working: Working,
    instance: RunningNode,
    binding: Option<Binding>,
    used: Duration,
    about: NodeAbout,
    hooks: StageHooks,
    turn: Turn,
}

/// Which of the node's batches an instance has got last, counted from 1, and how far it is to its next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    last: u64,
    step: u64,
}

impl Turn {
    /// The turns of one of `threads` instances.
    pub(crate) fn of(instance: u16, threads: u16) -> Turn {
        let step = u64::from(threads.max(1));
        // The first step of instance 0 leads to batch 1.
        Turn { last: (u64::from(instance) + 1).wrapping_sub(step), step }
    }

    fn next(&mut self) {
        self.last = self.last.wrapping_add(self.step);
    }
}

/// What hooks are told of a node, and what is saved when it fails.
#[derive(Debug, Clone)]
pub(crate) struct NodeAbout {
    node_type: String,
    plugin: String,
    version: String,
    parameters: String,
}

impl NodeAbout {
    pub(crate) fn of(node: &NodeStage) -> NodeAbout {
        let manifest = &node.code.installed().manifest;
        let (plugin, version) = (manifest.plugin.clone(), manifest.version.to_string());
        NodeAbout { node_type: node.node_type.clone(), plugin, version, parameters: node.parameters.clone() }
    }
}

impl<'a> NodeRun<'a> {
    pub(crate) fn new(
        job: &'a Job<'a>,
        working: Working,
        instance: RunningNode,
        binding: Option<Binding>,
        about: NodeAbout,
    ) -> NodeRun<'a> {
        let hooks = job.hooks(&working.counters, &working.store);
        let turn = Turn::of(0, 1);
        NodeRun { job, working, instance, binding, used: Duration::ZERO, about, hooks, turn }
    }

    /// The same for one of several instances.
    pub(crate) fn in_turn(self, turn: Turn) -> NodeRun<'a> {
        NodeRun { turn, ..self }
    }

    /// Works on one batch of a node's only input, for one of several instances. `false`: the node is done.
    pub(crate) async fn work_on(
        &mut self,
        port: &str,
        batch: &Batch,
        outlet: &mut Outlet<'_>,
    ) -> Result<bool, Vec<Diagnosis>> {
        self.turn.next();
        let rows = batch.rows() as u64;
        self.working.counters.rows_in.fetch_add(rows, Ordering::Relaxed);
        if self.hooks.around_process() {
            return self.work_hooked(port, batch, outlet).await;
        }
        match self.instance.process(port, batch.clone()).await {
            Ok(step) => self.take(step, port, Some(batch), outlet).await,
            Err(error) => self.failed(error, port, batch).await,
        }
    }

    /// The same with hooks around the node's work, which may give the node another batch, or another step for it.
    async fn work_hooked(
        &mut self,
        port: &str,
        batch: &Batch,
        outlet: &mut Outlet<'_>,
    ) -> Result<bool, Vec<Diagnosis>> {
        let output = self.working.outputs.first().map_or("out", |output| output.name.as_str());
        let worked = self.hooks.process(&mut self.instance, &self.about.node_type, port, batch.clone(), output).await;
        match worked {
            Ok((step, input)) => {
                self.check_replaced(&step)?;
                self.take(step, port, Some(&input), outlet).await
            }
            Err(Ok(error)) => self.failed(error, port, batch).await,
            Err(Err(diagnoses)) => Err(diagnoses),
        }
    }

    /// Rows that come from a hook have to have the columns that the node promised.
    fn check_replaced(&self, step: &Step) -> Ended {
        let columns = |schema: &SchemaRef| -> Vec<_> {
            schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        for emission in &step.emissions {
            let promised = self.working.outputs.iter().find(|output| output.name == emission.port);
            if let (Output::Batch(batch), Some(Port { schema: Some(promised), .. })) = (&emission.output, promised)
                && columns(batch.schema()) != columns(promised)
            {
                let message =
                    format!("{}: the rows for port `{}` have other columns than it", self.what(), emission.port);
                return Err(vec![problem("hook-nonsense", message).class(crate::Class::Failed)]);
            }
        }
        Ok(())
    }

    /// A failure of the node: the run ends, unless a hook lets the batch count as rejected.
    async fn failed(
        &mut self,
        error: jackfield_host::CallError,
        port: &str,
        batch: &Batch,
    ) -> Result<bool, Vec<Diagnosis>> {
        if let (true, jackfield_host::CallError::Failures(failures)) = (self.hooks.at_error(), &error)
            && let Some(first) = failures.first()
            && self.hooks.skips(&self.about.node_type, batch.rows(), first).await?
        {
            self.working.counters.rows_rejected.fetch_add(batch.rows() as u64, Ordering::Relaxed);
            return Ok(true);
        }
        Err(self.row_problems(error, port, batch))
    }

    /// What comes ahead of the first batch.
    pub(crate) async fn begin(&self) -> Ended {
        let NodeAbout { node_type, plugin, version, .. } = &self.about;
        self.hooks.before(&About { node_type, plugin, version }).await
    }

    /// The end of a node's input.
    pub(crate) async fn finish(&mut self, port: &str, outlet: &mut Outlet<'_>) -> Result<bool, Vec<Diagnosis>> {
        let step = self.instance.finish(port).await.map_err(|error| self.problems(error))?;
        self.take(step, port, None, outlet).await
    }

    /// Adds what the instance has used to the stage's counters, and gathers the figures of its hooks.
    pub(crate) async fn close(&self) -> Ended {
        self.working.counters.add_usage(&self.instance.usage());
        self.hooks.collect(self.job.metrics).await
    }

    async fn work(&mut self, inputs: &mut [(String, Option<Inbox>)], outlet: &mut Outlet<'_>) -> Ended {
        self.begin().await?;
        if self.binding.is_none() {
            return self.work_late(inputs, outlet).await;
        }
        for number in self.order(inputs) {
            let (port, inbox) = &mut inputs[number];
            let (port, Some(mut inbox)) = (port.clone(), inbox.take()) else { continue };
            if !self.drain(&port, &mut inbox, Vec::new(), outlet).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Inputs in the order in which they are read: first those that the binding wants drained, then as they stand.
    fn order(&self, inputs: &[(String, Option<Inbox>)]) -> Vec<usize> {
        let first = self.binding.as_ref().map_or(&[][..], |binding| &binding.drain_first);
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|number| !first.contains(&inputs[*number].0));
        order
    }

    /// A node below one whose columns are known with its data only: bound with the first batch of each input.
    async fn work_late(&mut self, inputs: &mut [(String, Option<Inbox>)], outlet: &mut Outlet<'_>) -> Ended {
        let mut firsts = Vec::new();
        let mut schemas: Vec<(String, SchemaRef)> = Vec::new();
        for (port, inbox) in inputs.iter_mut() {
            let first = match inbox {
                Some(inbox) => inbox.receive().await,
                None => None,
            };
            let schema =
                first.as_ref().map_or_else(|| Arc::new(arrow::datatypes::Schema::empty()), |b| b.schema().clone());
            schemas.push((port.clone(), schema));
            firsts.push(first);
        }
        if firsts.iter().all(Option::is_none) {
            return Ok(());
        }
        let binding = self.instance.bind(&schemas).await.map_err(|error| self.problems(error))?;
        self.working.outputs = output_ports(&binding, &schemas).map_err(|message| vec![self.broken(&message)])?;
        self.binding = Some(binding);
        for number in self.order(inputs) {
            let (port, inbox) = &mut inputs[number];
            let (port, Some(mut inbox)) = (port.clone(), inbox.take()) else { continue };
            let first = firsts[number].take().into_iter().collect();
            if !self.drain(&port, &mut inbox, first, outlet).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads one input to its end. `false`: nothing more is needed from any input.
    async fn drain(
        &mut self,
        port: &str,
        inbox: &mut Inbox,
        mut first: Vec<Batch>,
        outlet: &mut Outlet<'_>,
    ) -> Result<bool, Vec<Diagnosis>> {
        loop {
            let start = Instant::now();
            let batch = match first.pop() {
                Some(batch) => Some(batch),
                None => inbox.receive().await,
            };
            self.working.counters.add_waiting(start.elapsed());
            let Some(batch) = batch else { break };
            let batch = self.gather(batch, inbox)?;
            if !self.work_on(port, &batch, outlet).await? {
                return Ok(false);
            }
            if outlet.is_done() || self.job.failures.stopped() {
                return Ok(false);
            }
        }
        if self.job.failures.stopped() {
            return Ok(false);
        }
        self.finish(port, outlet).await
    }

    /// The batch and those that wait behind it, up to the rows that the node asks for. It never waits for more: where the
    /// node is faster than what feeds it, small batches cost nothing.
    fn gather(&self, first: Batch, inbox: &mut Inbox) -> Result<Batch, Vec<Diagnosis>> {
        let Some(asked) = self.working.asked_rows else { return Ok(first) };
        let most = granted_rows(Some(asked), first.schema().fields().len()) as usize;
        let mut rows = first.rows();
        let mut batches = vec![first];
        while rows < most
            && let Some(next) = inbox.ready()
        {
            rows += next.rows();
            batches.push(next);
        }
        Batch::concat(&batches, &mut Unmetered)
            .map_err(|failure| self.problems(jackfield_host::CallError::Failures(vec![failure])))
    }

    /// Hands on a step and all that follow it. `false`: the node is done.
    async fn take(
        &mut self,
        mut step: Step,
        port: &str,
        input: Option<&Batch>,
        outlet: &mut Outlet<'_>,
    ) -> Result<bool, Vec<Diagnosis>> {
        let whole = input;
        let mut input = input;
        loop {
            let rejected = match input {
                Some(batch) => self.reject(&step.rejected, port, batch)?,
                None => None,
            };
            for emission in step.emissions {
                self.emit(emission, port, input, rejected.as_ref(), outlet).await?;
            }
            let busy = self.instance.usage().busy;
            self.working.counters.add_busy(busy.saturating_sub(self.used));
            self.used = busy;
            match step.progress {
                Progress::Ready => return Ok(true),
                Progress::Done => return Ok(false),
                Progress::More if outlet.is_done() || self.job.failures.stopped() => return Ok(false),
                Progress::More => {
                    step = match (self.instance.resume().await, whole) {
                        (Ok(step), _) => step,
                        (Err(error), Some(batch)) => return Err(self.row_problems(error, port, batch)),
                        (Err(error), None) => return Err(self.problems(error)),
                    };
                    input = None;
                }
            }
        }
    }

    /// What the error policy makes of rejected rows; gives all of them as one mask.
    fn reject(&self, rejected: &[Rejected], port: &str, batch: &Batch) -> Result<Option<BooleanArray>, Vec<Diagnosis>> {
        let failed = |error: arrow::error::ArrowError| vec![self.broken(&error.to_string())];
        let mut all: Option<BooleanArray> = None;
        let mut told: Vec<(usize, &Rejected)> = Vec::new();
        for group in rejected {
            let rows = plain(&group.rows);
            let count = rows.true_count();
            if count == 0 {
                continue;
            }
            match &self.working.on_error {
                OnError::Stop => told.extend(rows.values().set_indices().next().map(|row| (row, group))),
                OnError::Skip => {}
                OnError::DeadLetter(_) => told.extend(rows.values().set_indices().map(|row| (row, group))),
            }
            // A row that ends the run is its error, not one that was put aside.
            if self.working.on_error != OnError::Stop {
                self.working.counters.rows_rejected.fetch_add(count as u64, Ordering::Relaxed);
            }
            all = Some(match all {
                Some(others) => or(&others, &rows).map_err(failed)?,
                None => rows,
            });
        }
        // Groups are told as they were found; people read rows in their order.
        told.sort_by_key(|(row, _)| *row);
        for (row, group) in told {
            let OnError::DeadLetter(path) = &self.working.on_error else {
                let mut problem = self.row_problem(group.reason.clone(), batch, row);
                self.save_row(&mut problem, port, batch, row);
                return Err(vec![problem]);
            };
            let json = row_to_json(batch, row).map_err(|failure| vec![self.row_problem(failure, batch, row)])?;
            let text = self.row_text(&group.reason, batch, row);
            job_letter(self.job, path, &rejected_row_letter(&self.working.name, &text, json))?;
        }
        self.save_rejected(rejected, all.as_ref(), port, batch);
        Ok(all)
    }

    async fn emit(
        &mut self,
        emission: Emission,
        port: &str,
        input: Option<&Batch>,
        rejected: Option<&BooleanArray>,
        outlet: &mut Outlet<'_>,
    ) -> Ended {
        let Some(number) = self.working.outputs.iter().position(|output| output.name == emission.port) else {
            return Err(vec![
                self.broken(&format!("it sends to the port `{}`, which it does not have", emission.port)),
            ]);
        };
        if !outlet.is_connected(number) {
            return Ok(());
        }
        let batch = match (emission.output, input) {
            (Output::Batch(batch), _) => batch,
            (Output::Change { selection, made }, Some(input)) => {
                let changed = self.change(number, port, input, selection, made, rejected);
                changed.map_err(|failure| vec![self.broken(&failure.message)])?
            }
            (Output::Change { .. }, None) => {
                return Err(vec![self.broken("it answers with a change where there is no input")]);
            }
        };
        if batch.rows() == 0 {
            return Ok(());
        }
        let batch = match self.hooks.at_emit() {
            true => self.hooks.emit(&emission.port, batch).await?,
            false => batch,
        };
        if batch.rows() == 0 {
            return Ok(());
        }
        self.working.counters.rows_out.fetch_add(batch.rows() as u64, Ordering::Relaxed);
        let start = Instant::now();
        outlet.send(number, batch).await;
        self.working.counters.add_waiting(start.elapsed());
        Ok(())
    }

    /// The batch that a change makes of its input: passed and made columns in the order of the binding, then the selection.
    fn change(
        &self,
        output: usize,
        port: &str,
        input: &Batch,
        selection: Option<BooleanArray>,
        made: Vec<arrow::array::ArrayRef>,
        rejected: Option<&BooleanArray>,
    ) -> Result<Batch, Failure> {
        let columns = self.binding.as_ref().and_then(|b| b.outputs.get(output)).and_then(|o| o.columns.as_ref());
        let Some(columns) = columns else {
            return Err(Failure::internal("protocol", "a change needs an output whose columns the binding tells"));
        };
        let mut passed = Vec::new();
        let mut fresh = Vec::new();
        let mut order = Vec::new();
        let mut made = made.into_iter();
        let count_passed = columns.iter().filter(|c| matches!(c, OutColumn::Passed { .. })).count();
        for column in columns {
            match column {
                OutColumn::Passed { port: from, index, name } => {
                    if from != port {
                        return Err(Failure::internal(
                            "protocol",
                            format!("a change of `{port}` passes columns of `{from}`"),
                        ));
                    }
                    order.push((passed.len(), None));
                    passed.push((*index, name.clone()));
                }
                OutColumn::Made(field) => {
                    let Some(array) = made.next() else {
                        return Err(Failure::internal("protocol", "a change has fewer columns than the binding says"));
                    };
                    order.push((count_passed + fresh.len(), None));
                    fresh.push((field.name().clone(), array));
                }
            }
        }
        let mut batch = input.pick(&passed)?;
        if !fresh.is_empty() {
            batch = batch.put(fresh)?.pick(&order)?;
        }
        let wrong = |error: arrow::error::ArrowError| Failure::internal("protocol", error.to_string());
        let selection = match (selection.map(|mask| plain(&mask)), rejected) {
            (Some(mask), Some(rejected)) => Some(and(&mask, &not(rejected).map_err(wrong)?).map_err(wrong)?),
            (None, Some(rejected)) => Some(not(rejected).map_err(wrong)?),
            (mask, None) => mask,
        };
        match selection {
            Some(mask) => batch.filter(&mask),
            None => Ok(batch),
        }
    }

    fn what(&self) -> String {
        format!("node.{}", self.working.name)
    }

    fn problems(&self, error: jackfield_host::CallError) -> Vec<Diagnosis> {
        call_problems(error, &self.what())
    }
}

/// A mask without nulls: a null keeps no row and rejects none.
fn plain(mask: &BooleanArray) -> BooleanArray {
    match mask.nulls() {
        Some(nulls) if nulls.null_count() > 0 => BooleanArray::new(mask.values() & nulls.inner(), None),
        _ => mask.clone(),
    }
}
