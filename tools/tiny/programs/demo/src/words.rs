//! Short texts put together without allocation; `core::fmt` would double the program's size.

/// A text of at most 96 bytes; what does not fit is cut off.
#[derive(Debug)]
pub(crate) struct Words {
    bytes: [u8; 96],
    length: usize,
}

impl Words {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 96], length: 0 }
    }

    /// The same words and a text behind them.
    pub(crate) fn say(mut self, text: &str) -> Self {
        for &byte in text.as_bytes().iter().take(self.bytes.len() - self.length) {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        self
    }

    /// The same words and a number behind them.
    pub(crate) fn number(self, number: u32) -> Self {
        let mut digits = [0; 10];
        let mut first = digits.len();
        let mut rest = number;
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.say(core::str::from_utf8(&digits[first..]).unwrap_or_default())
    }

    /// The same words and a number of tenths behind them, such as `31.4`.
    pub(crate) fn tenths(self, tenths: u32) -> Self {
        self.number(tenths / 10).say(".").number(tenths % 10)
    }

    /// The same words, with blanks up to a length.
    pub(crate) fn up_to(mut self, length: usize) -> Self {
        while self.length < length.min(self.bytes.len()) {
            self = self.say(" ");
        }
        self
    }

    /// All of it.
    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_stand_behind_each_other() {
        let words = Words::new().number(0).say(" to ").number(u32::MAX).up_to(17).tenths(314);

        assert_eq!(words.as_str(), "0 to 4294967295  31.4");
    }

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let long = "0123456789".repeat(10);

        assert_eq!(Words::new().say(&long).as_str(), &long[..96]);
    }
}
