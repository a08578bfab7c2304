//! The machine that builds leaves no trace in what is built.

mod workshop;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use workshop::{Workshop, programs, shipped, store, text};

const RECIPE: &str = r#"
board = "versatile-pb"
memory = "16M"
[kernel]
[[program]]
name = "static"
c = ["main.c"]
libraries = ["m"]
[[program]]
name = "dynamic"
c = ["main.c"]
libc = "packages"
libraries = ["m"]
[[file]]
path = "/end"
from = "no-such-file"
[start]
script = "exec static"
"#;

const MAIN: &str = r#"
#include <stdio.h>
#include <math.h>
#include <limits.h>
int main(int count, char **words) { return printf("%s %f %d", words[0], sin(count), PATH_MAX); }
"#;

/// What people have set for builds of their own, and what a machine may hold instead of what is
/// wanted.
const POISON: [(&str, &str); 24] = [
    ("AS", "/bin/false"),
    ("CC", "/bin/false"),
    ("CFLAGS", "-O0 -DPATH_MAX=1"),
    ("COMPILER_PATH", "{poison}/bin"),
    ("CPATH", "{poison}/include"),
    ("C_INCLUDE_PATH", "{poison}/include"),
    ("GCC_EXEC_PREFIX", "{poison}/"),
    ("HOME", "{poison}"),
    ("KAFLAGS", "-DPOISON"),
    ("KBUILD_BUILD_USER", "poison"),
    ("KCFLAGS", "-DPOISON"),
    ("KCONFIG_CONFIG", "poison"),
    ("LANG", "de_DE.UTF-8"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LDFLAGS", "-Wl,--build-id"),
    ("LIBRARY_PATH", "{poison}/lib"),
    ("LOCALVERSION", "-poison"),
    ("MAKEFLAGS", "-n"),
    ("RUSTFLAGS", "-Copt-level=0"),
    ("SOURCE_DATE_EPOCH", "1234567890"),
    ("TAR_OPTIONS", "--no-such-option"),
    ("TZ", "Pacific/Kiritimati"),
    ("XZ_OPT", "-0"),
    ("ZSTD_CLEVEL", "1"),
];

/// Hides the C library of the host's cross compiler, which is not on the list of what a build needs,
/// behind one that cannot be used.
const HIDE: &str = r#"
for place in /usr/arm-linux-gnueabi/lib /usr/arm-linux-gnueabi/include; do
	if [ -d $place ]; then mount --bind "$1" $place; fi
done
shift
umask 077
exec "$@"
"#;

/// A directory full of what must not be used.
fn poison(workshop: &Workshop) -> std::path::PathBuf {
    let poison = workshop.path("poison");
    for folder in ["bin", "include", "lib"] {
        fs::create_dir_all(poison.join(folder)).expect("a directory");
    }
    for name in ["stdio.h", "math.h", "limits.h"] {
        fs::write(poison.join("include").join(name), "#error poison\n").expect("a file");
        fs::write(poison.join("lib").join(name), "#error poison\n").expect("a file");
    }
    for name in ["libm.a", "libm.so", "libc.a", "libc.so", "crt1.o", "Scrt1.o", "crti.o"] {
        fs::write(poison.join("lib").join(name), "poison").expect("a file");
    }
    for name in ["arm-linux-gnueabi-gcc", "as", "cc", "gcc", "ld", "make", "sed", "sh", "tar", "xz"]
    {
        let program = poison.join("bin").join(name);
        fs::write(&program, "#!/bin/false\n").expect("a file");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    poison
}

/// A build on a machine that is as bad as can be.
fn poisoned(workshop: &Workshop, words: &[&str]) -> std::process::Output {
    let poison = poison(workshop);
    let mut command = Command::new("/usr/bin/unshare");
    command.args(["--mount", "--map-root-user", "/bin/sh", "-c", HIDE, "sh"]);
    command.arg(poison.join("lib")).arg(env!("CARGO_BIN_EXE_tiny")).args(words);
    for (name, value) in POISON {
        command.env(name, value.replace("{poison}", text(&poison)));
    }
    let path = std::env::var("PATH").expect("a search path");
    command.env("PATH", format!("{}:{path}", poison.join("bin").display()));
    command.output().expect("unshare, of the package util-linux, runs")
}

/// The contents of the programs in a store, in an order that tells nothing of their places.
fn contents(store: &Path) -> Vec<Vec<u8>> {
    let programs = programs(store).into_iter();
    let mut all: Vec<_> = programs.map(|program| fs::read(program).expect("a program")).collect();
    all.sort();
    all
}

#[test]
fn a_poisoned_host_gives_the_same_bits() {
    let workshop = Workshop::new();
    let recipe = workshop.recipe("surroundings.toml", RECIPE);
    fs::write(workshop.path("main.c"), MAIN).expect("a file");
    let lock = store().with_file_name("surroundings.lock");
    let [good, bad] = ["good", "bad"].map(|name| workshop.store_apart(name));
    let words = |store| ["build", text(&recipe), "--lock", text(&lock), "--store", store];

    let plain = workshop::tiny(&words(text(&good)));
    assert!(plain.stderr.contains("no-such-file"), "{}", plain.stderr);
    let poisoned = poisoned(&workshop, &words(text(&bad)));
    let stderr = String::from_utf8_lossy(&poisoned.stderr);
    assert!(stderr.contains("no-such-file"), "{stderr}");

    let (good, bad) = (contents(&good), contents(&bad));
    assert_eq!(good.len(), 2);
    assert!(good == bad);
}

#[test]
fn the_whole_demo_is_the_same_on_a_poisoned_host() {
    if !testkit::full("a kernel and all programs are built on a poisoned host") {
        return;
    }
    let workshop = Workshop::new();
    let plain = workshop.built("demo.toml", "demo.img");
    let (image, lock) = (workshop.path("bad.img"), store().with_file_name("demo.lock"));
    let apart = workshop.store_apart("bad");
    let recipe = shipped("demo.toml");
    let words = ["build", text(&recipe), "-o", text(&image), "--lock", text(&lock)];

    let output = poisoned(&workshop, &[&words[..], &["--store", text(&apart)]].concat());

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    assert!(fs::read(image).expect("an image") == fs::read(plain).expect("an image"));
}
