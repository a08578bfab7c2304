//! Finds the functions of kept libraries that nothing in the small root reaches.
//!
//! `elf::reach` knows how code leads to code; here is decided which files count as libraries, who
//! can ask for their functions, and which of them are better left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use elf::needs::Needs;
use elf::reach::{self, Asked, Code, Names, Refusal, Unreached};
use names::shown;

use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow, Inventory, Kind};
use crate::strippable::why_fixed;

/// What is to be filled, as data.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    pub(crate) libraries: BTreeMap<PathBuf, Filled>,
    /// Libraries that are left as they are, and why.
    pub(crate) left: BTreeMap<PathBuf, String>,
    /// Libraries that are whole again, for a test differed.
    pub(crate) given_back: BTreeSet<PathBuf>,
}

/// What is to be filled in one library.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) unreached: Unreached,
    /// How many functions it has.
    pub(crate) of: usize,
}

impl Filling {
    /// Finds what nothing reaches, provided that only these files stay.
    pub(crate) fn of(root: &Root, kept: &Inventory) -> Result<Self> {
        let mut survey = Survey::default();
        let files = files(kept);
        for (path, entry) in &files {
            survey.read(root, path, entry)?;
        }
        survey.leave_loaders(root);
        for (path, _) in &files {
            survey.look_for_mentions(root, path)?;
        }
        Ok(survey.filling())
    }

    /// Leaves libraries as they are after all.
    pub(crate) fn give_back(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.libraries.remove(path);
            self.given_back.insert(path.clone());
        }
    }
}

/// The regular files, each once.
fn files(kept: &Inventory) -> Vec<(PathBuf, Entry)> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for (path, entry) in kept.iter() {
        let new = match entry.kind {
            Kind::File { shared: Some(number), .. } => seen.insert(number),
            Kind::File { .. } => true,
            _ => false,
        };
        if new {
            files.push((path.to_owned(), entry.clone()));
        }
    }
    files
}

/// What is known of the files.
#[derive(Default)]
struct Survey {
    libraries: BTreeMap<PathBuf, Library>,
    left: BTreeMap<PathBuf, String>,
    /// Names by which binaries ask for libraries.
    needed: BTreeSet<Vec<u8>>,
    /// The paths of loaders, as binaries give them.
    interpreters: BTreeSet<Vec<u8>>,
    /// Names of functions that something else than these libraries asks for.
    names: BTreeSet<Vec<u8>>,
    search: Option<Names>,
}

struct Library {
    code: Code,
    soname: Option<Vec<u8>>,
}

impl Survey {
    fn read(&mut self, root: &Root, path: &Path, entry: &Entry) -> Result<()> {
        if root.head(path, 4).with_context(|| cannot_read(path))? != elf::MAGIC {
            return Ok(());
        }
        let content = content(root, path)?;
        let Ok(needs) = elf::needs::read(content.as_slice()) else {
            return Ok(());
        };
        let files = needs.libraries.iter().map(|library| file_name(library).to_vec());
        self.needed.extend(files);
        self.interpreters.extend(needs.interpreter.clone());
        if let Some(reason) = why_untouched(root, path, entry, &needs) {
            self.left.insert(path.to_owned(), reason.to_owned());
            self.names.extend(reach::names(&content).unwrap_or_default());
            return Ok(());
        }
        match Code::read(&content) {
            Ok(code) => {
                let library = Library { code, soname: needs.soname };
                self.libraries.insert(path.to_owned(), library);
            }
            Err(refusal) => {
                self.names.extend(reach::names(&content).unwrap_or_default());
                if refusal != Refusal::Program {
                    self.left.insert(path.to_owned(), refusal.to_string());
                }
            }
        }
        Ok(())
    }

    /// A loader works before anything can be said about it.
    fn leave_loaders(&mut self, root: &Root) {
        for interpreter in &self.interpreters {
            let path = Path::new(OsStr::from_bytes(interpreter));
            let end = root.inventory.resolve(Path::new(""), path, Follow::Last).end;
            if let Some((path, library)) = end.and_then(|end| self.libraries.remove_entry(&end)) {
                self.names.extend(library.code.exports().map(<[u8]>::to_vec));
                self.names.extend(library.code.names().map(<[u8]>::to_vec));
                self.left.insert(path, IS_LOADER.to_owned());
            }
        }
    }

    /// Adds the names that a file mentions, which may be looked up.
    fn look_for_mentions(&mut self, root: &Root, path: &Path) -> Result<()> {
        if self.search.is_none() {
            let codes = self.libraries.values().map(|library| &library.code);
            let exports = codes.flat_map(|code| code.exports().map(<[u8]>::to_vec)).collect();
            self.search = Some(Names::new(exports).context("there are too many functions")?);
        }
        let search = self.search.as_ref().expect("it was made before");
        if root.head(path, 4).with_context(|| cannot_read(path))? == elf::MAGIC {
            let code = self.libraries.get(path).map(|library| &library.code);
            search.add_found(&content(root, path)?, code, &mut self.names);
            return Ok(());
        }
        let mut file = root.read(path).with_context(|| cannot_read(path))?;
        let mut block = Vec::new();
        loop {
            let read = file.by_ref().take(BLOCK).read_to_end(&mut block);
            if read.with_context(|| cannot_read(path))? == 0 {
                return Ok(());
            }
            search.add_found(&block, None, &mut self.names);
            // A name may stand where two blocks meet.
            let seam = block.len().saturating_sub(reach::LONGEST_NAME);
            block.drain(..seam);
        }
    }

    fn filling(self) -> Filling {
        let asked = |path: &Path, library: &Library| {
            let name = path.file_name().unwrap_or_default().as_bytes();
            let soname = library.soname.as_ref();
            let is_needed = self.needed.contains(name)
                || soname.is_some_and(|soname| self.needed.contains(soname));
            if is_needed { Asked::ByName } else { Asked::ByAnybody }
        };
        let members: Vec<_> = self
            .libraries
            .iter()
            .map(|(path, library)| (&library.code, asked(path, library)))
            .collect();
        let unreached = reach::unreached(&members, &self.names);
        let mut filling = Filling { left: self.left, ..Filling::default() };
        for ((path, library), unreached) in self.libraries.iter().zip(unreached) {
            if unreached.functions > 0 {
                let filled = Filled { unreached, of: library.code.functions() };
                filling.libraries.insert(path.clone(), filled);
            }
        }
        filling
    }
}

/// Files are looked through in pieces of this size.
const BLOCK: u64 = 1 << 20;

const IS_LOADER: &str = "it loads the others";

/// Why a library is not to be changed, whatever its code says.
fn why_untouched(root: &Root, path: &Path, entry: &Entry, needs: &Needs) -> Option<&'static str> {
    let soname = needs.soname.as_deref().unwrap_or_default();
    if soname.starts_with(b"ld-") || soname.starts_with(b"ld.so") || soname.starts_with(b"ld64.") {
        return Some(IS_LOADER);
    }
    why_fixed(&root.inventory, path, entry)
}

fn file_name(library: &[u8]) -> &[u8] {
    Path::new(OsStr::from_bytes(library)).file_name().unwrap_or_default().as_bytes()
}

fn content(root: &Root, path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut file = root.read(path).with_context(|| cannot_read(path))?;
    file.read_to_end(&mut content).with_context(|| cannot_read(path))?;
    Ok(content)
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read `{}`", shown(path))
}
