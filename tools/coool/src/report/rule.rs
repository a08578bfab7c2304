//! What is reported to services that show findings beside the files, and how much it weighs there.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::{Checked, Row};
use crate::identity::Identity;
use crate::verdict::Verdict;

/// What a finding breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Broken,
    Doubtful,
    Moved,
}

impl Rule {
    pub(super) const ALL: [Self; 3] = [Self::Broken, Self::Doubtful, Self::Moved];

    /// None for a link that is no finding.
    fn of(row: &Row) -> Option<Self> {
        match row.verdict {
            Verdict::Broken => Some(Self::Broken),
            Verdict::Doubtful => Some(Self::Doubtful),
            Verdict::Redirected if row.proposal.is_some() => Some(Self::Moved),
            _ => None,
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Broken => "broken-link",
            Self::Doubtful => "doubtful-link",
            Self::Moved => "moved-link",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Broken => "The link leads nowhere",
            Self::Doubtful => "Nobody can say whether the link leads anywhere",
            Self::Moved => "What the link leads to has moved for good",
        }
    }
}

/// A link that is a finding.
pub(super) struct Result<'run> {
    pub(super) rule: Rule,
    pub(super) row: Row<'run>,
    /// The document without detours, as services name files.
    pub(super) path: PathBuf,
    /// The same in every run in which the link is, wherever it stands in the document.
    pub(super) fingerprint: String,
}

/// All findings, in the order of the documents.
pub(super) fn results(checked: &[Checked]) -> Vec<Result<'_>> {
    let mut results = Vec::new();
    let mut alike: HashMap<(&str, Identity), usize> = HashMap::new();
    for document in checked {
        let path = plain(&document.path);
        for (link, finding) in &document.links {
            let row = Row::of(document, link, finding);
            let Some(rule) = Rule::of(&row) else { continue };
            let identity = Identity::of(names::Bytes::of(&path), link);
            let nth = alike.entry((rule.id(), identity.clone())).or_default();
            let fingerprint = identity.fingerprint(rule.id(), *nth);
            *nth += 1;
            results.push(Result { rule, row, path: path.clone(), fingerprint });
        }
    }
    results
}

/// A path without the `.` in it.
pub(super) fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}
