//! Boots images in QEMU: for a person at a terminal, or for us to watch.

#![expect(
    clippy::disallowed_methods,
    reason = "all that a machine is given lies in a scratch folder of our own"
)]

pub(crate) mod bootargs;
pub(crate) mod command;
pub(crate) mod console;
pub(crate) mod count;
pub(crate) mod limit;
pub(crate) mod picture;
pub(crate) mod prompt;
pub(crate) mod qmp;
pub(crate) mod scratch;

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use exec::Program;
use serde_json::json;

use crate::manifest::Manifest;
use crate::promise::event::Event;
use crate::size::Size;
use command::{Boot, Clock, Watcher};
use console::Console;
use limit::{GLANCE, Limit};
use picture::Picture;
use qmp::Qmp;
use scratch::Scratch;

/// So much of what QEMU complains about is read.
const COMPLAINTS: u64 = 4_096;
/// How long QEMU itself may take for an answer, on a machine that is busy.
const ANSWER: Duration = Duration::from_mins(1);

/// An image, and how it is to boot.
#[derive(Debug, Clone)]
pub(crate) struct Start<'a> {
    /// The image as it was built.
    pub(crate) image: &'a Path,
    /// What its manifest says.
    pub(crate) manifest: &'a Manifest,
    /// How much memory there is.
    pub(crate) memory: Size,
    /// Words for the kernel in place of the manifest's.
    pub(crate) command_line: Option<String>,
    /// How its time passes.
    pub(crate) clock: Clock,
}

/// A machine that runs, and ends with us.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    _process: exec::Running,
    complaints: PathBuf,
    scratch: &'a Scratch,
    /// Its console.
    pub(crate) console: Console,
    qmp: Qmp,
    /// What the screen shows before the first instruction: QEMU puts words there.
    untouched: Option<Picture>,
}

impl<'a> Start<'a> {
    /// As the manifest says.
    pub(crate) fn of(image: &'a Path, manifest: &'a Manifest) -> Self {
        let memory = Size::of_bytes(manifest.memory);
        Self { image, manifest, memory, command_line: None, clock: Clock::Wall }
    }

    /// The file that boots: a changed copy, where the words inside of the image are to differ.
    pub(crate) fn file(&self, scratch: &Scratch) -> Result<PathBuf> {
        let (Some(place), Some(words)) = (self.manifest.device_tree, &self.command_line) else {
            return std::path::absolute(self.image).context("there is no current folder");
        };
        let attempt = || format!("cannot change what `{}` says inside", self.image.display());
        let image = fs::read(self.image).with_context(attempt)?;
        let changed = bootargs::changed(&image, place, words).with_context(attempt)?;
        let copy = scratch.path("image");
        fs::write(&copy, changed).with_context(|| format!("cannot write {}", copy.display()))?;
        Ok(copy)
    }

    /// The command line that boots this file.
    pub(crate) fn boot<'b>(&'b self, file: &'b Path, watcher: Watcher<'b>) -> Boot<'b> {
        let words = self.command_line.as_ref().unwrap_or(&self.manifest.command_line);
        Boot {
            machine: &self.manifest.machine,
            image: file,
            memory: self.memory,
            append: self.manifest.device_tree.is_none().then_some(words.as_str()),
            watcher,
            clock: self.clock,
        }
    }

    /// QEMU, which boots this file. It has all the time it wants: whoever watches it has a limit for
    /// each answer, and a person sits before it otherwise.
    fn qemu(&self, file: &Path, watcher: Watcher<'_>) -> Program {
        let words = self.boot(file, watcher).words();
        let mut qemu = Program::attended(&words[0]);
        qemu.args(&words[1..]).hint(format!("apt-get install {}", self.manifest.machine.package));
        qemu
    }

    /// Boots it in this terminal and waits until it ends.
    pub(crate) fn in_terminal(
        &self,
        scratch: &Scratch,
        watcher: Watcher<'_>,
    ) -> Result<ExitStatus> {
        let file = self.file(scratch)?;
        self.qemu(&file, watcher).in_terminal()
    }

    /// Makes the machine for us to watch, and holds it: one that says much as soon as it is let go
    /// would keep QEMU from greeting us.
    pub(crate) fn watched<'s>(&self, scratch: &'s Scratch) -> Result<Running<'s>> {
        let file = self.file(scratch)?;
        let socket = scratch.path("control");
        let complaints = scratch.path("complaints");
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("cannot listen at {}", socket.display()))?;
        let (ours, theirs) = UnixStream::pair().context("cannot make a console")?;
        let theirs_too = theirs.try_clone().context("cannot make a console")?;
        let said = File::create(&complaints)
            .with_context(|| format!("cannot write {}", complaints.display()))?;
        let mut qemu = self.qemu(&file, Watcher::Socket(&socket));
        qemu.stdin(OwnedFd::from(theirs)).stdout(OwnedFd::from(theirs_too)).stderr(said);
        let process = qemu.start()?;
        // The machine alone holds its end of the console from here on.
        drop(qemu);
        let mut running = Running::meet(process, &listener, ours, complaints, scratch)?;
        if self.manifest.machine.screen {
            running.untouched = Some(running.picture()?);
        }
        Ok(running)
    }
}

