//! What tells two names apart although they are alike: numbers, letters that count, and marks that
//! programs make and that mean nothing.
//!
//! `Figure2` is not a slip of `Figure1`, and `_Toc123456782` is near nothing.
//!
//! Proof: `tests/proposals.rs::nothing_is_proposed_across_what_counts`

/// Words that count, in English, German and French: numbers, ordinals, months, days, sides.
const WORDS: &[&str] = &[
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "last",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "erste",
    "erster",
    "erstes",
    "zweite",
    "zweiter",
    "zweites",
    "dritte",
    "dritter",
    "drittes",
    "vierte",
    "fünfte",
    "sechste",
    "siebte",
    "achte",
    "neunte",
    "zehnte",
    "un",
    "une",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "sept",
    "huit",
    "neuf",
    "dix",
    "premier",
    "première",
    "deuxième",
    "troisième",
    "quatrième",
    "cinquième",
    "sixième",
    "septième",
    "huitième",
    "neuvième",
    "dixième",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "janvier",
    "février",
    "mars",
    "avril",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "left",
    "right",
    "upper",
    "lower",
    "north",
    "south",
    "east",
    "west",
    "old",
    "new",
    "alpha",
    "beta",
    "gamma",
    "delta",
];

/// What counts in a name, in its order: `Appendix C 02` has `c` and `2`.
pub(crate) fn counting(name: &str) -> Vec<String> {
    words(name).iter().filter_map(|word| counted(word)).collect()
}

fn counted(word: &str) -> Option<String> {
    if word.chars().all(char::is_numeric) {
        let number = word.trim_start_matches('0');
        return Some(if number.is_empty() { "0" } else { number }.to_owned());
    }
    let small = word.to_lowercase();
    let is_letter = word.chars().count() == 1;
    (is_letter || is_roman(&small) || WORDS.contains(&small.as_str())).then_some(small)
}

/// Up to 39: beyond, words look like it.
fn is_roman(word: &str) -> bool {
    let tens = word.trim_start_matches('x');
    let ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    word.len() - tens.len() <= 3 && !word.is_empty() && ones.contains(&tens)
}

/// The words of a name; digits are words of their own, and so is what begins with a capital.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|before| letters[before]);
        if before.is_some_and(|before| is_border(before, letter, letters.get(at + 1))) {
            words.push(String::new());
        }
        words.last_mut().expect("there is one").push(letter);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a word begins with the letter: `2` in `Figure2`, `C` in `AppendixC`, `I` in `AIntro`.
fn is_border(before: char, letter: char, after: Option<&char>) -> bool {
    let begins = letter.is_uppercase()
        && (before.is_lowercase() || after.is_some_and(|after| after.is_lowercase()));
    before.is_numeric() != letter.is_numeric() || begins
}

/// What the programs call the marks that they make themselves, in small letters.
const MARKS: &[&str] = &[
    "_toc",
    "_ref",
    "_hlk",
    "_enref",
    "_goback",
    "_msoanchor",
    "_mailauto",
    "__ref",
    "__dde",
    "__field",
    "__unref",
    "_heading=",
    "heading=",
    "bookmark=",
    "_bookmark=",
    "kix.",
    "ole_link",
];

/// Whether a name is a mark of a program and says nothing of what it marks: such names are not
/// compared with others.
pub(crate) fn is_mark(name: &str) -> bool {
    let small = name.to_lowercase();
    MARKS.iter().any(|mark| small.starts_with(mark))
        || is_hexadecimal(&small)
        || small.split(|letter: char| !letter.is_alphanumeric()).any(is_gibberish)
}

/// Whether it is the mark of an entry in a table of contents, which names a heading.
pub(crate) fn is_contents_mark(name: &str) -> bool {
    let small = name.to_lowercase();
    small.starts_with("_toc") || small.starts_with("__refheading")
}

/// A number, a checksum, or an identifier such as a UUID.
fn is_hexadecimal(name: &str) -> bool {
    const LEAST: usize = 8;
    let digits: String = name.chars().filter(|letter| !"-_{}".contains(*letter)).collect();
    digits.len() >= LEAST
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits.bytes().any(|byte| byte.is_ascii_digit())
}

/// A word that nobody can say: `gjdgxs`, `30j0zll`.
fn is_gibberish(word: &str) -> bool {
    const LEAST: usize = 5;
    if word.len() < LEAST || !word.is_ascii() {
        return false;
    }
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let bytes = word.as_bytes();
    let runs = 1 + bytes.windows(2).filter(|two| is_digit(&two[0]) != is_digit(&two[1])).count();
    let no_vowel = !bytes.iter().any(|byte| is_digit(byte) || b"aeiouy".contains(byte));
    no_vowel || runs >= 5 || (runs >= 3 && is_digit(&bytes[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ordinals_and_single_letters_count() {
        for (name, counts) in [
            ("Figure2", &["2"][..]),
            ("AppendixC", &["c"]),
            ("Appendix C", &["c"]),
            ("Report_2024.docx", &["2024"]),
            ("Part II, second edition", &["ii", "second"]),
            ("PartAIntro 02", &["a", "2"]),
            ("Costs of the project", &[]),
        ] {
            assert_eq!(counting(name), counts, "{name}");
        }
    }

    #[test]
    fn marks_of_programs_say_nothing() {
        for mark in [
            "_Toc123456782",
            "__RefHeading___Toc1_2",
            "_heading=h.gjdgxs",
            "_30j0zll",
            "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        ] {
            assert!(is_mark(mark), "{mark}");
        }
        for name in ["Costs", "Figure2", "Appendix_C", "two-words", "Rhythmus", "deadbeef"] {
            assert!(!is_mark(name), "{name}");
        }
    }
}
