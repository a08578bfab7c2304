//! The demo: a whole graphical Linux in one file, built, booted and looked at; what it promises is
//! what 2007's demo did, and more.

mod workshop;

use std::fs;

use serde_json::Value;
use workshop::{Run, Workshop, json, shipped, text, tiny};

/// The demo of 2007: one file of about 2.1 MB.
const BUDGET: u64 = 800_000;

fn check(image: &std::path::Path, words: &[&str]) -> Value {
    let all = [&["check", text(image), "--format", "json", "--boots", "1"], words].concat();
    let run = tiny(&all);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    json(&run)
}

#[test]
fn the_demo_fits_into_800_000_bytes_and_keeps_what_it_promises() {
    let workshop = Workshop::new();
    let image = workshop.built("demo.toml", "demo.img");
    let size = fs::metadata(&image).expect("an image").len();
    assert!(size <= BUDGET, "{size} bytes");

    // A shell in 4 MiB, a picture in 6.
    check(&image, &["--least-memory"]);

    let shell = tiny(&["shell", text(&image), "-c", "uname -m; ls /bin | wc -l; exit 3"]);
    assert_eq!(shell.code, Some(3), "{}", shell.stderr);
    let mut lines = shell.stdout.lines();
    assert_eq!(lines.next(), Some("armv5tejl"));
    let commands: u32 = lines.next().expect("a number").trim().parse().expect("a number");
    assert!(commands > 100, "{commands}");

    let picture = workshop.path("demo.png");
    let shot =
        ["screenshot", text(&image), "-o", text(&picture), "-c", "fb-windows --frames 1 --hold"];
    assert_eq!(tiny(&shot).code, Some(0));
    assert!(fs::metadata(&picture).expect("a picture").len() > 5_000);
}

#[test]
fn not_packed_the_demo_draws_within_150_million_instructions() {
    let workshop = Workshop::new();
    let recipe = fs::read_to_string(shipped("demo.toml")).expect("a recipe");
    let programs = shipped("demo.toml").with_file_name("../programs");
    let fast = recipe
        .replace("budget = 800_000", "")
        .replace("compressor = \"xz\"", "compressor = \"none\"")
        .replace("\"../programs", &format!("\"{}", programs.display()))
        .replace("--frames 1\" }", "--frames 1\", at-most = 150_000_000 }");
    assert!(fast.contains("at-most"), "{fast}");
    let run = workshop.build(&workshop.recipe("demo.toml", &fast), "fast.img", &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));

    check(&workshop.path("fast.img"), &[]);
}

#[test]
fn the_same_recipe_gives_the_same_bits_in_another_folder() {
    if !testkit::full("everything is built twice") {
        return;
    }
    let workshop = Workshop::new();
    let run = workshop.build(&shipped("demo.toml"), "demo.img", &["--twice"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("built twice, in two folders: the same bits"), "{}", run.stdout);
}

#[test]
fn an_image_over_its_budget_is_not_written_and_what_is_large_is_named() {
    let workshop = Workshop::new();
    let recipe = fs::read_to_string(shipped("demo.toml")).expect("a recipe");
    let programs = shipped("demo.toml").with_file_name("../programs");
    let small = recipe
        .replace("budget = 800_000", "budget = 100_000")
        .replace("\"../programs", &format!("\"{}", programs.display()));

    let Run { code, stderr, .. } =
        workshop.build(&workshop.recipe("demo.toml", &small), "small.img", &[]);

    assert_eq!(code, Some(2));
    assert!(stderr.contains("more than its budget of 100000"), "{stderr}");
    assert!(stderr.contains("/bin/busybox has "), "{stderr}");
    assert!(!workshop.path("small.img").exists());
}

#[test]
fn what_the_kernel_or_busybox_does_not_know_is_named() {
    let workshop = Workshop::new();
    let recipe = fs::read_to_string(shipped("demo.toml")).expect("a recipe");
    let programs = shipped("demo.toml").with_file_name("../programs");
    let recipe = recipe.replace("\"../programs", &format!("\"{}", programs.display()));

    let unknown = recipe.replace("[busybox]", "[kernel.options]\nHOLOGRAM = true\n\n[busybox]");
    let run = workshop.build(&workshop.recipe("demo.toml", &unknown), "demo.img", &[]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("`HOLOGRAM` cannot be on: this kernel has no such option"),
        "{}",
        run.stderr
    );

    let unknown = recipe.replace("\"vi\", ", "\"vi\", \"emacs\", ");
    let run = workshop.build(&workshop.recipe("demo.toml", &unknown), "demo.img", &[]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("`EMACS` cannot be on: it has no such command or option"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_program_for_another_machine_is_refused() {
    let workshop = Workshop::new();
    fs::copy("/bin/true", workshop.path("true")).expect("a program");
    let recipe = r#"
board = "versatile-pb"
memory = "16M"
[kernel]
[[program]]
name = "true"
binary = "true"
[start]
script = "exec true"
"#;

    let run = workshop.build(&workshop.recipe("demo.toml", recipe), "demo.img", &[]);

    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("`/bin/true` is a program for x86-64, not for arm"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_package_that_does_not_exist_is_named() {
    let workshop = Workshop::new();
    let recipe = r#"
board = "versatile-pb"
memory = "16M"
[kernel]
[packages]
names = ["no-such-package"]
[start]
script = "exec sh"
"#;
    let path = workshop.recipe("demo.toml", recipe);
    let (image, lock) = (workshop.path("demo.img"), workshop.path("demo.lock"));

    let run = tiny(&["build", text(&path), "-o", text(&image), "--lock", text(&lock)]);

    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("cannot fetch the package `no-such-package:armel`"),
        "{}",
        run.stderr
    );
    assert!(!lock.exists());
}
