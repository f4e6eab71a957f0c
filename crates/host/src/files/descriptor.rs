//! The functions of descriptors: each finds out what the descriptor came of, checks, and hands on.

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode, HostDescriptor, HostDirectoryEntryStream};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, ReaddirIterator};

use super::streams::Counted;
use super::{ENTRY_BYTES, Files, Origin};
use crate::rights::Place;

/// A handle for a call of the layer below; the guest keeps its own.
fn lent<T: 'static>(handle: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(handle.rep())
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        types::Host::convert_error_code(&mut self.view, error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        if self.view.table.get(&error)?.downcast_ref::<super::streams::OverQuota>().is_some() {
            return Ok(Some(ErrorCode::Quota));
        }
        types::Host::filesystem_error_code(&mut self.view, error)
    }
}

impl HostDescriptor for Files<'_> {
    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
        length: types::Filesize,
        advice: types::Advice,
    ) -> FsResult<()> {
        self.reading(&fd)?;
        self.view.advise(fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.reading(&fd)?;
        self.view.sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorFlags> {
        self.enter()?;
        self.origin(&fd)?;
        self.view.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorType> {
        self.enter()?;
        self.origin(&fd)?;
        self.view.get_type(fd).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: types::Filesize) -> FsResult<()> {
        let (_, right) = self.writing(&fd)?;
        let before = self.view.stat(lent(&fd)).await?.size;
        self.pay(&right, size.saturating_sub(before))?;
        self.view.set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let (origin, right) = self.writing(&fd)?;
        if origin.top && *right.place() != Place::Folder {
            let help = "times are set at an open file";
            self.refuse(&right, format!("setting the times of the folder of {}", right.guest), help);
            return Err(ErrorCode::NotPermitted.into());
        }
        self.view.set_times(fd, accessed, modified).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: types::Filesize,
        offset: types::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.reading(&fd)?;
        self.view.read(fd, length, offset).await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: types::Filesize,
    ) -> FsResult<types::Filesize> {
        let (_, right) = self.writing(&fd)?;
        let length = bytes.len() as u64;
        self.pay(&right, length)?;
        let written = self.view.write(fd, bytes, offset).await;
        right.quota().give_back(length - written.as_ref().map_or(0, |written| (*written).min(length)));
        written
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<ReaddirIterator>> {
        let (_, right) = self.reading(&fd)?;
        match right.place() {
            Place::Folder => self.view.read_directory(fd).await,
            Place::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.reading(&fd)?;
        self.view.sync(fd).await
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let right = self.changing(&fd)?;
        self.pay(&right, ENTRY_BYTES)?;
        let made = self.view.create_directory_at(fd, path.clone()).await;
        self.told(made, &right, "making the folder", &path)
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorStat> {
        let (origin, right) = self.reading(&fd)?;
        match right.place() {
            // The folder that a granted file lies in is not the guest's business.
            Place::File(name) if origin.top => {
                let name = name.clone();
                self.view.stat_at(fd, types::PathFlags::empty(), name).await
            }
            _ => self.view.stat(fd).await,
        }
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        let (origin, right) = self.reading(&fd)?;
        let path = self.name(origin, &right, path)?;
        let stat = self.view.stat_at(fd, Self::follow(&right, flags), path.clone()).await;
        self.told(stat, &right, "looking at", &path)
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        accessed: types::NewTimestamp,
        modified: types::NewTimestamp,
    ) -> FsResult<()> {
        let (origin, right) = self.writing(&fd)?;
        let path = self.name(origin, &right, path)?;
        let set = self.view.set_times_at(fd, Self::follow(&right, flags), path.clone(), accessed, modified).await;
        self.told(set, &right, "setting the times of", &path)
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        to: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (from, right) = (self.changing(&fd)?, self.changing(&to)?);
        // What was granted apart stays apart.
        if from.guest != right.guest {
            self.apart(&from, &right);
            return Err(ErrorCode::CrossDevice.into());
        }
        self.pay(&right, ENTRY_BYTES)?;
        let linked = self.view.link_at(fd, flags, path.clone(), to, new_path.clone()).await;
        self.told(linked, &right, "linking", &format!("{path} to {new_path}"))
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        how: types::OpenFlags,
        access: types::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let creates = how.contains(types::OpenFlags::CREATE);
        let writes = creates
            || how.contains(types::OpenFlags::TRUNCATE)
            || access.intersects(types::DescriptorFlags::WRITE | types::DescriptorFlags::MUTATE_DIRECTORY);
        let (origin, right) = if writes { self.writing(&fd)? } else { self.reading(&fd)? };
        let path = self.name(origin, &right, path)?;
        let flags = Self::follow(&right, flags);
        let kind = self.kind_at(&fd, flags, &path).await;
        match self.told(kind, &right, "opening", &path)? {
            Some(types::DescriptorType::RegularFile) => {}
            Some(types::DescriptorType::Directory) if *right.place() == Place::Folder => {}
            // Not followed, this is an error that the layer below has the right words for.
            Some(types::DescriptorType::SymbolicLink) => {}
            Some(_) => {
                let help = "plugins open regular files and folders: a pipe, socket or device could keep them for ever";
                self.refuse(&right, format!("opening {path} from {}, which is no regular file", right.guest), help);
                return Err(ErrorCode::NotPermitted.into());
            }
            None if creates => self.pay(&right, ENTRY_BYTES)?,
            None => {}
        }
        self.room().map_err(FsError::trap)?;
        let opened = self.view.open_at(fd, flags, path.clone(), how, access).await;
        let opened = self.told(opened, &right, "opening", &path)?;
        self.open.origins.insert(opened.rep(), Origin { right: origin.right, top: false });
        Ok(opened)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.open.origins.remove(&fd.rep());
        HostDescriptor::drop(&mut self.view, fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let (_, right) = self.reading(&fd)?;
        match right.place() {
            Place::Folder => {
                let read = self.view.readlink_at(fd, path.clone()).await;
                self.told(read, &right, "reading the link", &path)
            }
            Place::File(_) => Err(ErrorCode::Invalid.into()),
        }
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let right = self.changing(&fd)?;
        let removed = self.view.remove_directory_at(fd, path.clone()).await;
        self.told(removed, &right, "removing", &path)
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        to: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (from, right) = (self.changing(&fd)?, self.changing(&to)?);
        if from.guest != right.guest {
            self.apart(&from, &right);
            return Err(ErrorCode::CrossDevice.into());
        }
        let renamed = self.view.rename_at(fd, path.clone(), to, new_path.clone()).await;
        self.told(renamed, &right, "renaming", &format!("{path} to {new_path}"))
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        let right = self.changing(&fd)?;
        // The plugin could not follow such a link, but somebody else might, later.
        if target.starts_with('/') || target.split('/').any(|part| part == "..") {
            let help = "links may lead to what lies beside or below them";
            self.refuse(&right, format!("making a link to {target} in {}", right.guest), help);
            return Err(ErrorCode::NotPermitted.into());
        }
        self.pay(&right, ENTRY_BYTES)?;
        let linked = self.view.symlink_at(fd, target, path.clone()).await;
        self.told(linked, &right, "making the link", &path)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let right = self.changing(&fd)?;
        let removed = self.view.unlink_file_at(fd, path.clone()).await;
        self.told(removed, &right, "removing", &path)
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        self.reading(&fd)?;
        self.view.read_via_stream(fd, offset)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let (_, right) = self.writing(&fd)?;
        let stream = self.view.write_via_stream(fd, offset)?;
        self.counted(stream, right)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let (_, right) = self.writing(&fd)?;
        let stream = self.view.append_via_stream(fd)?;
        self.counted(stream, right)
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        self.account.enter()?;
        self.view.is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<types::MetadataHashValue> {
        let (origin, right) = self.reading(&fd)?;
        match right.place() {
            Place::File(name) if origin.top => {
                let name = name.clone();
                self.view.metadata_hash_at(fd, types::PathFlags::empty(), name).await
            }
            _ => self.view.metadata_hash(fd).await,
        }
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        let (origin, right) = self.reading(&fd)?;
        let path = self.name(origin, &right, path)?;
        let hash = self.view.metadata_hash_at(fd, Self::follow(&right, flags), path.clone()).await;
        self.told(hash, &right, "looking at", &path)
    }
}

impl HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<ReaddirIterator>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        self.enter()?;
        self.view.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<ReaddirIterator>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.view, stream)
    }
}

impl Files<'_> {
    /// Tells that an entry was to move between two places.
    fn apart(&self, from: &crate::rights::FileRight, to: &crate::rights::FileRight) {
        let help = "what was granted apart stays apart: copy the bytes";
        self.refuse(to, format!("moving or linking from {} to {}", from.guest, to.guest), help);
    }

    /// Puts the counter in front of a stream that has just been made.
    fn counted(
        &mut self,
        stream: Resource<DynOutputStream>,
        right: crate::rights::FileRight,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.view.table.delete(stream)?;
        let written = self.account.written();
        let counted: DynOutputStream = Box::new(Counted::new(inner, right, self.denials.clone(), written));
        Ok(self.view.table.push(counted)?)
    }
}
