//! Finds the addresses in a formula that stand in it as they are.

/// Functions whose first argument is an address, in capitals.
const FUNCTIONS: &[&str] = &["HYPERLINK", "WEBSERVICE"];

/// The addresses that a formula leads to or loads: the first argument of `HYPERLINK("…")` and
/// `WEBSERVICE("…")` where it is written out, in pieces joined by `&` too, and the documents of
/// `'file:///…'#$Sheet`.
pub(crate) fn addresses(formula: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = Scanner { text: formula, at: 0 };
    while let Some(token) = rest.next() {
        match token {
            Token::Name(name) if FUNCTIONS.iter().any(|known| name.eq_ignore_ascii_case(known)) => {
                found.extend(rest.first_argument());
            }
            Token::Quoted(document) if rest.peek() == Some('#') && document.contains(':') => {
                found.push(document);
            }
            _ => {}
        }
    }
    found
}

struct Scanner<'formula> {
    text: &'formula str,
    at: usize,
}

/// A piece of a formula, as far as it matters here.
enum Token<'formula> {
    Name(&'formula str),
    /// A text: `"a ""quoted"" word"`.
    Text(String),
    /// A name in apostrophes.
    Quoted(String),
    Sign(char),
}

impl<'formula> Scanner<'formula> {
    fn next(&mut self) -> Option<Token<'formula>> {
        self.blanks();
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        match first {
            '"' => Some(Token::Text(self.quoted('"'))),
            '\'' => Some(Token::Quoted(self.quoted('\''))),
            letter if letter.is_alphabetic() || letter == '_' => {
                let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
                let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
                self.at += length;
                Some(Token::Name(&rest[..length]))
            }
            sign => {
                self.at += sign.len_utf8();
                Some(Token::Sign(sign))
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    /// What stands between two of these signs, where two together are one that is meant.
    fn quoted(&mut self, sign: char) -> String {
        let mut inner = String::new();
        self.at += sign.len_utf8();
        while let Some(letter) = self.peek() {
            self.at += letter.len_utf8();
            if letter == sign {
                if self.peek() != Some(sign) {
                    break;
                }
                self.at += sign.len_utf8();
            }
            inner.push(letter);
        }
        inner
    }

    /// The first argument of a function, where it is made of texts alone.
    fn first_argument(&mut self) -> Option<String> {
        if !matches!(self.next()?, Token::Sign('(')) {
            return None;
        }
        let mut address = String::new();
        loop {
            let Token::Text(piece) = self.next()? else { return None };
            address.push_str(&piece);
            match self.next()? {
                Token::Sign('&') => {}
                Token::Sign(';' | ',' | ')') => return Some(address),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_out_addresses_are_found() {
        for (formula, found) in [
            (r#"of:=HYPERLINK("http://a.example/";"here")"#, &["http://a.example/"][..]),
            (r##"=IF(A1;hyperlink("#Sheet1"&".A1");"")"##, &["#Sheet1.A1"]),
            (r#"HYPERLINK("http://a.example/?q=""x""","y")"#, &["http://a.example/?q=\"x\""]),
            (r#"=WEBSERVICE("http://a.example/")&HYPERLINK("b")"#, &["http://a.example/", "b"]),
            ("='file:///tmp/b.ods'#$Sheet1.A1", &["file:///tmp/b.ods"]),
            (r#"=HYPERLINK(A1;"here")"#, &[]),
            (r#"=HYPERLINK("http://"&A1)"#, &[]),
            (r#"=HYPERLINK("http://a.example/"#, &[]),
            (r#"="HYPERLINK(""x"")""#, &[]),
        ] {
            assert_eq!(addresses(formula), found, "{formula}");
        }
    }

    proptest! {
        #[test]
        fn no_formula_is_too_strange(formula in "[=HYPERLINK(\"';,&)#é]{0,40}|\\PC*") {
            addresses(&formula);
        }
    }
}
