//! `--keep`: what programs need although no table in them names it.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use expect_test::expect;
use support::{Workshop, paths, program};

/// Makes a package known to dpkg, with the files that it holds.
fn package(root: &Path, name: &str, more: &str, files: &[(&str, &str)]) {
    let info = root.join("var/lib/dpkg/info");
    fs::create_dir_all(&info).expect("a directory");
    let list: String = files.iter().map(|(path, _)| format!("/{path}\n")).collect();
    fs::write(info.join(format!("{name}.list")), list).expect("a file");
    for (path, text) in files {
        fs::create_dir_all(root.join(path).parent().expect("it has one")).expect("a directory");
        program(&root.join(path), text);
    }
    let status = root.join("var/lib/dpkg/status");
    let known = fs::read_to_string(&status).unwrap_or_default();
    fs::write(status, format!("{known}Package: {name}\n{more}\n\n")).expect("a file");
}

fn kept(workshop: &Workshop, words: &[&str]) -> String {
    let words = [&["make", "root", "-o", "small"], words].concat();
    workshop.shrink(&words).fine();
    paths(&workshop.path("small"))
}

#[test]
fn data_of_packages_that_a_program_depends_on_stays() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let shell = "#!/bin/sh\n";
    package(
        &root,
        "shop",
        "Depends: shop-common (>= 1), debconf | other",
        &[("usr/bin/shop", shell), ("usr/lib/shop/bin/till", shell)],
    );
    let common = [("etc/shop.conf", ""), ("usr/bin/shop-admin", shell), ("usr/share/shop/x", "")];
    package(&root, "shop-common", "Depends: basis", &common);
    package(&root, "basis", "Essential: yes", &[("usr/share/basis/x", "")]);
    package(&root, "debconf", "", &[("usr/share/debconf/x", "")]);
    package(&root, "alternatives", "", &[("usr/share/alternatives/x", "")]);
    symlink("shop", root.join("usr/bin/store")).expect("a link");
    fs::create_dir_all(root.join("var/lib/shop")).expect("a directory");
    let list = root.join("var/lib/dpkg/info/shop.list");
    let known = fs::read_to_string(&list).expect("it is there");
    fs::write(list, format!("{known}/var/lib/shop\n")).expect("a file");

    let kept = kept(&workshop, &["--keep", "store"]);

    assert!(workshop.path("small/var/lib/shop").is_dir(), "it may write there");

    let shop: Vec<_> = kept.lines().filter(|path| path.contains("shop")).collect();
    let expected = ["etc/shop.conf", "usr/bin/shop", "usr/lib/shop/bin/till", "usr/share/shop/x"];
    assert_eq!(shop, expected, "programs that are only beside it go");
    for package in ["basis", "debconf", "alternatives"] {
        assert!(!kept.contains(&format!("usr/share/{package}")), "{kept}");
    }
}

#[test]
fn links_to_a_program_may_come_with_files_of_their_own() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    package(&root, "tools", "", &[("usr/bin/all-in-one", "#!/bin/sh\n")]);
    package(&root, "server", "", &[("etc/server/server.conf", "")]);
    symlink("all-in-one", root.join("usr/bin/server")).expect("a link");
    let list = root.join("var/lib/dpkg/info/server.list");
    fs::write(list, "/etc/server/server.conf\n/usr/bin/server\n").expect("a file");

    let kept = kept(&workshop, &["--keep", "server"]);

    assert!(kept.contains("etc/server/server.conf"), "{kept}");
}

#[test]
fn what_a_script_includes_is_read_like_the_script() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir_all(root.join("usr/lib/tool")).expect("a directory");
    let script = "#!/bin/sh\n. \"$(where-it-is)/functions\"\n";
    program(&root.join("usr/lib/tool/run"), script);
    fs::write(root.join("usr/lib/tool/functions"), "wc /etc/motd\n").expect("a file");

    let kept = kept(&workshop, &["--keep", "/usr/lib/tool/run"]);

    for path in ["usr/lib/tool/functions", "bin/wc", "etc/motd"] {
        assert!(kept.lines().any(|kept| kept == path), "{path} is not in\n{kept}");
    }
}

#[test]
fn modules_of_languages_and_settings_are_read_for_paths() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir_all(root.join("usr/lib/python3.11")).expect("a directory");
    program(&root.join("bin/python3"), "#!/bin/sh\n");
    fs::create_dir_all(root.join("usr/bin")).expect("a directory");
    program(&root.join("usr/bin/python3"), "#!/bin/sh\n");
    let module = "known = ['/etc/mime.types']\n";
    fs::write(root.join("usr/lib/python3.11/mimetypes.py"), module).expect("a file");
    fs::write(root.join("etc/mime.types"), "image/webp webp\n").expect("a file");

    let kept = kept(&workshop, &["--keep", "/usr/bin/python3"]);

    assert!(kept.contains("etc/mime.types"), "{kept}");
}

#[test]
fn a_compiler_keeps_headers_unless_they_are_given_up_by_name() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    for directory in ["usr/bin", "usr/include"] {
        fs::create_dir_all(root.join(directory)).expect("a directory");
    }
    program(&root.join("usr/bin/gcc"), "#!/bin/sh\n");
    fs::write(root.join("usr/include/stdio.h"), "int puts(const char *);\n").expect("a file");

    let with = kept(&workshop, &["--keep", "gcc"]);
    fs::remove_dir_all(workshop.path("small")).expect("it is there");
    let without = kept(&workshop, &["--keep", "gcc", "--remove", "development"]);

    assert!(with.contains("usr/include/stdio.h"), "{with}");
    assert!(!without.contains("usr/include/stdio.h"), "{without}");
}

