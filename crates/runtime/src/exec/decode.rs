//! Decompression, on a thread of its own between a file and its format.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_columns::Failure;
use jackfield_host::{ByteSource, CallError, Decoder, Piece, PieceSender, Usage};
use tokio::sync::mpsc;

use crate::diagnose::{Class, Diagnosis, ProblemExt, call_problems, problem};
use crate::plan::CodecChoice;

/// So much is decompressed at once.
const PIECE_BYTES: u32 = 256 << 10;

/// So many pieces may wait for the reader: 8 MiB, which keeps the decoder going while the rest of a pipeline is planned.
const PIECES_IN_FLIGHT: usize = 32;

/// What a decoder has to say beside its bytes: why it ended, and what it used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    counter: Option<Arc<AtomicU64>>,
    problems: Vec<Diagnosis>,
    usage: Usage,
}

impl Trouble {
    /// The decoder's own problems if it has any, because a reader only passes on what it heard of them.
    pub(crate) fn instead_of(&self, heard: Vec<Diagnosis>) -> Vec<Diagnosis> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.problems.is_empty() { heard } else { std::mem::take(&mut told.problems) }
    }

    /// What the decoder has used until now.
    pub(crate) fn usage(&self) -> Usage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).usage
    }

    /// Remembers where the bytes of the compressed file are counted.
    pub(crate) fn count_with(&self, counter: Arc<AtomicU64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counter = Some(counter);
    }

    /// The bytes that were read of the file itself.
    pub(crate) fn bytes(&self) -> u64 {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.counter.as_ref().map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    fn fail(&self, problems: Vec<Diagnosis>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).problems.extend(problems);
    }

    fn used(&self, usage: Usage) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).usage = usage;
    }
}

/// Starts to decompress `bytes`, some pieces ahead of whoever reads the result. `shown` is the file's name for messages.
pub(crate) fn spawn_decoder(
    choice: &CodecChoice,
    bytes: ByteSource,
    shown: &str,
    trouble: &Trouble,
) -> Result<ByteSource, Diagnosis> {
    let (sender, receiver) = mpsc::channel(PIECES_IN_FLIGHT);
    let name = shown.rsplit_once('.').map_or(shown, |(stem, _)| stem).to_owned();
    let (choice, shown, trouble) = (choice.clone(), shown.to_owned(), trouble.clone());
    let work = move || {
        let Ok(executor) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        executor.block_on(decode(&choice, bytes, &shown, &trouble, sender));
    };
    std::thread::Builder::new()
        .name("decode".to_owned())
        .spawn(work)
        .map_err(|error| problem("io", format!("no thread to decompress: {error}")).class(Class::Failed))?;
    Ok(ByteSource::from_channel(Some(name), receiver))
}

async fn decode(choice: &CodecChoice, bytes: ByteSource, shown: &str, trouble: &Trouble, sender: PieceSender) {
    let component = &choice.plugin.component;
    let opened = Decoder::open(component, choice.store.clone(), &choice.codec, &choice.options, bytes).await;
    let mut decoder = match opened {
        Ok(decoder) => decoder,
        Err(error) => return give_up(error, choice, shown, trouble, &sender).await,
    };
    loop {
        let piece = decoder.read(PIECE_BYTES).await;
        trouble.used(decoder.usage());
        match piece {
            Ok(Piece::Data(data)) => {
                if sender.send(Ok(data)).await.is_err() {
                    return;
                }
            }
            Ok(Piece::Pause) => tokio::task::yield_now().await,
            Ok(Piece::End) => return,
            Err(error) => return give_up(error, choice, shown, trouble, &sender).await,
        }
    }
}

async fn give_up(error: CallError, choice: &CodecChoice, shown: &str, trouble: &Trouble, sender: &PieceSender) {
    if sender.is_closed() {
        return;
    }
    let problems = call_problems(error, &format!("{shown}: {}", choice.codec));
    let message = problems.first().map_or("decompression failed", |d| d.problem.message.as_str()).to_owned();
    trouble.fail(problems);
    // A reader that is gone does not need to know.
    let _ = sender.send(Err(Failure::invalid_input("decode", message))).await;
}
