//! How a program is started: by the kernel and a loader, or by an interpreter.
//!
//! What is named to stay has to start in the small root. So what starts nowhere is refused instead
//! of kept alone.
//!
//! Proof: `tests/programs.rs::what_nothing_in_the_root_can_start_is_refused`

use std::path::Path;

use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow};

use super::libraries::Loader;
use super::scripts::Interpreter;
use super::texts::Texts;

/// As many bytes of a file as the kernel looks at (`BINPRM_BUF_SIZE`).
const LOOKED_AT: u64 = 256;
/// The interpreter of an interpreter and so on: as deep as the kernel goes.
const DEEPEST: u32 = 5;

/// How a file is started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// By the kernel: an ELF binary.
    Binary,
    /// By an interpreter: the one that its first line names, or the shell that `execvp` calls for a
    /// text without such a line.
    Script(Interpreter),
    /// By nothing that is known here, though `binfmt_misc` may know more.
    Unknown,
}

impl Start {
    pub(crate) fn of(root: &Root, path: &Path) -> std::io::Result<Self> {
        let head = root.head(path, LOOKED_AT)?;
        Ok(if head.starts_with(&elf::MAGIC) {
            Self::Binary
        } else if head.starts_with(b"#!") {
            Interpreter::of(&head).map_or(Self::Unknown, Self::Script)
        } else if is_text(&head) {
            Self::Script(Interpreter::shell())
        } else {
            Self::Unknown
        })
    }

    /// Whether the file itself says how, so that this holds whoever starts it.
    pub(crate) fn is_declared(&self) -> bool {
        !matches!(self, Self::Script(interpreter) if interpreter.is_assumed)
    }
}

/// What shells take for a script: no zero byte stands in its first line.
fn is_text(head: &[u8]) -> bool {
    !head.split(|byte| *byte == b'\n').next().unwrap_or_default().contains(&0)
}

/// Why a file cannot be started in its root, if so.
pub(crate) fn why_not(
    root: &Root,
    texts: &Texts,
    loader: &mut Loader,
    path: &Path,
) -> Option<String> {
    why_not_at(root, texts, loader, path, 0)
}

fn why_not_at(
    root: &Root,
    texts: &Texts,
    loader: &mut Loader,
    path: &Path,
    depth: u32,
) -> Option<String> {
    let entry = root.inventory.get(path);
    if !entry.is_some_and(Entry::is_file) {
        return Some("it is no file".to_owned());
    }
    let start = match Start::of(root, path) {
        Ok(start) => start,
        Err(error) => return Some(error.to_string()),
    };
    // A library is kept by its name, too, and nobody starts it.
    if start != Start::Binary && !entry.is_some_and(Entry::is_program) {
        return Some("nobody may run it".to_owned());
    }
    let started_by = match &start {
        Start::Unknown => {
            return Some(
                "it is neither an ELF binary nor a script, and what runs it is not known"
                    .to_owned(),
            );
        }
        Start::Binary => {
            let interpreter = loader.needs(path)?.interpreter.clone()?;
            String::from_utf8_lossy(&interpreter).into_owned()
        }
        Start::Script(interpreter) => {
            let through_env = interpreter.through_env.as_deref();
            if let Some(program) = through_env.filter(|name| texts.started_by_env(name).is_none()) {
                return Some(missing(program));
            }
            interpreter.path.clone()
        }
    };
    let by = Path::new(&started_by);
    match root.inventory.resolve(Path::new(""), by, Follow::Last).end {
        None => Some(missing(&started_by)),
        Some(_) if depth >= DEEPEST => Some("too many interpreters call each other".to_owned()),
        Some(end) => why_not_at(root, texts, loader, &end, depth + 1),
    }
}

fn missing(interpreter: &str) -> String {
    format!("`{}`, which runs it, is not in the root", names::shown_text(interpreter))
}
