//! `fb-benchmark`: how fast the machine draws.
//!
//! Each kind of shape is drawn at random places for a while; figures show on the
//! screen as they are measured, as bars at the end, and as lines on the terminal
//! when the program ends.

mod shapes;

use super::{Fonts, Moment, Scene};
use crate::canvas::{Area, Canvas, Colour, OPAQUE, area, at};
use crate::events::Event;
use crate::words::Words;

use shapes::{KINDS, Stock};

/// Frames for each kind.
const FRAMES: usize = 12;

/// Microseconds of drawing in each frame.
const SLICE: u64 = 90_000;

/// How many shapes are drawn before the first look at the clock. After each look it is twice as
/// many: on an emulated machine, a look can take longer than a shape.
const BATCH: u32 = 20;

/// How many milliseconds the result is shown.
const RESULT: i32 = 8000;

const INK: Colour = Colour::rgb(238, 240, 244);
const FAINT: Colour = Colour::rgb(150, 160, 180);

/// What was measured of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    shapes: u32,
    pixels: u32,
    microseconds: u32,
}

impl Figures {
    /// Tenths of millions of pixels in a second.
    fn megapixels(self) -> u32 {
        self.pixels / (self.microseconds / 10).max(1)
    }

    fn per_second(self) -> u32 {
        self.shapes / (self.microseconds / 1000).max(1) * 1000
            + self.shapes % (self.microseconds / 1000).max(1) * 1000
                / (self.microseconds / 1000).max(1)
    }

    fn describe(self) -> Words {
        if self.microseconds == 0 {
            return Words::new().number(self.shapes).say(" drawn");
        }
        let words = Words::new().tenths(self.megapixels()).say(" Mpixel/s  ");
        words.number(self.per_second()).say("/s")
    }
}

/// The benchmark, and how far it is.
#[derive(Debug)]
pub struct Benchmark {
    stock: Stock,
    figures: [Figures; KINDS.len()],
    frame: usize,
    /// When the last kind was measured.
    finished: Option<i32>,
    now: i32,
}

impl Benchmark {
    /// Nothing is measured yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stock: Stock::new(),
            figures: [Figures::default(); _],
            frame: 0,
            finished: None,
            now: 0,
        }
    }

    fn measure(
        &mut self,
        kind: usize,
        canvas: &mut Canvas<'_>,
        fonts: &mut Fonts<'_>,
        moment: Moment<'_>,
    ) {
        let whole = canvas.whole();
        let stage = stage(whole);
        if self.frame.is_multiple_of(FRAMES) {
            canvas.gradient(whole, [34, 40, 58], [18, 20, 32]);
        }
        let start = moment.clock.map(|clock| clock());
        let passed = || match (moment.clock, start) {
            (Some(clock), Some(start)) => clock() - start,
            _ => SLICE,
        };
        let figures = &mut self.figures[kind];
        let mut batch = BATCH;
        loop {
            for _ in 0..batch {
                let canvas = &mut canvas.within(stage);
                figures.pixels += self.stock.draw(KINDS[kind].shape, canvas, fonts, stage);
            }
            figures.shapes += batch;
            batch *= 2;
            let passed = passed();
            if passed >= SLICE {
                if start.is_some() {
                    figures.microseconds += passed as u32;
                }
                break;
            }
        }
        let figures = *figures;
        canvas.fill(area(0, 0, whole.width, stage.y), Colour::rgb(34, 40, 58));
        fonts.title.write(canvas, at(24, 18), KINDS[kind].name, INK);
        let line = figures.describe();
        let x = whole.width - 24 - fonts.text.width(line.as_str());
        fonts.text.write(canvas, at(x, 28), line.as_str(), INK);
    }

    fn chart(&self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>) {
        let whole = canvas.whole();
        canvas.gradient(whole, [34, 40, 58], [18, 20, 32]);
        fonts.title.write(canvas, at(24, 22), "Drawing benchmark", INK);
        fonts.text.write(canvas, at(25, 60), "in memory, 16 bits per pixel; q ends", FAINT);
        let most = self.figures.iter().map(|figures| root(figures.megapixels())).max();
        let step = (whole.height - 104) / KINDS.len() as i32;
        for ((figures, kind), row) in self.figures.iter().zip(KINDS).zip(0..) {
            let y = 96 + row * step;
            fonts.text.write(canvas, at(25, y), kind.name, INK);
            let line = figures.describe();
            let x = whole.width - 25 - fonts.text.width(line.as_str());
            fonts.text.write(canvas, at(x, y), line.as_str(), INK);
            let track = area(24, y + 20, whole.width - 48, 12);
            canvas.rounded(track, 6, Colour::rgb(8, 10, 18), OPAQUE / 2);
            let length = root(figures.megapixels()) as i32 * track.width
                / most.unwrap_or_default().max(1) as i32;
            let bar = area(track.x, track.y, length.max(12), track.height);
            canvas.rounded(bar, 6, kind.colour, OPAQUE);
        }
    }
}

impl Default for Benchmark {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene for Benchmark {
    fn notice(&mut self, _: Event) {}

    fn draw(&mut self, canvas: &mut Canvas<'_>, fonts: &mut Fonts<'_>, moment: Moment<'_>) {
        self.now = moment.milliseconds;
        let kind = self.frame / FRAMES;
        if kind < KINDS.len() {
            self.measure(kind, canvas, fonts, moment);
            self.frame += 1;
        } else {
            self.finished.get_or_insert(moment.milliseconds);
            self.chart(canvas, fonts);
        }
    }

    fn is_over(&self) -> bool {
        self.finished.is_some_and(|finished| self.now - finished > RESULT)
    }

    fn say(&self, line: &mut dyn FnMut(&str)) {
        let measured = self.figures.iter().zip(KINDS).filter(|(figures, _)| figures.shapes > 0);
        for (figures, kind) in measured {
            line(Words::new().say(kind.name).up_to(22).say(figures.describe().as_str()).as_str());
        }
    }
}

/// Bars grow with the root of the figure: text and fills differ by a hundred times.
fn root(figure: u32) -> u32 {
    (figure * 100).isqrt()
}

/// Where shapes are drawn.
fn stage(whole: Area) -> Area {
    area(0, 64, whole.width, whole.height - 64)
}
