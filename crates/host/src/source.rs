//! Where bytes come from: a file, another plugin's output, standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jackfield_columns::Failure;
use tokio::sync::mpsc;

/// The most bytes that one read gives.
pub const LARGEST_READ: u32 = 4 << 20;

/// Bytes that a thread reads at once from standard input or a pipe.
const READER_PIECE: usize = 256 << 10;

/// What a read gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// At least one byte.
    Data(Vec<u8>),
    /// Nothing now; ask again later.
    Pause,
    /// Nothing more, ever.
    End,
}

/// The receiving end of a stream between two plugins. The stream ends when the sender is dropped.
pub type PieceReceiver = mpsc::Receiver<Result<Vec<u8>, Failure>>;

/// The most bytes of a stream that are put aside because a plugin wants random access; 64 GiB.
const LARGEST_ASIDE: u64 = 64 << 30;

/// Bytes from the start of a stream that do not count as gone when they were read.
const EARLY: usize = 4096;

/// A stream of bytes to read. Files have random access at once, other streams when they were put aside.
#[derive(Debug)]
pub struct ByteSource {
    name: Option<String>,
    size: Option<u64>,
    input: Input,
    /// Pieces to give before the input is asked again.
    pending: VecDeque<Vec<u8>>,
    recording: Option<Recording>,
    /// The bytes read so far, as long as they are few: a reader may look at them before it knows that it needs any place.
    early: Option<Vec<u8>>,
    read: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Input {
    File { file: File, position: u64 },
    Channel(PieceReceiver),
    Empty,
}

#[derive(Debug)]
struct Recording {
    pieces: Vec<Vec<u8>>,
    room: usize,
}

impl ByteSource {
    /// A file. What is not a regular file (a named pipe, a device) is read by a thread and has no random access.
    ///
    /// # Errors
    /// When the file cannot be opened, or is a folder.
    pub fn file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        // Plugins see the file's name, not where it lies on this machine.
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file, found a folder"));
        }
        if !metadata.is_file() {
            return Self::reader(&name, file);
        }
        Ok(Self { size: Some(metadata.len()), ..Self::of(Some(name), Input::File { file, position: 0 }) })
    }

    /// Standard input, read by a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn stdin() -> io::Result<Self> {
        Self::reader("-", io::stdin())
    }

    /// Anything that reads, on a thread of its own: waiting for it holds up nobody else.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn reader(name: &str, mut reader: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(2);
        let shown = name.to_owned();
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            loop {
                let mut piece = vec![0; READER_PIECE];
                let sent = match reader.read(&mut piece) {
                    Ok(0) => return,
                    Ok(count) => {
                        piece.truncate(count);
                        sender.blocking_send(Ok(piece))
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => {
                        // Nobody may be left to hear of it.
                        let _ = sender.blocking_send(Err(read_failure(Some(&shown), &error)));
                        return;
                    }
                };
                if sent.is_err() {
                    return;
                }
            }
        })?;
        Ok(Self::of(Some(name.to_owned()), Input::Channel(receiver)))
    }

    /// What another plugin writes. `name` is what format plugins see: a file name without the codec's extension.
    #[must_use]
    pub fn from_channel(name: Option<String>, pieces: PieceReceiver) -> Self {
        Self::of(name, Input::Channel(pieces))
    }

    /// Bytes that are already there.
    #[must_use]
    pub fn from_bytes(name: Option<String>, bytes: Vec<u8>) -> Self {
        let mut source = Self::of(name, Input::Empty);
        source.size = Some(bytes.len() as u64);
        source.put_back(bytes);
        source
    }

    fn of(name: Option<String>, input: Input) -> Self {
        Self {
            name,
            size: None,
            input,
            pending: VecDeque::new(),
            recording: None,
            early: Some(Vec::new()),
            read: Arc::default(),
        }
    }

    /// The file's name or whatever else tells people what this is.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Bytes in all, where that is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Counts the bytes that were read, for progress; it goes on counting when the source has moved into a plugin.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Keeps what is read from now on, up to so many bytes, so that [`Self::rewind`] can give it once more.
    pub fn record(&mut self, limit_bytes: usize) {
        if !matches!(self.input, Input::File { .. }) {
            self.recording = Some(Recording { pieces: Vec::new(), room: limit_bytes });
        }
    }

    /// Goes back to where [`Self::record`] was called (a file: to its start), and stops recording.
    /// `false`: more was read than was recorded, and nothing has changed.
    pub fn rewind(&mut self) -> bool {
        if let Input::File { position, .. } = &mut self.input {
            *position = 0;
            self.read.store(0, Ordering::Relaxed);
            self.pending.clear();
            return true;
        }
        let Some(recording) = self.recording.take() else { return false };
        for piece in recording.pieces.into_iter().rev() {
            self.put_back(piece);
        }
        self.read.store(0, Ordering::Relaxed);
        self.early = Some(Vec::new());
        true
    }

    /// Up to so many bytes from the start, which stay there to be read: for recognising a format.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn head(&mut self, bytes: usize) -> Result<Vec<u8>, Failure> {
        let mut head: Vec<u8> = Vec::new();
        while head.len() < bytes {
            match self.take(u32::try_from(bytes - head.len()).unwrap_or(LARGEST_READ)).await? {
                Piece::Data(data) if head.is_empty() => head = data,
                Piece::Data(data) => head.extend_from_slice(&data),
                Piece::Pause | Piece::End => break,
            }
        }
        self.put_back(head.clone());
        Ok(head)
    }

    /// At most `max` bytes, and at most [`LARGEST_READ`].
    ///
    /// # Errors
    /// When the file cannot be read, or whoever writes the stream has failed.
    pub async fn read(&mut self, max: u32) -> Result<Piece, Failure> {
        let piece = self.take(max).await?;
        if let Piece::Data(data) = &piece {
            self.read.fetch_add(data.len() as u64, Ordering::Relaxed);
            match &mut self.early {
                Some(early) if early.len() + data.len() <= EARLY => early.extend_from_slice(data),
                _ => self.early = None,
            }
            if let Some(recording) = &mut self.recording {
                match recording.room.checked_sub(data.len()) {
                    Some(room) => {
                        recording.room = room;
                        recording.pieces.push(data.clone());
                    }
                    None => self.recording = None,
                }
            }
        }
        Ok(piece)
    }

    /// Bytes from anywhere: at most `max`, fewer only at the end. What is no file is read to its end the first time, and
    /// put aside in a file that has no name; from then on its size is known.
    ///
    /// # Errors
    /// Kind `unavailable` where part of the stream is gone already, or a file cannot be read or written; `too-large`
    /// above 64 GiB.
    pub async fn read_at(&mut self, offset: u64, max: u32) -> Result<Vec<u8>, Failure> {
        if !matches!(self.input, Input::File { .. }) {
            self.put_aside().await?;
        }
        let Input::File { file, .. } = &self.input else { return Ok(Vec::new()) };
        let data = read_file(file, offset, max.min(LARGEST_READ), self.size.unwrap_or(u64::MAX))
            .map_err(|error| read_failure(self.name.as_deref(), &error))?;
        self.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data)
    }

    async fn put_aside(&mut self) -> Result<(), Failure> {
        let read = self.read.load(Ordering::Relaxed);
        let recorded = self.recording.as_ref().map_or(self.early.as_slice(), |recording| &recording.pieces);
        if recorded.iter().map(|piece| piece.len() as u64).sum::<u64>() != read {
            let message = "this stream has no random access: part of it was read already";
            return Err(Failure::unavailable("no-random-access", message));
        }
        let failed = |error: io::Error| {
            Failure::unavailable("put-aside", format!("cannot put the stream aside in temporary storage: {error}"))
                .with_help("it takes as much room as the stream has bytes; TMPDIR says where")
        };
        let mut file = tempfile::tempfile().map_err(failed)?;
        for piece in recorded {
            file.write_all(piece).map_err(failed)?;
        }
        self.recording = None;
        let mut size = read;
        while let Piece::Data(piece) = self.take(LARGEST_READ).await? {
            size += piece.len() as u64;
            if size > LARGEST_ASIDE {
                let message =
                    format!("the stream has more than {LARGEST_ASIDE} bytes, and its format needs all at once");
                return Err(Failure::limit("too-large", message).with_help("read it from a file"));
            }
            file.write_all(&piece).map_err(failed)?;
        }
        self.pending.clear();
        self.size = Some(size);
        self.input = Input::File { file, position: read };
        Ok(())
    }

    async fn take(&mut self, max: u32) -> Result<Piece, Failure> {
        let max = max.clamp(1, LARGEST_READ);
        loop {
            if let Some(mut piece) = self.pending.pop_front() {
                if piece.is_empty() {
                    continue;
                }
                if piece.len() > max as usize {
                    let rest = piece.split_off(max as usize);
                    self.pending.push_front(rest);
                }
                return Ok(Piece::Data(piece));
            }
            match &mut self.input {
                Input::Empty => return Ok(Piece::End),
                Input::File { file, position } => {
                    let data = read_file(file, *position, max, self.size.unwrap_or(u64::MAX))
                        .map_err(|error| read_failure(self.name.as_deref(), &error))?;
                    if data.is_empty() {
                        return Ok(Piece::End);
                    }
                    *position += data.len() as u64;
                    return Ok(Piece::Data(data));
                }
                Input::Channel(pieces) => match pieces.recv().await {
                    Some(piece) => self.pending.push_back(piece?),
                    None => return Ok(Piece::End),
                },
            }
        }
    }

    fn put_back(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.pending.push_front(bytes);
        }
    }
}

