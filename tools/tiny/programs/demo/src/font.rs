//! Our own letters, as strokes of a round pen, so that one description serves every size.
//!
//! `letters.txt` has a line for each letter: the letter, a blank, its strokes.
//! Two characters are a point (across and down, counted 0–9 and a–g), points
//! that follow each other are joined, and a blank lifts the pen. Capitals reach
//! from 0 down to c, small letters begin at 4, and what hangs below the line
//! ends at g. A letter is drawn when it is first used and kept after that.

use crate::canvas::{Canvas, Colour, OPAQUE, Point, at};

/// The printable letters of ASCII after the blank, a line each.
const LETTERS: &str = include_str!("font/letters.txt");

/// How many letters there are.
const COUNT: usize = 94;

/// A letter's cell, in units of the description: the widest letter and the pen's rim.
const CELL: Point = at(15, 19);

/// What is left free at the left of and above a letter in its cell.
const RIM: i32 = 1;

/// Between two letters.
const GAP: i32 = 3;

/// The width of a blank.
const BLANK: i32 = 5;

/// Pixels are cut this fine where strokes are measured.
const FINE: i32 = 16;

/// Letters of one size.
#[derive(Debug)]
pub struct Font<'a> {
    /// Pixels for a unit of the description.
    scale: i32,
    /// A cell for each letter: its advance, 0 as long as it is not drawn, and its pixels.
    cells: &'a mut [u8],
}

impl<'a> Font<'a> {
    /// How many bytes the letters of a size need.
    #[must_use]
    pub const fn room(scale: i32) -> usize {
        COUNT * Self::cell(scale)
    }

    const fn cell(scale: i32) -> usize {
        1 + (CELL.x * scale * CELL.y * scale) as usize
    }

    /// Letters whose capitals are twelve times `scale` pixels high; the room must be zeros.
    #[must_use]
    pub fn new(scale: i32, room: &'a mut [u8]) -> Self {
        Self { scale, cells: room }
    }

    /// From the top of the capitals to the line below.
    #[must_use]
    pub const fn height(&self) -> i32 {
        12 * self.scale
    }

    /// How many pixels wide a text is.
    #[must_use]
    pub fn width(&mut self, text: &str) -> i32 {
        let advances: i32 = text.bytes().map(|letter| self.advance(letter)).sum();
        (advances - GAP * self.scale).max(0)
    }

    /// Writes a text whose capitals begin at `from`, and returns where it ends.
    pub fn write(&mut self, canvas: &mut Canvas<'_>, from: Point, text: &str, ink: Colour) -> i32 {
        let scale = self.scale;
        let mut x = from.x;
        for letter in text.bytes() {
            if let Some([_, pixels @ ..]) = self.drawn(letter) {
                put(canvas, at(x - RIM * scale, from.y - RIM * scale), pixels, scale, ink);
            }
            x += self.advance(letter);
        }
        x
    }

    /// Writes a text with its middle at `x`.
    pub fn write_centred(&mut self, canvas: &mut Canvas<'_>, at: Point, text: &str, ink: Colour) {
        let x = at.x - self.width(text) / 2;
        self.write(canvas, Point { x, y: at.y }, text, ink);
    }

    fn advance(&mut self, letter: u8) -> i32 {
        let blank = BLANK * self.scale;
        self.drawn(letter).map_or(blank, |cell| i32::from(cell[0]))
    }

    /// The cell of a letter, drawn if it was not yet; none for the blank.
    fn drawn(&mut self, letter: u8) -> Option<&[u8]> {
        let index = usize::from(letter).checked_sub(33).filter(|&index| index < COUNT)?;
        let size = Self::cell(self.scale);
        let cell = &mut self.cells[index * size..][..size];
        if cell[0] == 0 {
            let line = LETTERS.as_bytes().split(|&byte| byte == b'\n').nth(index)?;
            cell[0] = draw(line.get(2..)?, self.scale, &mut cell[1..]);
        }
        Some(cell)
    }
}

/// Lays a drawn letter on the canvas.
fn put(canvas: &mut Canvas<'_>, corner: Point, pixels: &[u8], scale: i32, ink: Colour) {
    let width = CELL.x * scale;
    for (row, y) in pixels.chunks_exact(width as usize).zip(corner.y..) {
        let (cut, below) = canvas.row(corner.x, y, width);
        for (pixel, &covered) in below.iter_mut().zip(&row[cut..]) {
            if covered > 0 {
                *pixel = ink.over(Colour(*pixel), u32::from(covered)).0;
            }
        }
    }
}

/// Draws a letter into its cell and returns its advance.
fn draw(strokes: &[u8], scale: i32, pixels: &mut [u8]) -> u8 {
    let mut widest = 0;
    for stroke in strokes.split(|&byte| byte == b' ') {
        let (points, _) = stroke.as_chunks::<2>();
        for ends in points.windows(2) {
            let ends = [point(ends[0]), point(ends[1])];
            widest = widest.max(ends[0].x).max(ends[1].x);
            pull(ends.map(|end| at((end.x + RIM) * scale, (end.y + RIM) * scale)), scale, pixels);
        }
    }
    ((widest + GAP) * scale) as u8
}

