//! Options of the kernel's and of BusyBox's configuration, by name and without the `CONFIG_`.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// What an option is set to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(i64),
    /// A text, as hexadecimal numbers are too.
    Text(String),
}

/// Options with what each is set to, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Options(BTreeMap<String, Value>);

impl Options {
    /// Sets what others set, in place of what was set before.
    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(others.iter().map(|(name, value)| (name.to_owned(), value.clone())));
    }

    /// Sets one.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// All but these.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let rest = self.iter().filter(|(name, _)| !names.contains(name));
        Self(rest.map(|(name, value)| (name.to_owned(), value.clone())).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Switch(true))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Reads a `.config`: what is not set is off.
    ///
    /// Format: `Documentation/kbuild/kconfig.rst` of the kernel's sources.
    pub(crate) fn parse(text: &str) -> Self {
        let mut options = Self::default();
        for line in text.lines() {
            if let Some(name) =
                line.strip_prefix("# CONFIG_").and_then(|rest| rest.strip_suffix(" is not set"))
            {
                options.set(name, Value::Switch(false));
            } else if let Some((name, value)) =
                line.strip_prefix("CONFIG_").and_then(|rest| rest.split_once('='))
            {
                options.set(name, Value::parse(value));
            }
        }
        options
    }
}

impl Value {
    fn parse(text: &str) -> Self {
        match text {
            "y" => Self::Switch(true),
            "n" => Self::Switch(false),
            _ => match text.parse() {
                Ok(number) => Self::Number(number),
                Err(_) => Self::Text(unquoted(text)),
            },
        }
    }
}

/// A text without the quotes around it and the backslashes in it.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut unquoted = String::new();
    let mut letters = inside.unwrap_or(text).chars();
    while let Some(letter) = letters.next() {
        let plain = if letter == '\\' { letters.next() } else { Some(letter) };
        unquoted.extend(plain);
    }
    unquoted
}

/// For people.
impl Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(true) => formatter.write_str("on"),
            Self::Switch(false) => formatter.write_str("off"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => write!(formatter, "`{}`", names::shown_text(text)),
        }
    }
}

/// As a `.config` holds them.
impl Display for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            match value {
                Value::Switch(true) => writeln!(formatter, "CONFIG_{name}=y")?,
                Value::Switch(false) => writeln!(formatter, "# CONFIG_{name} is not set")?,
                Value::Number(number) => writeln!(formatter, "CONFIG_{name}={number}")?,
                // Hexadecimal numbers stand without quotes.
                Value::Text(text) if text.starts_with("0x") => {
                    writeln!(formatter, "CONFIG_{name}={text}")?;
                }
                Value::Text(text) => {
                    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                    writeln!(formatter, "CONFIG_{name}=\"{escaped}\"")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = "\
CONFIG_CMDLINE=\"console=ttyAMA0 \\\"quiet\\\"\"
CONFIG_HZ=100
# CONFIG_PRINTK is not set
CONFIG_TTY=y
CONFIG_ZBOOT_ROM_BSS=0x0
";
        assert_eq!(Options::parse(text).to_string(), text);
    }
}
