//! A tree, what is wished for, and what comes of it: the plan as data, the links, and the way back.

use std::fs::File;
use std::path::PathBuf;

use duplicates::apply::{Outcome, apply};
use duplicates::exclude::Exclude;
use duplicates::journal::Journal;
use duplicates::plan::{Kind, Rules, Wishes};
use duplicates::survey::{Survey, survey};
use duplicates::undo::{Undone, undo};
use duplicates::walk::Search;
use proptest::prelude::*;
use tempfile::TempDir;
use testkit::tree::Tree;

/// A tree, and beside it the journals.
struct Place {
    base: TempDir,
    tree: Tree,
}

impl Place {
    fn of(files: &[(&str, &str)]) -> Self {
        let base = tempfile::tempdir().expect("a directory to work in");
        std::fs::create_dir(base.path().join("tree")).expect("a directory");
        let tree = Tree::at(base.path().join("tree"));
        for (path, content) in files {
            tree.write(path, content.as_bytes());
        }
        Self { base, tree }
    }

    fn survey(&self, wishes: impl Into<Wishes>) -> Survey {
        self.survey_without(&[], wishes)
    }

    fn survey_without(&self, excluded: &[&str], wishes: impl Into<Wishes>) -> Survey {
        let patterns: Vec<_> = excluded.iter().map(ToString::to_string).collect();
        let exclude = Exclude::new(&patterns).expect("good patterns");
        let search = Search { exclude, ..Search::default() };
        survey(&[self.tree.root()], &search, wishes, &())
    }

    fn journal(&self) -> PathBuf {
        self.base.path().join("journal")
    }

    fn apply(&self, survey: &Survey) -> Outcome {
        let mut journal = Journal::create(&self.journal()).expect("a new journal");
        apply(&survey.inventory, &survey.plan, Some(&mut journal), &())
    }

    fn undo(&self) -> Undone {
        let journal = File::open(self.journal()).expect("a journal");
        undo(journal, None, &()).expect("one of ours")
    }

    /// Every planned link as `path -> text`, or `path = kept` where it is none.
    fn planned(&self, survey: &Survey) -> Vec<String> {
        let below = |path: &PathBuf| {
            path.strip_prefix(self.tree.root()).expect("below").display().to_string()
        };
        let shown = survey.planned_links().map(|link| match &link.text {
            Some(text) => format!("{} -> {}", below(&link.path), text.as_path().display()),
            None => format!("{} = {}", below(&link.path), below(&link.kept)),
        });
        shown.collect()
    }
}

const TWO: &[(&str, &str)] =
    &[("a/one.png", "same"), ("b/c/two.png", "same"), ("b/three.png", "x")];

const DIRECTORIES: Rules = Rules {
    kind: Kind::Symbolic,
    all: false,
    ignore_metadata: false,
    directories: true,
    min_size: 0,
};

fn rules(kind: Kind) -> Rules {
    Rules { kind, ..Rules::default() }
}

#[test]
fn a_survey_decides_and_changes_nothing() {
    let place = Place::of(TWO);
    let before = place.tree.state();

    let survey = place.survey(Rules::default());

    assert_eq!(place.planned(&survey), ["b/c/two.png -> ../../a/one.png"]);
    assert_eq!(place.tree.state(), before);
    assert!(survey.problems().next().is_none());
}

#[test]
fn what_was_planned_is_done_and_taken_back() {
    for (kind, planned) in [
        (Kind::Symbolic, "b/c/two.png -> ../../a/one.png"),
        (Kind::Hard, "b/c/two.png = a/one.png"),
    ] {
        let place = Place::of(TWO);
        let before = place.tree.state();
        let survey = place.survey(rules(kind));
        assert_eq!(place.planned(&survey), [planned]);

        let outcome = place.apply(&survey);

        assert!(outcome.problems.is_empty() && outcome.unreplaced_files.is_empty(), "{outcome:?}");
        assert!(outcome.has_replaced(&survey.plan));
        assert!(place.survey(rules(kind)).plan.is_empty(), "a second run finds nothing");
        let undone = place.undo();
        assert_eq!((undone.restored, undone.problems.len()), (1, 0));
        assert_eq!(place.tree.state(), before);
    }
}

