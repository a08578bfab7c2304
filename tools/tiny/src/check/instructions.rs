//! Proves how many instructions starting takes, twice, because the same number must come out.

use super::Bench;
use super::proof::{Checked, Instructions, Proof};
use crate::machine::Start;
use crate::machine::console::text;
use crate::machine::count::{self, Counted};
use crate::promise::Measured;

/// Counts to userspace and to the first picture, as far as that is asked for.
pub(super) fn prove(bench: &Bench<'_>, checked: &mut Checked) {
    let promises = &bench.manifest.promises.instructions;
    for (to, measured) in [("userspace", &promises.userspace), ("picture", &promises.picture)] {
        if let Some(measured) = measured {
            prove_one(bench, to, measured, checked);
        }
    }
}

fn prove_one(bench: &Bench<'_>, to: &'static str, measured: &Measured, checked: &mut Checked) {
    let words = command_line(&bench.manifest.command_line, &measured.start);
    let start = Start { command_line: Some(words), ..bench.start() };
    let ends_with_picture = to == "picture";
    let mut counts = Vec::new();
    for _ in 0..2 {
        let sentence = format!("`{}` runs as the first program", measured.start);
        let counted = match count::instructions(&start, bench.scratch, bench.limit()) {
            Ok(counted) => counted,
            Err(error) => {
                let hint =
                    error.downcast_ref::<ui::Hinted>().map(|hinted| hinted.hint().to_owned());
                let proof = Proof::broken(sentence, "a boot that ends", error.to_string());
                checked.proofs.push(Proof { hint, ..proof });
                return;
            }
        };
        if let Some(seen) = failure(measured, &counted, ends_with_picture) {
            checked.proofs.push(Proof::broken(sentence, "that it ends well", seen));
            return;
        }
        counts.push(counted.instructions);
    }
    checked.proofs.extend(judge(to, measured, &counts));
    checked.instructions.push(Instructions { to, count: counts[0] });
}

/// Why a boot did not end with its first program doing what it should.
fn failure(measured: &Measured, counted: &Counted, ends_with_picture: bool) -> Option<String> {
    if let Some(line) = text::panic_line(counted.said.as_bytes()) {
        // That the first program ends is a panic to the kernel; any other one is a failure.
        if !line.contains("exitcode=0x00000000") {
            return Some(line);
        }
    }
    if let Some(text) = measured.prints.as_ref().filter(|text| !counted.said.contains(*text)) {
        let last = text::last_lines(&counted.said, 3).join(" | ");
        return Some(format!("it did not print {text:?}: {last}"));
    }
    (ends_with_picture && !counted.has_drawn).then(|| "nothing was drawn".to_owned())
}

fn judge(to: &str, measured: &Measured, counts: &[u64]) -> Vec<Proof> {
    let first = counts[0];
    let sentence = format!("the instructions to {to} are the same twice");
    let mut proofs = vec![match counts.iter().find(|count| **count != first) {
        Some(other) => Proof::broken(sentence, grouped(first), grouped(*other)),
        None => Proof::kept(sentence),
    }];
    if let Some(most) = measured.at_most {
        let sentence = format!("at most {} instructions to {to}", grouped(most));
        proofs.push(if first <= most {
            Proof::kept(sentence)
        } else {
            Proof::broken(sentence, grouped(most), grouped(first))
        });
    }
    proofs
}

/// The words of a boot that ends with this program; what was after `--` was for another one.
pub(crate) fn command_line(usual: &str, start: &str) -> String {
    let kernel = usual.split(" -- ").next().unwrap_or_default().trim();
    let (program, arguments) = start.trim().split_once(' ').unwrap_or((start.trim(), ""));
    let words = format!("{kernel} panic=-1 rdinit={program}");
    match arguments.trim() {
        "" => words.trim().to_owned(),
        arguments => format!("{} -- {arguments}", words.trim()),
    }
}

/// With a comma after every three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_boot_has_another_first_program() {
        assert_eq!(
            command_line("console=ttyAMA0 quiet", "/bin/true"),
            "console=ttyAMA0 quiet panic=-1 rdinit=/bin/true"
        );
        assert_eq!(
            command_line("quiet -- single", "/bin/fb-animation --frames 1"),
            "quiet panic=-1 rdinit=/bin/fb-animation -- --frames 1"
        );
        assert_eq!(command_line("", "/bin/true"), "panic=-1 rdinit=/bin/true");
    }

    #[test]
    fn only_a_first_program_that_ends_well_is_counted() {
        let measured =
            Measured { start: String::new(), prints: Some("ready".to_owned()), at_most: None };
        let failure = |said: &str| {
            let counted = Counted { instructions: 1, has_drawn: false, said: said.to_owned() };
            failure(&measured, &counted, false)
        };
        let ended = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000\n";
        assert_eq!(failure(&format!("ready\n{ended}")), None);
        assert_eq!(failure("ready\n"), None);
        assert_eq!(failure("read\n").as_deref(), Some("it did not print \"ready\": read"));
        let code = ended.replace("0000\n", "0100\n");
        assert!(failure(&format!("ready\n{code}")).is_some());
        assert!(failure("ready\nKernel panic - not syncing: No working init found.\n").is_some());
    }

    #[test]
    fn counts_that_differ_or_are_too_many_break_the_promise() {
        let measured = Measured { start: String::new(), prints: None, at_most: Some(1_000) };
        let kept = |counts: &[u64]| -> Vec<bool> {
            judge("userspace", &measured, counts).iter().map(|proof| proof.is_kept).collect()
        };
        assert_eq!(kept(&[1_000, 1_000]), [true, true]);
        assert_eq!(kept(&[1_001, 1_001]), [true, false]);
        assert_eq!(kept(&[999, 998]), [false, true]);
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
    }
}
