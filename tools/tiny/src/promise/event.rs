//! What a person does at the keyboard and with the mouse, written as `key a`, `move 20 10`,
//! `button left`.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Something done at the keyboard or with the mouse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Event {
    /// A key is pressed and let go; its name is that of QEMU, such as `a`, `ret`, `f1`.
    Key(String),
    /// The mouse is moved.
    Move {
        /// To the right; less than nought is to the left.
        right: i16,
        /// Downwards; less than nought is upwards.
        down: i16,
    },
    /// A button of the mouse is pressed and let go.
    Button(Button),
}

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// The left one.
    Left,
    /// The one in the middle.
    Middle,
    /// The right one.
    Right,
}

/// A text that is no event.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing to send such as `key a`, `move 20 10` or `button left`")]
pub(crate) struct NoEvent(String);

impl Button {
    /// As it is written, here and by QEMU.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Middle => "middle",
            Self::Right => "right",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Left, Self::Middle, Self::Right].into_iter().find(|button| button.name() == name)
    }
}

impl FromStr for Event {
    type Err = NoEvent;

    fn from_str(text: &str) -> Result<Self, NoEvent> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let event = match *words {
            ["key", key] if is_key_name(key) => Some(Self::Key(key.to_owned())),
            ["move", right, down] => right
                .parse()
                .ok()
                .zip(down.parse().ok())
                .map(|(right, down)| Self::Move { right, down }),
            ["button", name] => Button::named(name).map(Self::Button),
            _ => None,
        };
        event.ok_or_else(|| NoEvent(text.to_owned()))
    }
}

/// Whether this can be one of the names that QEMU has for keys; which there are, it knows itself.
fn is_key_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

impl TryFrom<String> for Event {
    type Error = NoEvent;

    fn try_from(text: String) -> Result<Self, NoEvent> {
        text.parse()
    }
}

impl From<Event> for String {
    fn from(event: Event) -> Self {
        event.to_string()
    }
}

impl Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) => write!(formatter, "key {name}"),
            Self::Move { right, down } => write!(formatter, "move {right} {down}"),
            Self::Button(button) => write!(formatter, "button {}", button.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_written_alike() {
        for text in ["key a", "key kp_enter", "move -20 10", "button middle"] {
            assert_eq!(text.parse::<Event>().expect("an event").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for text in ["", "key", "key A", "key a b", "move 1", "move 1 x", "button up", "press a"] {
            assert_eq!(text.parse::<Event>(), Err(NoEvent(text.to_owned())));
        }
    }
}
