//! What goes to standard error.

use ui::Voice;

/// coool's voice.
pub const VOICE: Voice = Voice::of("coool");
