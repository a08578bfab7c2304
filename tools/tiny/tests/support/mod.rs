//! A small system that boots in a moment in place of Linux, and tiny run on it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The words that the image's own device tree tells.
pub(crate) const WORDS: &str = "told in the tree";

/// An image with its manifest in a folder of its own.
pub(crate) struct Image {
    folder: TempDir,
}

impl Image {
    /// A board that is told these words, and whose recipe makes these promises.
    pub(crate) fn new(words: &str, promises: &Value) -> Self {
        let tree = tree(words);
        let image = [system(), &tree].concat();
        let place = json!({ "offset": system().len(), "length": tree.len() });
        let image_with_manifest = Self::of(&image, words, promises);
        image_with_manifest.change(|manifest| manifest["device-tree"] = place);
        image_with_manifest
    }

    /// A board whose image holds no device tree: QEMU hands the words over.
    pub(crate) fn without_tree(words: &str, promises: &Value) -> Self {
        Self::of(system(), words, promises)
    }

    fn of(image: &[u8], words: &str, promises: &Value) -> Self {
        let this = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::write(this.path(), image).expect("an image");
        let manifest = json!({
            "version": 1,
            "recipe": "board",
            "board": "versatile-pb",
            "machine": {
                "program": "qemu-system-arm",
                "package": "qemu-system-arm",
                "arguments": [
                    "-M", "versatilepb",
                    "-audiodev", "none,id=silence", "-global", "pl041.audiodev=silence",
                ],
                "screen": true,
            },
            "memory": 16 << 20,
            "image-size": image.len(),
            "command-line": words,
            "promises": promises,
        });
        this.write_manifest(&manifest);
        this
    }

    /// Changes the manifest.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        let text = fs::read_to_string(self.manifest_path()).expect("a manifest");
        let mut manifest = serde_json::from_str(&text).expect("a manifest");
        change(&mut manifest);
        self.write_manifest(&manifest);
    }

    fn write_manifest(&self, manifest: &Value) {
        fs::write(self.manifest_path(), manifest.to_string()).expect("a manifest");
    }

    fn manifest_path(&self) -> PathBuf {
        self.folder.path().join("board.img.tiny.json")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("board.img")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command `tiny ACTION board.img ARGUMENTS` in the image's folder.
    pub(crate) fn command(&self, action: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiny"));
        command.arg(action).arg("board.img").args(arguments).current_dir(self.folder());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command
    }

    /// What it says, and its exit code.
    pub(crate) fn tiny(&self, action: &str, arguments: &[&str]) -> Said {
        Said::of(self.command(action, arguments).stdin(Stdio::null()).output().expect("tiny runs"))
    }
}

/// What tiny said, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) error: String,
    pub(crate) code: Option<i32>,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).expect("text"),
            error: testkit::without_progress(&String::from_utf8(output.stderr).expect("text")),
            code: output.status.code(),
        }
    }
}

/// The system, translated once.
fn system() -> &'static [u8] {
    static SYSTEM: OnceLock<Vec<u8>> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/board.c");
        let object = folder.path().join("board.elf");
        let image = folder.path().join("board.bin");
        run(Command::new("arm-linux-gnueabi-gcc")
            .args(["-mcpu=arm926ej-s", "-marm", "-mfloat-abi=soft", "-O1", "-Wall", "-Werror"])
            .args(["-ffreestanding", "-fno-pic", "-fno-stack-protector", "-nostdlib", "-static"])
            .args(["-fno-zero-initialized-in-bss", "-Wl,-Ttext=0x10000,--build-id=none,-eentry"])
            .args(["-Wl,-z,norelro", "-o"])
            .arg(&object)
            .arg(&source));
        run(Command::new("arm-linux-gnueabi-objcopy")
            .args(["-O", "binary"])
            .arg(&object)
            .arg(&image));
        let mut image = fs::read(image).expect("an image");
        image.resize(image.len().next_multiple_of(4), 0);
        image
    })
}

fn run(command: &mut Command) {
    let status = command.status().expect("gcc-arm-linux-gnueabi is installed");
    assert!(status.success(), "{command:?}: {status}");
}

/// A device tree that tells these words.
fn tree(words: &str) -> Vec<u8> {
    let source = format!(
        "/dts-v1/; / {{ #address-cells = <1>; #size-cells = <1>; memory {{ device_type = \
         \"memory\"; reg = <0 0x1000000>; }}; chosen {{ bootargs = \"{words}\"; }}; }};"
    );
    let mut child = Command::new("dtc")
        .arg("-q")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("device-tree-compiler is installed");
    child.stdin.take().expect("a pipe").write_all(source.as_bytes()).expect("dtc reads");
    child.wait_with_output().expect("dtc ends").stdout
}
