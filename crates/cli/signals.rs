//! Ctrl-C and termination: the first one ends the run in order, the second at once.

use std::sync::atomic::{AtomicI32, Ordering};

use jackfield_runtime::host::CancelToken;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// Cancels `token` on the first signal and ends the process on the second.
pub(crate) fn watch(token: CancelToken) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if RECEIVED.swap(signal, Ordering::SeqCst) != 0 {
                std::process::exit(128 + signal);
            }
            token.cancel();
        }
    })?;
    Ok(())
}

/// The exit code that the signal asks for, if there was one.
pub(crate) fn exit_code() -> Option<u8> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        signal => u8::try_from(128 + signal).ok(),
    }
}
