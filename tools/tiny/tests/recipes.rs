//! What people get wrong in a recipe, and what they are told.

mod workshop;

use expect_test::expect;
use workshop::{Run, Workshop, text, tiny};

const RECIPE: &str = r#"board = "versatile-pb"
memory = "16M"

[kernel]
features = ["processes"]

[busybox]
applets = ["ls"]

[start]
script = "exec sh"
"#;

/// What tiny says of a recipe.
fn said(recipe: &str) -> String {
    let workshop = Workshop::new();
    let path = workshop.recipe("test.toml", recipe);
    let Run { code, stdout, stderr } = workshop.build(&path, "test.img", &["--offline"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(!workshop.path("test.img").exists());
    stderr.replace(text(&workshop.path("")), "")
}

#[test]
fn a_mistake_is_shown_with_its_line() {
    expect![[r#"
        tiny: cannot use the recipe `test.toml`
          because: line 1: `board = "versatile-bp"`
          because: there is no board `versatile-bp`
          hint: docs/tiny.md says what a recipe may hold
    "#]]
    .assert_eq(&said(&RECIPE.replace("versatile-pb", "versatile-bp")));
    expect![[r#"
        tiny: cannot use the recipe `test.toml`
          because: line 5: `features = ["processes", "hologram"]`
          because: the board has no feature `hologram`: it has devices, framebuffer, input, messages, old-time, processes, shared-memory, threads, users
          hint: docs/tiny.md says what a recipe may hold
    "#]]
    .assert_eq(&said(&RECIPE.replace("[\"processes\"]", "[\"processes\", \"hologram\"]")));
}

#[test]
fn a_recipe_that_is_not_there_is_an_error() {
    let Run { code, stderr, .. } = tiny(&["build", "nowhere/demo.toml"]);

    assert_eq!(code, Some(2));
    expect![[r#"
        tiny: cannot read the recipe `nowhere/demo.toml`
          because: no such file or directory
          hint: give the path of a TOML file
    "#]]
    .assert_eq(&stderr);
}

#[test]
fn two_files_at_one_place_and_paths_that_lead_out_are_mistakes() {
    let out = format!("{RECIPE}\n[[file]]\npath = \"../../etc/passwd\"\ntext = \"\"\n");
    assert!(said(&out).contains("`../../etc/passwd` leads out of the system"), "{}", said(&out));
    let both = format!("{RECIPE}\n[[file]]\npath = \"/a\"\ntext = \"\"\nfrom = \"a\"\n");
    assert!(said(&both).contains("a file has either `text` or `from`"), "{}", said(&both));
}

#[test]
fn offline_without_a_lock_file_nothing_is_fetched() {
    let workshop = Workshop::new();
    let path = workshop.recipe("never-built.toml", RECIPE);
    let lock = workshop.path("never-built.lock");
    let image = workshop.path("never-built.img");

    let run = tiny(&[
        "build",
        text(&path),
        "-o",
        text(&image),
        "--lock",
        text(&lock),
        "--offline",
        "--store",
        text(&workshop.path("store")),
    ]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("does not name every package"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: build once without --offline"), "{}", run.stderr);
}

#[test]
fn doctor_says_what_is_missing_with_the_line_that_installs_it() {
    let workshop = Workshop::new();
    let path = workshop.recipe("test.toml", RECIPE);
    // Builds look for programs where Debian installs them: there is nothing for the time being.
    let nothing = workshop.path("nothing");
    std::fs::create_dir(&nothing).expect("a directory");
    let script = "mount --bind \"$1\" /usr/bin && shift && PATH= exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh", text(&nothing)])
        .args([env!("CARGO_BIN_EXE_tiny"), "doctor", text(&path)])
        .output()
        .expect("unshare, of the package util-linux, runs");

    let stdout = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let line = stdout.lines().last().expect("a line");
    assert!(line.starts_with("sudo apt-get install --no-install-recommends "), "{line}");
    for package in ["gcc-arm-linux-gnueabi", "qemu-system-arm", "flex", "make"] {
        assert!(line.contains(package), "{line}");
    }
}

#[test]
fn a_full_disk_is_said_before_anything_is_fetched() {
    let workshop = Workshop::new();
    let path = workshop.recipe("test.toml", RECIPE);
    let store = workshop.path("store");
    std::fs::create_dir(&store).expect("a directory");
    let script = "mount -t tmpfs -o size=20m tmpfs \"$1\" && shift && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh", text(&store)])
        .args([env!("CARGO_BIN_EXE_tiny"), "build", text(&path), "--store", text(&store)])
        .output()
        .expect("unshare, of the package util-linux, runs");

    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("MB, and fetching takes 512"), "{stderr}");
    assert!(stderr.contains("hint: make room, or name another place with --store"), "{stderr}");
    assert!(!workshop.path("test.img").exists());
}
