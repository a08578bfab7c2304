//! What every text of the project keeps to.

use std::path::Path;

use super::Breach;

/// Where a developer's own files lie. Nobody else has them.
const PRIVATE_PLACES: &[&str] = &["/home/", "/root/", "/work/", "/Users/"];

/// Texts that may name such a place, because they speak of every system, not of one machine.
const MAY_NAME_PRIVATE_PLACES: &[&str] = &["xtask/src/tidy/texts.rs"];

/// Written in halves, so that this file passes its own rule.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Every breach in one file, whose path is relative to the root.
pub(super) fn breaches(file: &Path, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if is_our_rust(file) {
        breaches.extend(purpose(file, text));
        breaches.extend(unfinished(file, text));
    }
    breaches.extend(private_places(file, text));
    breaches
}

fn is_our_rust(file: &Path) -> bool {
    let ours = ["tools", "crates", "xtask", "fuzz"].iter().any(|folder| file.starts_with(folder));
    ours && file.extension().is_some_and(|extension| extension == "rs")
}

/// A file opens with the sentence that says what it is for.
fn purpose(file: &Path, text: &str) -> Option<Breach> {
    let sentence =
        text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
    let what = "does not open with `//!` and a sentence that says what it is for";
    sentence.trim().is_empty().then(|| breach(file, 1, what.to_owned()))
}

/// What is left to do stands in an issue, where it is seen.
fn unfinished(file: &Path, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        if let Some(word) = words.find(|word| UNFINISHED.contains(word)) {
            breaches.push(breach(file, number, format!("`{word}` is for issues, not for code")));
        }
    }
    breaches
}

fn private_places(file: &Path, text: &str) -> Vec<Breach> {
    if MAY_NAME_PRIVATE_PLACES.iter().any(|allowed| file == Path::new(allowed)) {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for place in PRIVATE_PLACES {
            if line.match_indices(place).any(|(start, _)| is_absolute(&line[..start])) {
                let what = format!("names `{place}…`, which only one machine has");
                breaches.push(breach(file, number, what));
            }
        }
    }
    breaches
}

/// Whether a path begins here: `tree/root/x` and `$HOME/work/x` go on instead.
fn is_absolute(before: &str) -> bool {
    !before.ends_with(|letter: char| letter.is_alphanumeric() || "._-~*})]>".contains(letter))
}

fn breach(file: &Path, line: usize, what: String) -> Breach {
    Breach { place: format!("{}:{line}", file.display()), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        breaches(Path::new(file), text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_that_says_what_it_is_for_is_right() {
        assert!(found("tools/clink/src/lib.rs", "//! Links files.\n\nmod cli;\n").is_empty());
        assert!(found("docs/clink.md", "clink\n").is_empty());
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_found() {
        let complaint = "does not open with `//!` and a sentence that says what it is for";
        for text in ["", "use std::fs;\n", "//!\n", "// Links files.\n"] {
            assert_eq!(
                found("crates/duplicates/src/a.rs", text),
                [format!("crates/duplicates/src/a.rs:1: {complaint}")]
            );
        }
    }

    #[test]
    fn an_unfinished_thought_in_code_is_found() {
        let word = UNFINISHED[0];

        assert_eq!(
            found("xtask/src/main.rs", &format!("//! Chores.\n// {word}: more\n")),
            [format!("xtask/src/main.rs:2: `{word}` is for issues, not for code")]
        );
        assert!(found("xtask/src/main.rs", &format!("//! Chores.\nMY_{word}S\n")).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_every_text() {
        assert_eq!(
            found("docs/clink.md", "see\n`/home/ada/tree`\n"),
            ["docs/clink.md:2: names `/home/…`, which only one machine has"]
        );
        assert_eq!(found("Cargo.toml", "path = \"/work/duplicates\"").len(), 1);
    }

    #[test]
    fn a_path_inside_a_tree_is_nobodys_machine() {
        assert!(found("docs/clink.md", "tree/home/ada and $HOME/work/x and ~/work/x").is_empty());
    }
}
