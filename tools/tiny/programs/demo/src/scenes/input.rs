//! `fb-input`: what mouse and keyboard send, on a picture of a keyboard.
//!
//! Keys and buttons light up while they are down and keep a glow once they were
//! seen; the last events stand beside, with the numbers that Linux gives them.

use super::pointer::Pointer;
use super::{Fonts, Moment, Scene};
use crate::canvas::{Area, Canvas, Colour, OPAQUE, Point, area, at};
use crate::events::{Button, Change, Event};
use crate::keys;
use crate::words::Words;

const INK: Colour = Colour::rgb(226, 232, 240);
const FAINT: Colour = Colour::rgb(132, 146, 170);
const PANEL: Colour = Colour::rgb(12, 16, 28);
const IDLE: Colour = Colour::rgb(52, 62, 84);
const KNOWN: Colour = Colour::rgb(44, 96, 110);
const LIT: Colour = Colour::rgb(255, 176, 84);
const DARK: Colour = Colour::rgb(40, 26, 10);

/// How many events are remembered.
const REMEMBERED: usize = 6;

/// What is known of a key or button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Unseen,
    Down,
    Seen,
}

/// All keys and buttons, and the last events.
#[derive(Debug)]
pub struct Input {
    keys: [State; 256],
    buttons: [State; 3],
    last: [Option<Event>; REMEMBERED],
    wheel: i32,
    pointer: Pointer,
    devices: u32,
}

impl Input {
    /// Nothing was touched yet; `devices` could be opened.
    #[must_use]
    pub fn new(devices: u32) -> Self {
        Self {
            keys: [State::Unseen; 256],
            buttons: [State::Unseen; 3],
            last: [None; REMEMBERED],
            wheel: 0,
            pointer: Pointer::default(),
            devices,
        }
    }

    fn remember(&mut self, event: Event) {
        self.last.rotate_right(1);
        self.last[0] = Some(event);
    }
}

impl Scene for Input {
    fn notice(&mut self, event: Event) {
        self.pointer.follow(event);
        match event {
            Event::Moved { .. } => return,
            Event::Turned(steps) => self.wheel += steps,
            Event::Button(button, change) => self.buttons[button as usize] = after(change),
            Event::Key(key, change) => {
                if let Some(state) = self.keys.get_mut(usize::from(key)) {
                    *state = after(change);
                }
            }
        }
        self.remember(event);
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, _: Moment<'_>) {
        let whole = canvas.whole();
        canvas.gradient(whole, [30, 40, 62], [14, 18, 32]);
        fonts.title.write(canvas, at(24, 22), "Mouse and keyboard", INK);
        let said = match self.devices {
            0 => Words::new().say("no /dev/input/event* could be opened"),
            devices => Words::new().number(devices).say(" devices; q ends"),
        };
        fonts.text.write(canvas, at(25, 60), said.as_str(), FAINT);
        let panels = area(24, 90, whole.width - 48, 126);
        self.draw_mouse(canvas, fonts, area(panels.x, panels.y, 250, panels.height));
        let events = area(panels.x + 262, panels.y, panels.width - 262, panels.height);
        self.draw_events(canvas, fonts, events);
        self.draw_keyboard(canvas, fonts, area(24, 228, whole.width - 48, 232));
        self.pointer.draw(canvas);
    }
}

impl Input {
    fn draw_mouse(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, panel: Area) {
        canvas.rounded(panel, 10, PANEL, OPAQUE * 3 / 4);
        let body = area(panel.x + 18, panel.y + 14, 72, 98);
        canvas.rounded(body, 30, IDLE, OPAQUE);
        let buttons = [Button::Left, Button::Middle, Button::Right];
        for (button, column) in buttons.into_iter().zip(0..) {
            let place = area(body.x + 6 + column * 21, body.y + 10, 18, 34);
            canvas.rounded(place, 6, colour(self.buttons[button as usize], PANEL), OPAQUE);
        }
        let place = self.pointer.place(canvas.whole());
        let lines = [
            Words::new().say("across ").number(place.x as u32),
            Words::new().say("down ").number(place.y as u32),
            Words::new()
                .say(if self.wheel < 0 { "wheel -" } else { "wheel " })
                .number(self.wheel.unsigned_abs()),
        ];
        for (line, row) in lines.iter().zip(0..) {
            let from = at(body.x + body.width + 20, panel.y + 26 + row * 30);
            fonts.text.write(canvas, from, line.as_str(), INK);
        }
    }

    fn draw_events(&self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, panel: Area) {
        canvas.rounded(panel, 10, PANEL, OPAQUE * 3 / 4);
        let from = at(panel.x + 16, panel.y + 10);
        if self.last[0].is_none() {
            fonts.text.write(canvas, from, "Press a key, move the mouse.", FAINT);
        }
        for (event, row) in self.last.iter().flatten().zip(0..) {
            let ink = if row == 0 { INK } else { FAINT };
            let line = describe(*event);
            fonts.text.write(canvas, at(from.x, from.y + row * 19), line.as_str(), ink);
        }
    }

    fn draw_keyboard(&self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, panel: Area) {
        canvas.rounded(panel, 10, PANEL, OPAQUE * 3 / 4);
        let inside = panel.inside(8);
        let height = inside.height / keys::ROWS.len() as i32;
        for (row, y) in keys::ROWS.into_iter().zip(0..) {
            let mut passed = 0;
            for &(key, width) in row {
                let left = passed * inside.width / keys::WIDEST;
                passed += i32::from(width);
                let right = passed * inside.width / keys::WIDEST;
                let place = area(inside.x + left, inside.y + y * height, right - left, height);
                if key > 0 {
                    self.draw_key(canvas, fonts, place.inside(1), u16::from(key));
                }
            }
        }
    }

    fn draw_key(&self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, place: Area, key: u16) {
        let state = self.keys[usize::from(key)];
        canvas.rounded(place, 5, colour(state, IDLE), OPAQUE);
        let ink = if state == State::Down { DARK } else { INK };
        let middle: Point = at(place.x + place.width / 2, place.y + (place.height - 12) / 2);
        fonts.text.write_centred(canvas, middle, label(key), ink);
    }
}

fn after(change: Change) -> State {
    match change {
        Change::Up => State::Seen,
        Change::Down | Change::Repeated => State::Down,
    }
}

fn colour(state: State, unseen: Colour) -> Colour {
    match state {
        State::Unseen => unseen,
        State::Down => LIT,
        State::Seen => KNOWN,
    }
}

/// What stands on a key; arrows need less room than their names.
fn label(key: u16) -> &'static str {
    match key {
        103 => "^",
        105 => "<",
        106 => ">",
        108 => "v",
        _ => keys::name(key).unwrap_or_default(),
    }
}

fn describe(event: Event) -> Words {
    match event {
        Event::Moved { .. } => Words::new().say("mouse moved"),
        Event::Turned(steps) if steps < 0 => Words::new().say("wheel towards you"),
        Event::Turned(_) => Words::new().say("wheel away from you"),
        Event::Button(button, change) => {
            let name = match button {
                Button::Left => "left",
                Button::Right => "right",
                Button::Middle => "middle",
            };
            Words::new().say(name).say(" button ").say(verb(change))
        }
        Event::Key(key, change) => {
            let words = Words::new().say("key ").number(u32::from(key)).say("  ");
            words.say(keys::name(key).unwrap_or("without a name")).say(" ").say(verb(change))
        }
    }
}

fn verb(change: Change) -> &'static str {
    match change {
        Change::Down => "down",
        Change::Up => "up",
        Change::Repeated => "repeats",
    }
}
