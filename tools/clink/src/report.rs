//! The result, for people and for programs.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use duplicates::apply::Outcome;
use duplicates::figures::{Figures, Space};
use duplicates::inventory::PassedOver;
use duplicates::plan::{Kind, Left, Reason, Target};
use duplicates::problem::Problem;
use duplicates::survey::Survey;
use duplicates::undo::Undone;
use names::{Bytes, shown};
use serde::Serialize;
use ui::Ended;
use ui::numbers::{BinaryBytes, Count};

use crate::cli::{Format, Output};
use crate::messages;
use crate::reasons::{key, words};

/// The form of the JSON documents.
const FORMAT: u32 = 1;

/// How far it went.
pub(crate) enum Done {
    /// Nothing was changed.
    Planned,
    /// The plan was carried out.
    Replaced {
        /// What came of it.
        outcome: Outcome,
        /// Where the journal is.
        journal: Option<PathBuf>,
    },
}

impl Done {
    fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Planned => None,
            Self::Replaced { outcome, .. } => Some(outcome),
        }
    }

    fn journal(&self) -> Option<&Path> {
        match self {
            Self::Replaced { journal, .. } => journal.as_deref(),
            Self::Planned => None,
        }
    }
}

/// Everything that there is to say.
pub(crate) struct Report<'run> {
    survey: &'run Survey,
    done: &'run Done,
    figures: Figures,
    left: BTreeMap<Reason, u64>,
}

impl<'run> Report<'run> {
    pub(crate) fn of(survey: &'run Survey, done: &'run Done) -> Self {
        let mut left = BTreeMap::new();
        for Left { reason, .. } in &survey.plan.left {
            *left.entry(*reason).or_insert(0) += 1;
        }
        let changed = done.outcome().map_or(0, |outcome| outcome.changed);
        if changed > 0 {
            *left.entry(Reason::Unsteady).or_insert(0) += changed;
        }
        Self { survey, done, figures: Figures::of(survey, done.outcome()), left }
    }

