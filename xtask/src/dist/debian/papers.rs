//! The texts that Debian asks of every package.

use std::path::Path;

use crate::workspace::Member;

/// The project has no mailbox; `.invalid` says so in a way that every mail program understands.
const MAINTAINER: &str = "The Établi developers <developers@etabli.invalid>";

/// What a package states about itself besides its member's manifest.
pub(super) struct Statement<'a> {
    pub(super) architecture: &'a str,
    pub(super) depends: &'a str,
    pub(super) kilobytes: u64,
    /// What `--help` says first.
    pub(super) about: &'a str,
}

pub(super) fn control(member: &Member, statement: &Statement) -> String {
    let Member { name, version, description, .. } = member;
    let summary = description.as_deref().unwrap_or("A tool of the Établi workbench");
    let depends = match statement.depends {
        "" => String::new(),
        packages => format!("Depends: {packages}\n"),
    };
    let Statement { architecture, kilobytes, about, .. } = statement;
    format!(
        "Package: {name}\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: {MAINTAINER}\n\
         Installed-Size: {kilobytes}\n\
         {depends}\
         Section: utils\n\
         Priority: optional\n\
         Description: {}\n\
         {}",
        uncapitalised(summary),
        long_description(about)
    )
}

/// The first paragraph of `about` is the summary, which stands above already.
fn long_description(about: &str) -> String {
    let paragraphs = about.split("\n\n").skip(1);
    let folded: Vec<_> = paragraphs.map(|paragraph| folded(paragraph, 76)).collect();
    folded.join(" .\n")
}

/// The licence of the package. `tree` is what `cargo tree` says of the libraries linked in, `date`
/// that of the package in the form of mail.
pub(super) fn copyright(tree: &str, date: &str) -> String {
    // In the form of mail the year is the fourth word.
    let year = date.split_whitespace().nth(3).unwrap_or_default();
    let apache = under_apache_alone(tree);
    let version = if apache.is_empty() { 2 } else { 3 };
    let reason = match &apache[..] {
        [] => String::new(),
        libraries => format!(
            "Comment: The source is under version 2 or any later one. The binary contains\n \
             libraries whose only licence is Apache-2.0, which goes together with version 3\n of \
             the GPL and not with version 2: {}.\n",
            libraries.join(", ")
        ),
    };
    format!(
        "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Établi
Comment: The binary also contains these libraries, under their own licences:
{}
Files: *
Copyright: {year} The Établi developers
{reason}License: GPL-{version}+
 This program is free software; you can redistribute it and/or modify it under
 the terms of the GNU General Public License as published by the Free Software
 Foundation; either version {version} of the License, or (at your option) any later
 version.
 .
 On Debian systems, the full text of the GNU General Public License version {version}
 is in /usr/share/common-licenses/GPL-{version}.
",
        libraries(tree)
    )
}

/// A line for each library of others. Our own crates are shown with the path they stand at.
fn libraries(tree: &str) -> String {
    let mut libraries: Vec<_> = tree.lines().filter(|line| !line.contains("(/")).collect();
    libraries.sort_unstable();
    libraries.dedup();
    let named = libraries.iter().filter_map(|line| line.split_once('\t'));
    let lines: Vec<_> =
        named.map(|(library, licence)| format!(" {library}: {licence}\n")).collect();
    lines.concat()
}

/// The libraries of others that nobody may use without keeping to Apache-2.0.
fn under_apache_alone(tree: &str) -> Vec<String> {
    let libraries = libraries(tree);
    let named = libraries.lines().filter_map(|line| line.trim_start().split_once(": "));
    let alone = named.filter(|(_, licence)| needs_apache(licence));
    alone.filter_map(|(library, _)| Some(library.split(' ').next()?.to_owned())).collect()
}

/// Whether a licence expression cannot be satisfied without Apache-2.0. What cannot be read is taken
/// for one that can: the rule about licences has refused it long before.
fn needs_apache(licence: &str) -> bool {
    let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
    expression.is_ok_and(|read| !read.evaluate(|one| one.to_string() != "Apache-2.0"))
}

