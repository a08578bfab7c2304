//! Names under which something stands for a moment before it takes its real place.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

/// What may hold the only copy of something until the next run has looked.
const PREFIX: &[u8] = b".etabli-";
/// What can be made again, or has served: it can be removed at any time.
const SPARE_PREFIX: &[u8] = b".etabli~";
const DIGITS: usize = 16;

/// A name that nothing has yet, unless somebody wants it so; short, however long the names around.
fn name(prefix: &[u8]) -> Vec<u8> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = rustix::process::getpid().as_raw_nonzero().get();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    let number = u64::from(count ^ now) << 32 | u64::from(process.unsigned_abs());
    [prefix, format!("{number:016x}").as_bytes()].concat()
}

/// Makes something under a temporary name that nothing has yet.
pub(crate) fn make(make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    make_with(PREFIX, make)
}

/// Makes something that can be removed at any time, under a temporary name that nothing has yet.
pub(crate) fn make_spare(make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    make_with(SPARE_PREFIX, make)
}

fn make_with(prefix: &[u8], make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    loop {
        let name = name(prefix);
        match make(&name) {
            Err(Errno::EXIST) => {}
            other => return other.map(|()| name),
        }
    }
}

/// Whether a name is one of ours. A run that was killed leaves such a name behind.
pub(crate) fn is_temporary(name: &[u8]) -> bool {
    has_digits_after(PREFIX, name) || is_spare(name)
}

/// Whether a name is one of ours and nothing is lost with what it stands for.
pub(crate) fn is_spare(name: &[u8]) -> bool {
    has_digits_after(SPARE_PREFIX, name)
}

fn has_digits_after(prefix: &[u8], name: &[u8]) -> bool {
    name.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_temporary() {
        assert!(is_temporary(&name(PREFIX)) && !is_spare(&name(PREFIX)));
        assert!(is_temporary(&name(SPARE_PREFIX)) && is_spare(&name(SPARE_PREFIX)));
        assert_ne!(name(PREFIX), name(PREFIX));
        assert!(!is_temporary(b".etabli-notes"));
        assert!(!is_temporary(b".etabli-0123456789ABCDEF"));
        assert!(!is_temporary(b"etabli-0123456789abcdef"));
    }
}