    /// Writes the result to standard output and everything else to standard error.
    pub(crate) fn write(&self, output: &Output) -> Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match output.format {
            Format::Json => {
                let document = messages::VOICE.document(FORMAT, self.document());
                serde_json::to_writer(&mut out, &document).map_err(io::Error::from)?;
                writeln!(out)?;
            }
            Format::Text if output.quiet => {}
            Format::Text => {
                if output.verbose {
                    self.write_links(&mut out)?;
                }
                self.write_summary(&mut out)?;
            }
        }
        out.flush()?;
        for path in &self.survey.inventory.unfollowed_arguments {
            let path = shown(path);
            messages::VOICE.note(&format!(
                "`{path}` is a symbolic link and was not followed (--follow-args does)"
            ));
        }
        messages::problems(self.problems(), output.verbose);
        Ok(())
    }

    pub(crate) fn ended(&self, check: bool) -> Ended {
        if self.done.outcome().is_some_and(|outcome| outcome.stopped)
            && self.problems().next().is_none()
        {
            Ended::Interrupted
        } else if self.problems().next().is_some() {
            Ended::Incomplete
        } else if check && self.figures.links() > 0 {
            Ended::Found
        } else {
            Ended::Done
        }
    }

    fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.survey
            .problems()
            .chain(self.done.outcome().into_iter().flat_map(|outcome| &outcome.problems))
    }

    fn write_links(&self, out: &mut impl Write) -> io::Result<()> {
        for link in self.survey.planned_links() {
            write_path(out, &link.path)?;
            out.write_all(b" -> ")?;
            write_path(out, link.text.as_ref().map_or(&link.kept, |text| text.as_path()))?;
            writeln!(out)?;
        }
        for left in &self.survey.plan.left {
            write_path(out, &self.survey.inventory.shown(left.file))?;
            writeln!(out, ": left alone: {}", words(left.reason))?;
        }
        writeln!(out)
    }

    fn write_summary(&self, out: &mut impl Write) -> io::Result<()> {
        let Figures { files, duplicates, before, after, .. } = &self.figures;
        writeln!(
            out,
            "{} with {} ({} {}), {} of them copies of another one",
            counted(*files, "file", "files"),
            BinaryBytes(before.size),
            BinaryBytes(before.disk),
            place(self.survey.target),
            Count(*duplicates),
        )?;
        self.write_gain(out, *before, *after)?;
        self.write_left(out)?;
        if self.survey.has_package_database && self.figures.links() > 0 {
            writeln!(
                out,
                "\nA package manager keeps files here. When it upgrades or removes a package, links to the\n\
                 package's files may dangle, and its own check reports linked files as changed: link\n\
                 finished images rather than running systems."
            )?;
        }
        self.write_outcome(out)
    }

    fn write_gain(&self, out: &mut impl Write, before: Space, after: Space) -> io::Result<()> {
        let planned = matches!(self.done, Done::Planned);
        if self.figures.links() == 0 {
            return self.write_nothing(out, if planned { "to link" } else { "linked" });
        }
        let others = self.figures.other_links;
        let files = counted(self.figures.file_links - others, "file", "files");
        let directories = match self.figures.directory_links {
            0 => String::new(),
            count => format!(" and {}", counted(count, "directory", "directories")),
        };
        let one = self.figures.links() - others == 1;
        let becomes = match (self.survey.plan.kind, planned) {
            (Kind::Symbolic, _) if one => "a symbolic link",
            (Kind::Symbolic, _) => "symbolic links",
            (Kind::Hard, _) if one => "a hard link",
            (Kind::Hard, _) => "hard links",
            (Kind::Reflink, true) => "share the storage of another one",
            (Kind::Reflink, false) if one => "shares its storage with another one",
            (Kind::Reflink, false) => "share their storage with others",
        };
        let verb = match (self.survey.plan.kind, planned) {
            (Kind::Reflink, true) => "would ",
            (Kind::Reflink, false) => "",
            (_, true) => "would become ",
            (_, false) => "became ",
        };
        if self.figures.links() > others {
            writeln!(out, "{files}{directories} {verb}{becomes}")?;
        }
        if others > 0 {
            let verb = if planned { "would become" } else { "became" };
            let what = match others {
                1 => "a hard link, or shares its storage",
                _ => "hard links, or share their storage",
            };
            writeln!(out, "{} {verb} {what}", counted(others, "file", "files"))?;
        }
        writeln!(
            out,
            "{} {} {}: {} -> {}; by file sizes {} -> {}",
            BinaryBytes(before.disk.saturating_sub(after.disk)),
            place(self.survey.target),
            if planned { "would be freed" } else { "freed" },
            BinaryBytes(before.disk),
            BinaryBytes(after.disk),
            BinaryBytes(before.size),
            BinaryBytes(after.size),
        )?;
        writeln!(out, "\nmost of it in")?;
        for (path, bytes) in &self.figures.gains {
            write!(out, "  {:>12}  ", BinaryBytes(*bytes).to_string())?;
            write_path(out, path)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn write_nothing(&self, out: &mut impl Write, done: &str) -> io::Result<()> {
        match self.survey.target.filter(|target| target.shares_by_itself()) {
            Some(target) => {
                let place = place(Some(target));
                writeln!(out, "nothing {done}: equal files are stored only once {place}")
            }
            None => writeln!(out, "nothing {done}"),
        }
    }

    fn write_left(&self, out: &mut impl Write) -> io::Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        writeln!(out, "\ncopies left alone")?;
        let mut left: Vec<_> = self.left.iter().collect();
        left.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), **reason));
        for (reason, count) in left {
            writeln!(out, "  {:>12}  {}", Count(*count).to_string(), words(*reason))?;
        }
        Ok(())
    }

    fn write_outcome(&self, out: &mut impl Write) -> io::Result<()> {
        let Done::Replaced { outcome, journal } = self.done else { return Ok(()) };
        if outcome.cleaned > 0 {
            let leftovers = counted(outcome.cleaned, "leftover", "leftovers");
            writeln!(out, "\n{leftovers} of an interrupted run removed")?;
        }
        if outcome.stopped {
            writeln!(out, "\nstopped before the end: run the same command again for the rest")?;
        }
        if let Some(journal) = journal {
            write!(out, "\nto take it back: clink --undo ")?;
            write_path(out, journal)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn document(&self) -> Document<'_> {
        let PassedOver { symbolic_links, special_files, mount_points, excluded } =
            self.survey.inventory.passed_over;
        Document {
            changed: matches!(self.done, Done::Replaced { .. }),
            stopped: self.done.outcome().is_some_and(|outcome| outcome.stopped),
            summary: Summary {
                files: self.figures.files,
                duplicates: self.figures.duplicates,
                links: self.figures.links(),
                file_links: self.figures.file_links,
                directory_links: self.figures.directory_links,
                size_before: self.figures.before.size,
                size_after: self.figures.after.size,
                disk_before: self.figures.before.disk,
                disk_after: self.figures.after.disk,
                left_alone: self
                    .left
                    .iter()
                    .map(|(reason, count)| (key(*reason), *count))
                    .collect(),
                symbolic_links,
                special_files,
                mount_points,
                excluded,
            },
            gains: self
                .figures
                .gains
                .iter()
                .map(|(path, disk)| Gain { path: Bytes::of(path), disk: *disk })
                .collect(),
            kind: self.survey.plan.kind,
            target: self.survey.target,
            groups: Groups(self.survey),
            left_alone: LeftAlone(self.survey),
            problems: self.problems().map(ProblemEntry::of).collect(),
            journal: self.done.journal().map(Bytes::of),
        }
    }
}

