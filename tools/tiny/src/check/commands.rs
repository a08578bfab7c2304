//! Proves what commands print and how they end.

use anyhow::Result;

use super::Bench;
use super::proof::Proof;
use crate::machine::console::{Output, Silence};
use crate::machine::prompt::Ready;
use crate::promise::CommandPromise;

/// Runs the commands one after the other; after one that does not end, none can be run.
pub(super) fn prove(bench: &Bench<'_>, ready: &mut Ready<'_>) -> Result<Vec<Proof>> {
    let mut proofs = Vec::new();
    for promise in &bench.manifest.promises.commands {
        let typed = ready.running.console.begin(&promise.run)?;
        match ready.running.console.finish(&typed, bench.limit()) {
            Ok(output) => proofs.push(judge(promise, &output)),
            Err(silence) => {
                proofs.push(unheard(promise, silence, &ready.running.console.printed(&typed)));
                break;
            }
        }
    }
    Ok(proofs)
}

fn judge(promise: &CommandPromise, output: &Output) -> Proof {
    let said = output.text.trim();
    let keeps_text = promise.prints.as_ref().is_none_or(|text| said == text.trim());
    let keeps_part = promise.contains.as_ref().is_none_or(|text| said.contains(text.trim()));
    if keeps_text && keeps_part && output.code == promise.code {
        return Proof::kept(sentence(promise));
    }
    Proof::broken(sentence(promise), expected(promise), format!("{said:?} and {}", output.code))
}

fn unheard(promise: &CommandPromise, silence: Silence, printed: &str) -> Proof {
    let seen = format!("{silence}, after {:?}", printed.trim());
    Proof::broken(sentence(promise), expected(promise), seen)
        .with_hint("no command after this one was run")
}

fn sentence(promise: &CommandPromise) -> String {
    let mut does: Vec<String> = Vec::new();
    does.extend(promise.prints.as_ref().map(|text| format!("prints {:?}", text.trim())));
    does.extend(promise.contains.as_ref().map(|text| format!("prints …{:?}…", text.trim())));
    if promise.code != 0 || does.is_empty() {
        does.push(format!("ends with {}", promise.code));
    }
    format!("`{}` {}", promise.run, does.join(" and "))
}

fn expected(promise: &CommandPromise) -> String {
    let mut expected: Vec<String> = Vec::new();
    expected.extend(promise.prints.as_ref().map(|text| format!("{:?}", text.trim())));
    expected.extend(promise.contains.as_ref().map(|text| format!("{:?} in it", text.trim())));
    expected.push(format!("exit code {}", promise.code));
    expected.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise() -> CommandPromise {
        CommandPromise {
            run: "echo $((6 * 7))".to_owned(),
            prints: Some("42".to_owned()),
            contains: None,
            code: 0,
        }
    }

    #[test]
    fn space_at_the_ends_does_not_count_and_all_else_does() {
        let output = |text: &str, code| Output { text: text.to_owned(), code };
        assert!(judge(&promise(), &output("42\n", 0)).is_kept);
        for (text, code) in [("42\n", 1), ("4 2\n", 0), ("42\n43\n", 0), ("", 0)] {
            assert!(!judge(&promise(), &output(text, code)).is_kept, "{text:?} {code}");
        }
        let part = CommandPromise { prints: None, contains: Some("b".to_owned()), ..promise() };
        assert!(judge(&part, &output("abc", 0)).is_kept);
        assert!(!judge(&part, &output("ac", 0)).is_kept);
    }

    #[test]
    fn a_broken_promise_says_what_was_seen() {
        let output = Output { text: "6 * 7\n".to_owned(), code: 2 };
        let proof = judge(&promise(), &output);
        assert_eq!(proof.expected.as_deref(), Some("\"42\" and exit code 0"));
        assert_eq!(proof.seen.as_deref(), Some("\"6 * 7\" and 2"));
    }
}
