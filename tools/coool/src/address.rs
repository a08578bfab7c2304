//! What an address asks for: a page of the web, a file, a place in this document.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// A page or file of the web, by `http` or `https`.
    Web(Url),
    /// A file or directory by `ftp`.
    Ftp(Url),
    /// Somebody's mail: the addresses of a `mailto:`.
    Mail(Vec<String>),
    /// A place in this document.
    Inside(Jump),
    /// Another file.
    File {
        /// Where it is, seen from the document's folder, or absolute; no escapes, slashes between
        /// names.
        path: String,
        /// The place in it, without `#` and as it is written.
        fragment: Option<String>,
    },
    /// A part of the document's own package.
    Part {
        /// Its name, such as `Pictures/1.png`.
        name: String,
        /// The place in it, as it is written.
        fragment: Option<String>,
    },
    /// It is made when the document is shown, and known to nobody before.
    Computed,
    /// A macro, a program or another action: it is listed and never run.
    Action,
    /// The address is missing or empty.
    Nothing,
    /// It is broken in itself.
    Malformed(String),
    /// A scheme that coool does not check, such as `tel`.
    Scheme(String),
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Jump {
    /// What stands after `#` in an address, as it is written; its meaning depends on the format.
    Fragment(String),
    /// A name that a field refers to.
    Named(Named, String),
    /// The slide or page with this number, from 1.
    Page(u32),
    /// The slide that is first, last, next or previous.
    Neighbour,
}

/// What a field refers to by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Named {
    Bookmark,
    ReferenceMark,
    Note,
    /// A numbered caption, such as `Figure 3`.
    Sequence,
    /// An entry of the bibliography.
    Citation,
    /// A slide or a shape by the name that is stored.
    Slide,
    /// A part of the package by the name of its relationship.
    Relationship,
}

/// How a format reads addresses that are not absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// As if the package were a folder: `../` leads to where the document is (OpenDocument).
    Package,
    /// The document's own folder.
    Folder,
    /// Another address, absolute or relative, that the document states itself.
    Stated(String),
    /// The folder of a part within the package, ending with a slash or empty (EPUB).
    Part(Arc<str>),
    /// The same, where the package counts as a folder that `../` leads out of (OpenDocument).
    Within(Arc<str>),
}

/// Reads an address as a document stores it.
#[must_use]
pub fn goal(address: &str, base: &Base) -> Goal {
    let address = address.trim();
    if address.is_empty() {
        return Goal::Nothing;
    }
    if let Some(fragment) = address.strip_prefix('#') {
        return Goal::Inside(Jump::Fragment(fragment.to_owned()));
    }
    if address.starts_with(".uno:") {
        return Goal::Action;
    }
    match scheme(address) {
        Some(scheme) => absolute(address, &scheme),
        None => relative(address, base),
    }
}

/// The scheme of an absolute address in small letters (RFC 3986, section 3.1). One letter is the
/// drive of a Windows path.
fn scheme(address: &str) -> Option<String> {
    let (scheme, _) = address.split_once(':')?;
    let mut letters = scheme.chars();
    let starts = letters.next()?.is_ascii_alphabetic();
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    (starts && goes_on && scheme.len() > 1).then(|| scheme.to_ascii_lowercase())
}

fn absolute(address: &str, scheme: &str) -> Goal {
    match scheme {
        "http" | "https" | "ftp" => match Url::parse(address) {
            Ok(url) if url.host_str().is_none_or(str::is_empty) => {
                Goal::Malformed("it names no host".to_owned())
            }
            Ok(url) if scheme == "ftp" => Goal::Ftp(url),
            Ok(url) => Goal::Web(url),
            Err(error) => Goal::Malformed(error.to_string()),
        },
        "mailto" => mail(address),
        "file" => file(address),
        "vnd.sun.star.script"
        | "macro"
        | "javascript"
        | "slot"
        | "service"
        | "private"
        | "vbscript"
        | "ppaction" => Goal::Action,
        _ => Goal::Scheme(scheme.to_owned()),
    }
}

/// The addresses of a `mailto:` (RFC 6068): before the `?`, and in its `to`, `cc` and `bcc`.
fn mail(address: &str) -> Goal {
    let rest = address.split_once(':').map_or("", |(_, rest)| rest);
    let (to, fields) = rest.split_once('?').unwrap_or((rest, ""));
    let mut lists = vec![to];
    for field in fields.split('&') {
        if let Some((name, value)) = field.split_once('=')
            && ["to", "cc", "bcc"].iter().any(|known| name.eq_ignore_ascii_case(known))
        {
            lists.push(value);
        }
    }
    let split = lists.iter().flat_map(|list| list.split(','));
    Goal::Mail(split.map(decoded).filter(|address| !address.trim().is_empty()).collect())
}

