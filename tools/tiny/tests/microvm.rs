//! Another board, which is data: a shell for QEMU's microvm.

#![expect(clippy::print_stdout, reason = "the test runner shows it")]

mod workshop;

use std::path::Path;

use workshop::{Workshop, is_full, text, tiny};

#[test]
fn the_same_tools_make_a_shell_for_another_board() {
    if !is_full("a second kernel is built") {
        return;
    }
    for needed in ["/usr/bin/qemu-system-x86_64", "/usr/include/gelf.h"] {
        if !Path::new(needed).exists() {
            println!("skipped: `{needed}` is not there; `tiny doctor microvm.toml` says why");
            return;
        }
    }
    let workshop = Workshop::new();
    let image = workshop.built("microvm.toml", "microvm.img");

    let run = tiny(&["check", text(&image), "--boots", "1"]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
}
