//! Looks at a workbook's archive before anything of it is unpacked: a few kilobytes may unpack to gigabytes.

use crate::source::Bytes;
use jackfield_sdk::Failure;
use std::io::{self, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// What bounds are counted in: MiB, and less in unit tests.
const UNIT: u64 = if cfg!(test) { 1 << 14 } else { 1 << 20 };
/// The most bytes of all parts that are kept in memory: texts, styles, lists of sheets.
const MOST_KEPT: u64 = 80 * UNIT;
/// The most bytes of a sheet, which is read piece by piece.
const MOST_SHEET: u64 = 4 << 30;
/// Up to so many bytes nobody asks how small a part was packed.
const FREE: u64 = 16 * UNIT;
/// So many times its size may a part grow when it is unpacked. Text of sheets grows ten to thirty times.
const MOST_GROWTH: u64 = 300;
const MOST_PARTS: usize = 20_000;
/// Up to so many bytes of text are unpacked ahead, to compare their checksums: whoever reads a sheet stops where its cells
/// end, before the checksum would be looked at.
const COMPARED: u64 = 512 << 20;

/// Refuses what is no archive, or would unpack to more than is sane, and gives the bytes back.
///
/// # Errors
/// `not-xlsx`, `encrypted`, `too-large`, or what is wrong with the archive.
pub(crate) fn checked(mut bytes: Bytes) -> Result<Bytes, Failure> {
    let mut magic = [0; 8];
    let count = bytes.read(&mut magic)?;
    let begins = magic.get(..count).unwrap_or_default();
    if begins.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(Failure::invalid_input("not-xlsx", "the workbook is encrypted, or of the old format .xls")
            .with_help("save it as .xlsx without a password"));
    }
    if count == 0 {
        return Err(Failure::invalid_input("truncated", "the file is empty"));
    }
    if !begins.starts_with(b"PK") {
        return Err(Failure::invalid_input("not-xlsx", "the file does not begin like a workbook")
            .with_help("say `format` if it is of another one"));
    }
    bytes.seek(SeekFrom::Start(0))?;
    let mut archive = ZipArchive::new(bytes).map_err(|error| unreadable(&error.to_string()))?;
    if archive.len() > MOST_PARTS {
        return Err(bomb(&format!("it has {} parts", archive.len())));
    }
    let (mut kept, mut all, mut texts) = (0u64, 0u64, Vec::new());
    for number in 0..archive.len() {
        let part = archive.by_index_raw(number).map_err(|error| unreadable(&error.to_string()))?;
        let (size, packed) = (part.size(), part.compressed_size());
        let name = part.name().map_err(|error| unreadable(&error.to_string()))?.into_owned();
        let sheet = name.starts_with("xl/worksheets/");
        let most = if sheet { MOST_SHEET } else { MOST_KEPT };
        // Pictures and the like are never unpacked.
        let text = name.ends_with(".xml") || name.ends_with(".rels");
        if text && size > most {
            return Err(bomb(&format!("its part {name:?} has {} MiB, over {} MiB", size >> 20, most >> 20)));
        }
        if text && size > FREE && size / MOST_GROWTH > packed {
            return Err(bomb(&format!("its part {name:?} has {} MiB, packed into {packed} bytes", size >> 20)));
        }
        kept += if text && !sheet { size } else { 0 };
        all = all.saturating_add(if text { size } else { 0 });
        texts.extend(text.then_some((number, name, size)));
    }
    if kept > MOST_KEPT {
        return Err(bomb(&format!("its texts have {} MiB, over {} MiB", kept >> 20, MOST_KEPT >> 20)));
    }
    for (number, name, size) in texts.into_iter().filter(|_| all <= COMPARED) {
        let part = archive.by_index(number).map_err(|error| unreadable(&error.to_string()))?;
        let unpacked = io::copy(&mut part.take(size.saturating_add(1)), &mut io::sink());
        match unpacked {
            Ok(unpacked) if unpacked == size => {}
            Ok(_) => return Err(unreadable(&format!("{name:?} is not as long as it says"))),
            Err(error) => return Err(unreadable(&format!("{name:?}: {error}"))),
        }
    }
    let mut bytes = archive.into_inner();
    bytes.seek(SeekFrom::Start(0))?;
    Ok(bytes)
}

fn bomb(what: &str) -> Failure {
    Failure::limit("too-large", format!("the workbook would unpack to too much: {what}"))
        .with_help("if it is what it should be, save its sheets as .csv")
}

fn unreadable(what: &str) -> Failure {
    Failure::invalid_input("invalid-data", format!("the workbook's archive is damaged or cut off: {what}"))
        .with_help("fetch or save the file again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn archive(parts: &[(&str, usize)], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, zeros) in parts {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(&vec![b'0'; *zeros]).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn bombs_are_found_before_they_go_off() {
        use CompressionMethod::{Deflated, Stored};
        let of = |parts: &[(&str, usize)], method| checked(Bytes::of(archive(parts, method))).map(|_| ());
        assert!(of(&[("xl/worksheets/sheet1.xml", 1 << 14)], Deflated).is_ok());
        assert!(of(&[("xl/worksheets/sheet1.xml", 20 << 14), ("xl/media/image1.png", 90 << 14)], Stored).is_ok());
        let failure = of(&[("xl/worksheets/sheet1.xml", 20 << 14)], Deflated).unwrap_err();
        assert!(failure.code == "too-large" && failure.message.contains("sheet1.xml"), "{failure:?}");
        assert_eq!(of(&[("xl/sharedStrings.xml", 81 << 14)], Stored).unwrap_err().code, "too-large");
        let mut damaged = archive(&[("xl/workbook.xml", 100)], Stored);
        damaged[70] ^= 1;
        assert_eq!(checked(Bytes::of(damaged)).unwrap_err().code, "invalid-data");
        for (bytes, code) in [
            (&b""[..], "truncated"),
            (b"a,b\n1,2\n", "not-xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1more", "not-xlsx"),
            (b"PK\x03\x04more", "invalid-data"),
        ] {
            assert_eq!(checked(Bytes::of(bytes.to_vec())).unwrap_err().code, code);
        }
    }
}
