//! Another board, which is data: a shell for QEMU's microvm.

mod workshop;

use std::path::Path;

use workshop::{Workshop, text, tiny};

#[test]
fn the_same_tools_make_a_shell_for_another_board() {
    if !testkit::full("a second kernel is built") {
        return;
    }
    for needed in ["/usr/bin/qemu-system-x86_64", "/usr/include/gelf.h"] {
        let why_not = format!("`{needed}` is not there; `tiny doctor microvm.toml` says why");
        if !testkit::can(Path::new(needed).exists(), &why_not) {
            return;
        }
    }
    let workshop = Workshop::new();
    let image = workshop.built("microvm.toml", "microvm.img");

    let run = tiny(&["check", text(&image), "--boots", "1"]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
}
