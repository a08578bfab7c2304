//! How a framebuffer keeps its pixels, and how ours become such.

/// Where a part of a colour stands in a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// How far from the lowest bit.
    pub offset: u32,
    /// How many bits; at most eight are used.
    pub length: u32,
}

/// From our pixels to the framebuffer's, by a table for each of a pixel's bytes.
///
/// It is enough because each bit of ours stands for the same bits of theirs,
/// whatever the others are: white stays white, since the upper bits are repeated below.
#[derive(Debug)]
pub struct Layout {
    upper: [u32; 256],
    lower: [u32; 256],
    same: bool,
}

impl Layout {
    /// The layout whose red, green and blue stand in the given fields.
    #[must_use]
    pub fn new(fields: [Field; 3]) -> Self {
        let mut layout = Self { upper: [0; 256], lower: [0; 256], same: true };
        for byte in 0..256 {
            let pixels = [(byte << 8) as u16, byte as u16];
            let [upper, lower] = pixels.map(|pixel| converted(pixel, fields));
            layout.same &= [upper, lower] == pixels.map(u32::from);
            layout.upper[byte] = upper;
            layout.lower[byte] = lower;
        }
        layout
    }

    /// Whether the framebuffer's pixels are as ours.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.same
    }

    /// Our pixel as the framebuffer wants it.
    #[must_use]
    pub fn convert(&self, pixel: u16) -> u32 {
        let [lower, upper] = pixel.to_le_bytes();
        self.upper[usize::from(upper)] | self.lower[usize::from(lower)]
    }
}

fn converted(pixel: u16, fields: [Field; 3]) -> u32 {
    let pixel = u32::from(pixel);
    let five = |bits: u32| bits << 3 | bits >> 2;
    let green = pixel >> 5 & 63;
    let parts = [five(pixel >> 11), green << 2 | green >> 4, five(pixel & 31)];
    let mut out = 0;
    for (part, field) in parts.into_iter().zip(fields) {
        let cut = 8 - field.length.min(8);
        out |= (part >> cut) << (field.offset & 31);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(fields: [(u32, u32); 3]) -> Layout {
        Layout::new(fields.map(|(offset, length)| Field { offset, length }))
    }

    #[test]
    fn our_own_layout_is_known() {
        assert!(layout([(11, 5), (5, 6), (0, 5)]).is_ours());
        assert!(!layout([(0, 5), (5, 6), (11, 5)]).is_ours());
    }

    #[test]
    fn red_and_blue_can_be_the_other_way_round() {
        let swapped = layout([(0, 5), (5, 6), (11, 5)]);

        assert_eq!(swapped.convert(0x1F << 11 | 0x2A << 5 | 0x06), 0x06 << 11 | 0x2A << 5 | 0x1F);
    }

    #[test]
    fn eight_bits_of_each_part_reach_from_black_to_white() {
        let wide = layout([(16, 8), (8, 8), (0, 8)]);

        assert_eq!(wide.convert(0), 0);
        assert_eq!(wide.convert(0xFFFF), 0x00FF_FFFF);
        assert_eq!(wide.convert(0x1F << 11), 0x00FF_0000);
    }

    #[test]
    fn five_bits_of_green_lose_one() {
        assert_eq!(layout([(10, 5), (5, 5), (0, 5)]).convert(0xFFFF), 0x7FFF);
    }
}
