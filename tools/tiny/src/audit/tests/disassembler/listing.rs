//! Runs a disassembler and reads its lines.

use std::fmt;
use std::fs;
use std::process::{Command, Stdio};

use super::super::AT;
use crate::audit::binary::Mode;

/// An instruction as the disassembler shows it.
pub(super) struct Line {
    pub(super) at: u64,
    pub(super) length: u64,
    pub(super) mnemonic: String,
    pub(super) operands: Vec<String>,
    comment: String,
}

impl fmt::Display for Line {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operands = self.operands.join(", ");
        write!(to, "{:x}: {} {operands} {}", self.at, self.mnemonic, self.comment)
    }
}

impl Line {
    /// Whether the disassembler knows it, and processors agree on what it does.
    pub(super) fn is_understood(&self) -> bool {
        let comment = self.comment.to_uppercase();
        let shown = self.mnemonic.starts_with(|letter: char| letter.is_ascii_lowercase());
        shown
            && !["UNDEFINED", "UNPREDICTABLE", "ILLEGAL"].iter().any(|one| comment.contains(one))
            && !self.operands.iter().any(|operand| operand.contains('<') || is_empty_list(operand))
            && !self.is_shown_wrongly()
    }

    /// What binutils 2.40 shows wrongly: of Thumb's `crc32h` it takes the first register from one
    /// bit too few, and it takes stores of half-words for moves to banked registers.
    fn is_shown_wrongly(&self) -> bool {
        let is_banked = |operand: &String| operand.starts_with(['R', 'S', 'L', 'E']);
        self.mnemonic == "crc32h"
            || self.mnemonic == "msr" && self.operands.first().is_some_and(is_banked)
    }

    /// Whether what it reckons is an address that a comment names.
    pub(super) fn names_place(&self) -> bool {
        self.comment.contains("(adr ")
    }

    /// The address that a comment names, or the last operand.
    pub(super) fn named(&self) -> Option<u64> {
        let operand = || self.operands.last()?.split_once("0x");
        let (_, place) = self.comment.rsplit_once("0x").or_else(operand)?;
        let digits = place.split(|letter: char| !letter.is_ascii_hexdigit()).next()?;
        u64::from_str_radix(digits, 16).ok()
    }
}

/// Whether a list names no register, or ends before it begins: `{d4-d3}`.
fn is_empty_list(operand: &str) -> bool {
    let Some(list) = operand.strip_prefix('{').and_then(|list| list.strip_suffix('}')) else {
        return false;
    };
    let number = |name: &str| name.trim_start_matches(['s', 'd']).parse::<i32>().ok();
    let ends = list.split_once('-').map(|(first, last)| (number(first), number(last)));
    list.is_empty() || ends.is_some_and(|(first, last)| last < first)
}

/// What it shows of some code: nothing where there is no disassembler, which is said and kept.
pub(super) fn of(mode: Mode, code: &[u8]) -> Option<Vec<Line>> {
    let (program, options): (&str, &[&str]) = match mode {
        Mode::Arm => ("arm-linux-gnueabi-objdump", &["-m", "arm"]),
        Mode::Thumb => ("arm-linux-gnueabi-objdump", &["-m", "arm", "-M", "force-thumb"]),
        Mode::Aarch64 => ("aarch64-linux-gnu-objdump", &["-m", "aarch64"]),
        Mode::X86 => ("objdump", &["-m", "i386:x86-64", "-w"]),
    };
    if !testkit::has(program) {
        return None;
    }
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let file = scratch.path().join("code");
    fs::write(&file, code).expect("a scratch directory is written to");
    let mut command = Command::new(program);
    command.args(["-D", "-z", "-b", "binary"]).arg(format!("--adjust-vma={AT}")).args(options);
    let output = command.arg(&file).stderr(Stdio::inherit()).output().ok()?;
    assert!(output.status.success(), "{program} failed");
    let text = String::from_utf8(output.stdout).expect("a listing");
    Some(text.lines().filter_map(|text| line(mode, text)).collect())
}

fn line(mode: Mode, text: &str) -> Option<Line> {
    let (at, rest) = text.split_once(":\t")?;
    let at = u64::from_str_radix(at.trim(), 16).ok()?;
    let (bytes, rest) = rest.split_once('\t').unwrap_or((rest, ""));
    let digits = bytes.chars().filter(char::is_ascii_hexdigit).count();
    let marks: &[&str] = match mode {
        Mode::X86 => &["#"],
        Mode::Aarch64 => &["//", ";"],
        Mode::Arm | Mode::Thumb => &["@", ";"],
    };
    let comment = marks.iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    let (rest, comment) = rest.split_at(comment);
    let rest = rest.trim();
    let (mnemonic, operands) = rest.split_once(['\t', ' ']).unwrap_or((rest, ""));
    Some(Line {
        at,
        length: digits as u64 / 2,
        mnemonic: mnemonic.to_owned(),
        operands: split(operands.trim()),
        comment: comment.to_owned(),
    })
}

/// The operands: commas in brackets part none.
fn split(text: &str) -> Vec<String> {
    let mut operands = vec![String::new()];
    let mut depth = 0;
    for letter in text.chars() {
        match letter {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth -= 1,
            _ => {}
        }
        match operands.last_mut() {
            Some(last) if letter != ',' || depth > 0 => last.push(letter),
            _ => operands.push(String::new()),
        }
    }
    operands.retain(|operand| !operand.trim().is_empty());
    operands.iter().map(|operand| operand.trim().to_owned()).collect()
}
