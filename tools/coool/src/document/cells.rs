//! Names of cells and ranges, as Calc and Excel write them.

/// The last row of a sheet, from 1 (Calc since 7.4, Excel).
const LAST_ROW: u32 = 1_048_576;
/// The last column of a sheet, from 1: `XFD`.
const LAST_COLUMN: u32 = 16_384;

/// Whether a text names a cell, a range of cells, whole rows or whole columns: `A5`, `$A$1:B7`,
/// `3:5`, `A:C`. A row or column beyond the last is none.
pub(crate) fn is_range(text: &str) -> bool {
    let mut ends = text.split(':');
    let (Some(first), second, None) = (ends.next(), ends.next(), ends.next()) else { return false };
    let (first, second) = (Corner::of(first), second.map(Corner::of));
    match (first, second) {
        (Some(Corner::Cell), None) => true,
        (Some(first), Some(Some(second))) => first == second,
        _ => false,
    }
}

/// One end of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Corner {
    Cell,
    Row,
    Column,
}

impl Corner {
    /// `$A$1`, `A1`, `$A` or `7`, in any capitals.
    fn of(text: &str) -> Option<Self> {
        // The second end of a range may name its sheet once more: `A1:$Sheet1.B2`.
        let text = text.rsplit_once('.').map_or(text, |(_, cell)| cell);
        let text = text.strip_prefix('$').unwrap_or(text);
        let letters = text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (column, rest) = text.split_at(letters);
        let row = if column.is_empty() { rest } else { rest.strip_prefix('$').unwrap_or(rest) };
        match (column.is_empty(), row.is_empty()) {
            (false, false) => (is_column(column) && is_row(row)).then_some(Self::Cell),
            (false, true) => is_column(column).then_some(Self::Column),
            (true, false) => is_row(row).then_some(Self::Row),
            (true, true) => None,
        }
    }
}

fn is_row(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse().is_ok_and(|row: u32| (1..=LAST_ROW).contains(&row))
}

fn is_column(letters: &str) -> bool {
    letters.len() <= 3 && column_number(letters) <= LAST_COLUMN
}

/// `A` is 1, `Z` 26, `AA` 27.
fn column_number(letters: &str) -> u32 {
    letters
        .bytes()
        .fold(0, |number, letter| number * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1)
}

/// The letters of a column, from 0: 0 is `A`, 26 is `AA`.
pub(crate) fn column_name(mut number: u64) -> String {
    let mut letters = Vec::new();
    loop {
        let letter = u8::try_from(number % 26).expect("it is below 26");
        letters.push(char::from(b'A' + letter));
        match (number / 26).checked_sub(1) {
            Some(rest) => number = rest,
            None => break,
        }
    }
    letters.iter().rev().collect()
}

/// Splits `$'My Sheet'.A1` or `Sheet!A1` into the sheet's name and the cells. None where no sheet is
/// named.
pub(crate) fn split_sheet(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('$').unwrap_or(text);
    if text.starts_with('\'') {
        let end = quoted_end(text)?;
        let rest = &text[end..];
        let cells = rest.strip_prefix(['.', '!'])?;
        return Some((unquoted(&text[..end]), cells));
    }
    let separator = text.rfind('!').or_else(|| {
        // The sheet's own name may hold dots; in a range, the dot is in its first end.
        let end = text.find(':').unwrap_or(text.len());
        text[..end].rfind('.')
    })?;
    Some((text[..separator].to_owned(), &text[separator + 1..]))
}

/// Where a name in quotes ends; a quote in it is written twice.
fn quoted_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            if bytes.get(at + 1) != Some(&b'\'') {
                return Some(at + 1);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

/// A sheet's name without its quotes and without `$`.
pub(crate) fn unquoted(text: &str) -> String {
    let text = text.strip_prefix('$').unwrap_or(text);
    match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => text.to_owned(),
    }
}

/// A sheet's name with quotes where it needs them.
pub(crate) fn quoted(name: &str) -> String {
    let plain = !needs_quotes(name) && !name.contains('.');
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "''")) }
}

/// Whether a sheet's name stands in quotes in Excel: it could be read as something else, such as a
/// number, a cell (`Q3`) or a sum (`a-b`).
pub(crate) fn needs_quotes(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    let begins = name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    !begins || !name.chars().all(is_plain) || is_range(name) || is_row_and_column(name)
}

/// The other way to write cells: `R1C1`, `RC`, `R`, `C2`.
fn is_row_and_column(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_column = |text: &str| text.strip_prefix('c').is_some_and(digits);
    match small.strip_prefix('r') {
        Some(rest) => {
            let column = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            column.is_empty() || is_column(column)
        }
        None => is_column(&small),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_ranges_have_many_spellings() {
        for good in ["A1", "$A$1", "xfd1048576", "A1:B2", "$A$1:$B$2", "A:C", "3:5", "A1:$S.B2"] {
            assert!(is_range(good), "{good}");
        }
        for bad in ["", "A", "5", "A0", "XFE1", "A1048577", "A1:", ":", "A1:B", "AAAA1", "A1:B2:C3"]
        {
            assert!(!is_range(bad), "{bad}");
        }
    }

    #[test]
    fn a_sheet_is_named_before_a_dot_or_an_exclamation_mark() {
        for (text, sheet, cells) in [
            ("Sheet1.A1", "Sheet1", "A1"),
            ("$Sheet1.$A$1:$B$2", "Sheet1", "$A$1:$B$2"),
            ("'My Sheet'!A1", "My Sheet", "A1"),
            ("$'It''s'.A1", "It's", "A1"),
            ("v1.2.A1", "v1.2", "A1"),
        ] {
            assert_eq!(split_sheet(text), Some((sheet.to_owned(), cells)), "{text}");
        }
        assert_eq!(split_sheet("A1"), None);
    }

    #[test]
    fn a_name_that_could_be_read_otherwise_stands_in_quotes() {
        for name in ["lib++6", "2021-01-01", "2021", "My Sheet", "Q3", "R1C1", "rc", "it's"] {
            assert!(needs_quotes(name), "{name}");
        }
        for name in ["Costs", "Sheet_1", "Sheet1", "\u{dc}bersicht", "Record"] {
            assert!(!needs_quotes(name), "{name}");
        }
    }

    #[test]
    fn columns_are_counted_in_letters() {
        for (number, name) in
            [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
        {
            assert_eq!(column_name(number), name);
            assert_eq!(u64::from(column_number(name)), number + 1);
        }
    }
}
