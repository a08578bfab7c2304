//! Finds the addresses in a formula that stand in it as they are, and those that it computes.

/// Functions whose first argument is an address, in capitals.
const FUNCTIONS: &[&str] = &["HYPERLINK", "WEBSERVICE", "IMAGE"];

/// The addresses that a formula leads to or loads: the first argument of `HYPERLINK("…")` and
/// `WEBSERVICE("…")` and `IMAGE("…")` where it is written out, in pieces joined by `&` too, and the documents of
/// `'file:///…'#$Sheet`.
fn addresses(formula: &str) -> Vec<String> {
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

/// A link that a formula makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    /// One to this address.
    To(String),
    /// One to an address that nobody knows before the sheet is calculated; the formula.
    Computed(String),
}

/// The links that the formula of a cell makes; `shown` is the text that the cell shows, where it
/// shows one.
pub(crate) fn links(formula: &str, shown: Option<&str>) -> Vec<Made> {
    let shown = shown.map(str::trim).filter(|shown| !shown.is_empty());
    let computed = computed(bare(formula)).map(|computed| match (computed, shown) {
        (Computed::Shown, Some(shown)) => Made::To(shown.to_owned()),
        _ => Made::Computed(format!("={}", bare(formula))),
    });
    computed.into_iter().chain(addresses(formula).into_iter().map(Made::To)).collect()
}

/// Whether what a cell shows is the address of its link.
pub(crate) fn shows_address(formula: &str) -> bool {
    computed(bare(formula)) == Some(Computed::Shown)
}

/// A formula without what says in which language it is written, `of:=`.
fn bare(formula: &str) -> &str {
    let (language, rest) = formula.split_once(":=").unwrap_or(("", formula));
    let rest =
        if language.bytes().all(|byte| byte.is_ascii_alphanumeric()) { rest } else { formula };
    rest.trim_start_matches('=')
}

/// A link whose address is not written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Computed {
    /// The formula is the link alone, and without other words: its value is the address.
    Shown,
    /// Its address is known when the sheet is calculated, and to nobody else.
    Hidden,
}

/// Whether a formula makes a link by `HYPERLINK` whose address it computes.
fn computed(formula: &str) -> Option<Computed> {
    let mut rest = Scanner { text: formula, at: 0 };
    let mut is_first = true;
    while let Some(token) = rest.next() {
        if let Token::Name(name) = token
            && name.eq_ignore_ascii_case("HYPERLINK")
        {
            let before = rest.at;
            if rest.first_argument().is_some() {
                continue;
            }
            rest.at = before;
            let (arguments, is_last) = rest.arguments()?;
            let shown = is_first && is_last && arguments == 1;
            return Some(if shown { Computed::Shown } else { Computed::Hidden });
        }
        is_first &= matches!(token, Token::Sign('='));
    }
    None
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

    /// How many arguments a function has, and whether nothing stands behind it; None where it is none.
    fn arguments(&mut self) -> Option<(usize, bool)> {
        if !matches!(self.next()?, Token::Sign('(')) {
            return None;
        }
        let (mut depth, mut count) = (1_usize, 1);
        while depth > 0 {
            match self.next()? {
                Token::Sign('(' | '{' | '[') => depth += 1,
                Token::Sign(')' | '}' | ']') => depth -= 1,
                Token::Sign(',' | ';') if depth == 1 => count += 1,
                _ => {}
            }
        }
        Some((count, self.next().is_none()))
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

    #[test]
    fn computed_addresses_are_known_as_such() {
        for (formula, found) in [
            ("HYPERLINK(A1)", Some(Computed::Shown)),
            (r#"=HYPERLINK("http://a.example/"&A1)"#, Some(Computed::Shown)),
            (r#"HYPERLINK(CONCAT("a",B1),"here")"#, Some(Computed::Hidden)),
            (r#"IF(A1,HYPERLINK(B1),"")"#, Some(Computed::Hidden)),
            (r#"HYPERLINK("http://a.example/","here")"#, None),
            ("SUM(A1:A2)", None),
        ] {
            assert_eq!(computed(formula), found, "{formula}");
        }
    }

    #[test]
    fn what_a_cell_shows_is_the_address_where_the_formula_is_the_link_alone() {
        let computed = |formula: &str| vec![Made::Computed(formula.to_owned())];
        for (formula, shown, made) in [
            ("of:=HYPERLINK([.B1])", Some("a.ods"), vec![Made::To("a.ods".to_owned())]),
            ("of:=HYPERLINK([.B1])", Some(""), computed("=HYPERLINK([.B1])")),
            ("HYPERLINK(B1)", None, computed("=HYPERLINK(B1)")),
            (r#"=HYPERLINK(B1,"a:=b")"#, Some("a:=b"), computed(r#"=HYPERLINK(B1,"a:=b")"#)),
            (r#"=HYPERLINK("b","a")"#, Some("a"), vec![Made::To("b".to_owned())]),
            ("SUM(B1)", Some("1"), vec![]),
        ] {
            assert_eq!(links(formula, shown), made, "{formula}");
        }
    }

    proptest! {
        #[test]
        fn no_formula_is_too_strange(formula in "[=HYPERLINK(\"';,&)#é]{0,40}|\\PC*") {
            links(&formula, Some(&formula));
        }
    }
}
