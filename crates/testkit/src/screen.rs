//! What a person sees who runs a program in a terminal.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write as _};
use std::process::{Command, ExitStatus};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

/// Lines of the terminal.
const ROWS: u16 = 24;

/// What was to be seen, one picture after the other.
#[derive(Debug)]
pub struct Seen {
    /// Each as the lines of the screen, without what is empty below and to the right.
    pub pictures: Vec<String>,
    /// How the program ended.
    pub status: ExitStatus,
}

impl Seen {
    /// Runs a program to its end, with a terminal of so many columns for what it says. What it prints
    /// and reads is as the command has it.
    ///
    /// # Panics
    ///
    /// Where there are no pseudo-terminals, or the program cannot be started.
    #[must_use]
    pub fn of(command: Command, columns: u16) -> Self {
        Self::with(command, columns, None)
    }

    /// The same with a person at the terminal, who types the next answer each time that the program
    /// has put this question.
    ///
    /// # Panics
    ///
    /// As with [`Seen::of`].
    #[must_use]
    pub fn answering(command: Command, columns: u16, question: &str, answers: &[&str]) -> Self {
        let answers = answers.iter().map(|answer| format!("{answer}\n")).collect();
        let person = Person { question: question.to_owned(), answers, heard: String::new() };
        Self::with(command, columns, Some(person))
    }

    fn with(mut command: Command, columns: u16, person: Option<Person>) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("a pseudo-terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a pseudo-terminal of ours");
        let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("a size");
        let theirs = ioctl_tiocgptpeer(&ours, flags).expect("its other end");
        if person.is_some() {
            command.stdin(theirs.try_clone().expect("a further descriptor"));
        }
        let mut child = command.env("TERM", "xterm").stderr(theirs).spawn().expect("it starts");
        // It has the terminal's other end open, and would keep us from seeing that all is over.
        drop(command);
        let pictures = pictures(File::from(ours), columns, person);
        Self { pictures, status: child.wait().expect("it ends") }
    }

    /// Whether a line of any picture holds this text.
    #[must_use]
    pub fn ever(&self, text: &str) -> bool {
        self.pictures.iter().any(|picture| picture.lines().any(|line| line.contains(text)))
    }

    /// What stands there at the end.
    #[must_use]
    pub fn at_end(&self) -> &str {
        self.pictures.last().map_or("", String::as_str)
    }
}

/// Reads until the other end is closed, which a terminal tells as an error.
fn pictures(mut terminal: File, columns: u16, mut person: Option<Person>) -> Vec<String> {
    let mut parser = Parser::new(ROWS, columns, 0);
    let mut pictures: Vec<String> = Vec::new();
    let mut bytes = [0; 1024];
    while let Ok(length @ 1..) = terminal.read(&mut bytes) {
        for byte in &bytes[..length] {
            parser.process(&[*byte]);
            // A line is drawn whole, and then the cursor goes back to its beginning.
            if matches!(byte, b'\r' | b'\n') {
                add(&mut pictures, parser.screen().contents());
            }
        }
        add(&mut pictures, parser.screen().contents());
        if let Some(person) = &mut person {
            person.hears(&bytes[..length], &mut terminal);
        }
    }
    pictures
}

/// Who sits at the terminal.
struct Person {
    question: String,
    answers: VecDeque<String>,
    /// What was said since the last question.
    heard: String,
}

impl Person {
    fn hears(&mut self, said: &[u8], terminal: &mut File) {
        self.heard.push_str(&String::from_utf8_lossy(said));
        while let Some((_, rest)) = self.heard.split_once(&self.question) {
            self.heard = rest.to_owned();
            if let Some(answer) = self.answers.pop_front() {
                terminal.write_all(answer.as_bytes()).expect("the terminal takes what is typed");
            }
        }
    }
}

fn add(pictures: &mut Vec<String>, picture: String) {
    if pictures.last() != Some(&picture) {
        pictures.push(picture);
    }
}