/// `file:///a/b.odt#place`; a host other than this machine is a network share.
fn file(address: &str) -> Goal {
    let rest = &address["file:".len()..];
    let (rest, fragment) = split_fragment(rest);
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => match rest.find('/') {
            Some(0) => rest,
            Some(slash) if rest[..slash].eq_ignore_ascii_case("localhost") => &rest[slash..],
            _ => return Goal::Scheme("file on another host".to_owned()),
        },
    };
    Goal::File { path: decoded(path), fragment }
}

fn relative(address: &str, base: &Base) -> Goal {
    let (path, fragment) = split_fragment(address);
    // A query means nothing to files, and names may hold a question mark: it is left where it is.
    let path = decoded(&path.replace('\\', "/"));
    match base {
        Base::Package => match path.strip_prefix("../") {
            Some(path) => Goal::File { path: path.to_owned(), fragment },
            None => {
                Goal::Part { name: path.strip_prefix("./").unwrap_or(&path).to_owned(), fragment }
            }
        },
        Base::Folder => Goal::File { path, fragment },
        Base::Stated(stated) => match scheme(stated) {
            Some(_) => match Url::parse(stated).and_then(|base| base.join(address)) {
                Ok(url) => absolute(url.as_str(), url.scheme()),
                Err(error) => Goal::Malformed(error.to_string()),
            },
            None if path.starts_with('/') => Goal::File { path, fragment },
            None => {
                let folder = stated.replace('\\', "/");
                let slash = if folder.is_empty() || folder.ends_with('/') { "" } else { "/" };
                Goal::File { path: format!("{}{slash}{path}", decoded(&folder)), fragment }
            }
        },
        Base::Part(folder) => match below(folder, &path) {
            Some(name) => Goal::Part { name, fragment },
            None => Goal::Malformed("it leads out of the package".to_owned()),
        },
        Base::Within(folder) => match below(folder, &path) {
            Some(name) => Goal::Part { name, fragment },
            // The step that leads out of the package leads into the document's folder.
            None => {
                let above = "../".repeat(folder.matches('/').count() + 1);
                let path = path.strip_prefix(&above).unwrap_or(&path).to_owned();
                Goal::File { path, fragment }
            }
        },
    }
}

/// A path seen from a folder, both of a package; None where it leads out of it.
fn below(folder: &str, path: &str) -> Option<String> {
    let (start, path) = match path.strip_prefix('/') {
        Some(path) => ("", path),
        None => (folder, path),
    };
    let mut names: Vec<&str> = start.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

fn split_fragment(address: &str) -> (&str, Option<String>) {
    match address.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment.to_owned())),
        None => (address, None),
    }
}

/// Without percent signs; where that gives no UTF-8, as it is.
#[must_use]
pub fn decoded(text: &str) -> String {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    }
}

/// A path without `.` and `..`, as if no directory were a symbolic link.
pub(crate) fn tidied(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            other => tidy.push(other),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, fragment: Option<&str>) -> Goal {
        Goal::File { path: path.to_owned(), fragment: fragment.map(str::to_owned) }
    }

    #[test]
    fn a_package_is_a_folder_to_opendocument() {
        assert_eq!(goal("../b%20c.odt#x|table", &Base::Package), file("b c.odt", Some("x|table")));
        assert_eq!(
            goal("Pictures/1.png", &Base::Package),
            Goal::Part { name: "Pictures/1.png".to_owned(), fragment: None }
        );
        assert_eq!(goal("../../up.odt", &Base::Package), file("../up.odt", None));
    }

    #[test]
    fn a_stated_base_comes_before_relative_addresses() {
        let base = Base::Stated("https://example.org/docs/".to_owned());

        assert_eq!(
            goal("a.html", &base),
            Goal::Web(Url::parse("https://example.org/docs/a.html").expect("an address"))
        );
        assert_eq!(goal("a.docx", &Base::Stated("C:\\x".to_owned())), file("C:/x/a.docx", None));
    }

    #[test]
    fn a_part_is_seen_from_its_folder_and_stays_in_the_package() {
        let base = Base::Part("OEBPS/text/".into());

        assert_eq!(
            goal("../img/a.png#x", &base),
            Goal::Part { name: "OEBPS/img/a.png".to_owned(), fragment: Some("x".to_owned()) }
        );
        assert!(matches!(goal("../../../etc/passwd", &base), Goal::Malformed(_)));
    }

    #[test]
    fn mail_has_several_addresses() {
        assert_eq!(
            goal("mailto:a@example.org,b@example.org?cc=c%40example.org&subject=x", &Base::Folder),
            Goal::Mail(vec![
                "a@example.org".to_owned(),
                "b@example.org".to_owned(),
                "c@example.org".to_owned()
            ])
        );
    }

    #[test]
    fn what_runs_something_is_an_action() {
        for action in ["vnd.sun.star.script:x.y?language=Basic", ".uno:Save", "javascript:x()"] {
            assert_eq!(goal(action, &Base::Package), Goal::Action, "{action}");
        }
    }
}
