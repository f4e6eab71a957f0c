//! Where bytes go: a file, standard output, another plugin's input.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jackfield_columns::{Failure, FailureKind};
use tokio::sync::mpsc;

/// The sending end of a stream between two plugins.
pub type PieceSender = mpsc::Sender<Result<Vec<u8>, Failure>>;

/// A stream of bytes to write. Nothing is buffered here: a write has left when it comes back.
#[derive(Debug)]
pub struct ByteSink {
    name: String,
    output: Output,
    position: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Output {
    File(File),
    Stdout,
    Channel(PieceSender),
    Nowhere,
}

impl ByteSink {
    /// A new file, or an old one emptied.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Ok(Self::from_file(path.to_string_lossy().into_owned(), File::create(path)?, 0))
    }

    /// The end of a file, which is made if it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let position = file.metadata()?.len();
        Ok(Self::from_file(path.to_string_lossy().into_owned(), file, position))
    }

    /// A file that is already open, with `position` bytes in it.
    #[must_use]
    pub fn from_file(name: String, file: File, position: u64) -> Self {
        Self { name, output: Output::File(file), position: Arc::new(AtomicU64::new(position)) }
    }

    /// Standard output. When its reader goes away, a write fails with kind `cancelled` and code `broken-pipe`.
    #[must_use]
    pub fn stdout() -> Self {
        Self { name: "standard output".to_owned(), output: Output::Stdout, position: Arc::default() }
    }

    /// Another plugin's input.
    #[must_use]
    pub fn to_channel(name: String, pieces: PieceSender) -> Self {
        Self { name, output: Output::Channel(pieces), position: Arc::default() }
    }

    /// Takes everything and keeps nothing: for trying out a writer before there is an output.
    #[must_use]
    pub fn discard() -> Self {
        Self { name: "nowhere".to_owned(), output: Output::Nowhere, position: Arc::default() }
    }

    /// The same sink with so many bytes counted as there already: behind an encoder, an appended file looks new.
    #[must_use]
    pub fn starting_at(self, position: u64) -> Self {
        self.position.store(position, Ordering::Relaxed);
        self
    }

    /// The file's name or whatever else tells people what this is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that are there: those of an appended file and those written since.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// Goes on telling the position when the sink has moved into a plugin.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.position)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Kind `cancelled` when nobody reads any more; otherwise when writing fails.
    pub async fn write(&mut self, data: Vec<u8>) -> Result<(), Failure> {
        if data.is_empty() {
            return Ok(());
        }
        let bytes = data.len() as u64;
        match &mut self.output {
            Output::File(file) => file.write_all(&data).map_err(|error| write_failure(&self.name, &error))?,
            Output::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(&data).and_then(|()| stdout.flush());
                written.map_err(|error| write_failure(&self.name, &error))?;
            }
            Output::Nowhere => {}
            Output::Channel(pieces) => {
                let gone = || Failure {
                    kind: FailureKind::Cancelled,
                    ..Failure::internal("closed", "nobody reads this stream any more")
                };
                pieces.send(Ok(data)).await.map_err(|_| gone())?;
            }
        }
        self.position.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Tells the plugin that reads this stream that its rest will not come. Files and standard output ignore it.
    pub async fn fail(&mut self, failure: Failure) {
        if let Output::Channel(pieces) = &self.output {
            // A reader that is gone needs no telling.
            let _ = pieces.send(Err(failure)).await;
        }
    }

    /// Waits until a file's bytes are on the disk.
    ///
    /// # Errors
    /// When the file system reports an error of an earlier write.
    pub fn sync(&mut self) -> Result<(), Failure> {
        match &self.output {
            Output::File(file) => file.sync_all().map_err(|error| write_failure(&self.name, &error)),
            Output::Stdout | Output::Channel(_) | Output::Nowhere => Ok(()),
        }
    }
}

fn write_failure(name: &str, error: &io::Error) -> Failure {
    let message = format!("cannot write {name}: {error}");
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure { kind: FailureKind::Cancelled, ..Failure::internal("broken-pipe", message) };
    }
    Failure::unavailable("write", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_appended_file_tells_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        ByteSink::file(&path).unwrap().write(b"abc".to_vec()).await.unwrap();
        let mut sink = ByteSink::append(&path).unwrap();
        assert_eq!(sink.position(), 3);
        sink.write(b"de".to_vec()).await.unwrap();
        assert_eq!(sink.position(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"abcde");
    }

    #[tokio::test]
    async fn a_reader_that_left_cancels() {
        let (sender, receiver) = mpsc::channel(1);
        let mut sink = ByteSink::to_channel("next".to_owned(), sender);
        drop(receiver);
        assert_eq!(sink.write(vec![1]).await.unwrap_err().kind, FailureKind::Cancelled);
    }
}
