//! Any bytes as a component: they are looked at and refused, or found in order, without a panic and within the bounds.
#![no_main]

use std::time::{Duration, Instant};

use jackfield_host::inspect;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let started = Instant::now();
    let _ = inspect(bytes);
    // Behind the right first bytes, so that most inputs get further than those.
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend_from_slice(bytes);
    if let Err(error) = inspect(&component) {
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
});
