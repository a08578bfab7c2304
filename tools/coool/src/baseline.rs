//! What a team knows to be broken, so that only what breaks anew is in the way.
//!
//! Proof: `tests/baseline.rs::a_page_that_is_put_in_before_them_makes_no_link_new`,
//! `tests/baseline.rs::what_was_not_looked_at_stays_in_the_baseline`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use names::{Bytes, shown};
use serde::{Deserialize, Serialize};
use ui::hinted;

use crate::check::Checked;
use crate::gather::folder_of;
use crate::identity::Identity;
use crate::text_file;
use crate::verdict::Verdict;

/// The form of the file.
const FORMAT: u32 = 1;

/// How often each link is known to be broken.
type Known = BTreeMap<Identity, usize>;

/// A file with what is known to be broken. Documents are named from its folder, so that it means the
/// same wherever the repository lies and from wherever coool is run.
#[derive(Debug)]
pub(crate) struct Baseline {
    file: PathBuf,
    /// Its real folder.
    folder: PathBuf,
    known: Known,
}

/// What a run has to say of what was known.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// How many links are broken and were known to be.
    pub(crate) known: usize,
    /// What was known to be broken and is not any more, and how often.
    pub(crate) mended: Known,
}

#[derive(Deserialize)]
struct Written {
    tool: String,
    format: u32,
    #[serde(default)]
    broken: serde_json::Value,
}

/// One line of the file, so that versions of it can be compared and joined.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    identity: Identity,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    count: usize,
}

fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_once(count: &usize) -> bool {
    *count == 1
}

impl Baseline {
    /// Reads a file; one that is to be written need not be there.
    pub(crate) fn read(file: &Path, may_be_missing: bool) -> Result<Self> {
        let cannot = || format!("cannot use the baseline `{}`", shown(file));
        let folder = fs::canonicalize(folder_of(file)).with_context(cannot)?;
        let known = if may_be_missing && is_missing(file) {
            Known::new()
        } else {
            known(file).with_context(|| {
                hinted(&cannot(), "`--write-baseline` makes one where none is of this name")
            })?
        };
        Ok(Self { file: file.to_owned(), folder, known })
    }

    /// Marks what is known to be broken. Of several that are alike the first are taken to be known.
    pub(crate) fn mark(&self, checked: &mut [Checked]) -> Comparison {
        // What is left of this when each broken link has taken its own is mended, unless nobody knows.
        let mut left = self.known.clone();
        let mut known = 0;
        for (document, checked) in self.named(checked) {
            for (link, finding) in &mut checked.links {
                if finding.verdict != Verdict::Broken {
                    continue;
                }
                let count = left.get_mut(&Identity::of(document.clone(), link));
                if let Some(count) = count.filter(|count| **count > 0) {
                    *count -= 1;
                    known += 1;
                    finding.known = true;
                }
            }
        }
        for (document, checked) in self.named(checked) {
            for (link, finding) in &checked.links {
                if !matches!(finding.verdict, Verdict::Unchecked | Verdict::Doubtful) {
                    continue;
                }
                if let Some(count) = left.get_mut(&Identity::of(document.clone(), link)) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        let read: BTreeSet<Bytes> = self
            .named(checked)
            .filter(|(_, checked)| checked.problems.is_empty())
            .map(|(document, _)| document)
            .collect();
        let is_sure = |document: &Bytes| {
            read.contains(document) || is_missing(&self.folder.join(document.as_path()))
        };
        left.retain(|identity, count| *count > 0 && is_sure(&identity.document));
        Comparison { known, mended: left }
    }

    /// Writes what is broken now, and what was and could not be looked at again. Nothing that is
    /// broken is new from then on; gives how many links are in the file.
    pub(crate) fn write(
        &self,
        checked: &mut [Checked],
        comparison: &mut Comparison,
    ) -> Result<usize> {
        let mut now = self.known.clone();
        for (identity, count) in std::mem::take(&mut comparison.mended) {
            now.entry(identity).and_modify(|known| *known -= count);
        }
        for (document, checked) in self.named(checked) {
            for (link, finding) in &mut checked.links {
                if finding.verdict == Verdict::Broken && !finding.known {
                    *now.entry(Identity::of(document.clone(), link)).or_default() += 1;
                    finding.known = true;
                    comparison.known += 1;
                }
            }
        }
        now.retain(|_, count| *count > 0);
        files::output::write(&self.file, |out| write(&now, out))
            .with_context(|| format!("cannot write the baseline `{}`", shown(&self.file)))?;
        Ok(now.values().sum())
    }

    /// Each document with its name from the baseline's folder.
    fn named<'run>(
        &self,
        checked: &'run mut [Checked],
    ) -> impl Iterator<Item = (Bytes, &'run mut Checked)> {
        checked.iter_mut().map(|document| (self.name_of(&document.path), document))
    }

    fn name_of(&self, document: &Path) -> Bytes {
        let folder = folder_of(document);
        let real = fs::canonicalize(&folder).unwrap_or(folder);
        let real = document.file_name().map_or_else(|| real.clone(), |name| real.join(name));
        Bytes(files::relative::between(&self.folder, &real))
    }
}

fn is_missing(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn known(file: &Path) -> Result<Known> {
    /// A hundred thousand broken links.
    const MOST: u64 = 64;
    let text = text_file::read(file, MOST)?;
    let written: Written = serde_json::from_str(&text).context("it is no baseline of coool's")?;
    ensure!(written.tool == "coool", "`{}` has written it", names::shown_text(&written.tool));
    let format = written.format;
    ensure!(format == FORMAT, "it has form {format}, and this coool knows form {FORMAT}");
    let entries: Vec<Entry> = serde_json::from_value(written.broken)?;
    let mut known = Known::new();
    for entry in entries {
        let count = known.entry(entry.identity).or_default();
        *count = usize::saturating_add(*count, entry.count);
    }
    Ok(known)
}

fn write(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n  \"tool\": \"coool\",\n  \"format\": {FORMAT},\n  \"broken\": [")?;
    for (number, (identity, &count)) in known.iter().enumerate() {
        let entry = Entry { identity: identity.clone(), count };
        let end = if number == 0 { "" } else { "," };
        write!(out, "{end}\n    {}", serde_json::to_string(&entry)?)?;
    }
    writeln!(out, "\n  ]\n}}")
}
