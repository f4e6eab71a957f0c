//! Base64 (RFC 4648, section 4): the standard alphabet, padded.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` in base64.
pub fn write(out: &mut Vec<u8>, bytes: &[u8]) {
    let letter = |n: u32| ALPHABET[(n & 63) as usize];
    let mut chunks = bytes.chunks_exact(3);
    for chunk in &mut chunks {
        let n = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
        out.extend_from_slice(&[letter(n >> 18), letter(n >> 12), letter(n >> 6), letter(n)]);
    }
    match *chunks.remainder() {
        [a] => out.extend_from_slice(&[letter(u32::from(a) >> 2), letter(u32::from(a) << 4), b'=', b'=']),
        [a, b] => {
            let n = u32::from(a) << 8 | u32::from(b);
            out.extend_from_slice(&[letter(n >> 10), letter(n >> 4), letter(n << 2), b'=']);
        }
        _ => {}
    }
}

fn value(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Appends what `text` encodes. `None`, with `out` as it was, where it is not base64; missing padding is forgiven.
pub fn parse(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let before = out.len();
    let body = match text {
        [body @ .., b'=', b'='] | [body @ .., b'='] if text.len().is_multiple_of(4) => body,
        body => body,
    };
    for chunk in body.chunks(4) {
        let bits = chunk.iter().try_fold(0u32, |n, letter| Some(n << 6 | value(*letter)?));
        match (bits, chunk.len()) {
            (Some(n), 4) => out.extend_from_slice(&[(n >> 16) as u8, (n >> 8) as u8, n as u8]),
            (Some(n), 3) if n & 3 == 0 => out.extend_from_slice(&[(n >> 10) as u8, (n >> 2) as u8]),
            (Some(n), 2) if n & 15 == 0 => out.push((n >> 4) as u8),
            _ => {
                out.truncate(before);
                return None;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_texts() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = Vec::new();
            write(&mut out, plain.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        for wrong in ["A", "Zh==", "Zm9*", "===", "Zg=a", "Zg==Zg=="] {
            assert_eq!(parse(&mut Vec::new(), wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(bytes: Vec<u8>) {
            let (mut text, mut back) = (Vec::new(), Vec::new());
            write(&mut text, &bytes);
            prop_assert_eq!(parse(&mut back, &text), Some(()));
            prop_assert_eq!(&back, &bytes);
            let _ = parse(&mut back, &bytes);
        }
    }
}
