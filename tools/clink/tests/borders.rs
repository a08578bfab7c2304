//! What belongs together by its shape: no link leads out of it or into it, or it is left alone.

mod support;

use std::process::Command;

use support::{Run, Tree};
use testkit::{can, has, has_root};

/// Runs a shell script in the tree.
fn shell(tree: &Tree, script: &str) -> String {
    let run = Command::new("sh").args(["-c", script]).current_dir(tree.root()).output();
    let Run { stdout, stderr, .. } = Run::of(&run.expect("sh starts"));
    stdout + &stderr
}

/// Two systems with the same text, each of them twice.
fn two_roots() -> Tree {
    let tree = Tree::by_itself(&[]);
    for root in ["one", "two"] {
        for name in ["usr/share/doc/a.txt", "usr/share/doc/b.txt"] {
            tree.write(format!("{root}/{name}"), b"the same text\n");
        }
        tree.mkdir(&format!("{root}/etc")).mkdir(&format!("{root}/var"));
    }
    tree
}

#[test]
fn no_link_leads_from_one_root_filesystem_into_another() {
    let tree = two_roots();

    assert_eq!(tree.left_alone(&["."]), ["./two/usr/share/doc/a.txt: border"]);
    assert_eq!(
        tree.planned(&["."]),
        ["./one/usr/share/doc/b.txt -> a.txt", "./two/usr/share/doc/b.txt -> a.txt"]
    );
    assert!(tree.planned(&["--directories", "."]).iter().all(|link| link.ends_with("-> a.txt")));
}

#[test]
fn a_root_filesystem_reads_the_same_from_within() {
    let busybox = std::path::Path::new("/bin/busybox").exists();
    if !can(busybox, "`busybox` is not installed") || !has_root() {
        return;
    }
    let tree = two_roots();
    let look = "mkdir -p two/bin; cp /bin/busybox two/bin/busybox; \
        chroot two /bin/busybox cat /usr/share/doc/a.txt /usr/share/doc/b.txt";
    let before = shell(&tree, look);

    tree.clink(&["."]);

    assert_eq!(shell(&tree, look), before);
}

#[test]
fn two_root_filesystems_that_are_named_are_linked_with_each_other() {
    let tree = two_roots();

    assert_eq!(tree.planned(&["one", "two"]).len(), 3);
}

/// Whoever runs there sees nothing of the other one, whichever part of it is named.
#[test]
fn what_lies_in_two_root_filesystems_is_not_linked_with_each_other() {
    let tree = two_roots();
    let within = ["one/usr/share/doc/b.txt -> a.txt", "two/usr/share/doc/b.txt -> a.txt"];

    for (one, two) in [("one/usr", "two/usr"), ("one/usr/share/doc", "two/usr"), ("one", "two/usr")]
    {
        assert_eq!(tree.planned(&[one, two]), within, "{one} {two}");
        assert_eq!(tree.left_alone(&[one, two]), ["two/usr/share/doc/a.txt: border"]);
        assert_eq!(tree.planned(&["--all", one, two]).len(), 3);
    }
}

#[test]
fn parts_of_one_root_filesystem_are_linked_with_each_other() {
    let tree = two_roots();
    tree.write("one/opt/a.txt", b"the same text\n");

    assert_eq!(tree.planned(&["one/usr", "one/opt"]).len(), 2);
    for whole in ["one", "."] {
        assert_eq!(tree.planned(&["one/usr", whole]).len(), tree.planned(&[whole]).len());
        assert_eq!(tree.planned(&[whole, "one/usr"]).len(), tree.planned(&[whole]).len());
    }
}

#[test]
fn what_lies_in_two_packages_is_not_linked_with_each_other() {
    for (manifest, one, other) in [
        ("Cargo.toml", "one", "two"),
        ("index.js", "node_modules/@house/one", "node_modules/two"),
        ("__init__.py", "site-packages/one", "site-packages/two"),
    ] {
        let tree = Tree::by_itself(&[]);
        for package in [one, other] {
            tree.write(format!("{package}/{manifest}"), package.as_bytes());
            tree.write(format!("{package}/docs/manual.md"), b"the same");
        }
        let (one, other) = (format!("{one}/docs"), format!("{other}/docs"));

        assert_eq!(tree.left_alone(&[&one, &other]), [format!("{other}/manual.md: border")]);
        assert!(tree.planned(&[&one, &other]).is_empty());
        assert_eq!(tree.planned(&["--hard", &one, &other]).len(), 1);
    }
}

