//! What holds for every tree: random ones, with random options.

mod support;

use proptest::prelude::*;
use support::Tree;

/// What stands under a name.
#[derive(Debug, Clone)]
enum Thing {
    File {
        content: usize,
        mode: u32,
    },
    Link {
        text: String,
    },
    /// A further name of the file with this number, counted round.
    Again {
        number: usize,
    },
    Directory,
}

/// Contents and names are few, so that there are many duplicates; and of kinds that are linked.
const CONTENTS: [&str; 5] =
    ["", "one\n", "two\n", "#include \"../a.h\"\n", "#!/bin/sh\nreadlink -f \"$0\"\n"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a.h", "b.png", "README", "etc", "tmp"])
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..5).prop_map(|names| names.join("/"))
}

fn thing() -> impl Strategy<Value = Thing> {
    let file = (0..CONTENTS.len(), prop::sample::select(vec![0o644, 0o644, 0o755, 0o444]));
    let text =
        prop::sample::select(vec!["a.h", "../a.h", "b.png/README", "../../b.png", "nowhere", "."]);
    prop_oneof![
        6 => file.prop_map(|(content, mode)| Thing::File { content, mode }),
        1 => text.prop_map(|text| Thing::Link { text: text.to_owned() }),
        1 => (0..8_usize).prop_map(|number| Thing::Again { number }),
        1 => Just(Thing::Directory),
    ]
}

/// The things that find their place, each in two halves of the tree: so there are whole directories
/// that are the same.
fn plant(things: &[(String, Thing, bool)]) -> Tree {
    let tree = Tree::of(&[]);
    for half in ["x", "y/deep"] {
        let mut files: Vec<String> = Vec::new();
        tree.mkdir(half);
        for (path, thing, in_both) in things {
            let path = format!("{half}/{path}");
            let has_place = {
                let full = tree.path(&path);
                let parent = full.parent().expect("a path in the tree");
                let is_free = full.symlink_metadata().is_err();
                is_free
                    && (half == "x" || *in_both)
                    && parent.ancestors().take_while(|above| *above != tree.root()).all(|above| {
                        above.symlink_metadata().map_or(true, |status| status.is_dir())
                    })
            };
            if !has_place {
                continue;
            }
            match thing {
                Thing::File { content, mode } => {
                    tree.write(&path, CONTENTS[*content].as_bytes()).chmod(&path, *mode);
                    tree.date(&path, 1_000_000_000 + files.len() as u64);
                    files.push(path);
                }
                Thing::Link { text } => {
                    tree.link(&path, text);
                }
                Thing::Again { number } => {
                    if let Some(first) = files.get(number % files.len().max(1)) {
                        let full = tree.path(&path);
                        let parent = full.parent().expect("a path in the tree");
                        std::fs::create_dir_all(parent).expect("its directories");
                        tree.hard_link(first, &path);
                    }
                }
                Thing::Directory => {
                    tree.mkdir(&path);
                }
            }
        }
    }
    tree
}

fn options() -> impl Strategy<Value = Vec<&'static str>> {
    let kind = prop::sample::select(vec![None, None, Some("--directories"), Some("--hard")]);
    let care = prop::sample::select(vec![None, None, Some("--all"), Some("--ignore-metadata")]);
    let targets = vec![None, None, Some("--target=tar"), Some("--target=ext4-1k")];
    let target = prop::sample::select(targets);
    (kind, care, target)
        .prop_map(|(kind, care, target)| kind.into_iter().chain(care).chain(target).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_path_reads_the_same_a_second_run_changes_nothing_and_undo_restores_all(
        things in prop::collection::vec((path(), thing(), prop::bool::weighted(0.8)), 1..24),
        options in options(),
    ) {
        let tree = plant(&things);
        let arguments = [&options[..], &["."]].concat();
        let (state, contents) = (tree.state(), tree.contents());

        let run = tree.clink(&arguments);
        prop_assert_eq!(run.code, Some(0), "{}", run.stderr);
        prop_assert_eq!(tree.contents(), contents);

        let after = tree.entries();
        let second = tree.clink(&arguments);
        prop_assert_eq!(second.code, Some(0), "{}", second.stderr);
        prop_assert_eq!(tree.entries(), after, "a second run changed something: {}", second.stdout);

        if !tree.journals().is_empty() {
            let undone = tree.undo();
            prop_assert_eq!(undone.code, Some(0), "{}", undone.stderr);
        }
        prop_assert_eq!(tree.state(), state);
    }
}
