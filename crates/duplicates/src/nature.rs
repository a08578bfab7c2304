//! What a file's content says about replacing the file by a symbolic link.
//!
//! A link is not quite a copy: a program that asks where it really lives gets another answer. The
//! rules below recognise such content by what it must hold to ask. They would rather leave a file
//! alone for nothing than link one that then behaves differently.

use memchr::memmem;

use crate::climb::{self, Reach};
use crate::kind::{self, Harm, Kind};

/// What is looked for in a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nothing: the content alone decides.
    Nothing,
    /// What a symbolic link to the file would change.
    Files,
    /// Also what a symbolic link to a directory around it would change.
    Directories,
}

/// What was learned from a content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Nature {
    /// What a link to the file itself would change.
    pub(crate) harm: Option<Harm>,
    /// It reaches what lies beside it, if somebody starts it.
    pub(crate) leads_beside: bool,
    /// Where the content leads to with `..`; matters for links to directories.
    pub(crate) reach: Reach,
    /// What it was taken for, where only the names of the files tell.
    taken_for: Option<&'static Kind>,
}

impl Nature {
    /// Whether a file with this content and name is of another kind than it was taken for, so that
    /// nobody looked for what would be telling.
    pub(crate) fn is_unknown_under(&self, name: &[u8]) -> bool {
        let other = |taken_for| kind::by_name(name).is_some_and(|kind| kind != taken_for);
        self.taken_for.is_some_and(other)
    }
}

/// Looks at a content block by block.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    scope: Scope,
    kind: Option<&'static Kind>,
    nature: Nature,
    /// A script may climb without writing `../`.
    climbs_by_name: bool,
    /// The end of the block before, where something may have begun.
    tail: Vec<u8>,
}

/// One byte less than the longest text looked for, `../` runs aside.
const TAIL: usize = 64;

impl Scan {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            kind: None,
            nature: Nature::default(),
            climbs_by_name: false,
            tail: Vec::new(),
        }
    }

    pub(crate) fn into_nature(self) -> Nature {
        let Self { mut nature, climbs_by_name, kind, .. } = self;
        let asks = kind.is_some_and(|kind| kind.always.is_none());
        if nature.harm == Some(Harm::Script) && asks && climbs_by_name {
            nature.reach = Reach::Anywhere;
        }
        nature
    }

    /// Looks at the next block. `names` are names of files with this content: a script may be
    /// known only by its ending.
    pub(crate) fn see(&mut self, offset: u64, block: &[u8], names: &[&[u8]]) {
        if self.scope == Scope::Nothing {
            return;
        }
        let kind = match self.kind {
            Some(kind) => kind,
            None => {
                let kind = kind::of(block, names);
                self.nature.harm = kind.always;
                self.nature.taken_for = kind::depends_on_names(block).then_some(kind);
                self.kind = Some(kind);
                kind
            }
        };
        if offset > 0 && !self.tail.is_empty() {
            let mut seam = std::mem::take(&mut self.tail);
            seam.extend_from_slice(&block[..block.len().min(TAIL)]);
            self.look(kind, &seam);
        }
        self.look(kind, block);
        self.tail.clear();
        self.tail.extend_from_slice(&block[block.len().saturating_sub(TAIL)..]);
    }

    fn look(&mut self, kind: &Kind, bytes: &[u8]) {
        for (text, harm) in kind.telling {
            if self.nature.harm.is_none() && memmem::find(bytes, text).is_some() {
                self.nature.harm = Some(*harm);
            }
        }
        let contains = |text: &[u8]| memmem::find(bytes, text).is_some();
        self.nature.leads_beside |= kind.beside.is_some_and(contains);
        if self.scope == Scope::Directories {
            match self.nature.harm {
                Some(Harm::Origin) => self.nature.reach.add_all(climb::from_origin(bytes)),
                Some(Harm::Relocatable | Harm::LinkerScript) => self.nature.reach = Reach::Anywhere,
                _ if kind.names_paths => self.nature.reach.add_all(climb::in_text(bytes)),
                _ => {}
            }
            let by_name = |word: &&[u8]| memmem::find(bytes, word).is_some();
            if !kind.telling.is_empty() && !self.climbs_by_name {
                self.climbs_by_name = kind::CLIMBING.iter().any(by_name);
            }
        }
    }
}
