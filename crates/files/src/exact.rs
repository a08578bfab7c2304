//! Copies exactly as many bytes as were announced.
//!
//! An archive says a file's size before its content. When the file has become shorter or longer
//! since, what follows in the archive would be taken for the rest of it, or be missing.

use std::io::{self, Read, Write};

use crate::failure::Failure;

/// Reads exactly so many bytes: then comes the end, or the error [`Failure::Changed`] where the
/// source has more; the same error where it ends before.
#[derive(Debug)]
pub struct Exact<R> {
    source: R,
    left: u64,
}

impl<R: Read> Exact<R> {
    /// Reads `size` bytes of `source`.
    pub fn new(source: R, size: u64) -> Self {
        Self { source, left: size }
    }

    /// An error unless all was read and the source ends here.
    pub fn finish(mut self) -> Result<(), Failure> {
        if self.left > 0 {
            return Err(Failure::Changed);
        }
        Ok(self.must_end()?)
    }

    fn must_end(&mut self) -> io::Result<()> {
        loop {
            match self.source.read(&mut [0]) {
                Ok(0) => return Ok(()),
                Ok(_) => return Err(Failure::Changed.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return self.must_end().map(|()| 0);
        }
        let room = usize::try_from(self.left).map_or(buffer.len(), |left| buffer.len().min(left));
        let count = self.source.read(&mut buffer[..room])?;
        if count == 0 {
            return Err(Failure::Changed.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Copies `size` bytes, and no other number, from `source` to `target`. After an error `target`
/// holds a part.
pub fn copy(source: impl Read, size: u64, target: &mut impl Write) -> Result<(), Failure> {
    io::copy(&mut Exact::new(source, size), target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_source_of_the_announced_size_is_copied() {
        let mut copied = Vec::new();
        assert_eq!(copy(&b"text"[..], 4, &mut copied), Ok(()));
        assert_eq!(copied, b"text");
        assert_eq!(copy(&b""[..], 0, &mut copied), Ok(()));
    }

    #[test]
    fn a_shorter_and_a_longer_source_have_changed() {
        for size in [0, 3, 5, u64::MAX] {
            assert_eq!(copy(&b"text"[..], size, &mut Vec::new()), Err(Failure::Changed), "{size}");
        }
    }

    #[test]
    fn who_reads_no_further_than_announced_can_ask_for_the_end() {
        let read = |size, source: &'static [u8]| {
            let mut exact = Exact::new(source, size);
            exact.read_exact(&mut [0; 2]).expect("two bytes");
            exact.finish()
        };
        assert_eq!(read(2, b"12"), Ok(()));
        assert_eq!(read(2, b"123"), Err(Failure::Changed));
        assert_eq!(read(3, b"123"), Err(Failure::Changed));
        assert_eq!(read(3, b"12"), Err(Failure::Changed));
    }

    /// What a source says after two bytes, one after the other.
    struct Says(Vec<io::ErrorKind>);

    impl Read for Says {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.pop().map_or(Ok(0), |kind| Err(kind.into()))
        }
    }

    #[test]
    fn whether_the_source_ends_is_asked_until_there_is_an_answer() {
        let finish = |says: &[io::ErrorKind]| {
            let mut exact = Exact::new(b"12".chain(Says(says.to_vec())), 2);
            exact.read_exact(&mut [0; 2]).expect("two bytes");
            exact.finish()
        };
        let interrupted = io::ErrorKind::Interrupted;
        assert_eq!(finish(&[interrupted, interrupted]), Ok(()));
        assert_eq!(finish(&[io::ErrorKind::Other]), Err(Failure::System(Errno::IO)));
    }

    proptest::proptest! {
        #[test]
        fn a_copy_is_made_if_and_only_if_the_sizes_agree(source: Vec<u8>, size in 0..64_u64) {
            let mut copied = Vec::new();
            let done = copy(&*source, size, &mut copied);
            assert_eq!(done.is_ok(), source.len() as u64 == size);
            assert!(source.starts_with(&copied) && copied.len() as u64 <= size);
        }
    }
}
