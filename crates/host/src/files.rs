//! `wasi:filesystem` as a plugin sees it: the folders and files that were granted, and nothing else. wasmtime's
//! implementation keeps paths inside of an opened folder; this layer in front of it counts what is written against the
//! quota, opens nothing but folders and regular files, keeps places apart that were granted apart, and tells what was
//! denied.

mod descriptor;
mod streams;

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use crate::Rights;
use crate::account::{Account, Stop};
use crate::denials::Denials;
use crate::rights::{Access, FileRight, Place};
use crate::state::State;
use types::{ErrorCode, HostDescriptor};

/// What a new entry of a folder costs of the quota, whatever it holds: names take place as well.
const ENTRY_BYTES: u64 = 4096;

/// What a store remembers of its open files.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    rights: Arc<Rights>,
    /// By the handle: the number of the right that it came of, and whether it is what was granted itself.
    origins: HashMap<u32, Origin>,
}

/// Where a descriptor came from.
#[derive(Clone, Copy, Debug)]
struct Origin {
    right: usize,
    top: bool,
}

impl OpenFiles {
    pub(crate) fn new(rights: Arc<Rights>) -> OpenFiles {
        OpenFiles { rights, origins: HashMap::new() }
    }
}

/// A view on a store's files for the time of one call.
pub(crate) struct Files<'a> {
    pub(crate) view: WasiFilesystemCtxView<'a>,
    pub(crate) open: &'a mut OpenFiles,
    pub(crate) account: &'a mut Account,
    pub(crate) denials: &'a Denials,
}

/// Says that the functions work on [`Files`].
struct OnFiles;

impl HasData for OnFiles {
    type Data<'a> = Files<'a>;
}

/// Links `wasi:filesystem`.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    preopens::add_to_linker::<State, OnFiles>(linker, State::files)?;
    types::add_to_linker::<State, OnFiles>(linker, State::files)
}

