//! The mouse's arrow: where it is, and how it looks.

use crate::canvas::{Area, Canvas, Colour, OPAQUE, Point, at};
use crate::events::Event;

/// The arrow, row by row: the width of its dark edge's left part, light inside and right edge
/// follow from the letters.
const ARROW: [&[u8]; 17] = [
    b"#",
    b"##",
    b"#.#",
    b"#..#",
    b"#...#",
    b"#....#",
    b"#.....#",
    b"#......#",
    b"#.......#",
    b"#........#",
    b"#.........#",
    b"#......#####",
    b"#...#..#",
    b"#..# #..#",
    b"#.#  #..#",
    b"##    #..#",
    b"       ##",
];

/// The mouse on the canvas; unseen until it moves.
#[derive(Debug, Default)]
pub(super) struct Pointer {
    /// How far the mouse went from the middle.
    way: Point,
    seen: bool,
}

impl Pointer {
    /// Follows the mouse; other events do not matter.
    pub(super) fn follow(&mut self, event: Event) {
        match event {
            Event::Moved { right, down } => {
                self.way = at(self.way.x + right, self.way.y + down);
                self.seen = true;
            }
            Event::Button(..) => self.seen = true,
            Event::Turned(_) | Event::Key(..) => {}
        }
    }

    /// Where it points to; it cannot leave the area.
    pub(super) fn place(&mut self, whole: Area) -> Point {
        let middle = at(whole.width / 2, whole.height / 2);
        self.way.x = self.way.x.clamp(-middle.x, whole.width - 1 - middle.x);
        self.way.y = self.way.y.clamp(-middle.y, whole.height - 1 - middle.y);
        at(middle.x + self.way.x, middle.y + self.way.y)
    }

    /// Draws the arrow, with a shadow.
    pub(super) fn draw(&mut self, canvas: &mut Canvas<'_>) {
        let tip = self.place(canvas.whole());
        if !self.seen {
            return;
        }
        each_dot(|x, y, _| canvas.dot(at(tip.x + x + 2, tip.y + y + 2), Colour(0), OPAQUE / 4));
        each_dot(|x, y, letter| {
            let colour = if letter == b'#' { Colour::rgb(24, 26, 40) } else { Colour(0xFFFF) };
            canvas.dot(at(tip.x + x, tip.y + y), colour, OPAQUE);
        });
    }
}

fn each_dot(mut draw: impl FnMut(i32, i32, u8)) {
    for (row, y) in ARROW.iter().zip(0..) {
        for (&letter, x) in row.iter().zip(0..) {
            if letter != b' ' {
                draw(x, y, letter);
            }
        }
    }
}
