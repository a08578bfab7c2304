//! Pictures of a screen: read as QEMU writes them (PPM), compared, written as PNG.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::promise::colour::Colour;

/// Screens have some thousand pixels each way.
const LARGEST_SIDE: u32 = 16_384;

/// A picture, row after row from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<Colour>,
}

impl Picture {
    /// Reads a raw PPM with 255 shades, which is what QEMU writes.
    ///
    /// Format: `ppm(5)` of netpbm.
    pub(crate) fn from_ppm(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes.strip_prefix(b"P6").context("it is no raw PPM picture")?;
        let width = number(&mut rest)?;
        let height = number(&mut rest)?;
        ensure!(number(&mut rest)? == 255, "its colours have other than 255 shades");
        // One white space stands between the head and the pixels.
        let pixels = rest.get(1..).context("it has no pixels")?;
        Self::of(width, height, pixels)
    }

    /// Reads a PNG file with red, green and blue, with or without opacity.
    pub(crate) fn from_png(path: &Path) -> Result<Self> {
        let attempt = || format!("cannot read the picture `{}`", path.display());
        let file = File::open(path).with_context(attempt)?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().with_context(attempt)?;
        let size = reader.output_buffer_size().context("it is too large").with_context(attempt)?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes).with_context(attempt)?;
        let samples = frame.color_type.samples();
        ensure!(samples >= 3, "`{}` has no colours", path.display());
        bytes.truncate(frame.buffer_size());
        let colours: Vec<u8> =
            bytes.chunks_exact(samples).flat_map(|pixel| &pixel[..3]).copied().collect();
        Self::of(frame.width, frame.height, &colours).with_context(attempt)
    }

    fn of(width: u32, height: u32, bytes: &[u8]) -> Result<Self> {
        ensure!(
            (1..=LARGEST_SIDE).contains(&width) && (1..=LARGEST_SIDE).contains(&height),
            "a picture of {width}×{height} is none"
        );
        let count = width as usize * height as usize;
        ensure!(
            bytes.len() == count * 3,
            "a picture of {width}×{height} has {count} pixels, not {}",
            bytes.len() / 3
        );
        let (triples, _) = bytes.as_chunks();
        Ok(Self { width, height, pixels: triples.iter().copied().map(Colour).collect() })
    }

    /// Writes a PNG file.
    pub(crate) fn write_png(&self, path: &Path) -> Result<()> {
        let attempt = || format!("cannot write the picture `{}`", path.display());
        let png = self.png().with_context(attempt)?;
        files::output::write(path, |out| out.write_all(&png)).with_context(attempt)
    }

    fn png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        let bytes: Vec<u8> = self.pixels.iter().flat_map(|colour| colour.0).collect();
        writer.write_image_data(&bytes)?;
        writer.finish()?;
        Ok(file)
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// How many colours it has: one, and it is blank.
    pub(crate) fn colours(&self) -> usize {
        self.pixels.iter().collect::<HashSet<_>>().len()
    }

    /// Whether nothing is drawn.
    pub(crate) fn is_blank(&self) -> bool {
        self.pixels.iter().all(|pixel| *pixel == self.pixels[0])
    }

    /// The colour at a place from the left and from the top; outside, none.
    pub(crate) fn at(&self, [left, top]: [u32; 2]) -> Option<Colour> {
        if left >= self.width || top >= self.height {
            return None;
        }
        self.pixels.get(top as usize * self.width as usize + left as usize).copied()
    }

    /// How many pixels differ by more than `within`; none, where the sizes differ.
    pub(crate) fn differences(&self, other: &Self, within: u8) -> Option<usize> {
        (self.size() == other.size()).then(|| {
            let pairs = self.pixels.iter().zip(&other.pixels);
            pairs.filter(|(one, other)| !one.is_near(**other, within)).count()
        })
    }
}

/// The next number of a PPM's head; `#` begins a comment.
fn number(rest: &mut &[u8]) -> Result<u32> {
    loop {
        match rest {
            [b'#', ..] => {
                let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                *rest = &rest[end..];
            }
            [space, after @ ..] if space.is_ascii_whitespace() => *rest = after,
            _ => break,
        }
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.context("its head is cut off or has no numbers")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ppm(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
        [format!("P6\n{width} {height}\n255\n").as_bytes(), pixels].concat()
    }

    #[test]
    fn a_picture_is_read_and_its_pixels_are_known() {
        let picture = Picture::from_ppm(&ppm(2, 1, &[1, 2, 3, 250, 251, 252])).expect("a picture");
        assert_eq!(picture.size(), (2, 1));
        assert_eq!(picture.at([1, 0]), Some(Colour([250, 251, 252])));
        assert_eq!((picture.at([2, 0]), picture.at([0, 1])), (None, None));
        assert_eq!((picture.colours(), picture.is_blank()), (2, false));
    }

    #[test]
    fn a_picture_of_one_colour_is_blank() {
        let picture = Picture::from_ppm(&ppm(2, 2, &[7; 12])).expect("a picture");
        assert_eq!((picture.colours(), picture.is_blank()), (1, true));
    }

    #[test]
    fn pictures_are_compared_within_a_tolerance() {
        let one = Picture::from_ppm(&ppm(2, 1, &[0, 0, 0, 100, 100, 100])).expect("a picture");
        let other = Picture::from_ppm(&ppm(2, 1, &[0, 8, 0, 100, 100, 109])).expect("a picture");
        assert_eq!(one.differences(&other, 8), Some(1));
        assert_eq!(one.differences(&other, 9), Some(0));
        let narrow = Picture::from_ppm(&ppm(1, 1, &[0, 0, 0])).expect("a picture");
        assert_eq!(one.differences(&narrow, 255), None);
    }

    #[test]
    fn comments_may_stand_in_the_head() {
        let picture = Picture::from_ppm(b"P6 # by hand\n1 #\n1\n255\nabc").expect("a picture");
        assert_eq!(picture.at([0, 0]), Some(Colour(*b"abc")));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in
            [&b"P5\n1 1\n255\nabc"[..], b"P6\n1 1\n255\nab", b"P6\n1 1\n65535\nabc", b"P6\n", b""]
        {
            Picture::from_ppm(bytes).expect_err("it is no picture");
        }
        Picture::from_ppm(&ppm(99_999, 99_999, &[])).expect_err("it is too large");
    }

    proptest! {
        #[test]
        fn a_png_holds_the_same_pixels(
            width in 1_u32..20,
            height in 1_u32..20,
            seed in any::<[u8; 7]>(),
        ) {
            let count = width as usize * height as usize * 3;
            let pixels: Vec<u8> = seed.iter().copied().cycle().take(count).collect();
            let picture = Picture::from_ppm(&ppm(width, height, &pixels)).expect("a picture");
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("a.png");
            picture.write_png(&path).expect("it is written");
            prop_assert_eq!(Picture::from_png(&path).expect("it is read"), picture);
        }

        #[test]
        fn hostile_bytes_do_no_harm(head in "P6[ 0-9#\n]{0,30}", rest in any::<Vec<u8>>()) {
            // Refused or read: that it comes back is what counts.
            let _ = Picture::from_ppm(&[head.as_bytes(), &rest].concat());
        }
    }
}
