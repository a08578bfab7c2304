//! What tiny prints for programs, and what it says while it works.

use std::process::{Command, Stdio};

use serde_json::Value;

fn tiny(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiny"));
    command.args(words).stdin(Stdio::null());
    command
}

#[test]
fn a_document_says_who_wrote_it_and_in_which_form() {
    for words in [&["boards", "--format", "json"][..], &["doctor", "--format", "json"]] {
        let output = tiny(words).output().expect("tiny runs");

        let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(document["tool"], "tiny");
        assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["format"], 1);
    }
}
