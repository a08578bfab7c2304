//! What is claimed names the tests that fail when it is broken, and these tests exist.
//!
//! A file's head says it in a paragraph that begins with `Proof: `: a list of `FILE::test`, whose
//! files stand below the package. Each invariant in ARCHITECTURE.md, which is a sentence in italics,
//! is followed by such a list in the same item; its files stand below the root.
//!
//! Proof: `src/tidy/proofs.rs::a_claim_whose_test_is_missing_is_found`,
//! `src/tidy/proofs.rs::an_invariant_that_names_no_test_is_found`

use std::path::Path;

use super::Breach;

/// The page of the invariants.
pub(super) const INVARIANTS: &str = "ARCHITECTURE.md";

/// From where on that page speaks of what does not stand yet, and has no tests.
const TO_COME: &str = "Those of the tools to come:";

/// A test by the file it stands in, as it is named.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    file: &'a str,
    test: &'a str,
}

/// Gives the text of a file of the project.
type Texts<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Tests that a file's head names and that do not exist. Paths are relative to `package`.
pub(super) fn breaches(file: &Path, text: &str, package: &Path, texts: Texts) -> Vec<Breach> {
    let Some((line, list)) = proof_in_head(text) else { return Vec::new() };
    let place = format!("{}:{line}", file.display());
    judge(&place, &list, package, texts)
}

/// Invariants that no test proves.
pub(super) fn of_invariants(page: &str, texts: Texts) -> Vec<Breach> {
    let standing = page.split(TO_COME).next().unwrap_or(page);
    let mut breaches = Vec::new();
    let mut line = 1;
    for item in items(standing) {
        let place = format!("{INVARIANTS}:{line}");
        line += item.matches('\n').count();
        for (invariant, list) in invariants(item) {
            if named(list).is_empty() {
                let what = format!("no test is named that proves “{invariant}”");
                breaches.push(Breach { place: place.clone(), what });
            }
            breaches.extend(judge(&place, list, Path::new(""), texts));
        }
    }
    breaches
}

/// The last paragraph of a head that begins with `Proof: `, and the line where it begins.
fn proof_in_head(text: &str) -> Option<(usize, String)> {
    let head = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let head: Vec<_> = head.collect();
    let begin = head.iter().rposition(|line| line.starts_with("Proof: "))?;
    let list = head[begin..].iter().take_while(|line| !line.is_empty());
    let list: Vec<_> = list.copied().collect();
    Some((begin + 1, list.join(" ").trim_start_matches("Proof: ").to_owned()))
}

fn judge(place: &str, list: &str, base: &Path, texts: Texts) -> Vec<Breach> {
    let missing = named(list).into_iter().filter_map(|Named { file, test }| {
        let path = base.join(file);
        let complaint = match texts(&path) {
            None => format!("names `{file}::{test}`, but there is no `{}`", path.display()),
            Some(text) if has_function(&text, test) => return None,
            Some(_) => format!("names a test `{test}` that is not in `{}`", path.display()),
        };
        Some(Breach { place: place.to_owned(), what: complaint })
    });
    missing.collect()
}

/// The tests in a text: words that hold the name of a Rust file, two colons, and a name.
fn named(text: &str) -> Vec<Named<'_>> {
    let words = text.split([' ', ',', '\n', '`', '(', ')', ';']);
    words
        .filter_map(|word| word.trim_end_matches('.').split_once("::"))
        .filter(|(file, _)| Path::new(file).extension().is_some_and(|end| end == "rs"))
        .map(|(file, test)| Named { file, test })
        .collect()
}

fn has_function(text: &str, name: &str) -> bool {
    let begins = |rest: &str| rest.trim_start().starts_with(['(', '<']);
    text.match_indices(&format!("fn {name}")).any(|(at, found)| begins(&text[at + found.len()..]))
}

