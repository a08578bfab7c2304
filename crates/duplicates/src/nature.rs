//! What a file's content says about replacing the file by a symbolic link.
//!
//! A link is not quite a copy: a program that asks where it really lives gets another answer. The
//! rules of [`crate::kinds`] say of which content that is known not to matter.

use memchr::memmem;

use crate::climb::{self, Reach};
use crate::header::Includes;
use crate::kind::{self, Form, Harm, Kind, Named};
use crate::kinds::HEADER;

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
#[derive(Debug, Clone, Default)]
pub(crate) struct Nature {
    form: Form,
    /// The kind whose telling texts were looked for.
    taken_for: Option<&'static Kind>,
    /// What they told.
    told: Option<Harm>,
    /// It does not look like what lies in directories for headers.
    is_no_header: bool,
    /// Where the content leads to with `..`; matters for links to directories.
    pub(crate) reach: Reach,
}

impl Nature {
    pub(crate) fn kind(&self, named: Named<'_>) -> &'static Kind {
        self.form.kind(named)
    }

    /// Why a file with this content and name would not be the same behind a link.
    pub(crate) fn harm(&self, named: Named<'_>) -> Option<Harm> {
        let kind = self.form.kind(named);
        let was_looked_at = self.taken_for.is_some_and(|taken_for| taken_for.is(kind));
        match kind.stays {
            Some(_) if was_looked_at && self.told.is_some() => self.told,
            Some(stays) => Some(stays),
            None if self.is_no_header && self.form.is_header_by_place(named) => Some(Harm::Unknown),
            None if !kind.has_to_be_read() => None,
            None if was_looked_at => self.told,
            // Nobody looked for what would be telling under this name.
            None => Some(Harm::Unknown),
        }
    }
}

/// Looks at a content block by block.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    scope: Scope,
    nature: Nature,
    includes: Includes,
    /// Which texts of those that tell only together were found.
    halves: Halves,
    /// A script may climb without writing `../`.
    climbs_by_name: bool,
    /// The end of the block before, where something may have begun.
    tail: Vec<u8>,
}

/// A kind has one such pair at most.
#[derive(Debug, Clone, Copy, Default)]
struct Halves([bool; 2]);

/// One byte less than the longest text looked for, `../` runs aside.
const TAIL: usize = 64;

impl Scan {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            nature: Nature::default(),
            includes: Includes::default(),
            halves: Halves::default(),
            climbs_by_name: false,
            tail: Vec::new(),
        }
    }

    pub(crate) fn into_nature(self) -> Nature {
        let Self { mut nature, climbs_by_name, includes, .. } = self;
        let kind = nature.taken_for;
        if kind.is_some_and(|kind| kind.is(&HEADER)) && !includes.is_safe() {
            nature.told = nature.told.or(Some(Harm::Header));
        }
        if climbs_by_name && kind.is_some_and(|kind| kind.stays == Some(Harm::Script)) {
            nature.reach = Reach::Anywhere;
        }
        nature
    }

    /// Looks at the next block. `names` are names of files with this content.
    pub(crate) fn see(&mut self, offset: u64, block: &[u8], names: [Named<'_>; 2]) {
        if self.scope == Scope::Nothing {
            return;
        }
        let kind = match self.nature.taken_for {
            Some(kind) => kind,
            None => self.begin(block, names),
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

    /// Decides by the first block what to look for. Of two names, the one that asks for more counts.
    fn begin(&mut self, block: &[u8], names: [Named<'_>; 2]) -> &'static Kind {
        let form = Form::of(block);
        let [one, other] = names.map(|named| form.kind(named));
        let kind = if one.has_to_be_read() { one } else { other };
        let first = block.trim_ascii_start().first();
        if kind.is(&HEADER) {
            self.includes = Includes::of(block);
        }
        self.nature.is_no_header = !matches!(first, Some(b'/' | b'#'));
        self.nature.form = form;
        self.nature.taken_for = Some(kind);
        kind
    }

    fn look(&mut self, kind: &'static Kind, bytes: &[u8]) {
        let contains = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
        if self.nature.told.is_none() {
            let told = kind.telling.iter().find(|(text, _)| contains(text));
            self.nature.told = told.map(|(_, harm)| *harm);
        }
        if let (None, Some((texts, harm))) = (self.nature.told, kind.together) {
            self.halves =
                Halves(std::array::from_fn(|at| self.halves.0[at] || contains(texts[at])));
            self.nature.told = (self.halves.0 == [true; 2]).then_some(harm);
        }
        if kind.is(&HEADER) {
            self.includes.see(bytes);
        }
        if self.scope == Scope::Directories {
            self.follow(kind, bytes);
        }
    }

    /// Looks where the content leads to.
    fn follow(&mut self, kind: &'static Kind, bytes: &[u8]) {
        match self.nature.told.or(kind.stays) {
            Some(Harm::Origin) => self.nature.reach.add_all(climb::from_origin(bytes)),
            Some(Harm::Relocatable | Harm::LinkerScript) => self.nature.reach = Reach::Anywhere,
            _ if kind.names_paths => self.nature.reach.add_all(climb::in_text(bytes)),
            _ => {}
        }
        let contains = |word: &&[u8]| memmem::find(bytes, word).is_some();
        self.climbs_by_name |= kind::CLIMBING.iter().any(contains);
    }
}
