//! Links to a place in the same document, or to a part of its package.

use crate::address::{Goal, Jump, Named};
use crate::document::{Content, composed};
use crate::link::{Kind, Link};
use crate::proposal::Proposal;
use crate::targets::Found;
use crate::verdict::Finding;

use super::library::Library;
use super::propose::{self, Missing};
use super::typed;

/// A place in the document itself. The link is the first; what stands behind it may explain it.
pub(super) fn place(
    jump: &Jump,
    links: &[Link],
    content: &Content,
    library: &mut Library,
) -> Finding {
    let found = library.find(jump, content);
    let written = |near: &str| match links[0].goal {
        // A field holds the name alone.
        Goal::Inside(Jump::Named(..)) if links[0].kind == Kind::Reference => near.to_owned(),
        _ => format!("#{near}"),
    };
    finding(found, jump, |spelled| {
        let missing = Missing { jump, links, spelled };
        let near = propose::name(missing, &*content.targets, &library.speller)?;
        Some(near.written(written))
    })
}

/// A place that was looked for in this document or another.
pub(super) fn finding(
    found: Found,
    jump: &Jump,
    proposal: impl FnOnce(Option<Proposal>) -> Option<Proposal>,
) -> Finding {
    match found {
        Found::Yes => Finding::ok(),
        Found::Fragile(why) => Finding { notes: vec![why], ..Finding::ok() },
        Found::No { reason, nearest } => Finding::broken(reason).propose(proposal(nearest)),
        Found::Unknown => match jump {
            Jump::Named(Named::Relationship, id) => {
                Finding::broken(format!("the document has no relationship `{id}`"))
            }
            _ => Finding::could_not("coool does not know how this kind of document is jumped into"),
        },
    }
}

/// A template that is named and does not lie beside the document: office programs look for it where
/// each user has theirs, and a document stays what it is without it.
pub(super) fn template(name: &str, link: &Link) -> Option<Finding> {
    const ENDINGS: &[&str] = &["dot", "dotx", "dotm", "xltx", "potx", "ott", "ots", "otp"];
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let is_template = name.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end));
    let is_default = name.starts_with("normal.dot");
    let is_bare = is_template && !link.address.contains(['/', '\\']);
    (link.kind == Kind::Template && (is_default || is_bare))
        .then(|| Finding::unchecked("office programs look for it among the templates of each user"))
}

/// A file that is there and has no places that coool knows, as pictures and programs.
pub(super) fn place_not_checked() -> Finding {
    Finding { notes: vec!["the place in the file was not checked".to_owned()], ..Finding::ok() }
}

/// A part of the document's own package.
pub(super) fn part(
    name: &str,
    fragment: Option<&str>,
    link: &Link,
    content: &Content,
    library: &mut Library,
) -> Finding {
    let name = name.trim_end_matches('/');
    let folder = format!("{name}/");
    let is_there = name.is_empty()
        || content.parts.contains(name)
        || content.parts.contains(&*composed(name))
        || content.parts.iter().any(|part| part.starts_with(&folder));
    if !is_there {
        if let Some(finding) = template(name, link) {
            return finding;
        }
        let near = library.speller.nearest(name, content.parts.iter().map(|part| &**part));
        let reason = format!("the package has no part `{name}`");
        // Where the part stands in the address is known only where it stands there in full.
        let near = typed::meant(name, link).or(near.filter(|_| link.address == name));
        return Finding::broken(reason).propose(near);
    }
    match fragment {
        Some(fragment) if link.kind != Kind::Object && !name.is_empty() => {
            let jump = Jump::Fragment(format!("{name}#{fragment}"));
            let (path, _) = link.address.split_once('#').unwrap_or((&link.address, ""));
            let found = library.find(&jump, content);
            if found == Found::Unknown {
                return place_not_checked();
            }
            finding(found, &jump, |near| {
                let found = |near: &Proposal| {
                    let jump = Jump::Fragment(format!("{name}#{}", near.address));
                    content.targets.find(&jump, &library.speller) == Found::Yes
                };
                let near = near.filter(found)?;
                Some(near.written(|near| format!("{path}#{near}")))
            })
        }
        _ => Finding::ok(),
    }
}
