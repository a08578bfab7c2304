//! The command line: which program, and how.

use core::ffi::CStr;

/// Which program the binary is called as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `fb-animation`
    Animation,
    /// `fb-benchmark`
    Benchmark,
    /// `fb-windows`
    Windows,
    /// `fb-input`
    Input,
}

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a> {
    /// The program by its name.
    pub program: Program,
    /// The framebuffer.
    pub device: &'a CStr,
    /// Draw so many frames, the same on every machine, and end.
    pub frames: Option<u32>,
    /// After that, or when there is nothing left to do, stay until `q` is pressed.
    pub hold: bool,
    /// Draw on the screen itself, without a canvas in memory.
    pub direct: bool,
}

/// Why the command line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misunderstood<'a> {
    /// The binary has a name that is no program's.
    Name,
    /// Help was asked for.
    Help,
    /// An argument that is no option, or lacks its value.
    Argument(&'a CStr),
}

/// What to print where the command line is not understood.
pub const USAGE: &str = "\
usage: fb-animation | fb-benchmark | fb-windows | fb-input
  --frames N     draw N frames, the same on every machine, and end
  --hold         then stay until q is pressed
  --device PATH  the framebuffer, /dev/fb0 if not given
  --direct       draw on the screen itself: 600 kB less memory, but it flickers
The program is chosen by the name it is called by, or by the first argument.
q or Ctrl-C ends it.
";

/// Reads the command line; the first argument is the name that the binary was called by.
///
/// # Errors
/// Where the name or an argument is not known.
pub fn read<'a>(
    arguments: impl Iterator<Item = &'a CStr>,
) -> Result<Options<'a>, Misunderstood<'a>> {
    let mut arguments = arguments;
    let name = arguments.next().and_then(program);
    let program = match name {
        Some(program) => program,
        None => arguments.next().and_then(program).ok_or(Misunderstood::Name)?,
    };
    let mut options =
        Options { program, device: c"/dev/fb0", frames: None, hold: false, direct: false };
    while let Some(argument) = arguments.next() {
        let problem = Misunderstood::Argument(argument);
        match argument.to_bytes() {
            b"--frames" => {
                let count = arguments.next().and_then(number).ok_or(problem)?;
                options.frames = Some(count);
            }
            b"--device" => options.device = arguments.next().ok_or(problem)?,
            b"--hold" => options.hold = true,
            b"--direct" => options.direct = true,
            b"--help" | b"-h" => return Err(Misunderstood::Help),
            _ => return Err(problem),
        }
    }
    Ok(options)
}

/// By what stands behind the last slash.
fn program(path: &CStr) -> Option<Program> {
    match path.to_bytes().rsplit(|&byte| byte == b'/').next()? {
        b"fb-animation" => Some(Program::Animation),
        b"fb-benchmark" => Some(Program::Benchmark),
        b"fb-windows" => Some(Program::Windows),
        b"fb-input" => Some(Program::Input),
        _ => None,
    }
}

fn number(text: &CStr) -> Option<u32> {
    let digits = text.to_bytes();
    let all = !digits.is_empty() && digits.len() <= 6 && digits.iter().all(u8::is_ascii_digit);
    all.then(|| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_chooses_the_program() {
        let called = read([c"/usr/bin/fb-windows", c"--frames", c"12", c"--hold"].into_iter());

        let expected = Options {
            program: Program::Windows,
            device: c"/dev/fb0",
            frames: Some(12),
            hold: true,
            direct: false,
        };
        assert_eq!(called, Ok(expected));
    }

    #[test]
    fn the_first_argument_chooses_where_the_name_does_not() {
        let called = read([c"demo", c"fb-input", c"--device", c"fb1"].into_iter());

        assert_eq!(
            called.map(|options| (options.program, options.device)),
            Ok((Program::Input, c"fb1"))
        );
        assert_eq!(read([c"demo"].into_iter()), Err(Misunderstood::Name));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for arguments in [[c"--wide"].as_slice(), &[c"--frames"], &[c"--frames", c"ten"]] {
            let called = read([c"fb-input"].into_iter().chain(arguments.iter().copied()));

            assert_eq!(called, Err(Misunderstood::Argument(arguments[0])));
        }
    }
}
