//! What lies in custom sections of a component, found by section headers alone: whole sections are skipped, not read.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// The custom section that holds the manifest.
pub(super) const SECTION: &str = "jackfield:manifest";

/// The custom section with the SHA-256 of the manifest that a component was built with.
pub(super) const DIGEST_SECTION: &str = "jackfield:manifest-digest";

/// `\0asm`, version 13 of the component encoding, layer 1.
const COMPONENT: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/// Sections of a component at most; toolchains make some dozens.
const MOST_SECTIONS: usize = 100_000;

/// The text of the manifest, of at most `largest` bytes. `None`: there is none.
///
/// # Errors
/// The file cannot be read, is no component, is cut off, holds two manifests, or one that is too large or not UTF-8.
pub(super) fn manifest<F: Read + Seek>(file: F, largest: u64) -> io::Result<Option<String>> {
    let found = section(file, SECTION, "manifest", largest)?;
    found.map(|bytes| String::from_utf8(bytes).map_err(|_| wrong("its manifest is not UTF-8"))).transpose()
}

/// The digest of the manifest that the component was built with. `None`: it does not say.
///
/// # Errors
/// The file cannot be read, is no component, is cut off, or says it twice or at length.
pub(super) fn manifest_digest<F: Read + Seek>(file: F) -> io::Result<Option<Vec<u8>>> {
    section(file, DIGEST_SECTION, "digest", 32)
}

fn section<F: Read + Seek>(file: F, wanted: &str, what: &str, largest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = BufReader::with_capacity(512, file);
    let mut start = [0; 8];
    file.read_exact(&mut start)?;
    if start != COMPONENT {
        return Err(wrong("it is not a WebAssembly component"));
    }
    let mut found = None;
    for _ in 0..MOST_SECTIONS {
        if file.fill_buf()?.is_empty() {
            return Ok(found);
        }
        let mut id = [0];
        file.read_exact(&mut id)?;
        let size = number(&mut file)?;
        if id != [0] {
            skip(&mut file, size)?;
            continue;
        }
        let mut section = Read::take(&mut file, size);
        let length = number(&mut section)?;
        if length != wanted.len() as u64 {
            let rest = section.limit();
            skip(&mut file, rest)?;
            continue;
        }
        let mut name = vec![0; wanted.len()];
        section.read_exact(&mut name)?;
        let rest = section.limit();
        if name != wanted.as_bytes() {
            skip(&mut file, rest)?;
            continue;
        }
        if rest > largest {
            return Err(wrong(&format!("its {what} has {rest} bytes, more than {largest}")));
        }
        let mut content = Vec::new();
        section.read_to_end(&mut content)?;
        if content.len() as u64 != rest {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if found.replace(content).is_some() {
            return Err(wrong(&format!("it has two {what}s")));
        }
    }
    Err(wrong(&format!("it has more than {MOST_SECTIONS} sections")))
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

/// An unsigned number of at most 32 bits, seven bits to a byte.
fn number(from: &mut impl Read) -> io::Result<u64> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(wrong("a section's length is malformed"))
}

/// Moves on. Beyond the end of the file this succeeds, and the next section's header is missing; that a file was cut off
/// inside its last section is found when it is loaded.
fn skip<F: Read + Seek>(file: &mut BufReader<F>, bytes: u64) -> io::Result<()> {
    match i64::try_from(bytes) {
        Ok(bytes) => file.seek_relative(bytes),
        Err(_) => file.seek(SeekFrom::End(0)).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn custom(name: &str, content: &str) -> Vec<u8> {
        section(0, &[&[u8::try_from(name.len()).unwrap()], name.as_bytes(), content.as_bytes()].concat())
    }

    fn read(parts: &[Vec<u8>]) -> io::Result<Option<String>> {
        manifest(Cursor::new([COMPONENT.to_vec(), parts.concat()].concat()), 50)
    }

    #[test]
    fn the_manifest_is_found_among_sections() {
        let others = [section(7, &[1, 2, 3]), custom("producers", "x"), custom("jackfield:manifesT", "y")];
        assert_eq!(read(&others).unwrap(), None);
        let with = [&others[..], &[custom(SECTION, "[plugin]")], &others[..]].concat();
        assert_eq!(read(&with).unwrap().unwrap(), "[plugin]");
    }

    #[test]
    fn the_digest_is_another_section() {
        let parts = [custom(SECTION, "[plugin]"), custom(DIGEST_SECTION, &"d".repeat(32))].concat();
        let file = Cursor::new([COMPONENT.to_vec(), parts].concat());
        assert_eq!(manifest_digest(file).unwrap(), Some(vec![b'd'; 32]));
        assert_eq!(manifest_digest(Cursor::new(COMPONENT)).unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |parts: &[Vec<u8>]| read(parts).unwrap_err().to_string();
        assert_eq!(message(&[custom(SECTION, "a"), custom(SECTION, "b")]), "it has two manifests");
        assert!(message(&[custom(SECTION, &"x".repeat(51))]).contains("51 bytes"));
        assert_eq!(message(&[vec![0, 0xff, 0xff, 0xff, 0xff, 0xff]]), "a section's length is malformed");
        assert!(read(&[vec![0, 60, 18]]).is_err());
        assert!(manifest(Cursor::new(b"\0asm\x01\0\0\0"), 50).is_err());
        // Cut off anywhere, it never panics and never gives half a manifest.
        let whole = [COMPONENT.to_vec(), custom(SECTION, "[plugin]")].concat();
        for length in 8..whole.len() {
            assert_ne!(manifest(Cursor::new(&whole[..length]), 50).ok().flatten().as_deref(), Some("[plugin"));
        }
    }
}