#[test]
fn what_changed_since_the_survey_stays() {
    let place = Place::of(TWO);
    let survey = place.survey(Rules::default());
    place.tree.write("b/c/two.png", b"mine");

    let outcome = place.apply(&survey);

    assert_eq!((outcome.changed, outcome.unreplaced_files.len()), (1, 1));
    assert!(!outcome.has_replaced(&survey.plan));
    assert_eq!(place.tree.contents()[&PathBuf::from("b/c/two.png")], b"mine");
    assert_eq!(place.undo().untouched, 1);
}

#[test]
fn a_file_that_is_left_out_or_too_small_is_no_copy() {
    let place = Place::of(TWO);
    assert!(place.survey_without(&["two.*"], Rules::default()).plan.is_empty());
    assert!(place.survey_without(&["b/c"], Rules::default()).plan.is_empty());
    assert!(place.survey(Rules { min_size: 5, ..Rules::default() }).plan.is_empty());
    assert!(!place.survey(Rules { min_size: 4, ..Rules::default() }).plan.is_empty());
}

#[test]
fn metadata_counts_unless_told_otherwise() {
    let place = Place::of(TWO);
    place.tree.chmod("a/one.png", 0o600);
    assert!(place.survey(Rules::default()).plan.is_empty());
    let rules = Rules { ignore_metadata: true, ..Rules::default() };
    assert_eq!(place.planned(&place.survey(rules)).len(), 1);
}

#[test]
fn names_of_one_file_are_no_copies_of_each_other() {
    let place = Place::of(&[("a/one.png", "same"), ("b/one.png", "same")]);
    place.tree.hard_link("a/one.png", "a/again.png").hard_link("b/one.png", "b/again.png");

    let survey = place.survey(rules(Kind::Hard));
    assert_eq!(place.planned(&survey).len(), 2);
    place.apply(&survey);

    let entries = place.tree.entries();
    let inodes: std::collections::BTreeSet<_> = entries
        .values()
        .filter(|entry| entry.content == b"same")
        .map(|entry| entry.inode)
        .collect();
    assert_eq!(inodes.len(), 1);
}

#[test]
fn a_whole_directory_becomes_one_link_where_nothing_in_it_leads_elsewhere() {
    let guarded = |include: &str| format!("#ifndef X\n#define X\n#include \"{include}\"\n#endif\n");
    let (inside, outside) = (guarded("other.h"), guarded("../conf.h"));
    for (header, conf, planned) in [
        (&inside, ["1", "2"], vec!["two/lib -> ../one/lib"]),
        (&outside, ["1", "1"], vec!["two -> one"]),
        (&outside, ["1", "2"], vec![]),
    ] {
        let place = Place::of(&[
            ("one/lib/api.h", header),
            ("one/conf.h", conf[0]),
            ("two/lib/api.h", header),
            ("two/conf.h", conf[1]),
        ]);
        for path in ["one", "two", "one/lib", "two/lib"] {
            place.tree.date(path, 1_000_000_000);
        }
        for path in ["one/lib/api.h", "two/lib/api.h", "one/conf.h", "two/conf.h"] {
            place.tree.date(path, 1_000_000_000);
        }
        assert_eq!(place.planned(&place.survey(DIRECTORIES)), planned, "{header} {conf:?}");
    }
}

#[test]
fn every_name_tells_what_to_look_for_not_only_the_first_ones() {
    let place =
        Place::of(&["run.sh", "x.png", "COPYING", "z.h", "a/z.h"].map(|path| (path, "two\n")));
    place.tree.date("z.h", 1_000_000_000).date("a/z.h", 1_000_000_000);

    let planned = place.planned(&place.survey(Rules::default()));

    assert_eq!(planned, ["COPYING -> x.png", "a/z.h -> ../z.h"]);
}