/// The page in its paragraphs and items of lists, each with the line breaks behind it.
fn items(page: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut begin = 0;
    for (at, _) in page.match_indices('\n') {
        let next = &page[at + 1..];
        if next.starts_with("- ") || next.starts_with('\n') {
            items.push(&page[begin..=at]);
            begin = at + 1;
        }
    }
    items.push(&page[begin..]);
    items
}

/// The sentences in italics of an item, each with the text up to the next.
fn invariants(item: &str) -> Vec<(&str, &str)> {
    // Between double asterisks stands what is bold.
    let mut parts = item.split('*');
    parts.next();
    let mut invariants = Vec::new();
    while let (Some(sentence), Some(behind)) = (parts.next(), parts.next()) {
        if sentence.ends_with('.') {
            invariants.push((sentence, behind));
        }
    }
    invariants
}

/// The package that a file belongs to: the one whose folder is the nearest.
pub(super) fn package_of<'a>(file: &Path, folders: &[&'a Path]) -> Option<&'a Path> {
    let above = folders.iter().filter(|folder| file.starts_with(folder));
    above.max_by_key(|folder| folder.iter().count()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &Path) -> Option<String> {
        let tests =
            "#[test]\nfn a_saw_cuts() {}\n\nproptest! {\n    fn it_never_bites(x in 0..9) {}\n}";
        (file == Path::new("tools/saw/tests/cutting.rs")).then(|| tests.to_owned())
    }

    fn found(head: &str) -> Vec<String> {
        let file = Path::new("tools/saw/src/blade.rs");
        let breaches = breaches(file, head, Path::new("tools/saw"), &texts);
        breaches.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_claim_with_its_tests_is_right() {
        let head = "//! Cuts.\n//!\n//! Proof: tests/cutting.rs::a_saw_cuts,\n\
                    //! `tests/cutting.rs::it_never_bites`\n\nuse std::fs;\n";

        assert_eq!(found(head), [""; 0]);
        assert_eq!(found("//! Cuts.\n"), [""; 0]);
        assert_eq!(found("//! Proofs as values.\n"), [""; 0]);
    }

    #[test]
    fn a_claim_whose_test_is_missing_is_found() {
        assert_eq!(
            found("//! Cuts.\n//!\n//! Proof: tests/cutting.rs::a_saw\n"),
            ["tools/saw/src/blade.rs:3: names a test `a_saw` that is not in \
              `tools/saw/tests/cutting.rs`"]
        );
        assert_eq!(
            found(
                "//! Cuts.\n//!\n//! Proof: tests/cutting.rs::a_saw_cuts,\n//! tests/none.rs::a\n"
            ),
            ["tools/saw/src/blade.rs:3: names `tests/none.rs::a`, but there is no \
              `tools/saw/tests/none.rs`"]
        );
    }

    #[test]
    fn an_invariant_that_names_no_test_is_found() {
        let page = "\
# The house

**Bold is no invariant.** Nor is *emphasis*.

- saw: `measure → cut`. *A saw
  cuts.* Proven by `tools/saw/tests/cutting.rs::a_saw_cuts`. *It never bites.*
- drill: *Round.* Proven by `tools/saw/tests/cutting.rs::it_is_round`.

Those of the tools to come:

- plane: *Flat.*
";
        let found: Vec<_> = of_invariants(page, &texts).iter().map(ToString::to_string).collect();

        assert_eq!(
            found,
            [
                "ARCHITECTURE.md:5: no test is named that proves “It never bites.”",
                "ARCHITECTURE.md:7: names a test `it_is_round` that is not in \
                 `tools/saw/tests/cutting.rs`",
            ]
        );
    }

    #[test]
    fn a_file_belongs_to_the_nearest_package() {
        let folders = [Path::new("xtask"), Path::new("xtask/bench")];

        assert_eq!(package_of(Path::new("xtask/bench/src/main.rs"), &folders), Some(folders[1]));
        assert_eq!(package_of(Path::new("xtask/src/main.rs"), &folders), Some(folders[0]));
        assert_eq!(package_of(Path::new("docs/saw.md"), &folders), None);
    }
}
