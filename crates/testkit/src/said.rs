//! What a tool says on standard error, for a test to compare.

/// Without the lines that say what takes long. On a busy machine anything may take long, and then
/// they come: that they do is no part of what most tests look at.
#[must_use]
pub fn without_progress(said: &str) -> String {
    let is_progress = |line: &&str| line.trim_end().ends_with(" so far)");
    said.split_inclusive('\n').filter(|line| !is_progress(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_and_progress_goes() {
        let said = "tool: building (10 s so far)\ntool: cannot go on\ntool: x (1 min so far)\n";

        assert_eq!(without_progress(said), "tool: cannot go on\n");
    }
}
