//! Round glassy sprites: each texel has its own transparency.

use super::{Canvas, Colour, OPAQUE, Opacity, Point};

/// The colours from a sprite's body to its brightest spot.
pub type Ramp = [Colour; 16];

/// A square of texels, opacity in the upper byte and the place on the ramp in the lower one.
#[derive(Debug)]
pub struct Sprite<'a> {
    side: i32,
    texels: &'a [u16],
}

impl<'a> Sprite<'a> {
    /// A sprite from its texels, `side` times `side`.
    #[must_use]
    pub const fn new(side: i32, texels: &'a [u16]) -> Self {
        Self { side, texels }
    }

    /// How many pixels wide and high.
    #[must_use]
    pub const fn side(&self) -> i32 {
        self.side
    }
}

/// Draws a bubble as the texels of a sprite.
pub fn blow_bubble(side: i32, texels: &mut [u16]) {
    for (texel, index) in texels.iter_mut().zip(0..side * side) {
        let (x, y) = (index % side, index / side);
        *texel = bubble_texel(2 * x + 1 - side, 2 * y + 1 - side, side);
    }
}

impl Canvas<'_> {
    /// Lays a sprite on the canvas in the colours of a ramp.
    pub fn stamp(&mut self, sprite: &Sprite<'_>, to: Point, ramp: &Ramp) {
        for (texels, y) in sprite.texels.chunks_exact(sprite.side as usize).zip(to.y..) {
            let (cut, pixels) = self.row(to.x, y, sprite.side);
            for (pixel, texel) in pixels.iter_mut().zip(&texels[cut..]) {
                let opacity = Opacity::from(texel >> 8);
                if opacity > 0 {
                    *pixel = ramp[usize::from(texel & 15)].over(Colour(*pixel), opacity).0;
                }
            }
        }
    }
}

/// A ramp from a colour to white.
#[must_use]
pub fn ramp_to_white(body: Colour) -> Ramp {
    let mut ramp = [body; 16];
    for (colour, step) in ramp.iter_mut().zip(0..) {
        *colour = Colour::rgb(255, 255, 255).over(body, step * 2);
    }
    ramp
}

/// A texel of a bubble of diameter `side`, at twice the distance from its middle.
fn bubble_texel(x: i32, y: i32, side: i32) -> u16 {
    // 256 is the rim.
    let distance = ((x * x + y * y) as u32).isqrt() as i32 * 256 / side;
    let covered = ((256 - distance) * side / 256).clamp(0, 2) * 16;
    let rim = distance * distance / 256 * distance / 256;
    let mut opacity = 7 + rim * 19 / 256;
    let mut shade = (rim * 5) / 256;

    // The sky mirrored at the upper left, and its light gathered at the lower right.
    let spot = spread(x * 256 / side + 88, y * 256 / side + 100, 84);
    opacity += spot * 24 / 256;
    shade += spot * 15 / 256;
    let glow = spread(x * 256 / side - 110, y * 256 / side - 120, 110);
    opacity += glow * 8 / 256;
    shade += glow * 7 / 256;

    let opacity = opacity.min(OPAQUE as i32 - 1) * covered / 32;
    (opacity as u16) << 8 | shade.clamp(0, 15) as u16
}

/// How near to the middle of a round spot, up to 256, and 0 outside.
fn spread(x: i32, y: i32, radius: i32) -> i32 {
    let distance = ((x * x + y * y) as u32).isqrt() as i32;
    (radius - distance).max(0) * 256 / radius
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::canvas::at;
    use crate::picture;

    #[test]
    fn a_bubble_has_a_rim_and_a_bright_spot() {
        let mut texels = [0; 18 * 18];
        blow_bubble(18, &mut texels);
        let bubble = Sprite::new(18, &texels);
        let mut pixels = [0; 20 * 18];
        let mut canvas = Canvas::new(&mut pixels, 20, 18);

        canvas.stamp(&bubble, at(1, 0), &ramp_to_white(Colour::rgb(80, 160, 200)));

        expect![[r#"
            |       ::::::
            |     :=------=:
            |    :-::::::::-:
            |   :-===:::::::-:
            |  :--+**-....:::-:
            |  =:-+%#=.....:::=
            | :-::=++-......::-:
            | :-:::-:.......::-:
            | :-::..........::-:
            | :-::..........::-:
            | :-::........::::-:
            | :-::.......:::-:-:
            |  =:::.....::----=
            |  :-:::....:-====:
            |   :-:::::::-===:
            |    :-::::::--=:
            |     :=------=:
            |       ::::::
        "#]]
        .assert_eq(&picture::as_text(&canvas));
    }
}
