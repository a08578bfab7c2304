//! Sine by table: the angle is a 256th of a turn, the result is scaled to 256.

/// The first quarter of the wave.
#[rustfmt::skip]
const QUARTER: [u8; 64] = [
    0, 6, 13, 19, 25, 31, 38, 44, 50, 56, 62, 68, 74, 80, 86, 92,
    98, 104, 109, 115, 121, 126, 132, 137, 142, 147, 152, 157, 162, 167, 172, 177,
    181, 185, 190, 194, 198, 202, 206, 209, 213, 216, 220, 223, 226, 229, 231, 234,
    237, 239, 241, 243, 245, 247, 248, 250, 251, 252, 253, 254, 255, 255, 255, 255,
];

/// From -256 to 256 for any angle; a whole turn is 256.
pub(crate) fn sine(angle: i32) -> i32 {
    let step = (angle & 63) as usize;
    let rising = |step: usize| QUARTER.get(step).map_or(256, |&value| i32::from(value));
    match (angle >> 6) & 3 {
        0 => rising(step),
        1 => rising(64 - step),
        2 => -rising(step),
        _ => -rising(64 - step),
    }
}

/// The same, a quarter of a turn ahead.
pub(crate) fn cosine(angle: i32) -> i32 {
    sine(angle + 64)
}

/// The sine of a finer angle, a 65,536th of a turn, so that slow movements do not jump.
pub(crate) fn smooth_sine(angle: i32) -> i32 {
    let before = sine(angle >> 8);
    let after = sine((angle >> 8) + 1);
    before * 16 + (after - before) * (angle & 255) / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_real_sine() {
        for angle in -300..300 {
            let exact = (f64::from(angle) / 256.0 * std::f64::consts::TAU).sin() * 256.0;
            assert!((f64::from(sine(angle)) - exact).abs() <= 1.0, "{angle}");
        }
    }

    #[test]
    fn the_finer_one_is_sixteen_times_larger_and_has_no_jumps() {
        for angle in 0..70_000 {
            let step = smooth_sine(angle + 1) - smooth_sine(angle);
            assert!(step.abs() <= 1, "{angle}");
        }
        assert_eq!(smooth_sine(16_384), 256 * 16);
    }
}
