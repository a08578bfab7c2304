//! Reads the words below the links of a page: those letters whose beginning lies on a link.
//!
//! What the page itself writes is read, and nothing that it draws by way of something else (ISO
//! 32000-1, section 8.10): forms within forms multiply, and the time is to be in proportion to the
//! length of the page.
//!
//! Proof: `tests/pages.rs::the_words_of_a_link_in_a_pdf_are_those_below_it`

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, interpret,
};
use hayro_syntax::object::{Array, Dict};
use hayro_syntax::page::{Page, Resources};
use hayro_syntax::xref::XRef;

/// Words are kept up to this length; no reader sees more at once.
const MOST_WORDS: usize = 16 << 10;

/// A page is read as a whole or not at all; the longest that people make are a tenth of this.
const LONGEST_PAGE: usize = 4 << 20;

/// To find where a letter lies takes as long as so many looks at a box.
const LETTER: usize = 150;

/// Reads words, as long as its patience lasts.
pub(super) struct Words<'pdf> {
    cache: InterpreterCache<'pdf>,
    xref: &'pdf XRef,
    /// The bytes of pages that it is still willing to read.
    patience: usize,
    /// How many letters it is still willing to look for on how many links.
    looks: usize,
}

impl<'pdf> Words<'pdf> {
    pub(super) fn new(xref: &'pdf XRef) -> Self {
        /// Together some seconds of work: a book of 350 pages with 330,000 letters takes half of one.
        const PATIENCE: usize = 64 << 20;
        const LOOKS: usize = 500_000_000;
        Self { cache: InterpreterCache::new(), xref, patience: PATIENCE, looks: LOOKS }
    }

    /// The words below each of these links, none where not all of its letters are known.
    pub(super) fn below(&mut self, page: &Page<'pdf>, links: &[Dict<'pdf>]) -> Vec<String> {
        let mut areas: Vec<Area> = links.iter().map(Area::of).collect();
        let length = page.page_stream().map_or(0, <[u8]>::len);
        let left = self.patience.checked_sub(length).filter(|_| length <= LONGEST_PAGE);
        if let Some(left) = left.filter(|_| self.looks > 0) {
            self.patience = left;
            // The parser is somebody else's: where it panics, there are no words.
            if catch_unwind(AssertUnwindSafe(|| self.read(page, &mut areas))).is_err() {
                areas = Vec::new();
            }
        }
        areas.resize_with(links.len(), Area::default);
        areas.into_iter().map(Area::into_words).collect()
    }

    fn read(&mut self, page: &Page<'pdf>, areas: &mut Vec<Area>) {
        let (transform, bounds) = (Affine::IDENTITY, Rect::new(0.0, 0.0, 1.0, 1.0));
        let settings = InterpreterSettings::default();
        let mut context = Context::new(transform, bounds, &self.cache, self.xref, settings);
        let resources = Resources {
            ext_g_states: Dict::default(),
            fonts: page.resources().fonts.clone(),
            properties: Dict::default(),
            color_spaces: Dict::default(),
            x_objects: Dict::default(),
            patterns: Dict::default(),
            shadings: Dict::default(),
        };
        let boxes: usize = areas.iter().map(|area| area.boxes.len()).sum();
        let (areas_here, cost) = (std::mem::take(areas), LETTER + boxes);
        let mut listener = Listener { areas: areas_here, cost, looks: self.looks };
        interpret(page.typed_operations(), &resources, &mut context, &mut listener);
        self.looks = listener.looks;
        *areas = listener.areas;
    }
}

/// A link on a page, and the words found on it.
#[derive(Default)]
struct Area {
    /// A link that goes over several lines has several.
    boxes: Vec<Rect>,
    words: String,
    /// Where the next letter of the same word begins, and how large the last one was.
    end: Option<(Point, f64)>,
    is_unknown: bool,
}

impl Area {
    /// The boxes of a link: its lines where it states them, otherwise all of it (ISO 32000-1, section
    /// 12.5.6.5).
    fn of(link: &Dict) -> Self {
        let numbers = |name: &str| -> Vec<f64> {
            let numbers = link.get::<Array>(name);
            numbers.map(|numbers| numbers.iter::<f64>().collect()).unwrap_or_default()
        };
        let mut boxes: Vec<Rect> = numbers("QuadPoints").chunks_exact(8).map(around).collect();
        if boxes.is_empty() {
            boxes.extend(numbers("Rect").chunks_exact(4).map(around));
        }
        Self { boxes, ..Self::default() }
    }

    fn holds(&self, point: Point) -> bool {
        /// Boxes are drawn tightly, in points.
        const TOLERANCE: f64 = 0.5;
        self.boxes.iter().any(|it| it.inflate(TOLERANCE, TOLERANCE).contains(point))
    }

    fn take(&mut self, letter: &Letter) {
        if self.words.len() > MOST_WORDS {
            return;
        }
        let is_apart = self.end.is_some_and(|(end, size)| {
            let gap = letter.begin - end;
            gap.y.abs() > size / 2.0 || !(-size..size / 5.0).contains(&gap.x)
        });
        if is_apart {
            self.words.push(' ');
        }
        match &letter.text {
            Some(text) => self.words.push_str(text),
            None => self.is_unknown = true,
        }
        self.end = Some((letter.end, letter.size));
    }

    fn into_words(self) -> String {
        if self.is_unknown {
            return String::new();
        }
        self.words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The box around points that are written as pairs of numbers.
fn around(numbers: &[f64]) -> Rect {
    let points = numbers.chunks_exact(2).map(|pair| Point::new(pair[0], pair[1]));
    points
        .map(|point| Rect::from_points(point, point))
        .reduce(|all, one| all.union(one))
        .unwrap_or_default()
}

/// A letter on the page.
struct Letter {
    text: Option<String>,
    begin: Point,
    end: Point,
    size: f64,
}

impl Letter {
    fn of(glyph: &Glyph, transform: Affine) -> Self {
        /// Glyphs are drawn in thousandths of the size of their font.
        const UNITS: f64 = 1_000.0;
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let text = glyph.as_unicode().map(|text| match text {
            BfString::Char(letter) => letter.to_string(),
            BfString::String(text) => text,
        });
        let begin = transform * Point::ZERO;
        let end = transform * Point::new(advance.map_or(UNITS / 2.0, f64::from), 0.0);
        let size = (transform * Point::new(UNITS, 0.0) - begin).hypot();
        Self { text, begin, end, size }
    }
}

/// Hears what a page writes, and nothing of what it draws.
struct Listener {
    areas: Vec<Area>,
    /// What a letter costs: to find where it lies, and to look at every box.
    cost: usize,
    looks: usize,
}

impl<'pdf> Device<'pdf> for Listener {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'pdf>, props: DrawProps<'pdf>, _: &DrawMode) {
        for glyph in run.glyphs() {
            let Some(left) = self.looks.checked_sub(self.cost) else {
                // Half of the words may be others.
                (self.looks, self.areas) = (0, Vec::new());
                return;
            };
            self.looks = left;
            let transform = props.transform * glyph.transform();
            let begin = transform * Point::ZERO;
            let mut areas = self.areas.iter_mut().filter(|area| area.holds(begin)).peekable();
            if areas.peek().is_some() {
                let letter = Letter::of(glyph, transform);
                areas.for_each(|area| area.take(&letter));
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'pdf>, _: &DrawMode) {}
    fn draw_image(&mut self, _: Image<'pdf, '_>, _: ImageDrawProps<'pdf>) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'pdf>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