/// The entries of our changelog's newest section as one of Debian's.
pub(super) fn changelog(member: &Member, changelog: &Path, text: &str, date: &str) -> String {
    let Member { name, version, .. } = member;
    let changes = match newest_changes(text) {
        changes if changes.is_empty() => format!("  * See {}.\n", changelog.display()),
        changes => changes,
    };
    format!("{name} ({version}) unstable; urgency=medium\n\n{changes}\n -- {MAINTAINER}  {date}")
}

fn newest_changes(changelog: &str) -> String {
    let sections = changelog.split("\n## ");
    let newest = sections.skip(1).find(|section| section.contains("\n- ")).unwrap_or_default();
    let change = |line: &str| match line.strip_prefix("- ") {
        Some(entry) => Some(format!("  * {entry}\n")),
        None => line.strip_prefix("  ").map(|more| format!("    {more}\n")),
    };
    newest.lines().filter_map(change).collect()
}

/// Debian's one-line descriptions are no sentences.
fn uncapitalised(summary: &str) -> String {
    let mut letters = summary.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The words in lines of at most this width, each line indented by a space.
fn folded(paragraph: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in paragraph.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width {
            *line += " ";
            *line += word;
        } else {
            lines.push(format!(" {word}"));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Member {
        serde_json::from_value(serde_json::json!({
            "name": "clink",
            "version": "1.0.0",
            "description": "Replaces duplicates by links",
            "manifest_path": "/house/tools/clink/Cargo.toml",
            "dependencies": [],
        }))
        .expect("it has every field")
    }

    #[test]
    fn a_control_file_says_what_dpkg_wants_to_know() {
        let statement = Statement {
            architecture: "amd64",
            depends: "libc6 (>= 2.34)",
            kilobytes: 900,
            about: "Replaces duplicates\n\nclink keeps one of each\nand links the others.",
        };

        assert_eq!(
            control(&member(), &statement),
            "\
Package: clink
Version: 1.0.0
Architecture: amd64
Maintainer: The Établi developers <developers@etabli.invalid>
Installed-Size: 900
Depends: libc6 (>= 2.34)
Section: utils
Priority: optional
Description: replaces duplicates by links
 clink keeps one of each and links the others.
"
        );
    }

    #[test]
    fn the_newest_section_with_entries_becomes_the_changelog() {
        let text = "\
# Changelog

## [Unreleased]

### Added

- clink: links
  duplicates.
- A tour.

## [0.1.0]

- Something older.
";

        assert_eq!(
            changelog(&member(), Path::new("CHANGELOG.md"), text, "today\n"),
            "\
clink (1.0.0) unstable; urgency=medium

  * clink: links
    duplicates.
  * A tour.

 -- The Établi developers <developers@etabli.invalid>  today
"
        );
    }

    #[test]
    fn each_library_of_others_is_named_once_with_its_licence() {
        let tree = "clink v0.1.0 (/house/tools/clink)\tGPL-2.0-or-later\n\
                    libc v0.2.1\tMIT OR Apache-2.0\n\
                    anyhow v1.0.1\tMIT\n\
                    libc v0.2.1\tMIT OR Apache-2.0\n";

        assert_eq!(libraries(tree), " anyhow v1.0.1: MIT\n libc v0.2.1: MIT OR Apache-2.0\n");
    }

    #[test]
    fn a_library_under_apache_alone_makes_the_binary_one_of_version_3() {
        let free = "anyhow v1.0.1\tMIT OR Apache-2.0\n";
        let date = "Sat, 28 Nov 2026 10:00:00 +0000";

        let text = copyright(free, date);
        assert!(text.contains("License: GPL-2+\n This program"), "{text}");

        let text = copyright(&format!("{free}lzma-rust2 v0.25.0\tApache-2.0\n"), date);
        assert!(text.contains("lzma-rust2.\nLicense: GPL-3+\n This program"), "{text}");
        assert!(text.contains("not with version 2: lzma-rust2.\n"), "{text}");
        assert!(text.contains("/usr/share/common-licenses/GPL-3.\n"), "{text}");
        assert!(needs_apache("Apache-2.0 AND ISC"));
        assert!(!needs_apache("(MIT OR Apache-2.0) AND Zlib"));
    }

    #[test]
    fn a_paragraph_is_folded_and_indented() {
        let paragraph = "keeps one of each and\nlinks the others";

        assert_eq!(folded(paragraph, 12), " keeps one\n of each and\n links the\n others\n");
    }
}
