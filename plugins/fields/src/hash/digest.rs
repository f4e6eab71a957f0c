//! SHA-256 of a text, keyed where there is a key, as hexadecimal digits.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Hashes texts.
pub(super) struct Hasher {
    /// Ready for a text, with the key taken in.
    keyed: Option<Hmac<Sha256>>,
    /// Digits that are given, at most 64.
    length: usize,
}

impl Hasher {
    pub(super) fn new(key: Option<&str>, length: usize) -> Hasher {
        // A key of any length is taken, so there is none that fails.
        let keyed = key.and_then(|key| Hmac::new_from_slice(key.as_bytes()).ok());
        Hasher { keyed, length }
    }

    /// Appends the digits of a text's hash.
    pub(super) fn write(&self, text: &[u8], out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digest = match &self.keyed {
            Some(keyed) => keyed.clone().chain_update(text).finalize().into_bytes(),
            None => Sha256::digest(text),
        };
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        out.extend(digits.take(self.length).filter_map(|digit| HEX.get(usize::from(digit))));
    }
}

#[cfg(test)]
mod tests {
    use super::Hasher;

    fn hashed(key: Option<&str>, length: usize, text: &str) -> String {
        let mut out = Vec::new();
        Hasher::new(key, length).write(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_hashes() {
        // FIPS 180-2's example, and case 2 of RFC 4231.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hashed(None, 64, "abc"), abc);
        assert_eq!(hashed(None, 5, "abc"), "ba781");
        let jefe = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hashed(Some("Jefe"), 64, "what do ya want for nothing?"), jefe);
    }
}
