//! Batches on their way from one stage to the next.

use jackfield_columns::Batch;
use tokio::sync::mpsc;

use super::queue::{QueueReceiver, QueueSender};

/// So many batches may wait between two stages: enough to keep both busy, few enough to bound memory.
const IN_FLIGHT: usize = 4;

/// The receiving end of an edge.
#[derive(Debug)]
pub(crate) enum Inbox {
    /// Full after a few batches.
    Bounded(mpsc::Receiver<Batch>),
    /// For an input that has to wait for another one of the same source.
    Waiting(QueueReceiver),
}

impl Inbox {
    /// The next batch, or `None` after the last one.
    pub(crate) async fn receive(&mut self) -> Option<Batch> {
        match self {
            Inbox::Bounded(receiver) => receiver.recv().await,
            Inbox::Waiting(receiver) => receiver.receive().await,
        }
    }

    /// The next batch if it is there already.
    pub(crate) fn ready(&mut self) -> Option<Batch> {
        match self {
            Inbox::Bounded(receiver) => receiver.try_recv().ok(),
            Inbox::Waiting(receiver) => receiver.next().flatten(),
        }
    }
}

#[derive(Debug)]
enum Sender {
    Bounded(mpsc::Sender<Batch>),
    Waiting(QueueSender),
}

impl Sender {
    /// Whether there is still somebody who wants batches.
    async fn send(&self, batch: Batch) -> bool {
        match self {
            Sender::Bounded(sender) => sender.send(batch).await.is_ok(),
            Sender::Waiting(sender) => sender.send(batch),
        }
    }
}

/// The sending ends of all outputs of a stage.
#[derive(Debug, Default)]
pub(crate) struct Fanout {
    outputs: Vec<Vec<Sender>>,
}

impl Fanout {
    pub(crate) fn new(outputs: usize) -> Fanout {
        Fanout { outputs: (0..outputs).map(|_| Vec::new()).collect() }
    }

    /// Adds a consumer of an output; one that waits for another input has a queue of its own.
    pub(crate) fn connect(&mut self, output: usize, waiting: Option<(QueueSender, QueueReceiver)>) -> Inbox {
        let (sender, inbox) = match waiting {
            Some((sender, receiver)) => (Sender::Waiting(sender), Inbox::Waiting(receiver)),
            None => {
                let (sender, receiver) = mpsc::channel(IN_FLIGHT);
                (Sender::Bounded(sender), Inbox::Bounded(receiver))
            }
        };
        if let Some(consumers) = self.outputs.get_mut(output) {
            consumers.push(sender);
        }
        inbox
    }

    /// For each output, whether somebody reads it.
    pub(crate) fn connected(&self) -> Vec<bool> {
        self.outputs.iter().map(|consumers| !consumers.is_empty()).collect()
    }

    /// Somebody reads this output.
    pub(crate) fn is_connected(&self, output: usize) -> bool {
        self.outputs.get(output).is_some_and(|consumers| !consumers.is_empty())
    }

    /// Hands a batch to all consumers of an output; those that have enough are forgotten.
    pub(crate) async fn send(&mut self, output: usize, batch: Batch) {
        let Some(consumers) = self.outputs.get_mut(output) else { return };
        let mut index = 0;
        while let Some(consumer) = consumers.get(index) {
            if consumer.send(batch.clone()).await {
                index += 1;
            } else {
                consumers.remove(index);
            }
        }
    }

    /// Nobody wants anything more from this stage.
    pub(crate) fn is_done(&self) -> bool {
        self.outputs.iter().all(Vec::is_empty)
    }
}

/// Where a node's output goes: on to the next stages, or back to the stage that keeps several instances in order.
#[derive(Debug)]
pub(crate) enum Outlet<'a> {
    /// To the next stages.
    Next(&'a mut Fanout),
    /// Kept, with the number of the output, until somebody takes it.
    Kept {
        /// What was sent so far.
        batches: Vec<(usize, Batch)>,
        /// For each output, whether somebody reads it.
        connected: Vec<bool>,
    },
}

impl Outlet<'_> {
    pub(crate) fn is_connected(&self, output: usize) -> bool {
        match self {
            Outlet::Next(fanout) => fanout.is_connected(output),
            Outlet::Kept { connected, .. } => connected.get(output).copied().unwrap_or(false),
        }
    }

    pub(crate) async fn send(&mut self, output: usize, batch: Batch) {
        match self {
            Outlet::Next(fanout) => fanout.send(output, batch).await,
            Outlet::Kept { batches, .. } => batches.push((output, batch)),
        }
    }

    /// Nobody wants anything more.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Outlet::Next(fanout) => fanout.is_done(),
            Outlet::Kept { .. } => false,
        }
    }
}
