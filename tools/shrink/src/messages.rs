//! What goes to standard error.

use ui::Voice;

/// shrink's voice.
pub const VOICE: Voice = Voice::of("shrink");
