//! What a file's content says about replacing the file by a symbolic link.
//!
//! A link is not quite a copy: a program that asks where it really lives gets another answer. The
//! rules of [`crate::kinds`] say of which content that is known not to matter.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use memchr::memmem;

use crate::climb::{self, Reach};
use crate::header::Includes;
use crate::kind::{self, Form, Harm, Kind, Named};
use crate::kinds::{HEADER, KINDS};

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
    /// It does not look like what lies in directories for headers.
    is_no_header: bool,
    /// What was looked for, by the kinds that files of this content are of: their names tell.
    looks: Vec<Look>,
}

/// What a content says about files of one kind.
#[derive(Debug, Clone)]
struct Look {
    kind: &'static Kind,
    /// What its telling texts told.
    told: Option<Harm>,
    /// Where the content leads to with `..`; matters for links to directories.
    reach: Reach,
}

impl Nature {
    pub(crate) fn kind(&self, named: Named<'_>) -> &'static Kind {
        self.form.kind(named)
    }

    /// Why a file with this content and name would not be the same behind a link.
    pub(crate) fn harm(&self, named: Named<'_>) -> Option<Harm> {
        let kind = self.form.kind(named);
        let look = self.look(kind);
        match kind.stays {
            Some(stays) => Some(look.and_then(|look| look.told).unwrap_or(stays)),
            None if self.is_no_header && self.form.is_header_by_place(named) => Some(Harm::Unknown),
            None if !kind.has_to_be_read() => None,
            // Where nobody looked for what would be telling, nobody knows.
            None => look.map_or(Some(Harm::Unknown), |look| look.told),
        }
    }

    /// Where a file with this content and name leads to.
    pub(crate) fn reach(&self, named: Named<'_>) -> &Reach {
        static ANYWHERE: Reach = Reach::Anywhere;
        self.look(self.form.kind(named)).map_or(&ANYWHERE, |look| &look.reach)
    }

    fn look(&self, kind: &Kind) -> Option<&Look> {
        self.looks.iter().find(|look| look.kind.is(kind))
    }
}

/// Looks at a content block by block.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    scope: Scope,
    form: Form,
    is_no_header: bool,
    searches: Vec<Search>,
    /// The end of the block before, where something may have begun.
    tail: Vec<u8>,
}

/// One byte less than the longest text looked for, `../` runs aside.
const TAIL: usize = 64;

impl Scan {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            form: Form::default(),
            is_no_header: false,
            searches: Vec::new(),
            tail: Vec::new(),
        }
    }

    pub(crate) fn into_nature(self) -> Nature {
        let looks = self.searches.into_iter().map(Search::into_look).collect();
        Nature { form: self.form, is_no_header: self.is_no_header, looks }
    }

    /// Begins with the first block.
    pub(crate) fn begin(&mut self, block: &[u8]) {
        if self.scope == Scope::Nothing {
            return;
        }
        self.form = Form::of(block);
        self.is_no_header = !matches!(block.trim_ascii_start().first(), Some(b'/' | b'#'));
        self.remember(block);
    }

    /// Learns how a file of this content is called, and looks for what would be telling under that
    /// name. `block` is the first one.
    pub(crate) fn meet(&mut self, block: &[u8], named: Named<'_>) {
        if self.scope == Scope::Nothing {
            return;
        }
        let kind = self.form.kind(named);
        let matters = self.scope == Scope::Directories || kind.has_to_be_read();
        if matters && !self.searches.iter().any(|search| search.kind.is(kind)) {
            let mut search = Search::begin(kind, self.scope, block);
            search.see(block);
            self.searches.push(search);
        }
    }

    /// Looks at a further block.
    pub(crate) fn see(&mut self, block: &[u8]) {
        if self.searches.is_empty() {
            return;
        }
        let mut seam = std::mem::take(&mut self.tail);
        seam.extend_from_slice(&block[..block.len().min(TAIL)]);
        for search in &mut self.searches {
            search.see(&seam);
            search.see(block);
        }
        self.remember(block);
    }

    fn remember(&mut self, block: &[u8]) {
        self.tail.clear();
        self.tail.extend_from_slice(&block[block.len().saturating_sub(TAIL)..]);
    }
}

/// Finds any of the texts that tell about a kind, all in one pass. None where there are no texts, or
/// where this processor has no such search.
fn texts_of(kind: &Kind) -> Option<&'static Searcher> {
    static ALL: LazyLock<Vec<Option<Searcher>>> =
        LazyLock::new(|| KINDS.iter().map(|kind| Searcher::new(kind.texts())).collect());
    let position = KINDS.iter().position(|known| known.is(kind))?;
    ALL[position].as_ref()
}

/// Looks for what tells about files of one kind.
#[derive(Debug, Clone)]
struct Search {
    kind: &'static Kind,
    scope: Scope,
    /// Finds any of the kind's telling texts.
    texts: Option<&'static Searcher>,
    told: Option<Harm>,
    reach: Reach,
    includes: Includes,
    /// Which texts of those that tell only together were found; a kind has one such pair at most.
    halves: [bool; 2],
    /// A script may climb without writing `../`.
    climbs_by_name: bool,
}

impl Search {
    fn begin(kind: &'static Kind, scope: Scope, block: &[u8]) -> Self {
        let includes = if kind.is(&HEADER) { Includes::of(block) } else { Includes::default() };
        Self {
            kind,
            scope,
            texts: texts_of(kind),
            told: None,
            reach: Reach::default(),
            includes,
            halves: [false; 2],
            climbs_by_name: false,
        }
    }

    fn into_look(self) -> Look {
        let Self { kind, mut told, mut reach, includes, climbs_by_name, .. } = self;
        if kind.is(&HEADER) && !includes.is_safe() {
            told = told.or(Some(Harm::Header));
        }
        if climbs_by_name && kind.stays == Some(Harm::Script) {
            reach = Reach::Anywhere;
        }
        Look { kind, told, reach }
    }

    fn see(&mut self, bytes: &[u8]) {
        if self.told.is_none() && self.texts.is_none_or(|texts| texts.find(bytes).is_some()) {
            self.hear(bytes);
        }
        if self.kind.is(&HEADER) {
            self.includes.see(bytes);
        }
        if self.scope == Scope::Directories {
            self.follow(bytes);
        }
    }

    /// Looks which of the telling texts there are; most contents have none.
    fn hear(&mut self, bytes: &[u8]) {
        let contains = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
        let told = self.kind.telling.iter().find(|(text, _)| contains(text));
        self.told = told.map(|(_, harm)| *harm);
        if let (None, Some((texts, harm))) = (self.told, self.kind.together) {
            self.halves = std::array::from_fn(|at| self.halves[at] || contains(texts[at]));
            self.told = (self.halves == [true; 2]).then_some(harm);
        }
    }

    /// Looks where the content leads to.
    fn follow(&mut self, bytes: &[u8]) {
        match self.told.or(self.kind.stays) {
            Some(Harm::Origin) => self.reach.add_all(climb::from_origin(bytes)),
            Some(Harm::Relocatable | Harm::LinkerScript) => self.reach = Reach::Anywhere,
            _ if self.kind.names_paths => self.reach.add_all(climb::in_text(bytes)),
            _ => {}
        }
        let contains = |word: &&[u8]| memmem::find(bytes, word).is_some();
        self.climbs_by_name |= kind::CLIMBING.iter().any(contains);
    }
}