/// The name of an argument tells as that of any other directory does.
#[test]
fn what_lies_on_a_shelf_that_is_named_is_a_package() {
    for shelf in ["node_modules", "node_modules/@house", "lib/python3/dist-packages"] {
        let tree = Tree::by_itself(&[]);
        for package in ["one", "two"] {
            tree.write(format!("{shelf}/{package}/LICENSE"), b"the same");
        }

        assert_eq!(tree.left_alone(&[shelf]), [format!("{shelf}/two/LICENSE: border")]);
    }
}

#[test]
fn what_lies_in_a_bare_repository_or_a_database_is_left_alone() {
    for (marks, place, reason) in [
        (&["HEAD", "objects/", "refs/"][..], "objects", "version_control"),
        (&["PG_VERSION"], "base", "state"),
    ] {
        let tree = Tree::by_itself(&[]);
        for name in ["a.txt", "b.txt"] {
            tree.write(format!("top/{place}/deep/{name}"), b"the same");
        }
        for mark in marks {
            match mark.strip_suffix('/') {
                Some(directory) => tree.mkdir(&format!("top/{directory}")),
                None => tree.write(format!("top/{mark}"), b"mark"),
            };
        }

        let argument = format!("top/{place}/deep");
        let left = ["a.txt", "b.txt"].map(|name| format!("{argument}/{name}: {reason}"));
        assert_eq!(tree.left_alone(&[&argument]), left);
    }
}

/// Who builds below a repository does not mean its work tree.
#[test]
fn a_work_tree_above_is_none() {
    let tree = Tree::by_itself(&[("build/a.txt", "the same"), ("build/b.txt", "the same")]);
    tree.mkdir(".git").write("Makefile", b"all:\n");

    assert_eq!(tree.planned(&["build"]), ["build/b.txt -> a.txt"]);
}

#[test]
fn no_link_leads_from_one_package_into_another() {
    for (manifest, one, other) in [
        ("Cargo.toml", "one", "two"),
        ("pyproject.toml", "one", "two"),
        ("__init__.py", "site-packages/one", "site-packages/two"),
        ("index.js", "node_modules/@house/one", "node_modules/two"),
    ] {
        let path = |package: &str, name: &str| format!("{package}/{name}");
        let tree = Tree::by_itself(&[
            (&path(one, manifest), "one"),
            (&path(other, manifest), "two"),
            (&path(one, "LICENSE"), "the same"),
            (&path(other, "LICENSE"), "the same"),
        ]);

        assert_eq!(tree.left_alone(&["."]).len(), 1, "{manifest}");
        assert!(tree.left_alone(&["."])[0].ends_with("LICENSE: border"), "{manifest}");
        assert!(tree.planned(&["."]).is_empty(), "{manifest}");
        assert_eq!(tree.planned(&["--hard", "."]).len(), 1, "{manifest}");
    }
}

/// `go:embed` refuses links, and `npm pack` leaves them out.
#[test]
fn nothing_is_linked_where_those_who_pack_refuse_links() {
    for manifest in ["go.mod", "package.json"] {
        let tree = Tree::by_itself(&[
            (manifest, "module m\n"),
            ("data/a.txt", "the same"),
            ("data/b.txt", "the same"),
        ]);

        assert_eq!(tree.left_alone(&["."]), ["./data/b.txt: refused"], "{manifest}");
        assert!(tree.planned(&["--directories", "."]).is_empty());
        assert_eq!(tree.planned(&["--hard", "."]).len(), 1, "{manifest}");
    }
}

#[test]
fn a_bare_repository_is_left_alone() {
    let tree = Tree::by_itself(&[
        ("a.git/HEAD", "ref: refs/heads/main\n"),
        ("b.git/HEAD", "ref: refs/heads/main\n"),
        ("a.git/objects/README", "same"),
        ("b.git/objects/README", "same"),
    ]);
    tree.mkdir("a.git/refs").mkdir("b.git/refs");

    assert!(tree.planned(&["."]).is_empty());
    assert!(tree.left_alone(&["."]).iter().all(|left| left.ends_with(": version_control")));
}

#[test]
fn a_mirror_of_git_works_as_before() {
    if !has("git") {
        return;
    }
    let tree = Tree::by_itself(&[("work/f", "text\n")]);
    let make = "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
        GIT_COMMITTER_EMAIL=a@b HOME=/nowhere; cd work && git init -q 2>/dev/null && git add f && \
        git commit -qm message && cd .. && git clone -q --mirror work a.git 2>/dev/null && \
        cp -a a.git b.git";
    assert_eq!(shell(&tree, make), "");

    tree.clink(&["."]);

    assert_eq!(shell(&tree, "git --git-dir=b.git log --format=%s"), "message\n");
    assert!(tree.links().is_empty());
}