#[test]
fn where_a_content_leads_to_is_told_by_every_name_not_only_the_first_ones() {
    for (text, is_one) in [("see conf\n", true), ("see ../conf\n", false)] {
        let place = Place::of(&[("one/conf", "1"), ("two/conf", "2")]);
        for name in ["1.png", "2.png", "README"] {
            for directory in ["one/doc", "two/doc"] {
                place.tree.write(format!("{directory}/{name}"), text.as_bytes());
            }
        }

        let planned = place.planned(&place.survey(DIRECTORIES));

        let link = "two/doc -> ../one/doc".to_owned();
        assert_eq!(planned.contains(&link), is_one, "{planned:?}");
    }
}

#[test]
fn a_file_that_links_lead_to_and_that_was_replaced_itself_comes_back_before_them() {
    let files = ["a/b/COPYING", "a/b/x.png", "z.h"];
    let place = Place::of(&files.map(|path| (path, "two\n")));
    for path in files {
        place.tree.date(path, 1_000_000_000);
    }
    let before = place.tree.state();
    let survey = place.survey(Wishes { mixed: true, ..Wishes::default() });
    assert_eq!(place.planned(&survey), ["a/b/COPYING -> x.png", "a/b/x.png = z.h"]);
    place.apply(&survey);

    let undone = place.undo();

    assert_eq!((undone.restored, undone.problems.len()), (2, 0), "{undone:?}");
    assert_eq!(place.tree.state(), before);
}

/// Names and contents are few, so that there are many copies.
fn files() -> impl Strategy<Value = Vec<(String, usize)>> {
    let directory = prop::sample::select(vec!["", "a/", "b/", "a/a/", "a/b/", "b/c/d/"]);
    let name = prop::sample::select(vec!["x.png", "y.png", "COPYING", "z.h", "run.sh", "odd"]);
    let path = (directory, name).prop_map(|(directory, name)| format!("{directory}{name}"));
    prop::collection::vec((path, 0..CONTENTS.len()), 1..20)
}

const CONTENTS: [&str; 5] =
    ["", "one\n", "two\n", "#include \"../z.h\"\n", "#!/bin/sh\nreadlink -f \"$0\"\n"];

fn wishes() -> impl Strategy<Value = Wishes> {
    let kind = prop::sample::select(vec![Kind::Symbolic, Kind::Hard]);
    (kind, any::<[bool; 5]>()).prop_map(
        |(kind, [all, ignore_metadata, directories, trust, mixed])| {
            let directories = directories && kind == Kind::Symbolic;
            Wishes {
                rules: Rules { kind, all, ignore_metadata, directories, min_size: 0 },
                trust_unknown: trust,
                mixed: mixed && kind == Kind::Symbolic,
                ..Wishes::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_path_reads_the_same_a_second_run_finds_nothing_and_undo_restores_all(
        files in files(), wishes in wishes(),
    ) {
        let place = Place::of(&[]);
        for (path, content) in &files {
            place.tree.write(path, CONTENTS[*content].as_bytes());
        }
        let (state, contents) = (place.tree.state(), place.tree.contents());

        let survey = place.survey(wishes.clone());
        let planned = survey.planned_links().count();
        let outcome = place.apply(&survey);

        prop_assert!(outcome.problems.is_empty(), "{outcome:?}");
        prop_assert_eq!(place.tree.contents(), contents);
        prop_assert!(place.survey(wishes).plan.is_empty());
        if planned == 0 {
            // Nothing was written down either.
            return Ok(());
        }
        let undone = place.undo();
        prop_assert!(undone.problems.is_empty(), "{undone:?}");
        prop_assert_eq!(undone.restored, planned as u64);
        prop_assert_eq!(place.tree.state(), state);
    }
}