#[test]
fn who_logs_in_finds_a_shell() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir_all(root.join("usr/sbin")).expect("a directory");
    program(&root.join("usr/sbin/sshd"), "#!/bin/sh\n");
    program(&root.join("bin/bash"), "#!/bin/sh\n");
    fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n").expect("a file");

    let kept = kept(&workshop, &["--keep", "/usr/sbin/sshd"]);

    assert!(kept.contains("bin/bash"), "{kept}");
}

#[test]
fn a_script_without_a_first_line_is_run_by_the_shell_as_execvp_does() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    program(&root.join("opt/plain"), "cat /etc/motd\n");

    let kept = kept(&workshop, &["--keep", "/opt/plain"]);

    for path in ["bin/sh", "bin/cat", "etc/motd", "opt/plain"] {
        assert!(kept.lines().any(|kept| kept == path), "{path} is not in\n{kept}");
    }
}

#[test]
fn what_nothing_in_the_root_can_start_is_refused() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    for (name, text) in [
        ("env", "#!/usr/bin/env -S -u HOME python3 -u\n"),
        ("gone", "#!/usr/bin/perl -w\n"),
        ("second", "#!/opt/gone\n"),
        ("jar", "PK\u{3}\u{4}\0\0\n"),
    ] {
        program(&root.join("opt").join(name), text);
    }
    fs::create_dir_all(root.join("usr/bin")).expect("a directory");
    program(&root.join("usr/bin/env"), "#!/bin/sh\n");
    // Programs of this machine name a loader that this root does not have.
    fs::copy("/bin/true", root.join("opt/binary")).expect("a copy");
    let said = |program: &str| {
        let run = workshop.shrink(&["make", "root", "-o", "small", "--keep", program]);
        assert_eq!(run.code, Some(2), "{program}: {}", run.stdout);
        assert!(!workshop.path("small").exists());
        run.stderr.lines().next().expect("a line").to_owned()
    };

    for (program, why) in [
        ("/opt/env", "`python3`, which runs it, is not in the root"),
        ("/opt/gone", "`/usr/bin/perl`, which runs it, is not in the root"),
        ("/opt/second", "`/usr/bin/perl`, which runs it, is not in the root"),
        ("/opt/jar", "it is neither an ELF binary nor a script, and what runs it is not known"),
        ("/opt/greeting", "nobody may run it"),
        ("/opt", "it is no file"),
    ] {
        assert_eq!(said(program), format!("shrink: cannot keep `{program}`: {why}"));
    }
    assert!(said("/opt/binary").ends_with("which runs it, is not in the root"));
}

/// Compiles a text; the linker finds libraries that are in the root.
fn compile(workshop: &Workshop, to: &str, text: &str, options: &[&str]) {
    let source = workshop.path("source.c");
    fs::write(&source, text).expect("a source");
    let directory = workshop.path("root/usr/lib");
    let [source, to] = [source, workshop.path("root").join(to)];
    fs::create_dir_all(to.parent().expect("it has one")).expect("a directory");
    let words = [&source, &to, &directory].map(|path| path.to_str().expect("text").to_owned());
    let [source, to, directory] = words.each_ref().map(String::as_str);
    let search = ["-L", directory, "-Wl,--disable-new-dtags,--allow-shlib-undefined"];
    support::output("cc", &[&["-o", to, source], &search[..], options].concat());
}

#[test]
fn two_programs_with_different_rpaths_that_share_a_library_both_keep_theirs() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    support::install(Path::new("/bin/true"), &root, "bin/true");
    let library = ["-shared", "-fPIC"];
    for place in ["opt/one/libpart.so", "opt/two/libpart.so", "usr/lib/libpart.so"] {
        compile(&workshop, place, "int part(void) { return 1; }", &library);
    }
    let shared = "int part(void); int shared(void) { return part(); }";
    compile(&workshop, "usr/lib/libshared.so", shared, &[&library[..], &["-lpart"]].concat());
    fs::remove_file(root.join("usr/lib/libpart.so")).expect("it is there");
    let main = "int shared(void); int main(void) { return shared(); }";
    for name in ["one", "two"] {
        let rpath = format!("-Wl,-rpath,/opt/{name}");
        compile(&workshop, &format!("bin/{name}"), main, &["-lshared", &rpath]);
    }

    let kept = kept(&workshop, &["--keep", "one", "--keep", "two"]);

    assert!(kept.contains("opt/one/libpart.so") && kept.contains("opt/two/libpart.so"), "{kept}");
    expect![[r#"
        /usr/lib/libshared.so is a library of /bin/one
        /bin/one was asked for with --keep
        /usr/lib/libshared.so also is a library of /bin/two
    "#]]
    .assert_eq(&workshop.shrink(&["why", "small/usr/lib/libshared.so"]).fine());
}

#[test]
fn a_result_does_not_lie_in_its_root() {
    let workshop = Workshop::new();
    workshop.root("root");

    let run = workshop.shrink(&["make", "root", "-o", "root/opt/small"]);

    expect![[r#"
        shrink: cannot write `root/opt/small`: it would lie in the root itself
          hint: give a place outside of it; for `/`, one on another file system
    "#]]
    .assert_eq(&run.stderr);
    assert_eq!(run.code, Some(2));
}
