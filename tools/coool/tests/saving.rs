//! `--fix` and everything that can come in between: a kill, a full disk, and an office program that
//! saves the document at the same time.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::process::{Command, Stdio};

use support::odf;
use testkit::syscalls::{Deed, Operation, Place, why_not};

/// A flat document with a slip in an address.
fn prepare(place: &Place) {
    let slip = odf::link("#Hree", "slip");
    let body = format!("<text:p><text:bookmark text:name=\"Here\"/>{slip}</text:p>");
    fs::write(place.tree().join("a.fodt"), odf::text(&body)).expect("a document");
}

fn fix(place: &Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coool"));
    command.args(["--fix", "--all", "a.fodt"]).current_dir(place.tree()).env_clear();
    command.env("HOME", place.home()).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// From its lock on; it changes nothing before.
const FIX: Operation<'static> = Operation {
    prepare: &prepare,
    command: &fix,
    begins: Some("flock"),
    theirs: &["a.fodt"],
    ..Operation::NONE
};

fn can_trace() -> bool {
    why_not().is_none_or(|reason| testkit::can(false, reason))
}

/// The old document or the new one, and next to the new one its backup. A run that was killed after
/// it had made the backup makes another one when it is run again.
fn after_a_kill(place: &Place, happened: &str) {
    let run = fix(place).output().expect("coool starts");
    assert_eq!(run.status.code(), Some(0), "after {happened}: {run:?}");
    assert!(place.leftovers().is_empty(), "after {happened}: {:?}", place.leftovers());
    let contents = place.contents();
    let new = String::from_utf8_lossy(&contents["a.fodt"]);
    assert!(new.contains("#Here"), "after {happened}");
    let old = String::from_utf8_lossy(&contents["a.fodt.bak"]);
    assert!(old.contains("#Hree"), "after {happened}");
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_document_or_the_new_one() {
    if can_trace() {
        Operation { afterwards: &after_a_kill, ..FIX }.killed();
    }
}

#[test]
fn a_call_that_fails_leaves_the_old_document_or_the_new_one() {
    if can_trace() {
        for error in ["ENOSPC", "EIO", "EROFS"] {
            Operation { afterwards: &after_a_kill, ..FIX }.failing(error);
        }
    }
}

#[test]
fn ctrl_c_leaves_the_old_document_or_the_new_one() {
    if can_trace() {
        Operation { afterwards: &after_a_kill, ..FIX }.interrupted();
    }
}

#[test]
fn a_document_that_is_saved_meanwhile_is_kept() {
    if can_trace() {
        FIX.shared_with(&[Deed::Replace, Deed::Delete]);
    }
}

#[test]
fn a_document_that_is_written_to_meanwhile_is_kept() {
    if can_trace() {
        FIX.shared_with(&[Deed::Write, Deed::Shorten, Deed::Lengthen]);
    }
}

#[test]
fn a_document_is_kept_where_names_cannot_be_exchanged() {
    if can_trace() {
        Operation { never: &[("renameat2", "EINVAL")], ..FIX }.shared();
    }
}

#[test]
fn a_document_that_another_program_has_open_for_writing_is_left_to_it() {
    let slip = odf::link("#Hree", "slip");
    let body = format!("<text:p><text:bookmark text:name=\"Here\"/>{slip}</text:p>");
    let desk = support::Desk::with("a.fodt", odf::text(&body));
    let open = fs::OpenOptions::new().append(true).open(desk.path("a.fodt")).expect("it opens");

    let run = desk.coool(&["--fix", "--all", "a.fodt"]);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(
        run.stderr,
        "coool: cannot put `a.fodt` right\n  because: somebody has it open for writing\n  hint: \
         close it there, and run again\n"
    );
    assert_eq!(fs::read_dir(desk.folder()).expect("a folder").count(), 1);
    drop(open);
    assert_eq!(desk.coool(&["--fix", "--all", "a.fodt"]).code, Some(0));
}

#[test]
fn a_document_that_is_open_in_an_office_program_is_left_to_it() {
    let slip = odf::link("#Hree", "slip");
    let body = format!("<text:p><text:bookmark text:name=\"Here\"/>{slip}</text:p>");
    for sign in [".~lock.a.fodt#", "~$a.fodt"] {
        let desk = support::Desk::with("a.fodt", odf::text(&body));
        fs::write(desk.path(sign), ",me,here,28.11.2026 10:00;").expect("a file");

        let run = desk.coool(&["--fix", "--all", "a.fodt"]);

        assert_eq!(run.code, Some(2), "{run:?}");
        assert_eq!(
            run.stderr,
            format!(
                "coool: cannot put `a.fodt` right\n  because: an office program has it open, as \
                 `{sign}` says\n  hint: close it there, and run again; if none has it open, remove \
                 `{sign}`\n"
            )
        );
        assert_eq!(fs::read_to_string(desk.path("a.fodt")).expect("it is there"), odf::text(&body));
        fs::remove_file(desk.path(sign)).expect("the program ends");
        assert_eq!(desk.coool(&["--fix", "--all", "a.fodt"]).code, Some(0));
    }
}

#[test]
fn it_is_said_that_other_names_of_a_document_keep_what_it_was() {
    let slip = odf::link("#Hree", "slip");
    let old = odf::text(&format!("<text:p><text:bookmark text:name=\"Here\"/>{slip}</text:p>"));
    let desk = support::Desk::with("a.fodt", &old);
    fs::hard_link(desk.path("a.fodt"), desk.path("b.fodt")).expect("another name");

    let run = desk.coool(&["--fix", "--all", "a.fodt"]);

    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.stderr, "coool: `a.fodt` has another name, which keeps what it was\n");
    assert!(String::from_utf8_lossy(&desk.read("a.fodt")).contains("#Here"));
    assert_eq!(desk.read("b.fodt"), old.as_bytes());
}

#[test]
fn the_new_document_has_the_mode_and_the_attributes_of_the_old_one() {
    let slip = odf::link("#Hree", "slip");
    let body = format!("<text:p><text:bookmark text:name=\"Here\"/>{slip}</text:p>");
    let desk = support::Desk::with("a.fodt", odf::text(&body));
    let path = desk.path("a.fodt");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("a mode");
    let tag = ["-n", "user.xdg.tags", "-v", "finance"];
    let given = Command::new("setfattr").args(tag).arg(&path).status();
    assert!(given.expect("setfattr").success());

    assert_eq!(desk.coool(&["--fix", "--all", "a.fodt"]).code, Some(0));

    assert!(fs::read_to_string(&path).expect("it is there").contains("#Here"));
    assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o7777, 0o640);
    let shown = Command::new("getfattr").args(["--only-values", "-n", tag[1]]).arg(&path).output();
    assert_eq!(shown.expect("getfattr").stdout, tag[3].as_bytes());
}
