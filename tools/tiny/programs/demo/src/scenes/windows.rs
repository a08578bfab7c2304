//! `fb-windows`: windows that cast shadows and shine through.
//!
//! They wander by themselves. A window that the mouse takes by its title comes
//! to the front and stays where it is put.

mod contents;

use super::pointer::Pointer;
use super::{Fonts, Moment, Scene};
use crate::canvas::{Area, Canvas, Colour, OPAQUE, Point, area, at};
use crate::events::{Button, Change, Event};
use crate::sine::smooth_sine;

use contents::Content;

/// The height of a title bar.
const BAR: i32 = 28;

const GLASS: Colour = Colour::rgb(18, 24, 38);
const INK: Colour = Colour::rgb(236, 240, 246);

/// A window, and what moves it.
#[derive(Debug)]
struct Window {
    title: &'static str,
    content: Content,
    accent: Colour,
    /// Around this corner it wanders.
    home: Point,
    width: i32,
    height: i32,
    /// Where a hand has put it.
    put: Option<Point>,
    /// Where it was drawn last.
    corner: Point,
}

/// The windows, from the back to the front, and the hand.
#[derive(Debug)]
pub struct Windows {
    stack: [Window; 4],
    pointer: Pointer,
    /// From the mouse to the corner of the front window, while a hand drags it.
    grip: Option<Point>,
    whole: Area,
}

impl Windows {
    /// Opens the windows.
    #[must_use]
    pub fn new() -> Self {
        let window = |title, content, accent, home: Point, width, height| Window {
            title,
            content,
            accent,
            home,
            width,
            height,
            put: None,
            corner: home,
        };
        Self {
            stack: [
                window("Waves", Content::Waves, Colour::rgb(40, 120, 140), at(48, 262), 270, 168),
                window("Plasma", Content::Plasma, Colour::rgb(126, 70, 130), at(330, 44), 256, 190),
                window("Cube", Content::Cube, Colour::rgb(186, 96, 60), at(348, 210), 240, 220),
                window("Notes", Content::Notes, Colour::rgb(56, 96, 168), at(62, 60), 316, 170),
            ],
            pointer: Pointer::default(),
            grip: None,
            whole: area(0, 0, 640, 480),
        }
    }

    /// Where the front window is.
    #[cfg(test)]
    pub(super) fn front(&self) -> Point {
        let [.., front] = &self.stack;
        front.corner
    }

    /// Takes the window whose title is under the mouse, if there is one.
    fn take(&mut self) {
        let mouse = self.pointer.place(self.whole);
        let Some(hit) = self.stack.iter().rposition(|window| window.place().holds(mouse)) else {
            return;
        };
        self.stack[hit..].rotate_left(1);
        let [.., front] = &self.stack;
        if mouse.y < front.corner.y + BAR {
            self.grip = Some(at(front.corner.x - mouse.x, front.corner.y - mouse.y));
        }
    }

    /// Lets the front window follow the hand.
    fn drag(&mut self) {
        if let Some(grip) = self.grip {
            let mouse = self.pointer.place(self.whole);
            let corner = at(mouse.x + grip.x, mouse.y + grip.y);
            let [.., front] = &mut self.stack;
            front.put = Some(corner);
            front.corner = corner;
        }
    }
}

impl Default for Windows {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene for Windows {
    fn notice(&mut self, event: Event) {
        self.pointer.follow(event);
        match event {
            Event::Button(Button::Left, Change::Down) => self.take(),
            Event::Button(Button::Left, Change::Up) => self.grip = None,
            Event::Moved { .. } => self.drag(),
            _ => {}
        }
    }

    fn draw(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, moment: Moment<'_>) {
        self.whole = canvas.whole();
        wallpaper(canvas);
        for (window, layer) in self.stack.iter_mut().zip(1..) {
            window.corner = window.put.unwrap_or_else(|| window.wander(moment.milliseconds));
            window.draw(canvas, fonts, moment, layer == 4);
        }
        self.pointer.draw(canvas);
    }
}

impl Window {
    fn place(&self) -> Area {
        area(self.corner.x, self.corner.y, self.width, self.height)
    }

    /// A slow loop around the window's home, each at its own pace.
    fn wander(&self, milliseconds: i32) -> Point {
        let pace = self.width % 7 + 4;
        let across = smooth_sine(milliseconds * pace / 2 + self.home.x * 150);
        let down = smooth_sine(milliseconds * (pace + 2) / 3 + self.home.y * 200);
        at(self.home.x + across * 40 / 4096, self.home.y + down * 30 / 4096)
    }

    fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        fonts: &mut Fonts<'_>,
        moment: Moment<'_>,
        front: bool,
    ) {
        let place = self.place();
        shadow(canvas, place);
        let bar = area(place.x, place.y, place.width, BAR);
        let body = area(place.x, place.y + BAR, place.width, place.height - BAR);
        let strength = if front { OPAQUE - 2 } else { OPAQUE * 5 / 8 };
        canvas.within(bar).rounded(place, 8, self.accent, strength);
        canvas.within(body).rounded(place, 8, GLASS, OPAQUE * 3 / 4);
        canvas.blend(area(bar.x, bar.y + BAR - 1, bar.width, 1), Colour(0xFFFF), 5);
        fonts.text.write(canvas, at(bar.x + 14, bar.y + 8), self.title, INK);
        for (button, shine) in [(0, 22), (1, 14), (2, 8)] {
            let middle = at(bar.x + bar.width - 16 - button * 16, bar.y + BAR / 2);
            canvas.disc(middle, 4, Colour(0xFFFF), shine);
        }
        let inside = body.inside(8);
        self.content.draw(&mut canvas.within(inside), fonts, inside, moment.milliseconds);
    }
}

fn wallpaper(canvas: &mut Canvas<'_>) {
    let whole = canvas.whole();
    let upper = whole.height * 5 / 8;
    canvas.gradient(area(0, 0, whole.width, upper), [28, 58, 96], [88, 122, 150]);
    let lower = area(0, upper, whole.width, whole.height - upper);
    canvas.gradient(lower, [88, 122, 150], [206, 172, 148]);
}

/// A soft edge of darkness at the right of and below a window.
fn shadow(canvas: &mut Canvas<'_>, place: Area) {
    const DEEP: i32 = 12;
    for step in 0..DEEP {
        let opacity = ((DEEP - step) * 12 / DEEP) as u32;
        let right =
            area(place.x + place.width + step, place.y + DEEP, 1, place.height - DEEP + step);
        canvas.blend(right, Colour(0), opacity);
        let below =
            area(place.x + DEEP, place.y + place.height + step, place.width - DEEP + step + 1, 1);
        canvas.blend(below, Colour(0), opacity);
    }
}