#[test]
fn state_and_stores_are_left_alone() {
    for (directory, reason) in [
        ("var/lib/app", "state"),
        ("home/me/.ssh", "state"),
        ("home/me/.gnupg", "state"),
        ("nix/store/x", "store"),
        ("ostree/repo/objects", "store"),
        ("docker/overlay2/x", "store"),
        ("build/sstate-cache", "store"),
    ] {
        let (one, other) = (format!("{directory}/one.txt"), format!("{directory}/other.txt"));
        let tree = Tree::by_itself(&[(&one, "same"), (&other, "same")]);

        let left = [format!("./{one}: {reason}"), format!("./{other}: {reason}")];
        assert_eq!(tree.left_alone(&["."]), left);
        assert!(tree.planned(&["."]).is_empty());
        assert!(tree.planned(&["--hard", "."]).is_empty());
    }
}

#[test]
fn the_folders_of_databases_are_left_alone() {
    let marks: [&[&str]; 6] = [
        &["PG_VERSION"],
        &["ibdata1"],
        &["WiredTiger"],
        &["__db.001"],
        &["Packages.db"],
        &["CURRENT", "MANIFEST-000005"],
    ];
    for mark in marks {
        for options in [&["."][..], &["--mixed", "."], &["--hard", "."], &["--directories", "."]] {
            assert_eq!(two_with(mark).planned(options), [""; 0], "{mark:?} {options:?}");
        }
    }
}

#[test]
fn what_yocto_fetched_is_left_alone() {
    let tree = Tree::by_itself(&[("downloads/a.txt", "same"), ("downloads/b.txt", "same")]);
    tree.mkdir("downloads/git2");

    assert_eq!(tree.left_alone(&["."]), ["./downloads/a.txt: store", "./downloads/b.txt: store"]);
}

/// What lies in directories of which each holds these files and the same text in three places.
fn two_with(files: &[&str]) -> Tree {
    let tree = Tree::by_itself(&[]);
    for top in ["one", "two"] {
        for name in ["README.md", "docs/a.md", "docs/pictures/p.png"] {
            tree.write(format!("{top}/{name}"), b"the same text\n");
        }
        for name in files {
            tree.write(format!("{top}/{name}"), format!("{name} of {top}").as_bytes());
        }
    }
    tree
}

#[test]
fn where_links_are_refused_none_is_made() {
    let marks: [&[&str]; 8] = [
        &[".git"],
        &[".git/HEAD"],
        &[".hg/store"],
        &[".svn/wc.db"],
        &["main.go"],
        &["_config.yml"],
        &["hugo.toml"],
        &["config.toml", "content/own.txt"],
    ];
    for mark in marks {
        for options in [&["."][..], &["--directories", "."], &["--trust-unknown", "."]] {
            assert_eq!(two_with(mark).planned(options), [""; 0], "{mark:?} {options:?}");
        }
        assert_eq!(two_with(mark).json(&["--hard", "."])["summary"]["links"], 5, "{mark:?}");
    }
    assert_eq!(two_with(&["config.toml"]).planned(&["."]).len(), 5, "this is no site");
}

#[test]
fn a_work_tree_of_git_is_as_clean_as_before() {
    if !has("git") {
        return;
    }
    let tree = two_with(&["own.txt"]);
    let commit = "for top in one two; do cd $top; git init -q .; git add .; \
        git -c user.name=n -c user.email=e commit -qm all; cd ..; done; \
        git -C one worktree add -q ../three";
    let status = "for top in one two three; do git -C $top status --porcelain; done";
    assert_eq!(shell(&tree, commit), "");

    tree.clink(&["."]);
    assert_eq!(shell(&tree, status), "");
    tree.clink(&["--directories", "."]);
    assert_eq!(shell(&tree, status), "");
    tree.clink(&["--mixed", "."]);
    assert_eq!(shell(&tree, status), "");

    tree.clink(&["--all", "."]);
    assert!(shell(&tree, status).starts_with(" T "), "this is the harm");
}

#[test]
fn no_link_leads_out_of_what_is_installed_or_sent_away_as_one() {
    for mark in ["composer.json", "pom.xml", "Dockerfile", "Containerfile"] {
        let planned = two_with(&[mark]).planned(&["."]);
        let within = ["docs/a.md -> ../README.md", "docs/pictures/p.png -> ../../README.md"];
        let all: Vec<String> = ["one", "two"]
            .iter()
            .flat_map(|top| within.map(|link| format!("./{top}/{link}")))
            .collect();
        assert_eq!(planned, all, "{mark}");
    }
    let gems =
        Tree::by_itself(&[("gems/a-1/LICENSE", "the text\n"), ("gems/b-2/LICENSE", "the text\n")]);
    assert_eq!(gems.left_alone(&["."]), ["./gems/b-2/LICENSE: border"]);
}
