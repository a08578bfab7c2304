//! What is remembered of a run beside its result: why everything stays or went, and what was proven.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use files::Watched;
use files::whole::{NEW, Over, Whole};
use names::{Bytes, shown};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::build::Treatment;
use crate::prove::{Proof, Verdict};
use crate::reason::Reason;
use crate::test::Test;

/// The version of the document.
pub(crate) const VERSION: u32 = 1;

/// The ledger of one run. It is the JSON document of `make` too.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Ledger {
    pub(crate) version: u32,
    /// What was shrunk.
    pub(crate) root: Bytes,
    /// What came of it.
    pub(crate) result: Bytes,
    /// Bytes of files and links, a file with several names once, and how many names there are.
    pub(crate) before: Size,
    pub(crate) after: Size,
    pub(crate) treatment: Treatment,
    /// Bytes that stripping saved.
    pub(crate) stripped: u64,
    /// Names that share a file with another since.
    pub(crate) shared: u64,
    /// Paths and why they stay; the entries are in the order of the paths.
    pub(crate) kept: Vec<Kept>,
    /// Paths and what took them away.
    pub(crate) removed: Vec<Removed>,
    /// Files that could not be stripped, and why.
    pub(crate) left: Vec<Left>,
    /// What became of functions that nothing reaches, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fill: Option<Fill>,
    /// Libraries that binaries name and that the full root does not have either.
    pub(crate) nowhere: Vec<Nowhere>,
    /// What all tests say together.
    #[serde(default = "not_tested")]
    pub(crate) verdict: Verdict,
    /// The tests and what came of them.
    pub(crate) proofs: Vec<Proof>,
    /// What a reader should know besides.
    pub(crate) notes: Vec<String>,
}

/// An amount of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) bytes: u64,
    pub(crate) names: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) path: Bytes,
    pub(crate) size: u64,
    /// What was found first.
    #[serde(flatten)]
    pub(crate) reason: Reason,
    /// All other reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Reason>,
}

fn not_tested() -> Verdict {
    Verdict::NotTested
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Removed {
    pub(crate) path: Bytes,
    pub(crate) size: u64,
    /// The policy's name; nothing when it is that nothing needs it.
    pub(crate) policy: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) path: Bytes,
    pub(crate) because: String,
}

/// Libraries of which functions that nothing reaches are traps now. That nothing reaches them is
/// reasoned; that no test does is proven.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Fill {
    pub(crate) libraries: Vec<FilledLibrary>,
    /// Libraries that are as they were, for a test differed.
    pub(crate) given_back: Vec<Bytes>,
    /// Libraries whose code cannot be followed, or must not be changed, and why.
    pub(crate) left: Vec<Left>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FilledLibrary {
    pub(crate) path: Bytes,
    /// How many functions are traps.
    pub(crate) functions: usize,
    /// How many there are.
    pub(crate) of: usize,
    /// How many bytes these functions take.
    pub(crate) bytes: u64,
}

impl Fill {
    /// What became of a library, if anything did.
    pub(crate) fn library(&self, path: &Path) -> Option<&FilledLibrary> {
        self.libraries.iter().find(|library| library.path.as_path() == path)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Nowhere {
    pub(crate) library: Bytes,
    pub(crate) needed_by: Bytes,
}

impl Ledger {
    /// Where the ledger of a result lies: beside it.
    pub(crate) fn place(result: &Path) -> PathBuf {
        let mut name = result.file_name().unwrap_or_default().to_owned();
        name.push(".shrink.json");
        result.with_file_name(name)
    }

    /// Writes the ledger so that it is there whole or not at all. Only another ledger is written
    /// over.
    pub(crate) fn write(&self, place: &Path) -> Result<()> {
        let write = || format!("cannot write `{}`", shown(place));
        let mut old = Self::seen(place)?;
        let mut whole = Whole::beside(place, NEW).with_context(write)?;
        let mut out = BufWriter::new(&mut whole);
        serde_json::to_writer(&mut out, self).with_context(write)?;
        out.flush().with_context(write)?;
        drop(out);
        let over = match &mut old {
            Some(old) => Over::Seen(old),
            None => Over::Nothing,
        };
        whole.commit(over).with_context(write)
    }

    /// The ledger that stands at a place; anything else is refused.
    fn seen(place: &Path) -> Result<Option<Watched>> {
        let file = match File::open(place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read `{}`", shown(place)))?,
        };
        let Ok(Value::Object(document)) = serde_json::from_reader(BufReader::new(&file)) else {
            bail!(not_ours(place));
        };
        if !document.contains_key("version") || !document.contains_key("kept") {
            bail!(not_ours(place));
        }
        Ok(Some(Watched::new(file.into()).with_context(|| format!("`{}`", shown(place)))?))
    }

    /// Notes that a path is as it was after all.
    pub(crate) fn note_stays(&mut self, path: &Path, because: &str) {
        let meanwhile = || Reason::Meanwhile { what: because.to_owned() };
        let gone = self.removed.iter().position(|removed| removed.path.as_path() == path);
        if let Some(gone) = gone {
            let Removed { path, size, .. } = self.removed.remove(gone);
            self.after.bytes += size;
            self.after.names += 1;
            self.kept.push(Kept { path, size, reason: meanwhile(), also: Vec::new() });
            self.kept.sort_by(|one, other| one.path.as_path().cmp(other.path.as_path()));
        } else if let Some(kept) = self.kept.iter_mut().find(|kept| kept.path.as_path() == path) {
            kept.also.push(meanwhile());
        }
    }

    pub(crate) fn read(place: &Path) -> Result<Self> {
        let read = || format!("cannot read the ledger `{}`", shown(place));
        let file = File::open(place).with_context(|| {
            ui::hinted(&read(), "`shrink make` leaves it beside its result; name it with --ledger")
        })?;
        let ledger: Self = serde_json::from_reader(BufReader::new(file)).with_context(read)?;
        if ledger.version != VERSION {
            bail!("`{}` was written by another version of shrink", shown(place));
        }
        Ok(ledger)
    }

    /// The ledger that speaks of a path, and the path inside of the result: the nearest directory
    /// above that has one beside it.
    pub(crate) fn about(path: &Path) -> Result<(Self, PathBuf)> {
        let full = std::path::absolute(path).context("cannot tell where we are")?;
        for result in full.ancestors() {
            let place = Self::place(result);
            if result.file_name().is_some() && place.is_file() {
                let inside = full.strip_prefix(result).expect("it is an ancestor");
                return Ok((Self::read(&place)?, inside.to_owned()));
            }
        }
        bail!(ui::hinted(
            &format!("no ledger speaks of `{}`", shown(path)),
            "give a path in a result of `shrink make`, or name its ledger with --ledger",
        ))
    }

    /// The tests that it notes.
    pub(crate) fn tests(&self) -> Vec<Test> {
        self.proofs.iter().map(|proof| proof.baseline.test.clone()).collect()
    }

    /// Why everything stays, by path.
    pub(crate) fn reasons(&self) -> BTreeMap<&Path, &Kept> {
        self.kept.iter().map(|kept| (kept.path.as_path(), kept)).collect()
    }
}

fn not_ours(place: &Path) -> anyhow::Error {
    ui::hinted(
        &format!("cannot write the ledger `{}`: what is there is none", shown(place)),
        "move it away, or give the result another name",
    )
    .into()
}
