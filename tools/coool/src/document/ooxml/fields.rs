//! The instructions of Word's fields: `HYPERLINK "http://a.example/" \l "place"`.

use crate::address::Named;
use crate::link::Kind;

/// What a field leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// An address, with the place in it.
    Address { kind: Kind, address: String },
    /// A bookmark of the document.
    Reference { named: Named, name: String },
}

/// Reads an instruction; None where the field leads nowhere.
pub(super) fn field(instruction: &str) -> Option<Field> {
    let words = words(instruction);
    let name = words.first()?.text.to_ascii_uppercase();
    let arguments = &words[1..];
    let argument = || first_argument(arguments);
    match name.as_str() {
        "HYPERLINK" => {
            let place = switch(arguments, "\\l").map_or(String::new(), |place| format!("#{place}"));
            let address = format!("{}{place}", argument().unwrap_or_default());
            Some(Field::Address { kind: Kind::Text, address })
        }
        "INCLUDEPICTURE" | "IMPORT" => {
            Some(Field::Address { kind: Kind::ImageSource, address: argument()? })
        }
        "INCLUDETEXT" | "RD" => Some(Field::Address { kind: Kind::Section, address: argument()? }),
        // The first argument is the program.
        "LINK" => {
            let plain = arguments.iter().filter(|word| !word.is_switch());
            Some(Field::Address {
                kind: Kind::Object,
                address: plain.skip(1).map(|word| word.text.clone()).next()?,
            })
        }
        "REF" | "PAGEREF" | "NOTEREF" => {
            Some(Field::Reference { named: Named::Bookmark, name: argument()? })
        }
        _ => None,
    }
}

/// A word of an instruction.
struct Word {
    text: String,
    quoted: bool,
}

impl Word {
    fn is_switch(&self) -> bool {
        !self.quoted && self.text.starts_with('\\')
    }
}

/// In quotes, a backslash stands before a quote or a backslash that is meant.
fn words(instruction: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = instruction.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            continue;
        }
        let quoted = matches!(letter, '"' | '“' | '”');
        let mut text = String::new();
        if quoted {
            while let Some(letter) = letters.next() {
                match letter {
                    '"' | '“' | '”' => break,
                    '\\' if matches!(letters.peek(), Some('\\' | '"')) => {
                        text.extend(letters.next());
                    }
                    letter => text.push(letter),
                }
            }
        } else {
            text.push(letter);
            while let Some(letter) =
                letters.next_if(|letter| !letter.is_whitespace() && *letter != '"')
            {
                text.push(letter);
            }
        }
        words.push(Word { text, quoted });
    }
    words
}

/// Switches of `HYPERLINK` and its like that have an argument of their own.
const WITH_ARGUMENT: &[&str] = &["\\l", "\\o", "\\t", "\\c", "\\*", "\\#", "\\@", "\\d"];

fn first_argument(words: &[Word]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.is_switch() {
            return Some(word.text.clone());
        }
        if WITH_ARGUMENT.contains(&word.text.as_str()) {
            words.next();
        }
    }
    None
}

fn switch(words: &[Word], name: &str) -> Option<String> {
    let at = words.iter().position(|word| word.is_switch() && word.text == name)?;
    words.get(at + 1).map(|word| word.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instructions_are_understood() {
        let address = |kind, address: &str| Some(Field::Address { kind, address: address.into() });
        for (instruction, expected) in [
            (
                r#" HYPERLINK "http://a.example/" \o "tip" "#,
                address(Kind::Text, "http://a.example/"),
            ),
            (r#"HYPERLINK \l "Place""#, address(Kind::Text, "#Place")),
            (r#"hyperlink "C:\\a\\b.docx" \l Place"#, address(Kind::Text, r"C:\a\b.docx#Place")),
            (r"HYPERLINK http://a.example/", address(Kind::Text, "http://a.example/")),
            (r#"INCLUDEPICTURE "a.png" \d"#, address(Kind::ImageSource, "a.png")),
            (
                r#"LINK Excel.Sheet.12 "C:\\a.xlsx" "S!R1C1" \a"#,
                address(Kind::Object, r"C:\a.xlsx"),
            ),
            (
                r"PAGEREF _Toc1 \h",
                Some(Field::Reference { named: Named::Bookmark, name: "_Toc1".to_owned() }),
            ),
            ("PAGE", None),
            ("", None),
        ] {
            assert_eq!(field(instruction), expected, "{instruction}");
        }
    }

    proptest! {
        #[test]
        fn no_instruction_is_too_strange(instruction in "[HYPERLINKREF \\\\\"lo]{0,40}|\\PC*") {
            field(&instruction);
        }
    }
}
