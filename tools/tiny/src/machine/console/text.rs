//! Takes apart what a console says: lines, escape sequences, messages of the kernel, marks.

use anyhow::{Context, Result};

use super::Output;

/// Where a mark is looked for that messages of the kernel have broken.
const NEAR_END: usize = 1 << 13;
const PANIC: &[u8] = b"Kernel panic - not syncing";

/// The line that runs a command between its marks, in a shell of its own, so that neither `exit`
/// nor a mistake in it ends the one at the prompt.
pub(super) fn line_between_marks(command: &str, number: u32) -> Result<String> {
    let quoted = format!("'{}'", command.replace('\'', r"'\''"));
    let quoted = (!command.contains('\0')).then_some(quoted).context("a command has no nought")?;
    Ok(format!("echo tiny-''begin-{number}; (eval {quoted}); echo tiny-''end-{number} $?\n"))
}

/// What a command printed and how it ended, if it has.
pub(super) fn output(said: &[u8], number: u32) -> Option<Output> {
    if let Some(output) = exact_output(said, number) {
        return Some(output);
    }
    // A message in the middle of the last mark stands near the end.
    let near_end = &said[said.len().saturating_sub(NEAR_END)..];
    find(&without_kernel_messages(near_end), end_mark(number).as_bytes())?;
    exact_output(&without_kernel_messages(said), number)
}

fn exact_output(said: &[u8], number: u32) -> Option<Output> {
    let printed = after_begin(said, number)?;
    let mark = end_mark(number);
    let end = find(printed, mark.as_bytes())?;
    let after = &printed[end + mark.len()..];
    let line_end = after.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let code = std::str::from_utf8(&after[..line_end]).ok()?.parse().ok()?;
    Some(Output { text: with_plain_lines(&printed[..end]), code })
}

fn end_mark(number: u32) -> String {
    format!("tiny-end-{number} ")
}

/// What stands after the first mark of a command.
pub(super) fn after_begin(said: &[u8], number: u32) -> Option<&[u8]> {
    let mark = format!("tiny-begin-{number}\r\n");
    let begin = find(said, mark.as_bytes())?;
    Some(&said[begin + mark.len()..])
}

/// Whether a line begins with this.
pub(super) fn has_line_with(said: &[u8], beginning: &str) -> bool {
    let said = plain(&without_kernel_messages(said));
    said.split('\n').any(|line| line.starts_with(beginning))
}

/// Whether the kernel has said, to the end of the line, why it gives up.
pub(super) fn has_whole_panic(said: &[u8]) -> bool {
    find(said, PANIC).is_some_and(|begin| said[begin..].contains(&b'\n'))
}

/// What the kernel says when it gives up.
pub(crate) fn panic_line(said: &[u8]) -> Option<String> {
    find(said, PANIC)?;
    let said = plain(said);
    let line = said.lines().rev().find(|line| line.contains("Kernel panic"))?;
    last_lines(line, 1).pop()
}

/// As text for people: without escape sequences, lines ending as usual.
pub(super) fn plain(said: &[u8]) -> String {
    with_plain_lines(&without_escapes(said)).replace('\r', "")
}

/// The last lines that say something, none of them longer than a screen is wide.
pub(crate) fn last_lines(said: &str, count: usize) -> Vec<String> {
    let said = said.lines().filter(|line| !line.trim().is_empty());
    let shown = |line: &str| {
        let line = line.chars().map(|letter| if letter.is_control() { '·' } else { letter });
        line.take(160).collect()
    };
    let mut lines: Vec<String> = said.rev().take(count).map(shown).collect();
    lines.reverse();
    lines
}

/// The terminal's driver puts a carriage return before each new line: this takes one away.
fn with_plain_lines(said: &[u8]) -> String {
    String::from_utf8_lossy(said).replace("\r\n", "\n")
}

/// Without what moves a cursor or paints: ECMA-48, section 5.4, control sequences.
fn without_escapes(said: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(said.len());
    let mut rest = said;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match after {
            [b'[', sequence @ ..] if byte == b'\x1b' => {
                let length = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte));
                length.map_or(&[][..], |length| &sequence[length + 1..])
            }
            _ => {
                plain.push(byte);
                after
            }
        };
    }
    plain
}

/// Without lines such as `[    1.234567] random: crng init done`, also in the middle of others.
fn without_kernel_messages(said: &[u8]) -> Vec<u8> {
    let mut others = Vec::with_capacity(said.len());
    let mut rest = said;
    while let Some(byte) = rest.first() {
        if is_kernel_message(rest) {
            let length = rest.iter().position(|byte| *byte == b'\n');
            rest = length.map_or(&[][..], |length| &rest[length + 1..]);
        } else {
            others.push(*byte);
            rest = &rest[1..];
        }
    }
    others
}

/// Whether this begins with the kernel's time: seconds, a point, six digits.
fn is_kernel_message(said: &[u8]) -> bool {
    let Some(rest) = said.strip_prefix(b"[") else { return false };
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let rest = &rest[spaces..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some([b'.', fraction @ .., b']']) = rest.get(digits..digits + 8) else { return false };
    digits > 0 && fraction.iter().all(u8::is_ascii_digit)
}

/// Where a text begins in another.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_and_comments_do_not_break_the_line() {
        assert_eq!(
            line_between_marks("echo 'a' # b", 7).expect("a line"),
            "echo tiny-''begin-7; (eval 'echo '\\''a'\\'' # b'); echo tiny-''end-7 $?\n"
        );
    }

    #[test]
    fn messages_of_the_kernel_are_told_from_what_looks_like_them() {
        let said = b"a[ 1]\n[    0.000000] Linux\n[12.5] b [123.456789][ T1] c\nd";
        assert_eq!(without_kernel_messages(said), b"a[ 1]\n[12.5] b d");
    }

    #[test]
    fn a_panic_is_waited_for_to_the_end_of_its_line() {
        assert!(!has_whole_panic(b"ok\r\nKernel panic - not syncing: No wor"));
        assert!(has_whole_panic(b"Kernel panic - not syncing: No working init\r\n"));
    }

    #[test]
    fn the_last_lines_are_short_and_harmless() {
        let said = format!("first\n\nsecond\x07\n{}\n", "x".repeat(1_000));
        assert_eq!(last_lines(&said, 2), ["second·".to_owned(), "x".repeat(160)]);
    }

    proptest! {
        #[test]
        fn what_is_printed_comes_back(printed in "[ -~]{0,30}(\n[ -~]{0,30}){0,3}", code: u8) {
            prop_assume!(!printed.contains("tiny-end-5"));
            let sent = printed.replace('\n', "\r\n");
            let said = format!("echo\r\ntiny-begin-5\r\n{sent}tiny-end-5 {code}\r\n/ # ");
            prop_assert_eq!(output(said.as_bytes(), 5), Some(Output { text: printed, code }));
        }

        #[test]
        fn hostile_output_does_no_harm(said in any::<Vec<u8>>(), number: u32) {
            let marked = [format!("tiny-begin-{number}\r\n").as_bytes(), &said].concat();
            let _ = output(&marked, number);
            let _ = has_line_with(&said, "/ # ");
            prop_assert!(without_kernel_messages(&said).len() <= said.len());
            prop_assert!(last_lines(&plain(&said), 5).len() <= 5);
        }
    }
}
