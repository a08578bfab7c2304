//! Decides for every link whether it leads where it says. Sees no XML.

use std::path::PathBuf;

use crate::address::Goal;
use crate::config::Settings;
use crate::link::{Aside, Class, Link};
use crate::verdict::{Finding, Verdict};

mod cache;
mod file;
mod inside;
mod library;
mod network;
mod propose;
mod typed;

use library::Library;
pub(crate) use library::{Reading, read_all};

/// A document whose links have been looked at.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) path: PathBuf,
    pub(crate) links: Vec<(Link, Finding)>,
    /// What could not be read of it.
    pub(crate) problems: Vec<String>,
}

impl Checked {
    /// Whether a link of it is broken.
    pub(crate) fn is_broken(&self) -> bool {
        self.links.iter().any(|(_, finding)| finding.verdict == Verdict::Broken)
    }

    /// Whether a link of it is broken and no baseline knows so.
    pub(crate) fn is_newly_broken(&self) -> bool {
        let is_new = |finding: &Finding| finding.verdict == Verdict::Broken && !finding.known;
        self.links.iter().any(|(_, finding)| is_new(finding))
    }

    /// Whether something of it could not be read or checked.
    pub(crate) fn is_incomplete(&self) -> bool {
        !self.problems.is_empty() || self.links.iter().any(|(_, finding)| finding.could_not)
    }
}

/// Looks at the links of all documents; what is asked of the network is asked once.
pub(crate) fn check(
    readings: Vec<Reading>,
    settings: &Settings,
    watch: &dyn crate::remote::Watch,
) -> anyhow::Result<Vec<Checked>> {
    let mut library = Library::new(&settings.limits);
    let mut desk = network::Desk::default();
    let mut answered: Vec<Vec<Option<Finding>>> = Vec::new();
    for (number, reading) in readings.iter().enumerate() {
        library.next_document();
        let mut findings = Vec::new();
        for (index, link) in reading.links().iter().enumerate() {
            let links = &reading.links()[index..];
            let finding = local(links, reading, &mut library, settings);
            if finding.is_none() {
                desk.take(link, (number, index), settings);
            }
            findings.push(finding);
        }
        answered.push(findings);
    }
    for ((number, index), finding) in desk.ask(settings, watch)? {
        answered[number][index] = Some(finding);
    }
    if !settings.offline {
        try_typed(&readings, &mut answered, settings, watch)?;
    }
    Ok(readings
        .into_iter()
        .zip(answered)
        .map(|(reading, found)| put_together(reading, found))
        .collect())
}

/// Asks whether there are the pages that are proposed for what looks like an address: what is there
/// is sure, what is not is no proposal.
fn try_typed(
    readings: &[Reading],
    answered: &mut [Vec<Option<Finding>>],
    settings: &Settings,
    watch: &dyn crate::remote::Watch,
) -> anyhow::Result<()> {
    let mut desk = network::Desk::default();
    for (number, findings) in answered.iter().enumerate() {
        for (index, finding) in findings.iter().enumerate() {
            let proposal = finding.as_ref().and_then(|finding| finding.proposal.as_ref());
            let Some(typed) = proposal.filter(|it| it.because == typed::LIKE_AN_ADDRESS) else {
                continue;
            };
            let goal = crate::address::goal(&typed.address, &crate::address::Base::Folder);
            let address = typed.address.clone();
            let link = Link { address, goal, ..readings[number].links()[index].clone() };
            desk.take(&link, (number, index), settings);
        }
    }
    for ((number, index), found) in desk.ask(settings, watch)? {
        let Some(finding) = &mut answered[number][index] else { continue };
        finding.proposal = finding.proposal.take().and_then(|it| typed::tried(it, found.verdict));
    }
    Ok(())
}

/// All links as they are, unchecked because nobody asked.
pub(crate) fn list(readings: Vec<Reading>) -> Vec<Checked> {
    readings
        .into_iter()
        .map(|reading| {
            let found =
                reading.links().iter().map(|_| Some(Finding::unchecked("not asked"))).collect();
            put_together(reading, found)
        })
        .collect()
}

fn put_together(reading: Reading, found: Vec<Option<Finding>>) -> Checked {
    let (links, problems) = match reading.content {
        Ok(content) => {
            let problems = content.problems.iter().map(ToString::to_string).collect();
            (content.links, problems)
        }
        Err(problem) => (Vec::new(), vec![problem.to_string()]),
    };
    let found = found.into_iter().map(|finding| finding.expect("every link has an answer"));
    Checked { path: reading.path, links: links.into_iter().zip(found).collect(), problems }
}

/// The finding for the first of these links where it needs no network, or None where it does.
fn local(
    links: &[Link],
    reading: &Reading,
    library: &mut Library,
    settings: &Settings,
) -> Option<Finding> {
    let link = links.first()?;
    if link.place.aside == Some(Aside::Deletion) {
        return Some(Finding::unchecked("it stands in deleted text"));
    }
    let host = match &link.goal {
        Goal::Web(url) | Goal::Ftp(url) => url.host_str(),
        _ => None,
    };
    if let Some(why) = settings.filter.leaves_out(&link.address, host, &link.text) {
        return Some(Finding::unchecked(why));
    }
    let content = reading.content.as_ref().ok()?;
    let is_resource = link.kind.class() == Class::Resource;
    Some(match &link.goal {
        Goal::Part { name, fragment } if !is_resource || settings.resources => {
            inside::part(name, fragment.as_deref(), link, content, library)
        }
        _ if is_resource && !settings.resources => {
            Finding::unchecked("files that a document loads are checked with `--resources`")
        }
        Goal::Inside(jump) => inside::place(jump, links, content, library),
        Goal::File { path, fragment } => {
            file::check(path, fragment.as_deref(), links, reading, library, settings)
        }
        Goal::Nothing => Finding::broken("the address is empty"),
        Goal::Malformed(why) => Finding::broken(why),
        Goal::Computed => Finding::unchecked("its address is computed when the sheet is"),
        Goal::Action => Finding::unchecked("it runs something, which coool never does"),
        Goal::Scheme(scheme) => match typed::with_scheme_meant(&link.address, scheme) {
            Some(meant) => {
                Finding::broken(format!("nothing is called `{scheme}:`")).propose(Some(meant))
            }
            None => Finding::unchecked(format!("coool does not check `{scheme}`")),
        },
        Goal::Part { .. } => Finding::unchecked("not asked"),
        Goal::Web(_) | Goal::Ftp(_) | Goal::Mail(_) => {
            if settings.offline {
                return Some(Finding::unchecked("not asked, because of `--offline`"));
            }
            return None;
        }
    })
}
