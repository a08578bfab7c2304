//! An evening sky above three rows of hills.

use crate::canvas::{Canvas, Colour, OPAQUE, Shade, area, at};
use crate::sine::smooth_sine;

/// The widest canvas whose hills are drawn to the end.
const WIDEST: usize = 1280;

const ZENITH: Shade = [24, 30, 78];
const MIDDLE: Shade = [150, 76, 122];
const HORIZON: Shade = [255, 178, 112];

/// A row of hills: colours, where it stands (in 256ths of the height), how high it swings, and
/// how fast it passes by.
struct Hills {
    top: Shade,
    bottom: Shade,
    level: i32,
    swing: i32,
    pace: i32,
}

#[rustfmt::skip]
const HILLS: [Hills; 3] = [
    Hills { top: [178, 98, 118], bottom: [140, 84, 116], level: 172, swing: 18, pace: 2 },
    Hills { top: [104, 66, 106], bottom: [72, 54, 92], level: 194, swing: 20, pace: 5 },
    Hills { top: [48, 42, 76], bottom: [16, 20, 42], level: 220, swing: 22, pace: 10 },
];

/// Draws the whole landscape as it is at a moment.
pub(super) fn draw(canvas: &mut Canvas<'_>, milliseconds: i32) {
    let whole = canvas.whole();
    let horizon = whole.height * 48 / 64;
    let middle = horizon * 9 / 16;
    canvas.gradient(area(0, 0, whole.width, middle), ZENITH, MIDDLE);
    canvas.gradient(area(0, middle, whole.width, horizon - middle), MIDDLE, HORIZON);
    stars(canvas, middle, milliseconds);
    sun(canvas, horizon);
    for (hills, seed) in HILLS.iter().zip(1..) {
        ridge(canvas, hills, seed, milliseconds);
    }
}

/// Some stars, which twinkle.
fn stars(canvas: &mut Canvas<'_>, below: i32, milliseconds: i32) {
    let width = canvas.whole().width;
    let mut seed = 7_u32;
    for index in 0..70 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let x = ((seed >> 16) as i32 * width) >> 16;
        let height = (seed & 0xFF) as i32;
        let y = height * height / 256 * below / 256;
        let twinkle = smooth_sine(milliseconds * 20 + index * 9000) / 512 + 12;
        let faint = 256 - y * 256 / below.max(1);
        canvas.dot(at(x, y), Colour::rgb(255, 250, 230), (twinkle * faint / 256) as u32);
    }
}

fn sun(canvas: &mut Canvas<'_>, horizon: i32) {
    let place = at(canvas.whole().width * 11 / 16, horizon - canvas.whole().height / 9);
    let radius = canvas.whole().height / 11;
    for ring in 1..=4 {
        canvas.disc(place, radius + ring * ring * 4, Colour::rgb(255, 214, 150), 3);
    }
    canvas.disc(place, radius, Colour::rgb(255, 236, 190), OPAQUE);
}

/// One row of hills, down to the bottom of the canvas.
fn ridge(canvas: &mut Canvas<'_>, hills: &Hills, seed: i32, milliseconds: i32) {
    let whole = canvas.whole();
    let mut edge = [0; WIDEST];
    let drift = milliseconds / 16 * hills.pace;
    let mut highest = whole.height;
    for (height, x) in edge.iter_mut().zip(0..whole.width) {
        let along = x * 16 + drift;
        let wave = smooth_sine(along * 9 + seed * 20_000) * 5
            + smooth_sine(along * 23 + seed * 9_000) * 2
            + smooth_sine(along * 61);
        *height = (hills.level * whole.height / 256) + wave * hills.swing / 32_768;
        highest = highest.min(*height);
    }
    let lowest = edge.iter().copied().max().unwrap_or(highest);
    let depth = whole.height - highest;
    for y in highest..whole.height {
        let colour = mix(hills, y - highest, depth);
        let row = canvas.row(0, y, whole.width).1;
        if y > lowest {
            row.fill(colour.0);
        } else {
            for (pixel, &height) in row.iter_mut().zip(&edge) {
                if y >= height {
                    *pixel = colour.0;
                }
            }
        }
    }
}

fn mix(hills: &Hills, part: i32, whole: i32) -> Colour {
    let [red, green, blue] = [0, 1, 2].map(|index| {
        let top = i32::from(hills.top[index]);
        (top + (i32::from(hills.bottom[index]) - top) * part / whole.max(1)) as u8
    });
    Colour::rgb(red, green, blue)
}
