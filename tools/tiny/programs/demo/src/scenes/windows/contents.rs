//! What the windows show: waves, a plasma, a cube and a text.

use crate::canvas::{Area, Canvas, Colour, OPAQUE, Point, area, at};
use crate::scenes::Fonts;
use crate::sine::{cosine, sine, smooth_sine};
use crate::words::Words;

/// The widest plasma that is drawn to the end.
const WIDEST: usize = 256;

/// What a window shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Waves,
    Plasma,
    Cube,
    Notes,
}

impl Content {
    pub(super) fn draw(
        self,
        canvas: &mut Canvas<'_>,
        fonts: &mut Fonts<'_>,
        place: Area,
        milliseconds: i32,
    ) {
        match self {
            Self::Waves => waves(canvas, place, milliseconds),
            Self::Plasma => plasma(canvas, place, milliseconds),
            Self::Cube => cube(canvas, place, milliseconds),
            Self::Notes => notes(canvas, fonts, place, milliseconds),
        }
    }
}

/// Three curves over a grid.
fn waves(canvas: &mut Canvas<'_>, place: Area, milliseconds: i32) {
    let middle = place.y + place.height / 2;
    for step in (0..place.width).step_by(24) {
        canvas.blend(area(place.x + step, place.y, 1, place.height), Colour(0xFFFF), 2);
    }
    for step in (-48..=48).step_by(24) {
        canvas.blend(area(place.x, middle + step, place.width, 1), Colour(0xFFFF), 2);
    }
    let curves = [
        (Colour::rgb(120, 220, 230), 300, 22, 56),
        (Colour::rgb(250, 196, 120), 460, -31, 36),
        (Colour::rgb(230, 130, 170), 700, 45, 22),
    ];
    for (colour, length, pace, swing) in curves {
        let height = |x: i32| {
            let fade = sine(x * 128 / place.width.max(1));
            middle + smooth_sine(x * length + milliseconds * pace) * swing / 4096 * fade / 256
        };
        for x in 0..place.width {
            let from = at(place.x + x, height(x));
            canvas.line(from, at(place.x + x + 1, height(x + 1)), colour);
            canvas.dot(at(from.x, from.y + 1), colour, OPAQUE / 2);
        }
    }
}

/// Waves in two directions that become colours.
fn plasma(canvas: &mut Canvas<'_>, place: Area, milliseconds: i32) {
    let time = milliseconds / 16;
    let mut palette = [0; 128];
    for (colour, step) in palette.iter_mut().zip(0..) {
        let part = |phase: i32, swing: i32| (148 + sine(step * 2 + phase) * swing / 256) as u8;
        *colour = Colour::rgb(part(time / 2, 96), part(90, 70), part(170 - time / 3, 90)).0;
    }
    let mut columns = [0; WIDEST];
    for (column, x) in columns.iter_mut().zip(0..) {
        *column = sine(x * 2 + time) + sine(x + 60 - time * 2);
    }
    for y in 0..place.height {
        let row = sine(y * 3 - time) + sine(y + time * 2);
        let (cut, pixels) = canvas.row(place.x, place.y + y, place.width);
        for (pixel, (x, column)) in pixels.iter_mut().zip((0..).zip(&columns).skip(cut)) {
            let value = column + row + sine(x + y * 2 + time);
            *pixel = palette[(value >> 3 & 127) as usize];
        }
    }
}

/// The corners of each side of the cube, so that they turn right seen from outside.
const SIDES: [[usize; 4]; 6] =
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]];

/// A turning cube; the sides that face away are not drawn.
fn cube(canvas: &mut Canvas<'_>, place: Area, milliseconds: i32) {
    let size = place.width.min(place.height) * 9 / 32;
    let middle = at(place.x + place.width / 2, place.y + place.height / 2);
    let corners: [Point; 8] = core::array::from_fn(|corner| {
        let sign = |bit: usize| if corner >> bit & 1 == 0 { -256 } else { 256 };
        turned([sign(0), sign(1), sign(2)], milliseconds, middle, size)
    });
    for (side, number) in SIDES.iter().zip(0..) {
        let [first, second, third, fourth] = side.map(|corner| corners[corner]);
        let facing = (second.x - first.x) * (fourth.y - first.y)
            - (second.y - first.y) * (fourth.x - first.x);
        if facing <= 0 {
            continue;
        }
        let light = (facing * 20 / (size * size * 4)).clamp(0, 20) as u32 + 12;
        let colour =
            [Colour::rgb(255, 196, 120), Colour::rgb(240, 130, 110), Colour::rgb(120, 200, 210)]
                [number / 2]
                .over(Colour::rgb(30, 24, 40), light);
        canvas.triangle([first, second, third], colour);
        canvas.triangle([first, third, fourth], colour);
        for (from, to) in [(first, second), (second, third), (third, fourth), (fourth, first)] {
            canvas.line(from, to, Colour(0xFFFF).over(colour, 16));
        }
    }
}

/// A corner after the turns around two axes, seen from in front.
fn turned(corner: [i32; 3], milliseconds: i32, middle: Point, size: i32) -> Point {
    let [x, y, z] = corner;
    let turn = milliseconds / 24;
    let (x, z) =
        ((x * cosine(turn) + z * sine(turn)) / 256, (z * cosine(turn) - x * sine(turn)) / 256);
    let tilt = milliseconds / 37;
    let (y, z) =
        ((y * cosine(tilt) + z * sine(tilt)) / 256, (z * cosine(tilt) - y * sine(tilt)) / 256);
    let distance = 1400 + z;
    at(middle.x + x * size * 5 / distance, middle.y + y * size * 5 / distance)
}

fn notes(canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, place: Area, milliseconds: i32) {
    let seconds = Words::new().say("Open for ").number(milliseconds as u32 / 1000).say(" s");
    let lines = [
        "Linux, a shell and these",
        "windows in one small file.",
        "",
        "Take me by my title.",
        seconds.as_str(),
    ];
    for (line, row) in lines.iter().zip(0..) {
        let ink = Colour::rgb(232, 226, 214);
        fonts.text.write(canvas, at(place.x + 6, place.y + 6 + row * 23), line, ink);
    }
}
