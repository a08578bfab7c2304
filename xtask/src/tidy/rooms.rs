//! Rooms that must not know something: who reads documents knows no network, who judges no XML.
//!
//! Proof: `src/tidy/rooms.rs::a_room_that_knows_what_it_must_not_is_found`

use std::path::Path;

use super::Breach;

/// A part of a tool, what it must not name, and why not.
struct Room {
    folder: &'static str,
    strangers: &'static [&'static str],
    reason: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        folder: "tools/coool/src/document",
        strangers: &[
            "TcpStream",
            "UdpSocket",
            "hickory_resolver",
            "remote",
            "reqwest",
            "suppaftp",
            "tokio",
        ],
        reason: "document never opens a socket",
    },
    Room {
        folder: "tools/coool/src/check",
        strangers: &["quick_xml", "xml"],
        reason: "check never sees XML",
    },
];

/// Each line of a room that names a stranger.
pub(super) fn breaches(file: &Path, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for room in ROOMS.iter().filter(|room| is_in(file, room.folder)) {
        for (number, line) in (1..).zip(text.lines()) {
            for stranger in room.strangers.iter().filter(|stranger| names(line, stranger)) {
                let place = format!("{}:{number}", file.display());
                let what = format!("knows `{stranger}`, but {}", room.reason);
                breaches.push(Breach { place, what });
            }
        }
    }
    breaches
}

/// The folder of a module, and the file that opens it.
fn is_in(file: &Path, folder: &str) -> bool {
    file.starts_with(folder) || file == Path::new(folder).with_extension("rs")
}

/// Whether a line of code has the name as a part of a path; comments may speak of everything.
fn names(line: &str, stranger: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut words = code.split(|letter| !is_name(letter));
    words.any(|word| word == stranger) && code.contains("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        breaches(Path::new(file), text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_room_that_knows_what_it_must_not_is_found() {
        assert_eq!(
            found("tools/coool/src/document/odf.rs", "//! Reads.\nuse tokio::net::TcpListener;\n"),
            ["tools/coool/src/document/odf.rs:2: knows `tokio`, but document never opens a socket"]
        );
        assert_eq!(
            found("tools/coool/src/check.rs", "use crate::document::xml::Reader;\n"),
            ["tools/coool/src/check.rs:1: knows `xml`, but check never sees XML"]
        );
    }

    #[test]
    fn other_rooms_and_comments_may_name_it() {
        assert_eq!(found("tools/coool/src/remote.rs", "use tokio::time;\n"), [""; 0]);
        assert_eq!(found("tools/coool/src/document.rs", "// not tokio::net\n"), [""; 0]);
    }
}
