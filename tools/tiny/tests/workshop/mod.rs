//! A workshop for tests: the real program, a store that stays from one test run to the next, and a
//! directory of its own for each test.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// What came of a run.
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
}

/// A directory for a test.
pub(crate) struct Workshop {
    directory: TempDir,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a recipe and gives its path.
    pub(crate) fn recipe(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a recipe");
        path
    }

    /// Builds a recipe with the store of all tests; the recipe's packages are locked there too.
    pub(crate) fn build(&self, recipe: &Path, image: &str, words: &[&str]) -> Run {
        let name = recipe.file_stem().and_then(|name| name.to_str()).expect("a name");
        let lock = store().with_file_name(format!("{name}.lock"));
        let image = self.path(image);
        let mut all = vec!["build", text(recipe), "-o", text(&image), "--lock", text(&lock)];
        all.extend(words);
        tiny(&all)
    }

    /// A store of its own, which shares nothing with that of all tests but the packages.
    pub(crate) fn store_apart(&self, name: &str) -> PathBuf {
        let apart = self.path(name);
        fs::create_dir(&apart).expect("a directory");
        for shared in ["apt", "fetching", "packages"] {
            let place = store().join(shared);
            fs::create_dir_all(&place).expect("a directory");
            symlink(place, apart.join(shared)).expect("a link");
        }
        apart
    }

    /// A recipe that comes with tiny, built.
    pub(crate) fn built(&self, name: &str, image: &str) -> PathBuf {
        let run = self.build(&shipped(name), image, &[]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        self.path(image)
    }
}

/// The programs that a store keeps.
pub(crate) fn programs(store: &Path) -> Vec<PathBuf> {
    let Ok(kept) = fs::read_dir(store.join("programs")) else { return Vec::new() };
    let places = kept.map(|entry| entry.expect("an entry").path().join("program"));
    places.filter(|place| place.is_file()).collect()
}

/// Runs tiny.
pub(crate) fn tiny(words: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiny"));
    command.args(words).env("TINY_STORE", store());
    let Output { status, stdout, stderr } = command.output().expect("tiny runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let stderr = testkit::without_progress(&text(stderr));
    Run { code: status.code(), stdout: text(stdout), stderr }
}

/// Where sources and kernels stay from one run of the tests to the next.
pub(crate) fn store() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("tiny-store")
}

/// A recipe that comes with tiny.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes").join(name)
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// The document that a run printed.
pub(crate) fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}
