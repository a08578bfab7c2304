//! Small roots, Debian roots, the real shrink, and what came of it.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(unreachable_pub, reason = "every test file is a crate of its own")]

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat};
use serde_json::Value;
use tempfile::TempDir;
use testkit::is_root;
use testkit::tree::{self, Entries};

/// A directory for a test's roots and results.
pub(crate) struct Workshop {
    directory: TempDir,
}

/// What a run of shrink printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory to work in") }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs shrink here.
    pub(crate) fn shrink(&self, words: &[&str]) -> Run {
        run(self.command(words))
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shrink"));
        command.args(words).current_dir(self.directory.path());
        command
    }

    /// A root in which a shell runs, and in which there are things that nobody needs:
    ///
    /// ```text
    /// bin/busybox  bin/sh → busybox  (with its libraries)
    /// etc/motd  etc/passwd
    /// opt/greet (a script that runs cat)  opt/greeting  opt/unused
    /// usr/share/doc/greet/README  usr/share/man/man1/greet.1
    /// ```
    pub(crate) fn root(&self, name: &str) -> PathBuf {
        let root = self.path(name);
        for directory in ["bin", "etc", "opt", "tmp", "usr/share/doc/greet", "usr/share/man/man1"] {
            fs::create_dir_all(root.join(directory)).expect("a directory");
        }
        install(Path::new("/bin/busybox"), &root, "bin/busybox");
        for applet in ["sh", "cat", "ls", "wc", "date", "sleep", "touch", "mkdir"] {
            symlink("busybox", root.join("bin").join(applet)).expect("a link");
        }
        for (path, content) in [
            ("etc/motd", "welcome\n"),
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("opt/greeting", "hello\n"),
            ("opt/unused", "nobody reads this\n"),
            ("usr/share/doc/greet/README", "read me\n"),
            ("usr/share/man/man1/greet.1", ".TH GREET 1\n"),
        ] {
            fs::write(root.join(path), content).expect("a file");
        }
        program(&root.join("opt/greet"), "#!/bin/sh\ncat /opt/greeting\n");
        root
    }

    /// The ledger of a result.
    pub(crate) fn ledger(&self, result: &str) -> Value {
        let file = File::open(self.path(format!("{result}.shrink.json"))).expect("a ledger");
        serde_json::from_reader(file).expect("JSON")
    }
}

/// A root with everything that is easily lost.
pub(crate) fn odd_root(workshop: &Workshop) -> PathBuf {
    let root = workshop.root("root");
    let odd = root.join("opt");
    for name in [&b"caf\xe9"[..], b"new\nline", b"-rf *", b"\xff\xfe", &[b'x'; 200]] {
        fs::write(odd.join(OsStr::from_bytes(name)), name).expect("a file");
    }
    symlink("/nowhere/at/all", odd.join("dangling")).expect("a link");
    symlink("../../../../etc/motd", odd.join("climbing")).expect("a link");
    symlink("round", odd.join("round")).expect("a link");
    symlink("y".repeat(300), odd.join("long")).expect("a link");
    fs::hard_link(odd.join("greeting"), root.join("etc/greeting")).expect("a link");
    let setuid = odd.join("setuid");
    fs::copy(root.join("bin/busybox"), &setuid).expect("a copy");
    if is_root() {
        lchown(&setuid, Some(1234), Some(2_000_000_000)).expect("root may");
        let node = |name: &str, kind, device| {
            mknodat(CWD, odd.join(name), kind, Mode::from_raw_mode(0o640), device)
        };
        node("console", FileType::CharacterDevice, makedev(5, 1)).expect("root may");
        node("disk", FileType::BlockDevice, makedev(8, 300)).expect("root may");
        node("pipe", FileType::Fifo, 0).expect("anybody may");
        // cap_net_bind_service, permitted and effective (linux/capability.h, revision 2).
        let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let capable = odd.join("unused");
        rustix::fs::setxattr(&capable, "security.capability", &capability, XattrFlags::empty())
            .expect("root may");
    }
    fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4711)).expect("it is ours");
    let attributed = odd.join("greeting");
    let _ = rustix::fs::setxattr(&attributed, "user.note", b"a\0b", XattrFlags::empty());
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    for path in [attributed.as_path(), odd.as_path()] {
        let times = FileTimes::new().set_modified(time);
        File::open(path).expect("it is there").set_times(times).expect("it is ours");
    }
    root
}

impl Run {
    /// Everything went well and nothing had to be said.
    pub(crate) fn fine(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }
}

pub(crate) fn run(mut command: Command) -> Run {
    let output = command.stdin(Stdio::null()).output().expect("shrink runs");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: testkit::without_progress(&String::from_utf8(output.stderr).expect("text")),
    }
}

/// Runs another program, which must succeed, and gives what it printed.
pub(crate) fn output(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().expect(program);
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn program(path: &Path, text: &str) {
    fs::write(path, text).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// Puts a program of this machine into a root, with the libraries that it needs.
pub(crate) fn install(from: &Path, root: &Path, to: &str) {
    let place = |path: &str, from: &Path| {
        let full = root.join(path);
        fs::create_dir_all(full.parent().expect("it has one")).expect("a directory");
        fs::copy(from, full).expect("a copy");
    };
    place(to, from);
    let ldd = Command::new("ldd").arg(from).output().expect("ldd");
    for word in String::from_utf8_lossy(&ldd.stdout).split_whitespace() {
        if let Some(inside) = word.strip_prefix('/') {
            place(inside, Path::new(word));
        }
    }
}

/// All that stands in a directory, but for the numbers of inodes.
pub(crate) fn snapshot(root: &Path) -> Entries {
    tree::without_inodes(tree::entries(root))
}

/// Paths of a directory, sorted, for a test to show.
pub(crate) fn paths(root: &Path) -> String {
    let mut text = String::new();
    for (path, entry) in snapshot(root) {
        if !entry.is_directory() {
            text.push_str(&format!("{}\n", path.display()));
        }
    }
    text
}

/// A Debian root as a tar archive, made once for all tests.
pub(crate) fn debian(name: &str, words: &[&str]) -> PathBuf {
    // Beside the directory for what tests write, where the tour finds it, too.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's target directory");
    testkit::roots::debian(target, name, words).expect("mmdebstrap makes a root")
}

pub(crate) fn minbase() -> PathBuf {
    debian("minbase", &["--variant=minbase"])
}
