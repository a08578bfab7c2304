//! What goes to standard error.

use std::error::Error;

use duplicates::problem::Problem;
use ui::Voice;

/// clink's voice.
pub const VOICE: Voice = Voice::of("clink");

/// Prints problems, all of them where that is asked for.
pub(crate) fn problems<'problem>(problems: impl Iterator<Item = &'problem Problem>, all: bool) {
    /// More are no help on a screen.
    const SHOWN: usize = 20;
    let mut hidden = 0;
    for (number, problem) in problems.enumerate() {
        if all || number < SHOWN {
            let because = problem.source().map(ToString::to_string);
            VOICE.problem(&problem.to_string(), because, problem.hint());
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        VOICE.note(&format!("{hidden} more such messages; --verbose shows all"));
    }
}
