//! `fb-animation`: bubbles of glass rise in front of an evening sky.
//!
//! Every bubble is a sprite with its own transparency at each texel, blended
//! over a landscape that is drawn anew for each frame: nothing is prepared but
//! the three sizes of bubbles, 17 kB.

use super::{Fonts, Moment, Scene, backdrop};
use crate::canvas::{
    Area, Canvas, Colour, OPAQUE, Point, Ramp, Sprite, area, at, blow_bubble, ramp_to_white,
};
use crate::events::Event;
use crate::sine::smooth_sine;
use crate::words::Words;

/// From the farthest to the nearest.
const SIDES: [usize; 3] = [30, 48, 70];

/// How many bubbles there are of each size.
const COUNTS: [i32; 3] = [22, 14, 7];

#[rustfmt::skip]
const TINTS: [Colour; 6] = [
    Colour::rgb(120, 200, 240), Colour::rgb(250, 190, 120), Colour::rgb(170, 230, 190),
    Colour::rgb(240, 140, 150), Colour::rgb(190, 160, 240), Colour::rgb(250, 230, 170),
];

/// Room for the texels of all sizes.
type Texels = [u16; SIDES[0] * SIDES[0] + SIDES[1] * SIDES[1] + SIDES[2] * SIDES[2]];

/// The bubbles.
#[derive(Debug)]
pub struct Animation {
    texels: Texels,
    ramps: [Ramp; 6],
}

impl Animation {
    /// Blows the bubbles.
    #[must_use]
    pub fn new() -> Self {
        let mut texels: Texels = [0; _];
        let mut rest = texels.as_mut_slice();
        for side in SIDES {
            let (room, behind) = rest.split_at_mut(side * side);
            blow_bubble(side as i32, room);
            rest = behind;
        }
        Self { texels, ramps: TINTS.map(ramp_to_white) }
    }
}

impl Default for Animation {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene for Animation {
    fn notice(&mut self, _: Event) {}

    fn draw(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, moment: Moment<'_>) {
        backdrop::draw(canvas, moment.milliseconds);
        let whole = canvas.whole();
        let mut rest = self.texels.as_slice();
        let mut number = 0;
        for (side, count) in SIDES.into_iter().zip(COUNTS) {
            let (texels, behind) = rest.split_at(side * side);
            let sprite = Sprite::new(side as i32, texels);
            for _ in 0..count {
                let place = place(whole, number, sprite.side(), moment.milliseconds);
                canvas.stamp(&sprite, place, &self.ramps[number as usize * 5 % TINTS.len()]);
                number += 1;
            }
            rest = behind;
        }
        caption(canvas, fonts, number as u32, moment);
    }
}

/// Where a bubble is: it rises, the larger the faster, and sways.
fn place(whole: Area, number: i32, side: i32, milliseconds: i32) -> Point {
    let height = whole.height + 2 * side;
    let start = (number * 0x9E37) & 0xFFFF;
    let risen = milliseconds / 4 * (side + 20 + number % 7 * 3) / 160;
    let y = (start * height / 0x1_0000 - risen).rem_euclid(height) - side;
    let column = ((number * 0x6A09 + 0x2000) & 0xFFFF) * whole.width / 0x1_0000;
    let sway = smooth_sine(milliseconds * (5 + number % 5) + number * 12_000) * side / 5120;
    at(column - side / 2 + sway, y)
}

/// What is seen, in figures.
fn caption(canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, bubbles: u32, moment: Moment<'_>) {
    let whole = canvas.whole();
    let mut words = Words::new().number(bubbles).say(" bubbles, ");
    words = words.number(whole.width as u32).say(" x ").number(whole.height as u32);
    if let Some(rate) = moment.rate {
        words = words.say(", ").tenths(rate).say(" frames/s");
    }
    let width = fonts.text.width(words.as_str());
    let pill = area(16, whole.height - 44, width + 28, 30);
    canvas.rounded(pill, 15, Colour::rgb(10, 12, 30), OPAQUE / 2);
    let ink = Colour::rgb(250, 236, 220);
    fonts.text.write(canvas, at(pill.x + 14, pill.y + 9), words.as_str(), ink);
}
