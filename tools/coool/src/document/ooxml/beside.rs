//! Reads what stands beside texts, slides and sheets: diagrams, charts and what is drawn on them,
//! documents within the document. It is found by relationships, whatever the parts are called.
//!
//! Proof: `tests/beside.rs::every_part_is_read_that_a_relationship_leads_to`,
//! `tests/beside.rs::a_document_within_a_document_is_read_once_and_no_deeper`

use std::collections::{HashSet, VecDeque};
use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal};
use crate::document::Content;
use crate::document::limits::Limits;
use crate::document::package::Package;
use crate::document::problem::Problem;
use crate::link::{Kind, Link, Place};
use crate::targets::{Found, Speller};

use super::HaveRead;
use super::presentation::Walker;
use super::relationships::{Relationship, Relationships};

/// Relationships to what holds no links of its own, or holds them a second time.
const WITHOUT_LINKS: &[&str] = &[
    "hyperlink",
    "image",
    "video",
    "audio",
    "media",
    "theme",
    "themeOverride",
    "styles",
    "stylesWithEffects",
    "fontTable",
    "font",
    "numbering",
    "customXml",
    "customXmlProps",
    "printerSettings",
    "tableStyles",
    "presProps",
    "viewProps",
    "sharedStrings",
    "calcChain",
    "sheetMetadata",
    "diagramDrawing",
    "diagramLayout",
    "diagramQuickStyle",
    "diagramColors",
    "chartStyle",
    "chartColorStyle",
    "slide",
    "core-properties",
    "extended-properties",
    "vbaProject",
    "people",
    "person",
    "commentAuthors",
    "pivotCacheRecords",
    "thumbnail",
];

/// How far documents within documents are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The document itself.
    Outermost,
    /// One that stands in another: those in it are left.
    Within,
}

/// The links of all that relationships lead to from these parts; those of `known` were found there.
pub(super) fn read<R: Read + Seek>(
    package: &mut Package<R>,
    HaveRead { parts, slides }: HaveRead,
    known: HashSet<(Arc<str>, u64)>,
    base: &Base,
    depth: Depth,
    limits: &Limits,
) -> (Vec<Link>, Vec<Problem>) {
    let mut beside = Beside {
        seen: parts.iter().map(|(part, _)| part.clone()).collect(),
        queue: parts.into(),
        walker: Walker::new(base.clone(), slides, limits),
        within: Vec::new(),
        known,
        base,
        depth,
        limits,
    };
    let mut problems = Vec::new();
    while let Some((part, place)) = beside.queue.pop_front() {
        if let Err(problem) = beside.follow(&part, &place, package) {
            problems.push(problem);
        }
    }
    let mut links = beside.walker.into_links();
    links.append(&mut beside.within);
    (links, problems)
}

struct Beside<'limits> {
    seen: HashSet<String>,
    queue: VecDeque<(String, Place)>,
    walker: Walker,
    /// The links of documents within the document.
    within: Vec<Link>,
    /// Where the addresses stand that were found before.
    known: HashSet<(Arc<str>, u64)>,
    base: &'limits Base,
    depth: Depth,
    limits: &'limits Limits,
}

/// What a document loads by a relationship alone, whichever element uses it.
fn loaded(kind: &str) -> Option<Kind> {
    Some(match kind {
        "oleObject" | "package" | "control" => Kind::Object,
        "externalLinkPath" | "xlPathMissing" | "xlExternalLinkPath" => Kind::TableSource,
        "mailMergeSource" | "mailMergeHeaderSource" => Kind::Database,
        "subDocument" => Kind::Section,
        "attachedTemplate" => Kind::Template,
        "frame" => Kind::FrameSource,
        "transform" => Kind::Other,
        _ => return None,
    })
}

impl Beside<'_> {
    fn follow<R: Read + Seek>(
        &mut self,
        part: &str,
        place: &Place,
        package: &mut Package<R>,
    ) -> Result<(), Problem> {
        let relationships = Relationships::of(part, package, self.limits)?;
        for relationship in relationships.in_order() {
            self.loads(relationship, part, place)?;
            let Some(target) = self.new_target(relationship) else { continue };
            if matches!(&*relationship.kind, "package" | "oleObject" | "aFChunk") {
                self.read_within(&target, place, package)?;
            } else if super::is_ending(&target, "xml") && package.has(&target) {
                self.walker.walk_part(package, &target, place, self.limits)?;
                self.queue.push_back((target, place.clone()));
            }
        }
        Ok(())
    }

    /// What stands elsewhere and is loaded, where no element has shown it.
    fn loads(
        &mut self,
        relationship: &Relationship,
        part: &str,
        place: &Place,
    ) -> Result<(), Problem> {
        let Some(kind) = loaded(&relationship.kind).filter(|_| relationship.external) else {
            return Ok(());
        };
        let (address, goal, spot) = relationship.lead(None, self.base);
        if goal == Goal::Nothing || spot.as_ref().is_some_and(|it| self.known.contains(&it.key())) {
            return Ok(());
        }
        let (place, part, text) = (place.clone(), part.into(), String::new());
        self.push(Link { address, goal, kind, text, place, part, spot })
    }

    fn push(&mut self, link: Link) -> Result<(), Problem> {
        if self.within.len() as u64 >= self.limits.links {
            return Err(Problem::Limit(crate::document::Bound::Links, self.limits.links));
        }
        self.within.push(link);
        Ok(())
    }

    /// The part that a relationship leads to, where nobody has read it yet.
    fn new_target(&mut self, relationship: &Relationship) -> Option<String> {
        let target = relationship.part.clone()?;
        let is_new = !WITHOUT_LINKS.contains(&&*relationship.kind);
        (is_new && self.seen.insert(target.clone())).then_some(target)
    }

    /// A document within the document; other things that are embedded are left.
    fn read_within<R: Read + Seek>(
        &mut self,
        part: &str,
        place: &Place,
        package: &mut Package<R>,
    ) -> Result<(), Problem> {
        if self.depth == Depth::Within {
            return Ok(());
        }
        let bytes = package.bytes(part, self.limits.part)?.unwrap_or_default();
        if !bytes.starts_with(b"PK\x03\x04") {
            return Ok(());
        }
        let inner = Package::within(Cursor::new(bytes), package, self.limits)?;
        if !super::is_one(&inner) {
            return Ok(());
        }
        match super::read_deep(inner, Depth::Within, self.limits) {
            Ok(content) => self.take(content, part, place),
            // What coool does not know is left, as are pictures.
            Err(Problem::Unknown | Problem::Older) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// The links of a document within the document stand where it stands.
    fn take(&mut self, content: Content, part: &str, place: &Place) -> Result<(), Problem> {
        let speller = Speller::default();
        let part: Arc<str> = part.into();
        for link in content.links {
            let goal = match link.goal {
                // Only its own places are meant, and these are known here alone.
                Goal::Inside(jump) => match content.targets.find(&jump, &speller) {
                    Found::No { reason, .. } => Goal::Malformed(reason),
                    _ => Goal::Part { name: part.to_string(), fragment: None },
                },
                Goal::Part { .. } => Goal::Part { name: part.to_string(), fragment: None },
                goal => goal,
            };
            let (part, place) = (Arc::clone(&part), place.clone());
            self.push(Link { goal, place, part, spot: None, ..link })?;
        }
        content.problems.into_iter().next().map_or(Ok(()), Err)
    }
}
