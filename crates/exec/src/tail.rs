//! The end of what a program says: there it says why it failed.
//!
//! However much it says, little memory is taken.
//!
//! Proof: `tests/memory.rs::a_lot_of_output_takes_little_memory`,
//! `tests/output.rs::a_line_without_end_is_told_in_pieces`

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use names::shown_text;

/// How many lines of a failed program are shown.
const LINES: usize = 12;

/// A line longer than this comes in pieces.
const LONGEST_LINE: u64 = 8 << 10;

/// The last lines of what was said.
#[derive(Debug, Default)]
pub struct Tail(VecDeque<String>);

impl Tail {
    /// Reads to the end and tells each line as it comes, made safe for terminals. What cannot be read
    /// is the end.
    pub fn of(stream: impl Read, tell: &mut dyn FnMut(&str)) -> Self {
        let mut tail = Self::default();
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            let text = shown_text(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
            tell(&text);
            tail.add(text);
            line.clear();
        }
        tail
    }

    fn add(&mut self, line: String) {
        if line.trim().is_empty() {
            return;
        }
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    /// The lines, each on a line of its own below an error, and set in.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|line| format!("\n    {line}")).collect()
    }
}

/// The last lines of a text, to be shown below an error.
#[must_use]
pub fn last_lines(said: &str) -> String {
    Tail::of(said.as_bytes(), &mut |_| {}).text()
}
