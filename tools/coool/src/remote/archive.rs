//! Asks an archive of the web for copies of pages that are gone.
//!
//! The question and its answer are the Internet Archive's "Wayback Availability JSON API".

use anyhow::Result;
use serde::Deserialize;
use tokio::task::JoinSet;
use url::Url;

use crate::address::Goal;
use crate::proposal::Proposal;
use crate::verdict::Verdict;

use super::http::Web;
use super::names::Names;
use super::{Answer, Question, Settings, Watch};

/// Bytes that are read of an answer.
const MOST: usize = 64 << 10;

/// Proposes copies of the pages that are broken and have no other proposal.
pub(super) async fn propose(
    questions: &[Question],
    answers: &mut [Answer],
    archive: &Url,
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<()> {
    let web = Web::new(settings, &Names::new(settings))?;
    let mut wanted = (0..answers.len()).filter_map(|number| {
        let is_open =
            answers[number].verdict == Verdict::Broken && answers[number].proposal.is_none();
        match &questions[number].goal {
            Goal::Web(url) if is_open => Some((number, question(archive, url))),
            _ => None,
        }
    });
    let mut wanted: Vec<_> = wanted.by_ref().collect();
    let mut requests = JoinSet::new();
    loop {
        while requests.len() < settings.max_requests_per_host
            && !watch.stop()
            && let Some((number, url)) = wanted.pop()
        {
            watch.asked(url.as_str());
            let web = web.clone();
            requests.spawn(async move { (number, web.get(url, MOST).await) });
        }
        match requests.join_next().await {
            Some(Ok((number, reply))) => take(&mut answers[number], reply),
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => return Ok(()),
        }
    }
}

fn question(archive: &Url, page: &Url) -> Url {
    let mut question = archive.clone();
    question.query_pairs_mut().append_pair("url", page.as_str());
    question
}

fn take(answer: &mut Answer, reply: Result<Vec<u8>>) {
    match reply.and_then(|reply| Ok(serde_json::from_slice::<Reply>(&reply)?)) {
        Ok(reply) => match reply.copy() {
            Some((copy, day)) => {
                answer.notes.push(format!("the archive has a copy{day}"));
                answer.proposal = Some(Proposal::likely(copy, "the archive has a copy"));
            }
            None => answer.notes.push("the archive has no copy".to_owned()),
        },
        Err(error) => answer.notes.push(format!("the archive gives no answer: {error}")),
    }
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    archived_snapshots: Snapshots,
}

#[derive(Deserialize, Default)]
struct Snapshots {
    closest: Option<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    available: bool,
    /// The status that the page had.
    status: String,
    url: String,
    /// When it was kept: `20130919044612`.
    timestamp: String,
}

impl Reply {
    /// The address of a good copy, and from when it is.
    fn copy(self) -> Option<(String, String)> {
        let closest = self.archived_snapshots.closest?;
        let url = Url::parse(&closest.url).ok()?;
        let is_good = closest.available && closest.status == "200";
        if !is_good || !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let digits =
            closest.timestamp.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()));
        let day = digits
            .map_or(String::new(), |day| format!(" of {}-{}-{}", &day[..4], &day[4..6], &day[6..]));
        // The archive serves both, and says the old one.
        Some((closest.url.replacen("http://web.archive.org/", "https://web.archive.org/", 1), day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(reply: &str) -> Option<(String, String)> {
        serde_json::from_str::<Reply>(reply).expect("an answer").copy()
    }

    #[test]
    fn only_a_good_copy_is_proposed() {
        let reply = |status: &str, url: &str| {
            format!(
                r#"{{"archived_snapshots": {{"closest": {{"available": true, "status": "{status}",
                    "url": "{url}", "timestamp": "20130919044612"}}}}}}"#
            )
        };
        let copied = "http://web.archive.org/web/20130919044612/http://example.com/";

        assert_eq!(
            copy(&reply("200", copied)),
            Some((copied.replacen("http", "https", 1), " of 2013-09-19".to_owned()))
        );
        assert_eq!(copy(&reply("404", copied)), None);
        assert_eq!(copy(&reply("200", "javascript:alert(1)")), None);
        assert_eq!(copy(r#"{"archived_snapshots": {}}"#), None);
    }
}
