//! Bytes inside JSON, by RFC 4648, section 4, with padding.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut word = [0u8; 3];
        for (place, byte) in word.iter_mut().zip(group) {
            *place = *byte;
        }
        let [a, b, c] = word;
        let word = u32::from_be_bytes([0, a, b, c]);
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place) & 63) as usize;
            let letter = ALPHABET.get(digit).filter(|_| place <= group.len()).map_or('=', |letter| char::from(*letter));
            text.push(letter);
        }
    }
    text
}

/// `None`: the text is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let letters = text.trim_end_matches('=');
    if text.len() - letters.len() > 2 {
        return None;
    }
    for group in letters.as_bytes().chunks(4) {
        let mut word = 0u32;
        for letter in group {
            word = word << 6 | u32::try_from(ALPHABET.iter().position(|known| known == letter)?).ok()?;
        }
        word <<= 6 * (4 - group.len());
        let [_, rest @ ..] = word.to_be_bytes();
        let count = group.len().checked_sub(1)?;
        bytes.extend(rest.get(..count).filter(|_| count > 0)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), plain.as_bytes());
        }
        for wrong in ["Z", "Zg=", "Z===", "Zg=a", "====", "Zm9v\u{e9}"] {
            assert!(decode(wrong).is_none(), "{wrong}");
        }
    }
}
