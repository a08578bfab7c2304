//! A program that is to run, and the ways of running it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use names::shown_text;
use ui::Stop;

use crate::failure;
use crate::keeper::Slot;
use crate::running::Running;
use crate::streams::{self, Reading, Writing};
use crate::tail::Tail;

/// What a program prints as its result may have so many bytes, unless another limit is given.
const MOST_OUTPUT: usize = 64 << 20;

/// A program with its arguments and surroundings. It reads nothing, unless it is told what.
#[derive(Debug)]
pub struct Program {
    pub(crate) command: Command,
    /// None for what a person attends.
    pub(crate) limit: Option<Duration>,
    /// Whoever wants it to end.
    pub(crate) stop: Option<Stop>,
    /// What to do where it is not there.
    pub(crate) hint: Option<Cow<'static, str>>,
    /// Descriptors that stay open until the last of its processes has ended.
    pub(crate) held: Vec<OwnedFd>,
    /// Once it was started: where its keeper finds the lifeline.
    pub(crate) keeper: Option<Slot>,
    most_output: usize,
}

impl Program {
    /// A program, by its name or path, that is ended after this time with all that it started.
    pub fn new(program: impl AsRef<OsStr>, limit: Duration) -> Self {
        Self { limit: Some(limit), ..Self::attended(program) }
    }

    /// A program that has all the time it wants: a person sits before it.
    pub fn attended(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { limit: None, ..Self::of(command, Duration::ZERO) }
    }

    /// A command as somebody else has put it together, with what it reads.
    #[must_use]
    pub fn of(command: Command, limit: Duration) -> Self {
        Self {
            command,
            limit: Some(limit),
            stop: None,
            hint: None,
            held: Vec::new(),
            keeper: None,
            most_output: MOST_OUTPUT,
        }
    }

    /// Another limit.
    pub fn limit(&mut self, limit: Duration) -> &mut Self {
        self.limit = Some(limit);
        self
    }

    /// Ends it, with all that it started, as soon as somebody wants the work to stop: the error is then
    /// [`Stopped`](crate::Stopped).
    pub fn stop(&mut self, stop: &Stop) -> &mut Self {
        self.stop = Some(stop.clone());
        self
    }

    /// What to do where the program is not there: "install squashfs-tools-ng".
    pub fn hint(&mut self, hint: impl Into<Cow<'static, str>>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// How much it may print as a result that is wanted whole; more is an error.
    pub fn most_output(&mut self, bytes: usize) -> &mut Self {
        self.most_output = bytes;
        self
    }

    /// Keeps a file open until the last process of the program has ended, even when we ended before:
    /// a lock on it says for as long that somebody is at work.
    pub fn hold(&mut self, file: &File) -> Result<&mut Self> {
        let again = file.try_clone().context("cannot hold a file for a program")?;
        self.held.push(again.into());
        Ok(self)
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable out of its environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.command.env_remove(name);
        self
    }

    /// Where it runs.
    pub fn current_dir(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.command.current_dir(directory);
        self
    }

    /// What it reads.
    pub fn stdin(&mut self, input: impl Into<Stdio>) -> &mut Self {
        self.command.stdin(input);
        self
    }

    /// Where its result goes: for [`Program::start`], the other ways choose themselves.
    pub fn stdout(&mut self, output: impl Into<Stdio>) -> &mut Self {
        self.command.stdout(output);
        self
    }

    /// Where its complaints go: for [`Program::start`], the other ways choose themselves.
    pub fn stderr(&mut self, output: impl Into<Stdio>) -> &mut Self {
        self.command.stderr(output);
        self
    }

    /// The command line as people would type it.
    #[must_use]
    pub fn line(&self) -> String {
        line(&self.command)
    }

    /// Runs it to its end; it must succeed. What it says is seen when it fails.
    pub fn run(&mut self) -> Result<()> {
        self.run_telling(&mut |_| {})
    }

    /// Runs it to its end; it must succeed. Each line of what it says, on either stream, is told as
    /// it comes.
    pub fn run_telling(&mut self, tell: &mut dyn FnMut(&str)) -> Result<()> {
        let (said, status) = self.listened(tell)?;
        if status.success() { Ok(()) } else { bail!(failure::ended(&self.line(), status, &said)) }
    }

    /// Whether it succeeds. What it says is lost.
    pub fn succeeds(&mut self) -> Result<bool> {
        Ok(self.listened(&mut |_| {})?.1.success())
    }

    /// What it prints, whole; it must succeed.
    ///
    /// # Panics
    ///
    /// Never: the thread that reads does not.
    pub fn output(&mut self) -> Result<Vec<u8>> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        self.command.stdout(Stdio::piped()).stderr(writer);
        let mut running = self.start_and_let_go()?;
        let (printed, said) = thread::scope(|scope| {
            let said = scope.spawn(|| Tail::of(reader, &mut |_| {}));
            let printed = read_most(running.child.stdout.take(), self.most_output);
            if printed.as_ref().is_ok_and(|printed| printed.len() > self.most_output) {
                running.cut();
            }
            (printed, said.join().expect("a reader does not panic"))
        });
        let status = running.wait()?;
        let printed = printed.context("cannot read what a program prints")?;
        if printed.len() > self.most_output {
            bail!("`{}` printed more than {} bytes", self.line(), self.most_output);
        }
        if !status.success() {
            let said = [Tail::of(&*printed, &mut |_| {}), said];
            bail!(failure::ended(&self.line(), status, &said.map(|said| said.text()).concat()));
        }
        Ok(printed)
    }

    /// What it prints, as text without the white space around it; it must succeed.
    pub fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.output()?).trim().to_owned())
    }

    /// Runs it where a person sees and hears it: our own input and output are its own.
    pub fn in_terminal(&mut self) -> Result<ExitStatus> {
        self.command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
        self.start()?.wait()
    }

    /// Runs it while its result is read.
    pub fn reading(&mut self) -> Result<Reading> {
        streams::reading(self)
    }

    /// Runs it while its input is written; what it prints is seen when it fails.
    pub fn writing(&mut self) -> Result<Writing> {
        streams::writing(self)
    }

    /// Starts it, with the streams as they were chosen. It ends at the latest when what is returned
    /// here goes.
    pub fn start(&mut self) -> Result<Running> {
        Running::start(self)
    }

    /// Both streams come through one pipe, in their order.
    fn listened(&mut self, tell: &mut dyn FnMut(&str)) -> Result<(String, ExitStatus)> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let again = writer.try_clone().context("cannot make a pipe")?;
        self.command.stdout(writer).stderr(again);
        let running = self.start_and_let_go()?;
        let said = Tail::of(reader, tell);
        Ok((said.text(), running.wait()?))
    }

    /// Starts it, and closes our own ends of its pipes: while they are open, no reader comes to an
    /// end.
    pub(crate) fn start_and_let_go(&mut self) -> Result<Running> {
        let running = self.start();
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        running
    }
}

/// One byte more than allowed tells that there is more.
fn read_most(stream: Option<impl Read>, most: usize) -> std::io::Result<Vec<u8>> {
    let mut printed = Vec::new();
    if let Some(stream) = stream {
        stream.take(most as u64 + 1).read_to_end(&mut printed)?;
    }
    Ok(printed)
}

/// A command as people would type it.
#[must_use]
pub fn line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| shown_text(&word.to_string_lossy())).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}
