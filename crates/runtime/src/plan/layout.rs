//! Sinks of several files: parted by the values of columns, one behind the other by size, or both. What the folders and
//! files are called, and which of those that are there belong to an earlier run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The value of a folder for rows where the column is null.
pub(crate) const NULL_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Bytes that a folder's name may have on the file systems in use.
const LONGEST_NAME: usize = 255;

/// How a sink's rows go into files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Where all files lie, and as the user wrote it.
    pub(crate) folder: PathBuf,
    pub(crate) shown: String,
    /// What the user's name for a file in it begins with.
    pub(crate) prefix: String,
    /// Columns whose values name folders in it.
    pub(crate) partition_by: Vec<String>,
    /// Bytes after which another file begins.
    pub(crate) split: Option<u64>,
    /// What stands before a file's number, and behind it.
    pub(crate) stem: String,
    pub(crate) ending: String,
    /// What is there stays, and numbers go on behind it.
    pub(crate) append: bool,
}

impl Layout {
    /// The name of a file in its folder.
    pub(crate) fn name(&self, number: u64) -> String {
        format!("{}{number}{}", self.stem, self.ending)
    }

    /// The number of a file that an earlier run with such a layout has made.
    fn number(&self, name: &str) -> Option<u64> {
        let rest = name.strip_prefix(&self.stem)?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (digits, ending) = rest.split_at(digits);
        // Of a partition all formats count, so that none is left beside those of another one.
        let ours = match self.partition_by.is_empty() {
            true => ending == self.ending,
            false => ending.is_empty() || ending.starts_with('.'),
        };
        digits.parse().ok().filter(|_| ours)
    }

    /// Whether this file is one that the sink might write, or remove.
    pub(crate) fn may_hold(&self, file: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let (file, folder) = (real(file), real(&self.folder));
        let Ok(below) = file.strip_prefix(&folder) else { return false };
        let name = below.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match self.partition_by.is_empty() {
            true => below.components().count() == 1 && self.number(&name).is_some(),
            false => true,
        }
    }

    /// The first number that no file in the folder has.
    pub(crate) fn first_number(&self, folder: &Path) -> u64 {
        if !self.append {
            return 0;
        }
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let numbers = names.filter_map(|entry| self.number(&entry.file_name().to_string_lossy()));
        numbers.max().map_or(0, |last| last + 1)
    }

    /// The files of earlier runs.
    pub(crate) fn present(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.look(&self.folder, 0, &mut found);
        found
    }

    fn look(&self, folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
        let key = self.partition_by.get(depth).map(|column| format!("{}=", escaped(column)));
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // What a link leads to is somebody else's.
            let Ok(kind) = entry.file_type() else { continue };
            match &key {
                Some(key) if kind.is_dir() && name.starts_with(key) => self.look(&entry.path(), depth + 1, found),
                None if kind.is_file() && self.number(&name).is_some() => found.push(entry.path()),
                _ => {}
            }
        }
    }

    /// Removes the files of earlier runs that this one has not written anew, and folders that are empty without them.
    ///
    /// # Errors
    /// The first file that cannot be removed.
    pub(crate) fn sweep(&self, written: &HashSet<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
        for file in self.present() {
            // What was written is known by its path without links.
            if std::fs::canonicalize(&file).is_ok_and(|path| written.contains(&path)) || written.contains(&file) {
                continue;
            }
            std::fs::remove_file(&file).map_err(|error| (file.clone(), error))?;
            let above = file.ancestors().skip(1).take(self.partition_by.len());
            for folder in above {
                // A folder that is not empty stays.
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The folder of a partition below the layout's: `carrier=UA/month=1`.
    ///
    /// # Errors
    /// The column whose value makes a name that is too long.
    pub(crate) fn partition(&self, values: &[Option<String>]) -> Result<String, String> {
        let mut folders = Vec::with_capacity(values.len());
        for (column, value) in self.partition_by.iter().zip(values) {
            let folder = format!("{}={}", escaped(column), value.as_deref().map_or(NULL_PARTITION.to_owned(), escaped));
            if folder.len() > LONGEST_NAME {
                return Err(column.clone());
            }
            folders.push(folder);
        }
        Ok(folders.join("/"))
    }
}

/// A column's name or value as part of a folder's name: what could lead elsewhere, or is read as something else, as `%`
/// and two hexadecimal digits.
pub(crate) fn escaped(text: &str) -> String {
    // Only null is written like this.
    if text == NULL_PARTITION {
        return format!("%5F{}", &NULL_PARTITION[1..]);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '}' | '[' | ']' | '^' | '<' | '>'
            | '|' => {
                escaped.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    escaped.push_str(&format!("%{byte:02X}"));
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// What [`escaped`] was made of; `None` for the folder of null.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    if text == NULL_PARTITION {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.filter(|code| *first == b'%' && code.bytes().all(|c| c.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = others.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(folder: &Path, partition_by: &[&str]) -> Layout {
        Layout {
            folder: folder.to_path_buf(),
            shown: "out".to_owned(),
            prefix: "out/".to_owned(),
            partition_by: partition_by.iter().map(|name| (*name).to_owned()).collect(),
            split: None,
            stem: "part-".to_owned(),
            ending: ".csv".to_owned(),
            append: false,
        }
    }

    #[test]
    fn no_value_leads_elsewhere_and_all_come_back() {
        let values =
            ["..", "../../etc/passwd", "/", "", "a b", "ä=ö", "100%", NULL_PARTITION, "x\n\u{85}y", "C:\\x", "."];
        let layout = layout(Path::new("out"), &["k/1"]);
        for value in values {
            let folder = layout.partition(&[Some(value.to_owned())]).unwrap();
            assert_eq!(Path::new(&folder).components().count(), 1, "{folder}");
            let (key, name) = folder.split_once('=').unwrap();
            assert_eq!(unescaped(key).unwrap(), "k/1");
            assert_eq!(unescaped(name).as_deref(), Some(value), "{folder}");
        }
        assert_eq!(layout.partition(&[None]).unwrap(), "k%2F1=__HIVE_DEFAULT_PARTITION__");
        assert_eq!(unescaped(NULL_PARTITION), None);
        assert_eq!(layout.partition(&[Some("x".repeat(300))]), Err("k/1".to_owned()));
    }

    #[test]
    fn only_files_of_an_earlier_run_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path(), &["k"]);
        let ours = ["k=1/part-0.csv", "k=1/part-1.parquet", "k=2/part-0.csv.gz"];
        let others = ["k=1/notes.csv", "other/part-0.csv", "part-0.csv", "k=1/part-x.csv", "k=3/deep/part-0.csv"];
        for file in ours.iter().chain(&others) {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        assert_eq!(Layout { append: true, ..layout.clone() }.first_number(&folder.path().join("k=1")), 2);
        layout.sweep(&HashSet::from([folder.path().join("k=1/part-0.csv")])).unwrap();
        assert!(folder.path().join("k=1/part-0.csv").exists());
        assert!(!folder.path().join("k=1/part-1.parquet").exists());
        assert!(!folder.path().join("k=2").exists());
        for file in others {
            assert!(folder.path().join(file).exists(), "{file}");
        }
    }
}
