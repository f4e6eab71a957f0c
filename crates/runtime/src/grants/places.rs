//! Places of the host that nobody can grant to a plugin, and places that exclude each other.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jackfield_host::Access;

use crate::discover::{Form, InstalledPlugin};
use crate::settings::Settings;

/// Windows on the whole machine.
const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];

/// A place in its one notation, without links.
///
/// # Errors
/// There is nothing, or neither a folder nor a regular file, in words that follow the path.
pub fn real(path: &Path) -> Result<PathBuf, String> {
    let real = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        _ => format!("cannot be used: {error}"),
    })?;
    let metadata = real.metadata().map_err(|error| format!("cannot be used: {error}"))?;
    if metadata.is_dir() || metadata.is_file() {
        return Ok(real);
    }
    Err("is neither a folder nor a regular file".to_owned())
}

/// Why a place cannot be granted to a plugin, in words that follow the path. `place` has no links in it.
pub fn refusal(place: &Path, access: Access, plugin: &InstalledPlugin, settings: &Settings) -> Option<String> {
    let about = |guarded: &Path, what: &str| {
        if place == guarded {
            Some(format!("is {what}"))
        } else if guarded.starts_with(place) {
            Some(format!("holds {what}"))
        } else if place.starts_with(guarded) {
            Some(format!("lies in {what}"))
        } else {
            None
        }
    };
    if place == Path::new("/") {
        return Some("is the whole file system".to_owned());
    }
    if let Some(why) =
        SYSTEM.iter().find_map(|system| about(Path::new(system), &format!("{system}, a window on the whole machine")))
    {
        return Some(why);
    }
    let own = [
        (settings.state_dir.as_deref(), "the folder of grants and of this machine's key"),
        (settings.cache_dir.as_deref(), "the folder of compiled code"),
    ];
    for (guarded, what) in own {
        let guarded = guarded.and_then(|path| path.canonicalize().ok());
        if let Some(why) = guarded.and_then(|guarded| about(&guarded, what)) {
            return Some(why);
        }
    }
    for file in settings.secrets.keys().filter_map(|name| settings.secret_file(name)) {
        let Ok(file) = file.canonicalize() else { continue };
        if let Some(why) = about(&file, "the file of a secret") {
            return Some(why);
        }
    }
    let config = settings.config_file.as_deref().and_then(|file| file.canonicalize().ok());
    if let (Some(config), Access::Write) = (config, access)
        && config.starts_with(place)
    {
        return Some("holds the operator's configuration".to_owned());
    }
    let of_plugin = (plugin.form == Form::Folder).then(|| plugin.folder.canonicalize().ok()).flatten();
    for folder in &settings.folders {
        let Ok(folder) = folder.path.canonicalize() else { continue };
        let inside = of_plugin.as_ref().is_some_and(|own| place.starts_with(own));
        match about(&folder, "a folder of plugins") {
            Some(_) if inside && access == Access::Read => {}
            Some(why) => return Some(why),
            None => {}
        }
    }
    None
}

/// Whether something in one place is also in the other: a folder and what is in it, or the same by another name.
pub fn overlap(one: &Path, other: &Path) -> bool {
    let same = |a: &Path, b: &Path| {
        let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) else { return false };
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    };
    one.starts_with(other) || other.starts_with(one) || same(one, other)
}

#[cfg(test)]
mod tests {
    use jackfield_manifest::Secret;

    use super::*;
    use crate::discover::Rank;
    use crate::settings::PluginFolder;

    #[test]
    fn guarded_places_are_refused_from_inside_and_from_around() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        for folder in ["state/deep", "cache", "plugins/geo/maps", "plugins/other", "data", "conf", "vault"] {
            std::fs::create_dir_all(top.join(folder)).unwrap();
        }
        std::fs::write(top.join("conf/jackfield.toml"), "").unwrap();
        std::fs::write(top.join("vault/token"), "hunter2").unwrap();
        let text = "[plugin]\nname = \"geo\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\n";
        let plugin = InstalledPlugin {
            manifest: jackfield_manifest::parse_manifest("plugin.toml", text).0.unwrap(),
            folder: top.join("plugins/geo"),
            component: top.join("plugins/geo/a.wasm"),
            form: Form::Folder,
            rank: Rank::Discovered,
            folder_number: 0,
            warnings: Vec::new(),
        };
        let settings = Settings {
            folders: vec![PluginFolder { path: top.join("plugins"), rank: Rank::Discovered }],
            state_dir: Some(top.join("state")),
            cache_dir: Some(top.join("cache")),
            config_file: Some(top.join("conf/jackfield.toml")),
            secrets: [("token".to_owned(), Secret::File("../vault/token".to_owned()))].into(),
            ..Settings::default()
        };
        let refused = |place: &Path, access| refusal(place, access, &plugin, &settings);
        for place in ["/", "/proc", "/proc/self", "/sys/kernel", "/dev", "/dev/shm"] {
            assert!(refused(Path::new(place), Access::Read).is_some(), "{place}");
        }
        for place in ["", "state", "state/deep", "cache", "plugins", "plugins/other"] {
            assert!(refused(&top.join(place), Access::Read).is_some(), "{place}");
        }
        assert_eq!(refused(&top.join("data"), Access::Write), None);
        assert!(refused(&top.join("vault"), Access::Read).is_some());
        assert!(refused(&top.join("vault/token"), Access::Read).is_some());
        assert_eq!(refused(&top.join("plugins/geo/maps"), Access::Read), None);
        assert!(refused(&top.join("plugins/geo/maps"), Access::Write).is_some());
        assert_eq!(refused(&top.join("conf"), Access::Read), None);
        assert!(refused(&top.join("conf"), Access::Write).is_some());
    }
}
