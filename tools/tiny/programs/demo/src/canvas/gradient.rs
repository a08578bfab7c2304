//! Soft changes of colour, dithered, since five bits of red would show as bands.

use super::{Area, Canvas, Colour};

/// A colour before it is cut down to a pixel: red, green and blue, up to 255.
pub type Shade = [u8; 3];

/// The order in which the pixels of a square of four by four step up.
const DITHER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// What is added before a part is cut down, by how many bits it loses.
const STEPS: [i32; 3] = [8, 4, 8];

impl Canvas<'_> {
    /// Fills an area from one shade at its top to another at its bottom.
    pub fn gradient(&mut self, place: Area, top: Shade, bottom: Shade) {
        let seen = self.clip.common(place);
        for y in seen.y..seen.y + seen.height {
            let pattern = pattern(between(top, bottom, y - place.y, place.height), y);
            let row = self.row(seen.x, y, seen.width).1;
            for (pixel, x) in row.iter_mut().zip(seen.x as usize..) {
                *pixel = pattern[x & 3];
            }
        }
    }
}

/// The shade at a part of the way, in 16ths.
fn between(from: Shade, to: Shade, part: i32, whole: i32) -> [i32; 3] {
    [0, 1, 2].map(|index| {
        let from = i32::from(from[index]) * 16;
        let to = i32::from(to[index]) * 16;
        from + (to - from) * part / whole.max(1)
    })
}

/// Four pixels side by side that look like the shade from afar.
fn pattern(shade: [i32; 3], y: i32) -> [u16; 4] {
    DITHER[(y & 3) as usize].map(|step| {
        let parts = [0, 1, 2].map(|index| {
            let raised = shade[index] + i32::from(step) * STEPS[index];
            (raised / 16).min(255) as u8
        });
        Colour::rgb(parts[0], parts[1], parts[2]).0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::area;

    #[test]
    fn a_shade_between_two_colours_is_a_mixture_of_both() {
        let mut pixels = [0; 16];
        let mut canvas = Canvas::new(&mut pixels, 4, 4);

        canvas.gradient(area(0, 0, 4, 4), [0, 130, 0], [0, 130, 0]);

        let brighter = canvas.pixels().iter().filter(|&&pixel| pixel == 33 << 5).count();
        let darker = canvas.pixels().iter().filter(|&&pixel| pixel == 32 << 5).count();
        assert_eq!((brighter, darker), (8, 8));
    }
}
