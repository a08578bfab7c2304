//! The command line that boots an image, as data.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use anyhow::{Context, Result};

use crate::board::Machine;
use crate::size::Size;

/// What is booted, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boot<'a> {
    /// The board.
    pub(crate) machine: &'a Machine,
    /// The image.
    pub(crate) image: &'a Path,
    /// How much memory there is.
    pub(crate) memory: Size,
    /// The words for the kernel, where they are not in the image.
    pub(crate) append: Option<&'a str>,
    /// Who looks at it.
    pub(crate) watcher: Watcher<'a>,
    /// How its time passes.
    pub(crate) clock: Clock,
}

/// Who looks at a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watcher<'a> {
    /// A person at a terminal, with a window for the screen.
    Window,
    /// A person at a terminal who sees no screen.
    Terminal,
    /// We, who listen at this socket and hold the console as standard input and output.
    Socket(&'a Path),
}

/// How the time of a machine passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As ours does.
    Wall,
    /// By a nanosecond with each instruction, which QEMU counts, from when it is let go.
    Instructions,
}

impl Boot<'_> {
    /// The program and its arguments.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words = Words(vec![self.machine.program.clone().into()]);
        words.add(&self.machine.arguments);
        words.add(["-m", &self.memory.to_string()]);
        words.add([OsStr::new("-kernel"), self.image.as_os_str()]);
        if let Some(append) = self.append {
            words.add(["-append", append]);
        }
        words.add(["-nic", "none"]);
        match self.watcher {
            Watcher::Window => words.add(["-serial", "mon:stdio"]),
            Watcher::Terminal => words.add(["-serial", "mon:stdio", "-display", "none"]),
            Watcher::Socket(path) => {
                words.add(["-serial", "stdio", "-monitor", "none", "-display", "none"]);
                words.add(["-chardev".into(), device("socket,id=control,path=", path)]);
                words.add(["-mon", "chardev=control,mode=control", "-no-reboot", "-S"]);
                if self.clock == Clock::Instructions {
                    let log = path.with_extension("log");
                    let count = device("shift=0,sleep=off,rr=record,rrfile=", &log);
                    words.add(["-icount".into(), count]);
                    words.add(["-rtc", "base=1970-01-01,clock=vm", "-no-shutdown"]);
                }
            }
        }
        words.0
    }

    /// As it is typed in a shell.
    pub(crate) fn typed(&self) -> Result<String> {
        let words = self.words();
        let quoted = shlex::bytes::try_join(words.iter().map(|word| word.as_bytes()))
            .context("cannot write the command line for a shell")?;
        Ok(String::from_utf8_lossy(&quoted).into_owned())
    }
}

/// Options that end with a path, of which QEMU wants commas doubled.
fn device(options: &str, path: &Path) -> OsString {
    let mut device = options.as_bytes().to_vec();
    for byte in path.as_os_str().as_bytes() {
        device.push(*byte);
        if *byte == b',' {
            device.push(b',');
        }
    }
    OsString::from_vec(device)
}

struct Words(Vec<OsString>);

impl Words {
    fn add<W: AsRef<OsStr>>(&mut self, words: impl IntoIterator<Item = W>) {
        self.0.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::board::Board;

    fn shows(watcher: Watcher<'_>, clock: Clock, append: Option<&str>, expected: &Expect) {
        let machine = Board::named("versatile-pb").expect("a board").machine;
        let boot = Boot {
            machine: &machine,
            image: Path::new("my demo.img"),
            memory: Size::of_megabytes(16),
            append,
            watcher,
            clock,
        };
        expected.assert_eq(&boot.typed().expect("words"));
    }

    #[test]
    fn a_person_gets_the_console_in_the_terminal() {
        shows(
            Watcher::Terminal,
            Clock::Wall,
            None,
            &expect![[
                r#"qemu-system-arm -M versatilepb -audiodev 'none,id=silence' -global 'pl041.audiodev=silence' -m 16M -kernel 'my demo.img' -nic none -serial mon:stdio -display none"#
            ]],
        );
    }

    #[test]
    fn words_that_are_not_in_the_image_are_handed_over() {
        shows(
            Watcher::Window,
            Clock::Wall,
            Some("console=ttyAMA0 quiet"),
            &expect![[
                r#"qemu-system-arm -M versatilepb -audiodev 'none,id=silence' -global 'pl041.audiodev=silence' -m 16M -kernel 'my demo.img' -append 'console=ttyAMA0 quiet' -nic none -serial mon:stdio"#
            ]],
        );
    }

    #[test]
    fn a_measured_boot_stops_at_its_end_and_its_time_is_that_of_its_instructions() {
        shows(
            Watcher::Socket(Path::new("/tmp/a,b/control")),
            Clock::Instructions,
            None,
            &expect![[
                r#"qemu-system-arm -M versatilepb -audiodev 'none,id=silence' -global 'pl041.audiodev=silence' -m 16M -kernel 'my demo.img' -nic none -serial stdio -monitor none -display none -chardev 'socket,id=control,path=/tmp/a,,b/control' -mon 'chardev=control,mode=control' -no-reboot -S -icount 'shift=0,sleep=off,rr=record,rrfile=/tmp/a,,b/control.log' -rtc 'base=1970-01-01,clock=vm' -no-shutdown"#
            ]],
        );
    }
}
