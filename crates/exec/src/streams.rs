//! Programs whose result is read, or whose input is written, while they run.

use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};

use crate::tail::Tail;
use crate::{Program, Running, failure};

/// A program whose result is read.
#[derive(Debug)]
pub struct Reading {
    running: Running,
    printed: Option<ChildStdout>,
    said: Listener,
    line: String,
}

/// A program whose input is written.
#[derive(Debug)]
pub struct Writing {
    running: Running,
    input: Option<ChildStdin>,
    said: Listener,
    line: String,
}

/// Keeps the end of what a program says, beside us.
#[derive(Debug)]
struct Listener(JoinHandle<Tail>);

pub(crate) fn reading(program: &mut Program) -> Result<Reading> {
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    program.command.stdout(Stdio::piped()).stderr(writer);
    let (mut running, said) = started(program, reader)?;
    Ok(Reading { printed: running.stdout(), running, said, line: program.line() })
}

pub(crate) fn writing(program: &mut Program) -> Result<Writing> {
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    let again = writer.try_clone().context("cannot make a pipe")?;
    program.command.stdin(Stdio::piped()).stdout(again).stderr(writer);
    let (mut running, said) = started(program, reader)?;
    Ok(Writing { input: running.stdin(), running, said, line: program.line() })
}

fn started(program: &mut Program, said: PipeReader) -> Result<(Running, Listener)> {
    let running = program.start_and_let_go()?;
    let listen = thread::Builder::new().name("listener".to_owned());
    let listener = listen.spawn(|| Tail::of(said, &mut |_| {}));
    Ok((running, Listener(listener.context("cannot listen to a program")?)))
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.printed.as_mut().map_or(Ok(0), |printed| printed.read(buffer))
    }
}

impl Reading {
    /// What it reads, where that was made a pipe; once.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.running.stdin()
    }

    /// Waits for the end, however it comes: how it ended, and below each other the last lines that it
    /// said.
    pub fn ended(mut self) -> Result<(ExitStatus, String)> {
        self.printed = None;
        let said = self.said.heard();
        Ok((self.running.wait()?, said))
    }

    /// Waits for the end; the program must succeed. Who has read enough may leave the rest: that the
    /// program is then ended by the closed pipe is no failure.
    pub fn finish(mut self) -> Result<()> {
        let line = std::mem::take(&mut self.line);
        let (status, said) = self.ended()?;
        if status.success() || status.signal() == Some(libc::SIGPIPE) {
            return Ok(());
        }
        bail!(failure::ended(&line, status, &said))
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.input.as_mut().map_or(Ok(0), |input| input.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writing {
    /// Ends the input and waits; the program must succeed. Where writing failed, this says why.
    pub fn finish(mut self) -> Result<()> {
        self.input = None;
        let said = self.said.heard();
        let status = self.running.wait()?;
        if status.success() { Ok(()) } else { bail!(failure::ended(&self.line, status, &said)) }
    }
}

impl Listener {
    fn heard(self) -> String {
        self.0.join().expect("a listener does not panic").text()
    }
}
