//! A rectangle of pixels and what can be drawn on it, with whole numbers only.
//!
//! A pixel is 16 bits, five of red, six of green and five of blue: half the
//! memory and half the writes of 32 bits, and what small screens show anyway.
//! Everything is cut at the canvas's edge, so nothing drawn can be out of place.

mod gradient;
mod shapes;
mod sprite;

pub use gradient::Shade;
pub use sprite::{Ramp, Sprite, blow_bubble, ramp_to_white};

/// A colour as a pixel keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour(pub u16);

/// How much of a colour covers what is below: from 0, unseen, to [`OPAQUE`].
pub type Opacity = u32;

/// Nothing shows through.
pub const OPAQUE: Opacity = 32;

/// Room between the three parts of a colour, for one multiplication to scale all of them.
const APART: u32 = 0x07E0_F81F;

impl Colour {
    /// The nearest colour to the given parts, each up to 255.
    #[must_use]
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self(((red as u16 >> 3) << 11) | ((green as u16 >> 2) << 5) | (blue as u16 >> 3))
    }

    /// This colour laid over another.
    #[must_use]
    pub const fn over(self, below: Self, opacity: Opacity) -> Self {
        let above = spread(self.0);
        let below = spread(below.0);
        // The parts may borrow from each other in between; the mask puts that right.
        let mixed = (above.wrapping_sub(below).wrapping_mul(opacity) >> 5).wrapping_add(below);
        let mixed = mixed & APART;
        Self((mixed | (mixed >> 16)) as u16)
    }
}

const fn spread(pixel: u16) -> u32 {
    (pixel as u32 | ((pixel as u32) << 16)) & APART
}

/// A place on the canvas; the first pixel is at 0, 0, and y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Pixels from the left.
    pub x: i32,
    /// Pixels from the top.
    pub y: i32,
}

/// A point from its two numbers.
#[must_use]
pub const fn at(x: i32, y: i32) -> Point {
    Point { x, y }
}

/// An upright rectangle, empty where its width or height is not positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// The left edge, inside.
    pub x: i32,
    /// The top edge, inside.
    pub y: i32,
    /// How many pixels wide.
    pub width: i32,
    /// How many pixels high.
    pub height: i32,
}

/// An area from its corner and its size.
#[must_use]
pub const fn area(x: i32, y: i32, width: i32, height: i32) -> Area {
    Area { x, y, width, height }
}

impl Area {
    /// What belongs to both areas.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        area(x, y, (right - x).max(0), (bottom - y).max(0))
    }

    /// The area without a rim of the given width.
    #[must_use]
    pub const fn inside(self, rim: i32) -> Self {
        area(self.x + rim, self.y + rim, self.width - 2 * rim, self.height - 2 * rim)
    }

    /// Whether a point lies inside.
    #[must_use]
    pub fn holds(self, point: Point) -> bool {
        let across = self.x..self.x + self.width;
        let down = self.y..self.y + self.height;
        across.contains(&point.x) && down.contains(&point.y)
    }
}

/// Pixels to draw on, row by row.
#[derive(Debug)]
pub struct Canvas<'a> {
    pixels: &'a mut [u16],
    width: i32,
    height: i32,
    /// Where drawing has an effect.
    clip: Area,
}

impl<'a> Canvas<'a> {
    /// A canvas over the given pixels; what they show stays until drawn over.
    ///
    /// # Panics
    /// If there are fewer pixels than the size needs.
    #[must_use]
    pub fn new(pixels: &'a mut [u16], width: i32, height: i32) -> Self {
        assert!(width >= 0 && height >= 0 && pixels.len() >= (width * height) as usize);
        Self { pixels, width, height, clip: area(0, 0, width, height) }
    }

    /// The whole canvas as an area.
    #[must_use]
    pub const fn whole(&self) -> Area {
        area(0, 0, self.width, self.height)
    }

    /// The pixels, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[u16] {
        &self.pixels[..(self.width * self.height) as usize]
    }

    /// The same canvas, on which nothing outside the area can be drawn.
    #[must_use]
    pub fn within(&mut self, clip: Area) -> Canvas<'_> {
        let clip = self.clip.common(clip);
        Canvas { pixels: self.pixels, width: self.width, height: self.height, clip }
    }

    /// The pixels of row `y` from `x` on, `width` of them at most, and how many were cut off
    /// at the left.
    pub fn row(&mut self, x: i32, y: i32, width: i32) -> (usize, &mut [u16]) {
        let seen = self.clip.common(area(x, y, width, 1));
        if seen.height == 0 || seen.width == 0 {
            return (0, &mut []);
        }
        let start = (seen.y * self.width + seen.x) as usize;
        ((seen.x - x) as usize, &mut self.pixels[start..start + seen.width as usize])
    }

    /// Fills an area with one colour.
    pub fn fill(&mut self, place: Area, colour: Colour) {
        let seen = self.clip.common(place);
        for y in seen.y..seen.y + seen.height {
            self.row(seen.x, y, seen.width).1.fill(colour.0);
        }
    }

    /// Lays a colour over an area; what is below shines through.
    pub fn blend(&mut self, place: Area, colour: Colour, opacity: Opacity) {
        let seen = self.clip.common(place);
        for y in seen.y..seen.y + seen.height {
            for pixel in self.row(seen.x, y, seen.width).1 {
                *pixel = colour.over(Colour(*pixel), opacity).0;
            }
        }
    }

    /// Lays a colour over one pixel.
    pub fn dot(&mut self, place: Point, colour: Colour, opacity: Opacity) {
        if self.clip.holds(place) {
            let pixel = &mut self.pixels[(place.y * self.width + place.x) as usize];
            *pixel = colour.over(Colour(*pixel), opacity).0;
        }
    }

    /// Copies a picture, `width` pixels wide, to a place.
    pub fn copy(&mut self, picture: &[u16], width: i32, to: Point) {
        for (row, y) in picture.chunks_exact(width as usize).zip(to.y..) {
            let (cut, pixels) = self.row(to.x, y, width);
            pixels.copy_from_slice(&row[cut..cut + pixels.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_over_another_keeps_both_ends_exact() {
        let sand = Colour::rgb(230, 200, 140);
        let sea = Colour::rgb(10, 60, 120);

        assert_eq!(sand.over(sea, 0), sea);
        assert_eq!(sand.over(sea, OPAQUE), sand);
        assert_eq!(sand.over(sea, OPAQUE / 2), Colour::rgb(112, 128, 128));
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut pixels = [0; 12];
        let mut canvas = Canvas::new(&mut pixels, 4, 3);

        canvas.fill(area(-5, 1, 7, 100), Colour(7));
        canvas.within(area(3, 0, 1, 1)).fill(area(0, 0, 4, 3), Colour(9));
        canvas.copy(&[1, 2, 3, 4], 2, at(3, -1));

        assert_eq!(canvas.pixels(), [0, 0, 0, 3, 7, 7, 0, 0, 7, 7, 0, 0]);
    }
}
