//! Checksums, computed by the host without copying the bytes.

/// CRC-32 as gzip, zip and xz use it (ISO 3309), continued from `before`; begin with 0.
#[must_use]
pub fn crc32(before: u32, bytes: &[u8]) -> u32 {
    #[cfg(target_family = "wasm")]
    return crate::bindings::host::jackfield::plugin::checksums::crc32(before, bytes);
    #[cfg(not(target_family = "wasm"))]
    {
        let mut hasher = crc32fast::Hasher::new_with_initial(before);
        hasher.update(bytes);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_checksum_goes_on_from_the_one_before() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(super::crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(super::crc32(super::crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }
}
