//! The serial console of a machine: what it says is kept, and commands are typed on it.
//!
//! A thread of its own listens, so that a machine which says much is never held up. A command is
//! typed between two marks, and what stands between them is what it printed: the echo of what is
//! typed, wrapped or not, is outside, because there each mark is broken by quotes.

pub(crate) mod text;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::limit::{GLANCE, Limit};

/// So much of what a machine says is kept at most; a command that prints more is refused.
const KEPT: usize = 1 << 18;
/// A prompt, or what the kernel says when it gives up, is among the last that was said.
const RECENT: usize = 1 << 16;
/// How long what is being said is left alone between two looks.
const PAUSE: Duration = Duration::from_millis(2);
/// A line editor takes lines of a thousand bytes.
const LONGEST_LINE: usize = 1_000;

/// A console.
#[derive(Debug)]
pub(crate) struct Console {
    input: UnixStream,
    heard: Arc<Heard>,
    number: u32,
}

/// What was heard, and a bell that rings when there is more.
#[derive(Debug, Default)]
struct Heard {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The end of what was said.
    kept: Vec<u8>,
    /// How much was said before that.
    forgotten: u64,
    has_ended: bool,
}

/// A command that was typed.
#[derive(Debug)]
pub(crate) struct Typed {
    number: u32,
    from: u64,
}

/// What a command printed, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// Lines end as they do inside the machine.
    pub(crate) text: String,
    /// The exit code.
    pub(crate) code: u8,
}

/// Why nothing was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    /// The time is over.
    #[error("it took too long")]
    Late,
    /// The kernel gave up.
    #[error("the kernel panicked")]
    Panicked,
    /// The machine has stopped.
    #[error("the machine stopped")]
    Ended,
    /// The machine says more than is kept.
    #[error("it printed more than {} KiB", KEPT >> 10)]
    TooMuch,
}

impl Console {
    /// Listens at this socket.
    pub(crate) fn at(stream: UnixStream) -> Result<Self> {
        let input = stream.try_clone().context("cannot type on the console")?;
        let heard = Arc::new(Heard::default());
        let ear = Arc::clone(&heard);
        // It ends with the machine, whose end of the socket is then closed.
        thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || ear.listen(stream))
            .context("cannot listen to the console")?;
        Ok(Self { input, heard, number: 0 })
    }

    /// Waits until a line begins with the prompt; a kernel that panics will not come to that.
    pub(crate) fn wait_for_prompt(&self, prompt: &str, limit: Limit) -> Result<(), Silence> {
        self.wait(0, limit, |said, _| {
            let said = &said[said.len().saturating_sub(RECENT)..];
            if text::has_line_with(said, prompt) {
                return Some(Ok(()));
            }
            text::has_whole_panic(said).then_some(Err(Silence::Panicked))
        })?
    }

    /// Waits until this was said since a command was typed.
    pub(crate) fn wait_for(&self, typed: &Typed, what: &str, limit: Limit) -> Result<(), Silence> {
        self.wait(typed.from, limit, |said, _| {
            let printed = text::after_begin(said, typed.number)?;
            text::plain(printed).contains(what).then_some(())
        })
    }

    /// Types a command, of which nothing is waited for.
    pub(crate) fn begin(&mut self, command: &str) -> Result<Typed> {
        let shown = command.escape_default();
        ensure!(
            !command.chars().any(char::is_control),
            "cannot type `{shown}` on a console: it holds a control character"
        );
        self.number += 1;
        let line = text::line_between_marks(command, self.number)?;
        ensure!(
            line.len() <= LONGEST_LINE,
            "cannot type `{shown}` on a console: lines have at most {LONGEST_LINE} bytes there"
        );
        let typed = Typed { number: self.number, from: self.heard.state().position() };
        self.type_bytes(line.as_bytes())?;
        Ok(typed)
    }

    /// Waits for the end of a command.
    pub(crate) fn finish(&self, typed: &Typed, limit: Limit) -> Result<Output, Silence> {
        self.wait(typed.from, limit, |said, is_whole| {
            if is_whole {
                text::output(said, typed.number).map(Ok)
            } else {
                Some(Err(Silence::TooMuch))
            }
        })?
    }

    /// Types a command and waits for its end.
    pub(crate) fn run(&mut self, command: &str, limit: Limit) -> Result<Output> {
        let typed = self.begin(command)?;
        self.finish(&typed, limit).with_context(|| format!("cannot see the end of `{command}`"))
    }

    /// What a command has printed so far.
    pub(crate) fn printed(&self, typed: &Typed) -> String {
        let state = self.heard.state();
        let (said, _) = state.since(typed.from);
        text::after_begin(said, typed.number).map(text::plain).unwrap_or_default()
    }

    /// All that was said and is kept.
    pub(crate) fn said(&self) -> String {
        text::plain(&self.heard.state().kept)
    }

    fn type_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.input.write_all(bytes).context("cannot type on the console: the machine has stopped")
    }

    /// Waits until what was said since a position, and whether nothing of it was forgotten, is
    /// enough for `look`.
    fn wait<T>(
        &self,
        from: u64,
        limit: Limit,
        look: impl Fn(&[u8], bool) -> Option<T>,
    ) -> Result<T, Silence> {
        let mut state = self.heard.state();
        let mut looked_at = None;
        loop {
            if looked_at != Some(state.position()) {
                let (said, is_whole) = state.since(from);
                if let Some(found) = look(said, is_whole) {
                    return Ok(found);
                }
                looked_at = Some(state.position());
            }
            if state.has_ended {
                return Err(Silence::Ended);
            }
            if limit.has_passed() {
                return Err(Silence::Late);
            }
            let woken = self.heard.more.wait_timeout(state, GLANCE);
            drop(woken.unwrap_or_else(PoisonError::into_inner));
            // What comes byte by byte is not looked at byte by byte.
            thread::sleep(PAUSE);
            state = self.heard.state();
        }
    }
}

