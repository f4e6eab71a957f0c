//! A look at the footer before the parquet crate reads it: whether it is one at all, how deep its schema goes, and
//! whether its lists can be as long as they say.

use crate::input::File;
use crate::trouble::damaged;
use jackfield_sdk::Failure;
use parquet::file::reader::Length;

/// More than this says no honest file, and it would have to be unpacked at once.
const LARGEST_FOOTER: u64 = 32 << 20;
/// As deep as the host's types, and the two levels that each list takes in a file.
const MAX_DEPTH: usize = 100;
const MAX_NODES: usize = 40_000;

/// # Errors
/// What is wrong with the file.
pub(crate) fn check(file: &File) -> Result<(), Failure> {
    let size = file.len();
    let not = |message: &str| Failure::invalid_input("not-parquet", message);
    if size == 0 {
        return Err(not("the file is empty, and no parquet file is"));
    }
    let head = file.bytes(0, size.min(4) as usize)?;
    if size < 12 || head != b"PAR1".as_slice() {
        if head == b"PARE".as_slice() {
            let message = "the parquet file is encrypted, which is not supported";
            return Err(Failure::invalid_input("not-supported", message));
        }
        return Err(not("the file is no parquet file: it does not begin with PAR1"));
    }
    // The footer is read at once with its end where it is small.
    let tail = size.min(48 << 10);
    file.expect(vec![size - tail..size]);
    let end = file.bytes(size - tail, tail as usize)?;
    let (rest, end) = end.split_at(end.len() - 8);
    let (length, magic) = end.split_at(4);
    match magic {
        b"PAR1" => {}
        b"PARE" => {
            let message = "the footer of the parquet file is encrypted, which is not supported";
            return Err(Failure::invalid_input("not-supported", message));
        }
        _ => {
            let message = "the parquet file is truncated: it does not end with PAR1";
            return Err(Failure::invalid_input("truncated", message).with_help("fetch or write the file again"));
        }
    }
    let length = u64::from(u32::from_le_bytes(length.try_into().unwrap_or_default()));
    if length + 12 > size {
        return Err(damaged(format!("its footer should have {length} bytes, and the file has {size}")));
    }
    if length > LARGEST_FOOTER {
        let message = format!("the footer of the parquet file has {length} bytes, more than {LARGEST_FOOTER}");
        return Err(Failure::limit("too-large", message).with_help("write it again with fewer columns or row groups"));
    }
    let length = length as usize;
    if length <= rest.len() {
        return walk(rest.get(rest.len() - length..).unwrap_or_default());
    }
    walk(&file.bytes(size - 8 - length as u64, length)?)
}

/// Walks over the footer in Thrift's compact protocol.
fn walk(footer: &[u8]) -> Result<(), Failure> {
    let mut walker = Walker { rest: footer, children: Vec::new() };
    walker.fields(0, true).ok_or_else(|| damaged("its footer cannot be read"))?;
    if walker.children.len() > MAX_NODES {
        let message = format!("the parquet file has more than {MAX_NODES} columns and groups");
        return Err(Failure::limit("too-large", message));
    }
    // Nodes stand in depth-first order; this is how many children are still due at each depth.
    let mut due: Vec<u64> = Vec::new();
    for children in walker.children {
        while due.last() == Some(&0) {
            due.pop();
        }
        if let Some(left) = due.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            due.push(children);
        }
        if due.len() > MAX_DEPTH {
            let message = format!("the columns of the parquet file are nested more than {MAX_DEPTH} deep");
            return Err(Failure::limit("too-large", message));
        }
    }
    Ok(())
}

struct Walker<'a> {
    rest: &'a [u8],
    /// Number of children of each node of the schema.
    children: Vec<u64>,
}

/// Structures within structures, of any honest footer.
const NESTED: usize = 24;
/// The footer's field that is the list of nodes, and a node's field that is its number of children.
const SCHEMA: i32 = 2;
const CHILDREN: i32 = 5;

impl Walker<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    /// The fields of a structure to its end. `footer`: it is the footer itself.
    fn fields(&mut self, depth: usize, footer: bool) -> Option<()> {
        let mut field = 0i32;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => {
                    let id = self.number()?;
                    i32::try_from((id >> 1) as i64 ^ -((id & 1) as i64)).ok()?
                }
                delta => field.checked_add(i32::from(delta))?,
            };
            if footer && field == SCHEMA && head & 0xf == 9 {
                self.schema()?;
            } else {
                self.value(head & 0xf, depth)?;
            }
        }
    }

    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            count => u64::from(count),
        };
        // Each element has at least a byte.
        (count <= self.rest.len() as u64).then_some((head & 0xf, count))
    }

    fn schema(&mut self) -> Option<()> {
        let (_, count) = self.list()?;
        for _ in 0..count {
            let mut field = 0;
            let mut children = 0;
            loop {
                let head = self.byte()?;
                if head == 0 {
                    break;
                }
                field = match head >> 4 {
                    0 => i32::try_from(self.number()? >> 1).ok()?,
                    delta => field + i32::from(delta),
                };
                if field == CHILDREN && head & 0xf == 5 {
                    children = self.number()? >> 1;
                } else {
                    self.value(head & 0xf, 1)?;
                }
            }
            self.children.push(children);
            if self.children.len() > MAX_NODES {
                // Said by the caller; the rest may be as it is.
                return Some(());
            }
        }
        Some(())
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > NESTED {
            return None;
        }
        match kind {
            1 | 2 => Some(()),
            3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let (kind, count) = self.list()?;
                (0..count)
                    .try_for_each(|_| if matches!(kind, 1 | 2) { self.skip(1) } else { self.value(kind, depth + 1) })
            }
            11 => {
                let count = self.number()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                if count > self.rest.len() as u64 {
                    return None;
                }
                (0..count).try_for_each(|_| {
                    self.value(kinds >> 4, depth + 1)?;
                    self.value(kinds & 0xf, depth + 1)
                })
            }
            12 => self.fields(depth + 1, false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema has nodes of so many children each.
    fn footer(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 0x02, 0x19, 0xfc];
        let mut count = children.len();
        while count >= 0x80 {
            bytes.push(count as u8 | 0x80);
            count >>= 7;
        }
        bytes.push(count as u8);
        for children in children {
            // A name, and the number of children.
            bytes.extend([0x48, 0x01, b'x', 0x15, children * 2, 0x00]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn deep_and_wide_schemas() {
        assert!(walk(&footer(&[2, 1, 0, 0])).is_ok());
        assert!(walk(&footer(&[vec![1; 100], vec![0]].concat())).is_ok());
        assert_eq!(walk(&footer(&[vec![1; 101], vec![0]].concat())).unwrap_err().code, "too-large");
        assert_eq!(walk(&footer(&vec![1; 39_000])).unwrap_err().code, "too-large");
        // Wide, and each last child is a group: not deep.
        assert!(walk(&footer(&[vec![60], vec![0; 60]].concat())).is_ok());
        assert_eq!(walk(&footer(&vec![0; 50_000])).unwrap_err().code, "too-large");
    }

    #[test]
    fn lists_that_cannot_be_as_long_as_they_say() {
        assert!(walk(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]).is_err());
        assert!(walk(&[0x18, 0xff, 0xff, 0x03, 0x00]).is_err());
        assert!(walk(&[0x1c].repeat(100)).is_err());
        assert!(walk(&[]).is_err());
    }
}
