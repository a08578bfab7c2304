//! Where this machine itself gets packages of a release.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use names::shown;

/// A source of packages.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    addresses: String,
    suites: Vec<String>,
    components: String,
    signed_by: Option<String>,
}

/// What apt is told of this machine's sources of a release, in both of apt's forms.
pub(super) fn stanzas_of(release: &str) -> Result<String> {
    let mut sources = Vec::new();
    let directory = Path::new("/etc/apt/sources.list.d");
    let mut files = vec![Path::new("/etc/apt/sources.list").to_owned()];
    if let Ok(entries) = fs::read_dir(directory) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    for file in files.iter().filter(|file| file.is_file()) {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read `{}`", shown(file)))?;
        match file.extension().and_then(|end| end.to_str()) {
            Some("list") => sources.extend(text.lines().filter_map(one_line)),
            Some("sources") => sources.extend(text.split("\n\n").filter_map(fields)),
            _ => {}
        }
    }
    Ok(sources.iter().filter_map(|source| source.of(release)).collect())
}

/// What apt reads of a source of packages, with the sources of the packages too.
pub(super) fn stanza(
    address: &str,
    suites: &str,
    components: &str,
    signed_by: Option<&str>,
) -> String {
    let mut stanza = format!(
        "Types: deb deb-src\nURIs: {address}\nSuites: {suites}\nComponents: {components}\n"
    );
    if let Some(keys) = signed_by {
        stanza.push_str(&format!("Signed-By: {keys}\n"));
    }
    stanza.push('\n');
    stanza
}

impl Source {
    /// What of it belongs to a release: `bookworm`, `bookworm-security`, …
    fn of(&self, release: &str) -> Option<String> {
        let belongs = |suite: &&String| {
            suite.strip_prefix(release).is_some_and(|rest| {
                matches!(rest.trim_end_matches('/'), "" | "-security" | "-updates")
            })
        };
        let suites: Vec<_> = self.suites.iter().filter(belongs).map(String::as_str).collect();
        let signed_by = self.signed_by.as_deref();
        (!suites.is_empty())
            .then(|| stanza(&self.addresses, &suites.join(" "), &self.components, signed_by))
    }
}

/// `deb [signed-by=…] ADDRESS SUITE COMPONENTS…`: sources.list(5).
fn one_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let address = words.next()?.to_owned();
    let suite = words.next()?.to_owned();
    let signed_by = options.split_whitespace().find_map(|word| word.strip_prefix("signed-by="));
    Some(Source {
        addresses: address,
        suites: vec![suite],
        components: words.collect::<Vec<_>>().join(" "),
        signed_by: signed_by.map(str::to_owned),
    })
}

/// A stanza of fields: sources.list(5), "deb822-style".
fn fields(stanza: &str) -> Option<Source> {
    let field = |name: &str| {
        stanza.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let is_off = field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    if is_off || !field("Types")?.split_whitespace().any(|kind| kind == "deb") {
        return None;
    }
    Some(Source {
        addresses: field("URIs")?,
        suites: field("Suites")?.split_whitespace().map(str::to_owned).collect(),
        components: field("Components").unwrap_or_default(),
        // Keys that stand in the file itself take several lines: apt's own keys do as well.
        signed_by: field("Signed-By").filter(|keys| keys.starts_with('/')),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let line = "deb [arch=amd64 signed-by=/keys.gpg] http://mirror.example/debian bookworm main contrib";
        let stanza = "\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main contrib
Signed-By: /keys.gpg
";
        assert_eq!(one_line(line), fields(stanza));
        assert_eq!(
            one_line(line).and_then(|source| source.of("bookworm")).expect("a source"),
            stanza.replace("deb\n", "deb deb-src\n") + "\n"
        );
    }

    #[test]
    fn other_releases_and_what_is_switched_off_do_not_count() {
        assert_eq!(one_line("# deb http://mirror.example/debian bookworm main"), None);
        assert_eq!(one_line("deb-src http://mirror.example/debian bookworm main"), None);
        let trixie = one_line("deb http://mirror.example/debian trixie main").expect("a source");
        assert_eq!(trixie.of("bookworm"), None);
        let off = "Types: deb\nEnabled: no\nURIs: http://mirror.example/\nSuites: bookworm\n";
        assert_eq!(fields(off), None);
    }
}
