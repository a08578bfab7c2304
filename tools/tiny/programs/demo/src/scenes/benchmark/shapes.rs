//! The kinds of shapes that are drawn, at random places that are the same in every run.

use crate::canvas::{
    Area, Canvas, Colour, OPAQUE, Point, Ramp, Sprite, area, at, blow_bubble, ramp_to_white,
};
use crate::scenes::Fonts;

/// The side of the pictures that are copied, and of the sprites.
const SIDE: usize = 72;

/// A kind of shape.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Rectangle,
    Glass,
    Picture,
    Bubble,
    Triangle,
    Line,
    Text,
}

/// A kind of shape as it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) shape: Shape,
    pub(super) name: &'static str,
    pub(super) colour: Colour,
}

const fn kind(shape: Shape, name: &'static str, colour: Colour) -> Kind {
    Kind { shape, name, colour }
}

/// All kinds in the order in which they are measured.
#[rustfmt::skip]
pub(super) const KINDS: [Kind; 7] = [
    kind(Shape::Rectangle, "Rectangles", Colour::rgb(110, 190, 230)),
    kind(Shape::Glass, "Blended rectangles", Colour::rgb(120, 210, 180)),
    kind(Shape::Picture, "Pictures", Colour::rgb(180, 210, 120)),
    kind(Shape::Bubble, "Blended sprites", Colour::rgb(240, 210, 110)),
    kind(Shape::Triangle, "Triangles", Colour::rgb(250, 170, 100)),
    kind(Shape::Line, "Lines", Colour::rgb(240, 130, 130)),
    kind(Shape::Text, "Text", Colour::rgb(200, 150, 230)),
];

/// What shapes are made of, and the chance that places them.
#[derive(Debug)]
pub(super) struct Stock {
    picture: [u16; SIDE * SIDE],
    bubble: [u16; SIDE * SIDE],
    ramp: Ramp,
    seed: u32,
}

impl Stock {
    pub(super) fn new() -> Self {
        let side = SIDE as i32;
        let mut bubble = [0; SIDE * SIDE];
        blow_bubble(side, &mut bubble);
        let ramp = ramp_to_white(Colour::rgb(250, 180, 120));
        let mut picture = [0; SIDE * SIDE];
        let mut canvas = Canvas::new(&mut picture, side, side);
        canvas.gradient(canvas.whole(), [70, 110, 160], [240, 190, 150]);
        canvas.stamp(&Sprite::new(side, &bubble), at(0, 0), &ramp);
        Self { picture, bubble, ramp, seed: 1 }
    }

    /// A number by chance, from 0 up to below a limit of at most 65,536.
    fn chance(&mut self, limit: i32) -> i32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (((self.seed >> 16) * limit as u32) >> 16) as i32
    }

    fn spot(&mut self, stage: Area) -> Point {
        at(stage.x + self.chance(stage.width), stage.y + self.chance(stage.height))
    }

    /// A place of the given size that lies in the stage.
    fn room(&mut self, stage: Area, width: i32, height: i32) -> Area {
        let inside = area(stage.x, stage.y, stage.width - width, stage.height - height);
        let corner = self.spot(inside);
        area(corner.x, corner.y, width, height)
    }

    fn colour(&mut self) -> Colour {
        let index = self.chance(KINDS.len() as i32) as usize;
        let shade = self.chance(14) as u32;
        Colour::rgb(20, 24, 50).over(KINDS[index].colour, shade)
    }

    /// Draws one shape and returns how many pixels it has.
    pub(super) fn draw(
        &mut self,
        shape: Shape,
        canvas: &mut Canvas<'_>,
        fonts: &mut Fonts<'_>,
        stage: Area,
    ) -> u32 {
        let colour = self.colour();
        let pixels = match shape {
            Shape::Rectangle => {
                let place = self.room(stage, 128, 96);
                canvas.fill(place, colour);
                place.width * place.height
            }
            Shape::Glass => {
                let place = self.room(stage, 128, 96);
                canvas.blend(place, colour, OPAQUE / 3);
                place.width * place.height
            }
            Shape::Picture => {
                let place = self.room(stage, SIDE as i32, SIDE as i32);
                canvas.copy(&self.picture, place.width, at(place.x, place.y));
                place.width * place.height
            }
            Shape::Bubble => {
                let place = self.room(stage, SIDE as i32, SIDE as i32);
                let sprite = Sprite::new(place.width, &self.bubble);
                canvas.stamp(&sprite, at(place.x, place.y), &self.ramp);
                place.width * place.height
            }
            Shape::Triangle => self.triangle(canvas, stage, colour),
            Shape::Line => {
                let [from, to] = [self.spot(stage), self.spot(stage)];
                canvas.line(from, to, colour);
                (to.x - from.x).abs().max((to.y - from.y).abs()) + 1
            }
            Shape::Text => {
                let place = self.room(stage, 160, 16);
                let end =
                    fonts.text.write(canvas, at(place.x, place.y), "The quick brown fox", colour);
                (end - place.x) * place.height
            }
        };
        pixels as u32
    }

    fn triangle(&mut self, canvas: &mut Canvas<'_>, stage: Area, colour: Colour) -> i32 {
        let place = self.room(stage, 160, 140);
        let [first, second, third] = [self.spot(place), self.spot(place), self.spot(place)];
        canvas.triangle([first, second, third], colour);
        let across = (second.x - first.x) * (third.y - first.y);
        let down = (third.x - first.x) * (second.y - first.y);
        (across - down).abs() / 2
    }
}
