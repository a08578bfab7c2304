//! Listens for Ctrl-C.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether somebody wants the work to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked_for: Arc<AtomicBool>,
    listens: Arc<Mutex<bool>>,
}

impl Stop {
    /// From now on the first signal only says that the work is to end after the step at hand; a
    /// second one ends us at once. Who listens already goes on.
    ///
    /// # Errors
    ///
    /// When the system does not let us listen.
    pub fn listen(&self) -> io::Result<()> {
        let mut listens = self.listens.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *listens, true) {
            return Ok(());
        }
        for signal in [SIGINT, SIGTERM] {
            // The one that ends us stands first, so that it sees what the signals before have set.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&self.asked_for))?;
            signal_hook::flag::register(signal, Arc::clone(&self.asked_for))?;
        }
        Ok(())
    }

    /// Whether the work is to end.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.asked_for.load(Ordering::Relaxed)
    }
}