impl Heard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, mut stream: UnixStream) {
        let mut buffer = [0; 16_384];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.state().keep(&buffer[..count]),
                Err(error) if super::qmp::is_nothing_yet(&error) => {}
                Err(_) => break,
            }
            self.more.notify_all();
        }
        self.state().has_ended = true;
        self.more.notify_all();
    }
}

impl State {
    fn position(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.extend(bytes);
        if self.kept.len() > KEPT {
            let much = self.kept.len() - KEPT / 2;
            self.kept.drain(..much);
            self.forgotten += much as u64;
        }
    }

    /// What was said since a position, and whether nothing of it was forgotten.
    fn since(&self, from: u64) -> (&[u8], bool) {
        match from.checked_sub(self.forgotten).and_then(|skipped| usize::try_from(skipped).ok()) {
            Some(skipped) => (self.kept.get(skipped..).unwrap_or_default(), true),
            None => (&self.kept, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    /// A console whose peer first says something, then answers one line with something.
    fn console(says: &'static [u8], answers: &'static [u8]) -> Console {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        thread::spawn(move || {
            let mut reader = BufReader::new(theirs.try_clone().expect("a socket"));
            let mut theirs = theirs;
            let _ = theirs.write_all(says);
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let _ = theirs.write_all(answers);
            // The socket stays open until the other side has seen enough.
            let _ = reader.read_line(&mut line);
        });
        Console::at(ours).expect("a console")
    }

    fn soon() -> Limit {
        Limit::after(Duration::from_millis(300))
    }

    #[test]
    fn a_prompt_begins_a_line() {
        let console = console(b"Linux\r\n\r\n\x1b[6n/ # ", b"");
        assert_eq!(console.wait_for_prompt("/ # ", soon()), Ok(()));
        assert_eq!(console.wait_for_prompt("login: ", soon()), Err(Silence::Late));
    }

    #[test]
    fn what_a_command_prints_is_exact_in_spite_of_its_wrapped_echo() {
        let mut console = console(
            b"/ # ",
            b"echo tiny-''begin-1; (eval 'some\r\n thing'); echo tiny-''end-1 $?\r\n\
              tiny-begin-1\r\n  two\r\nlines \r\r\n\xfftiny-end-1 3\r\n/ # ",
        );
        let output = console.run("some thing", soon()).expect("an output");
        let text = "  two\nlines \r\n\u{fffd}".to_owned();
        assert_eq!(output, Output { text, code: 3 });
    }

    #[test]
    fn messages_of_the_kernel_do_not_hide_the_end() {
        let mut console = console(
            b"/ # ",
            b"tiny-begin-1\r\n42\r\ntiny-e[    1.234567] random: crng init done\r\nnd-1 0\r\n",
        );
        let output = console.run("echo 42", soon()).expect("an output");
        assert_eq!(output, Output { text: "42\n".to_owned(), code: 0 });
    }

    #[test]
    fn a_command_that_does_not_end_is_not_waited_for() {
        let mut console = console(b"/ # ", b"tiny-begin-1\r\nstill here");
        let typed = console.begin("sleep 9999").expect("it is typed");
        assert_eq!(console.finish(&typed, soon()), Err(Silence::Late));
        assert_eq!(console.printed(&typed), "still here");
    }

    #[test]
    fn a_machine_that_stops_is_not_waited_for() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        theirs.write_all(b"bye\r\n").expect("the peer speaks");
        drop(theirs);
        let console = Console::at(ours).expect("a console");
        let long = Limit::after(Duration::from_mins(10));
        assert_eq!(console.wait_for_prompt("/ # ", long), Err(Silence::Ended));
        assert_eq!(console.said(), "bye\n");
    }

    #[test]
    fn endless_output_is_cut_off_and_needs_no_more_memory() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        thread::spawn(move || while theirs.write_all(&[b'x'; 4_096]).is_ok() {});
        let mut console = Console::at(ours).expect("a console");
        let typed = console.begin("yes").expect("it is typed");
        let long = Limit::after(Duration::from_mins(10));
        assert_eq!(console.finish(&typed, long), Err(Silence::TooMuch));
        assert!(console.heard.state().kept.len() <= KEPT);
        // Let go of the socket, so that the peer ends.
        console.input.shutdown(std::net::Shutdown::Both).expect("the socket closes");
    }

    #[test]
    fn what_a_line_editor_would_act_on_is_not_typed() {
        let mut console = console(b"/ # ", b"");
        let error = console.begin("ls\t").expect_err("a tab completes").to_string();
        assert_eq!(error, "cannot type `ls\\t` on a console: it holds a control character");
        console.begin(&"x".repeat(1_000)).expect_err("the line is too long");
    }
}
