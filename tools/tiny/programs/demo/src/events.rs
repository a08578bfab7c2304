//! What mouse and keyboard send, from the kernel's records to our events.

/// Something that a hand did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The mouse was moved.
    Moved {
        /// Steps to the right.
        right: i32,
        /// Steps down.
        down: i32,
    },
    /// The wheel was turned, away from the hand where positive.
    Turned(i32),
    /// A button of the mouse.
    Button(Button, Change),
    /// A key, by its number in Linux.
    Key(u16, Change),
}

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Under the forefinger.
    Left,
    /// Under the ring finger.
    Right,
    /// In between.
    Middle,
}

/// What happened to a key or button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was pressed.
    Down,
    /// It was let go.
    Up,
    /// It is still down, says the keyboard.
    Repeated,
}

/// What a record of the kernel means: its `type`, `code` and `value`.
#[must_use]
pub fn understand(kind: u16, code: u16, value: i32) -> Option<Event> {
    const KEY: u16 = 1;
    const RELATIVE: u16 = 2;
    match (kind, code) {
        (RELATIVE, 0) => Some(Event::Moved { right: value, down: 0 }),
        (RELATIVE, 1) => Some(Event::Moved { right: 0, down: value }),
        (RELATIVE, 8) => Some(Event::Turned(value)),
        (KEY, 0x110) => Some(Event::Button(Button::Left, change(value))),
        (KEY, 0x111) => Some(Event::Button(Button::Right, change(value))),
        (KEY, 0x112) => Some(Event::Button(Button::Middle, change(value))),
        (KEY, 0..0x100) => Some(Event::Key(code, change(value))),
        _ => None,
    }
}

const fn change(value: i32) -> Change {
    match value {
        0 => Change::Up,
        1 => Change::Down,
        _ => Change::Repeated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_mean_something_become_events() {
        assert_eq!(understand(2, 1, -3), Some(Event::Moved { right: 0, down: -3 }));
        assert_eq!(understand(1, 0x110, 1), Some(Event::Button(Button::Left, Change::Down)));
        assert_eq!(understand(1, 30, 2), Some(Event::Key(30, Change::Repeated)));
        assert_eq!(understand(0, 0, 0), None);
    }
}