impl<'a> Running<'a> {
    /// Waits for QEMU to come to our socket.
    fn meet(
        mut process: exec::Running,
        listener: &UnixListener,
        console: UnixStream,
        complaints: PathBuf,
        scratch: &'a Scratch,
    ) -> Result<Self> {
        let limit = Limit::after(ANSWER);
        listener.set_nonblocking(true).context("cannot wait for QEMU")?;
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if qmp::is_nothing_yet(&error) => {}
                Err(error) => return Err(error).context("cannot wait for QEMU"),
            }
            if let Some(status) = process.ended()? {
                bail!(NotStarted::of(status, &complaints));
            }
            if limit.has_passed() {
                bail!("QEMU did not start in time");
            }
            thread::sleep(GLANCE);
        };
        stream.set_nonblocking(false).context("cannot wait at QEMU's control socket")?;
        let qmp = match Qmp::greet(stream, limit) {
            Ok(qmp) => qmp,
            // It may have come to say good-bye.
            Err(error) => match process.ended()? {
                Some(status) => bail!(NotStarted::of(status, &complaints)),
                None => return Err(error),
            },
        };
        let console = Console::at(console)?;
        Ok(Self { _process: process, complaints, scratch, console, qmp, untouched: None })
    }

    /// Lets the machine go.
    pub(crate) fn go(&mut self) -> Result<()> {
        self.qmp.execute("cont", &json!({}), Limit::after(ANSWER)).map(drop)
    }

    /// What the screen shows now.
    pub(crate) fn picture(&mut self) -> Result<Picture> {
        let file = self.scratch.path("screen.ppm");
        self.qmp.screendump(&file, Limit::after(ANSWER))?;
        let bytes = fs::read(&file).context("QEMU wrote no picture")?;
        fs::remove_file(&file).context("cannot remove a picture from the scratch folder")?;
        Picture::from_ppm(&bytes).context("QEMU wrote a picture that cannot be read")
    }

    /// Whether this picture is one that the machine has drawn.
    pub(crate) fn has_drawn(&self, picture: &Picture) -> bool {
        !picture.is_blank() && self.untouched.as_ref() != Some(picture)
    }

    /// Does what a person would at the keyboard or with the mouse.
    pub(crate) fn send(&mut self, event: &Event) -> Result<()> {
        self.qmp.send(event, Limit::after(ANSWER))
    }

    /// A word of the memory, once the machine has stopped itself.
    pub(crate) fn word_at_end(&mut self, address: u64, limit: Limit) -> Result<u32> {
        self.qmp.run_to_stop(limit)?;
        self.qmp.word_at(address, limit)
    }

    /// What QEMU complained about.
    pub(crate) fn complaints(&self) -> String {
        read_some(&self.complaints)
    }
}

/// QEMU ended before there was a machine.
#[derive(Debug, thiserror::Error)]
#[error("QEMU did not start ({status}): {said}")]
pub(crate) struct NotStarted {
    status: String,
    said: String,
}

impl NotStarted {
    fn of(status: ExitStatus, complaints: &Path) -> Self {
        Self { status: status.to_string(), said: read_some(complaints) }
    }
}

/// The beginning of what a file says.
fn read_some(path: &Path) -> String {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(COMPLAINTS).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(error) => format!("what it said cannot be read: {error}"),
    }
}
