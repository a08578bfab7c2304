//! How a chore says what it could not do: what was attempted, why it failed, what to do.

use std::fmt;

use anyhow::{Error, Result};

/// Gives an error the advice that its reader needs.
pub(crate) trait Advise<T> {
    /// Adds what to do about the error.
    fn hint(self, advice: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Error>> Advise<T> for Result<T, E> {
    fn hint(self, advice: impl Into<String>) -> Result<T> {
        self.map_err(|error| error.into().context(Hint(advice.into())))
    }
}

/// Writes the error to standard error.
pub(crate) fn show(error: &Error) {
    eprint!("{}", describe(error));
}

/// The error as people read it.
pub(crate) fn describe(error: &Error) -> String {
    let hint = error.downcast_ref::<Hint>().map(ToString::to_string);
    let causes = error.chain().map(ToString::to_string);
    let causes = causes.filter(|cause| Some(cause) != hint.as_ref());
    let mut lines: Vec<String> = std::iter::once("error")
        .chain(std::iter::repeat("because"))
        .zip(causes)
        .map(|(word, cause)| format!("{word}: {cause}\n"))
        .collect();
    lines.extend(hint.map(|hint| format!("hint: {hint}\n")));
    lines.concat()
}

#[derive(Debug)]
struct Hint(String);

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn an_error_says_what_was_attempted_why_it_failed_and_what_to_do() {
        let error = Err::<(), _>(anyhow!("permission denied"))
            .context("cannot read `guests.toml`")
            .hint("run as root, or give a copy")
            .context("cannot set up the host")
            .expect_err("it is one");

        assert_eq!(
            describe(&error),
            "error: cannot set up the host\n\
             because: cannot read `guests.toml`\n\
             because: permission denied\n\
             hint: run as root, or give a copy\n"
        );
    }
}
