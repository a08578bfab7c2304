//! How long something may take.

use std::time::{Duration, Instant};

/// How often we look up while we wait.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// The moment after which nobody waits any longer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(Instant);

impl Limit {
    /// So long from now.
    pub(crate) fn after(time: Duration) -> Self {
        // A time that no clock can tell is as good as a day.
        let now = Instant::now();
        Self(now.checked_add(time).unwrap_or(now + Duration::from_hours(24)))
    }

    /// Whichever comes first: this one, or so long from now.
    pub(crate) fn or_after(self, time: Duration) -> Self {
        Self(self.0.min(Self::after(time).0))
    }

    pub(crate) fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }
}
