//! A Debian package of one tool: its tree is staged, described, and packed by dpkg-deb.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands;
use crate::workspace::{Member, Workspace};

use super::depends;
use super::manual::{Kind, Manual};

mod papers;

/// What goes into a package.
pub(super) struct Package<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) tool: &'a Member,
    pub(super) binary: &'a Path,
    pub(super) manual: &'a Manual,
    /// The time that every file in the package carries, in seconds since 1970.
    pub(super) epoch: u64,
}

impl Package<'_> {
    /// Builds the package in the folder and returns its path.
    pub(super) fn build(&self, folder: &Path) -> Result<PathBuf> {
        let stage = tempfile::tempdir().context("cannot make a directory to stage a package")?;
        let architecture = commands::output(Command::new("dpkg").arg("--print-architecture"))?;
        let architecture = architecture.trim();
        self.stage_files(stage.path())?;
        self.stage_documents(stage.path())?;
        self.describe(stage.path(), architecture)?;
        clean_modes(stage.path())?;

        let Member { name, version, .. } = self.tool;
        let package = folder.join(format!("{name}_{version}_{architecture}.deb"));
        self.pack(stage.path(), &package)?;
        Ok(package)
    }

    fn stage_files(&self, stage: &Path) -> Result<()> {
        copy(self.binary, &stage.join("usr/bin").join(&self.tool.name))?;
        for paper in &self.manual.papers {
            let place = stage.join(paper.home).join(&paper.name);
            copy(&paper.file, &place)?;
            if paper.kind == Kind::ManPage {
                compress(&place)?;
            }
        }
        Ok(())
    }

    fn stage_documents(&self, stage: &Path) -> Result<()> {
        let documents = stage.join("usr/share/doc").join(&self.tool.name);
        let date = self.date()?;
        let copyright = papers::copyright(&self.libraries()?, &date);
        write(&documents.join("copyright"), &copyright)?;
        let changelog = documents.join("changelog");
        write(&changelog, &self.changelog(&date)?)?;
        compress(&changelog)
    }

    /// What is linked in, with licences.
    fn libraries(&self) -> Result<String> {
        commands::output(commands::cargo(&self.workspace.root).args([
            "tree",
            "--locked",
            "--package",
            &self.tool.name,
            "--edges=normal,no-proc-macro",
            "--prefix=none",
            "--no-dedupe",
            "--format={p}\t{l}",
        ]))
    }

    fn changelog(&self, date: &str) -> Result<String> {
        let file = Path::new("CHANGELOG.md");
        let text = fs::read_to_string(self.workspace.root.join(file))
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        Ok(papers::changelog(self.tool, file, &text, date))
    }

    fn date(&self) -> Result<String> {
        let moment = format!("--date=@{}", self.epoch);
        let mut date = Command::new("date");
        commands::output(date.env("LC_ALL", "C").args(["--utc", "--rfc-email", &moment]))
    }

    fn describe(&self, stage: &Path, architecture: &str) -> Result<()> {
        let depends = depends::of(self.binary)?;
        let statement = papers::Statement {
            architecture,
            depends: &depends,
            kilobytes: size_of(stage)?.div_ceil(1024),
            about: &self.manual.about,
        };
        let sums = sums(stage)?;
        write(&stage.join("DEBIAN/control"), &papers::control(self.tool, &statement))?;
        write(&stage.join("DEBIAN/md5sums"), &sums)
    }

    fn pack(&self, stage: &Path, package: &Path) -> Result<()> {
        commands::run(
            Command::new("dpkg-deb")
                .args(["--build", "--root-owner-group", "-Zxz"])
                .arg(stage)
                .arg(package)
                // Several threads would split the archive as the machine's processors allow.
                .env("DPKG_DEB_THREADS_MAX", "1")
                .env("SOURCE_DATE_EPOCH", self.epoch.to_string())
                .stdout(std::io::stderr()),
        )
    }
}

/// The sums by which an installed package is checked.
fn sums(stage: &Path) -> Result<String> {
    let mut files = files_below(stage)?;
    files.sort();
    let mut command = Command::new("md5sum");
    for file in &files {
        command.arg(file.strip_prefix(stage).expect("it was found there"));
    }
    commands::output(command.current_dir(stage))
}

fn size_of(stage: &Path) -> Result<u64> {
    let mut size = 0;
    for file in files_below(stage)? {
        size += fs::metadata(file)?.len();
    }
    Ok(size)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?.path();
        if entry.is_dir() {
            files.extend(files_below(&entry)?);
        } else {
            files.push(entry);
        }
    }
    Ok(files)
}

/// The modes a package should have, whatever the umask of the one who builds it.
fn clean_modes(entry: &Path) -> Result<()> {
    let mut mode = 0o644;
    if entry.is_dir() {
        mode = 0o755;
        for inner in fs::read_dir(entry)? {
            clean_modes(&inner?.path())?;
        }
    } else if entry.parent().is_some_and(|parent| parent.ends_with("usr/bin")) {
        mode = 0o755;
    }
    fs::set_permissions(entry, Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of `{}`", entry.display()))
}

fn compress(file: &Path) -> Result<()> {
    commands::run(Command::new("gzip").arg("-n9").arg(file))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    make_parent(to)?;
    fs::copy(from, to)
        .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    make_parent(file)?;
    fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

fn make_parent(file: &Path) -> Result<()> {
    let parent = file.parent().expect("it stands below the stage");
    fs::create_dir_all(parent).with_context(|| format!("cannot make `{}`", parent.display()))
}
