//! Ctrl-C ends the statement, not the session; signals that end the program leave no temporary database.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use argtop::InterruptHandle;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// A statement that does not end after this many Ctrl-C takes the program with it.
const PATIENCE: u32 = 3;

/// What the signal thread and the session tell each other.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    busy: AtomicBool,
    asked: AtomicU32,
}

impl Interrupt {
    /// A statement begins: from now on Ctrl-C is for it.
    pub(crate) fn begin(&self) {
        self.asked.store(0, Ordering::SeqCst);
        self.busy.store(true, Ordering::SeqCst);
    }

    /// The statement has ended.
    pub(crate) fn end(&self) {
        self.busy.store(false, Ordering::SeqCst);
    }

    /// True where Ctrl-C came since the statement began.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) > 0
    }
}

/// Starts the thread that waits for signals.
///
/// At a prompt the line editor reads Ctrl-C as a key. Between the statements of a script there is nothing to
/// save, so the signal ends the program as it would without a handler, after `temporary` is removed.
pub(crate) fn watch(
    handle: InterruptHandle,
    interactive: bool,
    temporary: Option<PathBuf>,
) -> io::Result<Arc<Interrupt>> {
    let interrupt = Arc::new(Interrupt::default());
    let shared = Arc::clone(&interrupt);
    // SIGHUP is left alone in batches: under nohup it is ignored, and a handler would undo that.
    let watched: &[i32] = if interactive { &[SIGINT, SIGTERM, SIGHUP] } else { &[SIGINT, SIGTERM] };
    let mut signals = Signals::new(watched)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let busy = shared.busy.load(Ordering::SeqCst);
            if signal == SIGINT && busy && shared.asked.fetch_add(1, Ordering::SeqCst) + 1 < PATIENCE {
                handle.interrupt();
            } else if signal != SIGINT || busy || !interactive {
                if let Some(folder) = &temporary {
                    // The program ends here in any case; what cannot be removed stays.
                    let _ = fs::remove_dir_all(folder);
                }
                let _ = emulate_default_handler(signal);
            }
        }
    })?;
    Ok(interrupt)
}
