//! Several instances of a node that works row by row: each takes its turn, and order is kept.

use arrow::datatypes::SchemaRef;
use jackfield_columns::Batch;
use jackfield_host::CallError;
use jackfield_manifest::OnError;
use tokio::sync::mpsc;

use super::node::{NodeAbout, NodeRun, Turn, Working};
use super::packets::{Fanout, Inbox, Outlet};
use super::{Ended, Job, executor};
use crate::diagnose::call_problems;
use crate::plan::NodeStage;

/// What one instance made of one batch: batches with the numbers of their outputs.
type Made = Vec<(usize, Batch)>;

/// What several instances share out.
#[derive(Debug)]
pub(crate) struct Turns {
    /// The node's only input.
    pub(crate) inbox: Inbox,
    /// Its schema.
    pub(crate) schema: SchemaRef,
    /// How many instances.
    pub(crate) threads: u16,
}

/// Runs `threads` instances of a bound node with one input. Batch number i goes to instance i modulo `threads`, and
/// results are taken in the same turn, so they leave in the order in which their inputs came.
pub(crate) fn run(job: &Job<'_>, working: Working, node: NodeStage, turns: Turns, fanout: &mut Fanout) -> Ended {
    let Turns { inbox, schema, threads } = turns;
    if let OnError::DeadLetter(path) = &working.on_error {
        job.letters.open(path).map_err(|d| vec![d])?;
    }
    let about = NodeAbout::of(&node);
    let NodeStage { code, node_type, parameters, instance, ports, binding } = node;
    let port = ports.into_iter().next().unwrap_or_default();
    let code = &code;
    let connected = fanout.connected();
    let mut first = Some(instance);
    std::thread::scope(|scope| {
        let (mut to, mut from) = (Vec::new(), Vec::new());
        for number in 0..threads {
            let (batches, inbox) = mpsc::channel(1);
            let (results, made) = mpsc::channel(1);
            to.push(batches);
            from.push(made);
            let (port, schema, connected) = (port.clone(), schema.clone(), connected.clone());
            let (working, binding, ready) = (working.clone(), binding.clone(), first.take());
            let (node_type, parameters, about) = (&node_type, &parameters, about.clone());
            scope.spawn(move || {
                let Ok(executor) = executor() else { return };
                let failed = |error: CallError| call_problems(error, &format!("node.{}", working.name));
                let result: Ended = executor.block_on(async {
                    let instance = match ready {
                        Some(instance) => instance,
                        None => {
                            let store = working.store.clone();
                            let opened = code.open(store, node_type, parameters).await;
                            let mut instance = opened.map_err(failed)?;
                            instance.bind(&[(port.clone(), schema)]).await.map_err(failed)?;
                            instance
                        }
                    };
                    let run = NodeRun::new(job, working.clone(), instance, binding, about);
                    let mut run = run.in_turn(Turn::of(number, threads));
                    let result = take_turns(&mut run, &port, inbox, results, connected).await;
                    let collected = run.close().await;
                    result.and(collected)
                });
                if let Err(problems) = result {
                    job.failures.add(problems);
                }
            });
        }
        let executor = executor().map_err(|diagnosis| vec![diagnosis])?;
        executor.block_on(async { tokio::join!(hand_out(inbox, to), collect(job, from, fanout)) });
        Ok(())
    })
}

async fn take_turns(
    run: &mut NodeRun<'_>,
    port: &str,
    mut inbox: mpsc::Receiver<Batch>,
    results: mpsc::Sender<Made>,
    connected: Vec<bool>,
) -> Ended {
    let mut outlet = Outlet::Kept { batches: Vec::new(), connected };
    run.begin().await?;
    let mut more = true;
    while more {
        more = match inbox.recv().await {
            Some(batch) => run.work_on(port, &batch, &mut outlet).await?,
            None => {
                run.finish(port, &mut outlet).await?;
                false
            }
        };
        if let Outlet::Kept { batches, .. } = &mut outlet
            && results.send(std::mem::take(batches)).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

async fn hand_out(mut inbox: Inbox, to: Vec<mpsc::Sender<Batch>>) {
    for instance in to.iter().cycle() {
        let Some(batch) = inbox.receive().await else { return };
        if instance.send(batch).await.is_err() {
            return;
        }
    }
}

async fn collect(job: &Job<'_>, mut from: Vec<mpsc::Receiver<Made>>, fanout: &mut Fanout) {
    let mut turn = 0;
    while !from.is_empty() && !job.failures.stopped() && !fanout.is_done() {
        let Some(results) = from.get_mut(turn) else {
            turn = 0;
            continue;
        };
        match results.recv().await {
            Some(made) => {
                for (output, batch) in made {
                    fanout.send(output, batch).await;
                }
                turn += 1;
            }
            // The others have had their last turns before: what is still to come is from their ends.
            None => drop(from.remove(turn)),
        }
    }
}