/// Reads until `max` bytes are there or the file ends. `size` only keeps the buffer from being larger than the file.
fn read_file(file: &File, offset: u64, max: u32, size: u64) -> io::Result<Vec<u8>> {
    let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    // A file that grew while it was read is read on in small steps.
    let mut buffer = vec![0; (max as usize).min(left.max(4096))];
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

fn read_failure(name: Option<&str>, error: &io::Error) -> Failure {
    Failure::unavailable("read", format!("cannot read {}: {error}", name.unwrap_or("the stream")))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn all(source: &mut ByteSource, max: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Piece::Data(data) = source.read(max).await.unwrap() {
            assert!(data.len() <= max as usize);
            bytes.extend(data);
        }
        bytes
    }

    #[tokio::test]
    async fn a_file_is_read_in_pieces_and_again() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut source = ByteSource::file(file.path()).unwrap();
        assert_eq!(source.size(), Some(10));
        assert_eq!(all(&mut source, 3).await, b"0123456789");
        assert_eq!(source.read_at(4, 3).await.unwrap(), b"456");
        assert_eq!(source.read_at(40, 3).await.unwrap(), b"");
        assert_eq!(source.read_at(u64::MAX, 3).await.unwrap_err().code, "read");
        assert!(source.rewind());
        assert_eq!(source.head(4).await.unwrap(), b"0123");
        assert_eq!(all(&mut source, 100).await, b"0123456789");
    }

    #[tokio::test]
    async fn a_stream_gives_its_recorded_head_once_more() {
        let (sender, receiver) = mpsc::channel(8);
        for piece in ["ab", "", "cdefg", "hi"] {
            sender.send(Ok(piece.as_bytes().to_vec())).await.unwrap();
        }
        drop(sender);
        let mut source = ByteSource::from_channel(None, receiver);
        source.record(6);
        assert_eq!(source.read(3).await.unwrap(), Piece::Data(b"ab".to_vec()));
        assert_eq!(source.read(3).await.unwrap(), Piece::Data(b"cde".to_vec()));
        assert!(source.rewind());
        source.record(6);
        assert_eq!(all(&mut source, 4).await, b"abcdefghi");
        assert!(!source.rewind(), "more was read than recorded");
        assert_eq!(source.read_at(0, 1).await.unwrap(), b"a", "so little is kept anyway");
    }

    #[tokio::test]
    async fn a_stream_is_put_aside_for_random_access() {
        for (head, recorded) in [(0, true), (3, true), (3, false)] {
            let (sender, receiver) = mpsc::channel(8);
            for piece in ["abcd", "efg", "hi"] {
                sender.send(Ok(piece.as_bytes().to_vec())).await.unwrap();
            }
            drop(sender);
            let mut source = ByteSource::from_channel(None, receiver);
            if recorded {
                source.record(6);
            }
            assert_eq!(source.size(), None);
            if head > 0 {
                assert_eq!(source.read(head).await.unwrap(), Piece::Data(b"abc".to_vec()));
            }
            assert_eq!(source.read_at(5, 3).await.unwrap(), b"fgh");
            assert_eq!(source.size(), Some(9));
            assert_eq!(all(&mut source, 100).await, &b"abcdefghi"[head as usize..]);
            assert!(source.rewind());
            assert_eq!(all(&mut source, 4).await, b"abcdefghi");
        }
    }
}
