//! Our `wasi_snapshot_preview1`, put together of the parts in `guest-sdk/adapter`.

use jackfield_manifest::{Manifest, Problem};
use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::embedded;
use crate::failure::BuildError;

/// The name that compilers import it by.
pub const NAME: &str = "wasi_snapshot_preview1";

/// The name under which the calls for files go to the usual adapter, where the manifest chooses it.
pub(crate) const FILES: &str = "wasi_snapshot_preview1_files";

/// Whether a call of preview 1 is about files, and what goes with them: streams, arguments, environment.
pub(crate) fn is_file_call(name: &str) -> bool {
    ["fd_", "path_", "args_", "environ_", "poll_", "sock_"].iter().any(|prefix| name.starts_with(prefix))
}

/// What of the outside world the adapter forwards; all else it makes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// The host's clocks instead of a virtual one.
    pub clock: bool,
    /// The host's random numbers instead of the same ones in every instance.
    pub random: bool,
}

impl Forwarded {
    /// What a manifest asks for.
    pub fn of(manifest: &Manifest) -> Forwarded {
        Forwarded { clock: manifest.permissions.clock.is_some(), random: manifest.permissions.random.is_some() }
    }
}

/// The adapter as a core module with its type.
///
/// # Errors
/// The parts do not fit together, which the tests exclude.
pub fn module(forwarded: Forwarded) -> Result<Vec<u8>, BuildError> {
    let wrong = |error: String| BuildError::machine(Problem::error("adapter-broken", format!("the adapter: {error}")));
    let mut bytes = wat::parse_str(text(forwarded)).map_err(|error| wrong(error.to_string()))?;
    let interfaces = part("interfaces.wit.txt");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("interfaces.wit", &interfaces).map_err(|error| wrong(format!("{error:#}")))?;
    let world = resolve.select_world(&[package], Some("adapter")).map_err(|error| wrong(format!("{error:#}")))?;
    wit_component::embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| wrong(format!("{error:#}")))?;
    Ok(bytes)
}

/// The parts as one module: imports stand first, whatever part they are from.
fn text(forwarded: Forwarded) -> String {
    let clock = if forwarded.clock { "clock-real.wat" } else { "clock-virtual.wat" };
    let random = if forwarded.random { "random-real.wat" } else { "random-seeded.wat" };
    let parts: Vec<String> = ["base.wat", clock, random, "random-fill.wat"].into_iter().map(part).collect();
    let lines = || parts.iter().flat_map(|part| part.lines());
    let imports = lines().filter(|line| line.starts_with("(import"));
    let rest = lines().filter(|line| !line.starts_with("(import"));
    let text: Vec<&str> = std::iter::once("(module").chain(imports).chain(rest).chain([")"]).collect();
    text.join("\n")
}

fn part(name: &str) -> String {
    let found = embedded("guest-sdk/adapter").find(|(path, _)| *path == name);
    found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports everything of preview 1 that compilers may ask for.
    const EVERYTHING: [&str; 47] = [
        "adapter_monotonic_clock_set_paused",
        "args_get",
        "args_sizes_get",
        "clock_res_get",
        "clock_time_get",
        "environ_get",
        "environ_sizes_get",
        "fd_advise",
        "fd_allocate",
        "fd_close",
        "fd_datasync",
        "fd_fdstat_get",
        "fd_fdstat_set_flags",
        "fd_fdstat_set_rights",
        "fd_filestat_get",
        "fd_filestat_set_size",
        "fd_filestat_set_times",
        "fd_pread",
        "fd_prestat_dir_name",
        "fd_prestat_get",
        "fd_pwrite",
        "fd_read",
        "fd_readdir",
        "fd_renumber",
        "fd_seek",
        "fd_sync",
        "fd_tell",
        "fd_write",
        "path_create_directory",
        "path_filestat_get",
        "path_filestat_set_times",
        "path_link",
        "path_open",
        "path_readlink",
        "path_remove_directory",
        "path_rename",
        "path_symlink",
        "path_unlink_file",
        "poll_oneoff",
        "proc_exit",
        "proc_raise",
        "random_get",
        "sched_yield",
        "sock_accept",
        "sock_recv",
        "sock_send",
        "sock_shutdown",
    ];

    #[test]
    fn it_offers_all_of_preview_1() {
        for forwarded in [Forwarded::default(), Forwarded { clock: true, random: true }] {
            let text = text(forwarded);
            for name in EVERYTHING {
                assert_eq!(text.matches(&format!("(export \"{name}\")")).count(), 1, "{name}");
            }
            assert!(!module(forwarded).unwrap().is_empty());
        }
    }

    #[test]
    fn it_imports_nothing_of_wasi_unless_it_was_asked_for() {
        let stub = text(Forwarded::default());
        assert!(!stub.contains("(import \"wasi:"));
        assert!(text(Forwarded { clock: true, random: false }).contains("(import \"wasi:clocks/monotonic-clock"));
        assert!(text(Forwarded { clock: false, random: true }).contains("(import \"wasi:random/random"));
    }
}
