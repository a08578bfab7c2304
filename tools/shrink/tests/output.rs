//! What shrink prints for programs.

mod support;

use serde_json::Value;

use support::Workshop;

#[test]
fn every_document_says_who_wrote_it_and_in_which_form() {
    let workshop = Workshop::new();
    workshop.root("root");
    for words in [
        &["report", "root"][..],
        &["make", "root", "-o", "small"],
        &["why", "small/bin/busybox"],
        &["diff", "root", "small"],
        &["prove", "small"],
        &["make", "root", "--in-place"],
        &["undo", "root.removed.tar"],
    ] {
        let run = workshop.shrink(&[words, &["--format", "json"]].concat());

        let document: Value = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}: {run:?}"));
        assert_eq!(document["tool"], "shrink", "{words:?}");
        assert_eq!(document["version"], env!("CARGO_PKG_VERSION"), "{words:?}");
        assert_eq!(document["format"], 1, "{words:?}");
    }
}
