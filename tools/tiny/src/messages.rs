//! What goes to standard error.

use ui::Voice;

/// tiny's voice.
pub const VOICE: Voice = Voice::of("tiny");
