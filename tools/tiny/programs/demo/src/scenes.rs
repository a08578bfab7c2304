//! The four programs' pictures, each drawn from what it knows and the moment.

pub mod animation;
pub mod benchmark;
pub mod input;
pub mod windows;

mod backdrop;
mod pointer;

use crate::canvas::Canvas;
use crate::events::Event;
use crate::font::Font;

/// The letters that scenes write with.
#[derive(Debug)]
pub struct Fonts<'a> {
    /// Capitals twelve pixels high.
    pub text: Font<'a>,
    /// Twice as large.
    pub title: Font<'a>,
}

/// When a frame is drawn.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Milliseconds since the scene began.
    pub milliseconds: i32,
    /// Tenths of frames in a second, where it was measured.
    pub rate: Option<u32>,
    /// Microseconds that pass; none where every machine is to draw the same.
    pub clock: Option<&'a dyn Fn() -> u64>,
}

/// A picture that changes.
pub trait Scene {
    /// Takes notice of what a hand did.
    fn notice(&mut self, event: Event);

    /// Draws the whole canvas anew.
    fn draw(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, moment: Moment<'_>);

    /// Whether nothing more will change.
    fn is_over(&self) -> bool {
        false
    }

    /// What is left to say on the terminal, line by line.
    fn say(&self, _line: &mut dyn FnMut(&str)) {}
}

#[cfg(test)]
mod tests;