fn point([across, down]: [u8; 2]) -> Point {
    let digit = |byte: u8| i32::from(if byte < b'a' { byte - b'0' } else { byte - b'a' + 10 });
    at(digit(across), digit(down))
}

/// Pulls the pen along one straight stroke.
fn pull(ends: [Point; 2], scale: i32, pixels: &mut [u8]) {
    let [from, to] = ends;
    // A little more than half the stroke: letters stay crisp at the smallest size.
    let radius = scale * FINE * 5 / 8;
    let reach = scale + 1;
    let width = CELL.x * scale;
    for y in (from.y.min(to.y) - reach).max(0)..=(from.y.max(to.y) + reach).min(CELL.y * scale - 1)
    {
        for x in (from.x.min(to.x) - reach).max(0)..=(from.x.max(to.x) + reach).min(width - 1) {
            let distance = distance(from, to, at(x, y));
            let covered = ((radius + FINE / 2 - distance) * 2).clamp(0, OPAQUE as i32) as u8;
            let pixel = &mut pixels[(y * width + x) as usize];
            *pixel = covered.max(*pixel);
        }
    }
}

/// From a place to the nearest one on a stroke, in fine steps.
fn distance(from: Point, to: Point, place: Point) -> i32 {
    let along = at(to.x - from.x, to.y - from.y);
    let away = at(place.x - from.x, place.y - from.y);
    let length = along.x * along.x + along.y * along.y;
    let part = (along.x * away.x + along.y * away.y).clamp(0, length);
    let length = length.max(1);
    let x = away.x * FINE - along.x * FINE * part / length;
    let y = away.y * FINE - along.y * FINE * part / length;
    ((x * x + y * y) as u32).isqrt() as i32
}

#[cfg(test)]
mod tests {
    use std::vec;

    use expect_test::expect;

    use super::*;
    use crate::picture;

    fn written(scale: i32, text: &str, width: i32) -> std::string::String {
        let mut room = vec![0; Font::room(scale)];
        let mut font = Font::new(scale, &mut room);
        let height = 18 * scale;
        let mut pixels = vec![0; (width * height) as usize];
        let mut canvas = Canvas::new(&mut pixels, width, height);
        font.write(&mut canvas, at(1, 1), text, Colour::rgb(255, 255, 255));
        picture::as_text(&canvas)
    }

    #[test]
    fn letters_look_like_letters() {
        expect![[r#"
            |   .....                                 .      ....
            |  =@@@@@=                               :@.    =@@@@=
            | =@=...=@=                              #@.   =@=..=@=
            |.@=     =@.                            -@@.  .@=    =@.
            |.@.      .   .....    .     .          #+@.   .     .@.   .... .
            |.@=         =@@@@@=  .@.   .@.        =@.@.         -@.  =@@@@=@.
            | =@=....   .@=...=@=  #+   +#         @=.@.        :@+  =@=..=@@.
            |  =@@@@@=   . ....=@. =%   %=        +# .@.       .@*  .@=    =@.
            |   ....=@=   =@@@@@@. .@: :@.       .@- .@.      .%*   .@.    .@.
            |        =@. =@=....@.  ** **        *#...@..     ##    .@.    .@.
            | .      .@..@=    .@.  :@.@:       .@@@@@@@@.   *%.    .@.    .@.
            |.@=     =@..@=    *@.   @=@         .....@..   *@:     .@=    =@.
            | =@=...=@=  =@=.:%%@.   *#*             .@.   =@:.....  =@=..=@@.
            |  =@@@@@=    =@@@*.@.   :@.             .@.  .@@@@@@@@.  =@@@@=@.
            |   .....      ...  .    **               .    ........    .....@.
            |                       :@:                              .     =@.
            |                       **                              .@*:..=@=
            |                      .@:                               :*@@@@=
        "#]]
        .assert_eq(&written(1, "Say 42g", 80));
    }

    #[test]
    fn there_is_a_line_for_each_letter_and_every_point_is_inside_the_cell() {
        let lines: std::vec::Vec<_> = LETTERS.lines().collect();

        assert_eq!(lines.len(), COUNT);
        for (line, letter) in lines.iter().zip('!'..) {
            let (name, strokes) = line.split_at(1);
            assert_eq!(name, std::format!("{letter}"));
            for stroke in strokes.as_bytes()[1..].split(|&byte| byte == b' ') {
                let (points, rest) = stroke.as_chunks::<2>();
                assert!(points.len() >= 2 && rest.is_empty(), "{line}");
                for place in points.iter().map(|&place| point(place)) {
                    assert!((0..=12).contains(&place.x) && (0..=16).contains(&place.y), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_as_wide_as_what_is_drawn() {
        let mut room = vec![0; Font::room(2)];
        let mut font = Font::new(2, &mut room);

        assert_eq!(font.width(""), 0);
        assert_eq!(font.width("H"), 16);
        assert_eq!(font.width("HH"), 16 + 6 + 16);
    }
}