/// The document of `--format json`; docs/clink.md describes it.
#[derive(Serialize)]
struct Document<'run> {
    changed: bool,
    stopped: bool,
    kind: Kind,
    target: Option<Target>,
    summary: Summary,
    gains: Vec<Gain>,
    groups: Groups<'run>,
    left_alone: LeftAlone<'run>,
    problems: Vec<ProblemEntry>,
    journal: Option<Bytes>,
}

#[derive(Serialize)]
struct Summary {
    files: u64,
    duplicates: u64,
    links: u64,
    file_links: u64,
    directory_links: u64,
    size_before: u64,
    size_after: u64,
    disk_before: u64,
    disk_after: u64,
    left_alone: BTreeMap<&'static str, u64>,
    symbolic_links: u64,
    special_files: u64,
    mount_points: u64,
    excluded: u64,
}

#[derive(Serialize)]
struct Gain {
    path: Bytes,
    disk: u64,
}

/// Every group of duplicates, written one by one: together they would take a lot of memory.
struct Groups<'run>(&'run Survey);

impl Serialize for Groups<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.planned_groups().map(|group| {
            Group {
                kept: Bytes::of(&group.kept),
                kind: group.kind,
                size: group.size,
                directory: group.directory,
                replaced: group
                    .replaced
                    .into_iter()
                    .map(|link| Replaced { path: Bytes::of(&link.path), text: link.text })
                    .collect(),
            }
        }))
    }
}

#[derive(Serialize)]
struct Group {
    kept: Bytes,
    kind: Kind,
    /// In bytes; for directories that of all files below.
    size: u64,
    directory: bool,
    replaced: Vec<Replaced>,
}

#[derive(Serialize)]
struct Replaced {
    path: Bytes,
    /// Of a symbolic link.
    text: Option<Bytes>,
}

struct LeftAlone<'run>(&'run Survey);

impl Serialize for LeftAlone<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.plan.left.iter().map(|left| LeftEntry {
            path: Bytes::of(&self.0.inventory.shown(left.file)),
            reason: key(left.reason),
        }))
    }
}

#[derive(Serialize)]
struct LeftEntry {
    path: Bytes,
    reason: &'static str,
}

#[derive(Serialize)]
struct ProblemEntry {
    attempt: &'static str,
    path: Bytes,
    reason: String,
    hint: Option<&'static str>,
}

impl ProblemEntry {
    fn of(problem: &Problem) -> Self {
        Self {
            attempt: problem.attempt,
            path: Bytes::of(&problem.path),
            reason: problem.source().map_or_else(String::new, ToString::to_string),
            hint: problem.hint(),
        }
    }
}

/// Writes what was taken back.
pub(crate) fn write_undone(undone: &Undone, output: &Output) -> Result<()> {
    let mut out = io::stdout().lock();
    match output.format {
        Format::Json => {
            let problems: Vec<ProblemEntry> =
                undone.problems.iter().map(ProblemEntry::of).collect();
            let document = serde_json::json!({
                "restored": undone.restored,
                "untouched": undone.untouched,
                "stopped": undone.stopped,
                "problems": problems,
            });
            let document = messages::VOICE.document(FORMAT, document);
            serde_json::to_writer(&mut out, &document).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Format::Text if output.quiet => {}
        Format::Text => {
            writeln!(out, "{} restored", Count(undone.restored))?;
            if undone.untouched > 0 {
                writeln!(
                    out,
                    "{} left as found: not replaced, or restored before",
                    Count(undone.untouched)
                )?;
            }
            if undone.stopped {
                writeln!(out, "stopped before the end: run the same command again for the rest")?;
            }
        }
    }
    messages::problems(undone.problems.iter(), output.verbose);
    Ok(())
}

pub(crate) fn undo_ended(undone: &Undone) -> Ended {
    if !undone.problems.is_empty() {
        Ended::Incomplete
    } else if undone.stopped {
        Ended::Interrupted
    } else {
        Ended::Done
    }
}

/// Where the links gain something.
fn place(target: Option<Target>) -> &'static str {
    match target {
        None => "on disk",
        Some(Target::Tar) => "in a tar archive",
        Some(Target::Ext4 | Target::Ext4SmallBlocks) => "in an ext4 image",
        Some(Target::Erofs) => "in an EROFS image",
        Some(Target::Squashfs) => "in a squashfs image",
    }
}

/// A path as it is, byte for byte.
fn write_path(out: &mut impl Write, path: &Path) -> io::Result<()> {
    out.write_all(shown(path).as_bytes())
}

/// A number with its noun.
fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", Count(count), if count == 1 { one } else { more })
}
