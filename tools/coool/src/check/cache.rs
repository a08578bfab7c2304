//! Remembers from run to run what the network answered.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use files::whole::{self, Over, Whole};
use serde::{Deserialize, Serialize};

use crate::address::Goal;
use crate::remote::{Answer, Question};
use crate::verdict::Verdict;

/// The answers of earlier runs.
pub(super) struct Cache {
    /// None where nothing is remembered.
    file: Option<PathBuf>,
    age: Duration,
    /// Addresses that were in order, and when, in seconds since 1970.
    known: HashMap<String, Entry>,
    changed: bool,
}

/// The form of the file; another is not read.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    answers: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    /// When it was asked, in seconds since 1970.
    asked: u64,
    answer: Answer,
}

impl Cache {
    /// The user's cache; an empty one where there is none, or where it cannot be read.
    pub(super) fn open(age: Option<Duration>) -> Self {
        let file = age.and_then(|_| place());
        let known = file.as_ref().and_then(read).unwrap_or_default();
        Self { file, age: age.unwrap_or_default(), known, changed: false }
    }

    pub(super) fn get(&self, question: &Question) -> Option<Answer> {
        let entry = self.known.get(&key(question)?)?;
        let is_young = now().saturating_sub(entry.asked) <= self.age.as_secs();
        is_young.then(|| entry.answer.clone())
    }

    /// What is broken today may be in order tomorrow: only what is in order is remembered.
    pub(super) fn put(&mut self, question: &Question, answer: &Answer) {
        let is_fine = matches!(answer.verdict, Verdict::Ok | Verdict::Redirected)
            && answer.missing_fragments.is_empty();
        if let Some(key) = key(question)
            && is_fine
            && self.file.is_some()
        {
            self.known.insert(key, Entry { asked: now(), answer: answer.clone() });
            self.changed = true;
        }
    }

    /// Writes the cache. What another run has written since is kept. A cache that cannot be written
    /// costs time and nothing else.
    pub(super) fn close(self) {
        /// A year: older answers are of no use to anybody.
        const OLDEST: u64 = 366 * 86_400;
        let Some(file) = self.file.filter(|_| self.changed) else { return };
        let mut answers = read(&file).unwrap_or_default();
        answers.extend(self.known);
        answers.retain(|_, entry| now().saturating_sub(entry.asked) <= OLDEST);
        let _ = write(&file, &File { version: VERSION, answers });
    }
}

/// A question by its address and the places that are looked for in the page.
fn key(question: &Question) -> Option<String> {
    let address = match &question.goal {
        Goal::Web(url) | Goal::Ftp(url) => url.to_string(),
        Goal::Mail(addresses) => format!("mailto:{}", addresses.join(",")),
        _ => return None,
    };
    let mut fragments = question.fragments.clone();
    fragments.sort();
    Some(std::iter::once(address).chain(fragments).collect::<Vec<_>>().join(" #"))
}

fn read(file: &PathBuf) -> Option<HashMap<String, Entry>> {
    let file: File = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (file.version == VERSION).then_some(file.answers)
}

fn write(file: &Path, content: &File) -> std::io::Result<()> {
    let folder = file.parent().expect("it lies in the cache folder");
    fs::create_dir_all(folder)?;
    let mut new = Whole::beside(file, whole::PRIVATE)?;
    new.write_all(&serde_json::to_vec(content)?)?;
    Ok(new.commit(Over::Anything)?)
}

/// XDG Base Directory Specification: `$XDG_CACHE_HOME`, or else `~/.cache`.
fn place() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(folder.join("coool/answers.json"))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