impl Files<'_> {
    /// Every call costs, and ends with the plugin's time.
    fn enter(&mut self) -> FsResult<()> {
        self.account.enter().map_err(FsError::trap)
    }

    fn origin(&self, descriptor: &Resource<Descriptor>) -> FsResult<Origin> {
        let origin = self.open.origins.get(&descriptor.rep()).copied();
        origin.ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    fn right(&self, origin: Origin) -> FsResult<FileRight> {
        self.open.rights.files.get(origin.right).cloned().ok_or_else(|| ErrorCode::BadDescriptor.into())
    }

    /// What a descriptor leads to, for reading.
    fn reading(&mut self, descriptor: &Resource<Descriptor>) -> FsResult<(Origin, FileRight)> {
        self.enter()?;
        let origin = self.origin(descriptor)?;
        let right = self.right(origin)?;
        right.note(Access::Read);
        Ok((origin, right))
    }

    /// The same for changing something.
    fn writing(&mut self, descriptor: &Resource<Descriptor>) -> FsResult<(Origin, FileRight)> {
        self.enter()?;
        let origin = self.origin(descriptor)?;
        let right = self.right(origin)?;
        if right.access == Access::Read {
            let line = format!("filesystem.write = [{{ path = \"{}\", reason = \"…\" }}]", right.guest);
            let help = format!("ask for it under [permissions] in plugin.toml: {line}");
            self.denials.deny("filesystem.write", format!("writing to {}", right.guest), help);
            return Err(ErrorCode::ReadOnly.into());
        }
        right.note(Access::Write);
        Ok((origin, right))
    }

    /// The name in the opened folder that the guest's path means. A granted file is, to the guest, a folder with nothing
    /// in it but itself, so that its neighbours cannot even be named.
    fn name(&mut self, origin: Origin, right: &FileRight, path: String) -> FsResult<String> {
        match right.place() {
            Place::Folder => Ok(path),
            Place::File(name) if origin.top && matches!(path.as_str(), "" | "." | "./") => Ok(name.clone()),
            Place::File(_) => Err(ErrorCode::NoEntry.into()),
        }
    }

    /// Nothing but folders may be changed by adding and removing entries.
    fn changing(&mut self, descriptor: &Resource<Descriptor>) -> FsResult<FileRight> {
        let (_, right) = self.writing(descriptor)?;
        match right.place() {
            Place::Folder => Ok(right),
            Place::File(_) => {
                let help =
                    "ask for the folder instead of the file: filesystem.write = [{ path = \"…\", reason = \"…\" }]";
                self.refuse(&right, format!("adding or removing entries beside {}", right.guest), help);
                Err(ErrorCode::NotPermitted.into())
            }
        }
    }

    /// A symbolic link beside a granted file must not lead to its neighbours.
    fn follow(right: &FileRight, flags: types::PathFlags) -> types::PathFlags {
        match right.place() {
            Place::Folder => flags,
            Place::File(_) => types::PathFlags::empty(),
        }
    }

    /// Takes bytes of the quota, and of what the instance may write in all.
    fn pay(&self, right: &FileRight, bytes: u64) -> FsResult<()> {
        if !right.quota().take(bytes) {
            over_quota(self.denials, right);
            return Err(ErrorCode::Quota.into());
        }
        self.account.write_file(bytes).map_err(FsError::trap)
    }

    /// Room for one more open folder or file.
    fn room(&self) -> Result<(), Stop> {
        self.account.open_file(self.open.origins.len())
    }

    /// Tells that something was tried which no grant of this place allows.
    fn refuse(&self, right: &FileRight, what: String, help: &str) {
        let permission = match right.access {
            Access::Read => "filesystem.read",
            Access::Write => "filesystem.write",
        };
        self.denials.deny(permission, what, help.to_owned());
    }

    /// Hands on a result of the layer below. What it does not permit leads out of the place, and is told.
    fn told<T>(&self, result: FsResult<T>, right: &FileRight, doing: &str, path: &str) -> FsResult<T> {
        result.inspect_err(|error| {
            if let Some(ErrorCode::NotPermitted | ErrorCode::Access) = error.downcast_ref() {
                let help = "a plugin sees nothing but the folders that it was granted: grant the one that this lies in";
                self.refuse(right, format!("{doing} {path} from {}", right.guest), help);
            }
        })
    }

    /// What lies at a path: opening something else than a folder or a regular file could wait for ever.
    async fn kind_at(
        &mut self,
        folder: &Resource<Descriptor>,
        flags: types::PathFlags,
        path: &str,
    ) -> FsResult<Option<types::DescriptorType>> {
        let folder = Resource::new_borrow(folder.rep());
        match self.view.stat_at(folder, flags, path.to_owned()).await {
            Ok(stat) => Ok(Some(stat.type_)),
            Err(error) => match error.downcast_ref() {
                Some(ErrorCode::NoEntry) => Ok(None),
                _ => Err(error),
            },
        }
    }
}

/// Tells that a quota is used up.
fn over_quota(denials: &Denials, right: &FileRight) {
    let quota = crate::limits::bytes_text(right.quota_bytes());
    let help = format!(
        "ask for more: filesystem.write = [{{ path = \"{}\", quota = \"…\", reason = \"…\" }}], as far as [policy] allows",
        right.guest
    );
    denials.deny("filesystem.write", format!("writing more than {quota} to {}", right.guest), help);
}

impl preopens::Host for Files<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.account.enter()?;
        let rights = Arc::clone(&self.open.rights);
        let mut folders = Vec::with_capacity(rights.files.len());
        for (number, right) in rights.files.iter().enumerate() {
            let (perms, mode) = match right.access {
                Access::Read => (FsPerms::ReadOnly, OpenMode::READ),
                Access::Write => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
            };
            self.room()?;
            let folder = Dir::new(right.folder().try_clone()?, perms, mode, false);
            let descriptor = self.view.table.push(Descriptor::Dir(folder)).map_err(wasmtime::Error::new)?;
            self.open.origins.insert(descriptor.rep(), Origin { right: number, top: true });
            folders.push((descriptor, right.guest.clone()));
        }
        Ok(folders)
    }
}
