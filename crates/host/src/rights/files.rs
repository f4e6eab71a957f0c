//! Folders and files that were granted: opened once, when the plugin is loaded, so that whatever is put in their place
//! later is not reached.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading, writing, creating and removing.
    Write,
}

/// A folder or a file that a plugin sees.
#[derive(Clone, Debug)]
pub struct FileRight {
    /// The permission as the manifest asks for it.
    pub right: String,
    /// The path that the plugin sees.
    pub guest: String,
    /// The path on the host.
    pub host: PathBuf,
    /// What may be done.
    pub access: Access,
    place: Place,
    folder: Arc<File>,
    quota: Arc<Quota>,
    used: Arc<[AtomicBool; 2]>,
}

/// What lies at the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder with all that is in it.
    Folder,
    /// A file, by its name in the folder that is opened.
    File(String),
}

impl FileRight {
    /// Opens what lies at `host`: a folder, or the folder of a regular file. `quota` is how many bytes may be written in
    /// all, by all instances of the plugin in this process.
    ///
    /// # Errors
    /// There is no such folder or file, or it is something else.
    pub fn open(right: String, guest: String, host: &Path, access: Access, quota: u64) -> io::Result<FileRight> {
        let metadata = std::fs::metadata(host)?;
        let (folder, place) = if metadata.is_dir() {
            (File::open(host)?, Place::Folder)
        } else if metadata.is_file() {
            let name = host.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| io::Error::other("the file's name is not UTF-8"))?;
            let parent = host.parent().ok_or_else(|| io::Error::other("the file lies in no folder"))?;
            (File::open(parent)?, Place::File(name.to_owned()))
        } else {
            return Err(io::Error::other("it is neither a folder nor a regular file"));
        };
        let quota = Arc::new(Quota { most: quota, taken: AtomicU64::new(0) });
        let folder = Arc::new(folder);
        Ok(FileRight { right, guest, host: host.to_owned(), access, place, folder, quota, used: Arc::default() })
    }

    pub(crate) fn folder(&self) -> &File {
        &self.folder
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn quota(&self) -> &Arc<Quota> {
        &self.quota
    }

    /// Bytes that may be written in all.
    #[must_use]
    pub fn quota_bytes(&self) -> u64 {
        self.quota.most
    }

    /// Notes that the plugin has read, or written, there.
    pub(crate) fn note(&self, access: Access) {
        let [read, written] = &*self.used;
        let flag = if access == Access::Read { read } else { written };
        flag.store(true, Ordering::Relaxed);
    }

    /// Whether the plugin has read, or written, there.
    #[must_use]
    pub fn was_used(&self, access: Access) -> bool {
        let [read, written] = &*self.used;
        let flag = if access == Access::Read { read } else { written };
        flag.load(Ordering::Relaxed)
    }
}

/// What may still be written.
#[derive(Debug)]
pub(crate) struct Quota {
    most: u64,
    taken: AtomicU64,
}

impl Quota {
    /// Takes so many bytes, if there are as many left. What was written is not given back when files are removed.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let more = |taken: u64| taken.checked_add(bytes).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives back what was taken and then not written.
    pub(crate) fn give_back(&self, bytes: u64) {
        let less = |taken: u64| Some(taken.saturating_sub(bytes));
        let _ = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_never_exceeded() {
        let quota = Quota { most: 10, taken: AtomicU64::new(0) };
        assert!(quota.take(6) && !quota.take(5) && quota.take(4) && !quota.take(1) && !quota.take(u64::MAX));
        quota.give_back(3);
        assert!(quota.take(3) && !quota.take(1));
    }
}
