//! Names under which something stands for a moment before it takes its real place.
//!
//! A run that is killed leaves such a name behind. The name says what is lost with it:
//!
//! - `.etabli~` and 16 digits: nothing. It was being made, or has served.
//! - `.etabli-` and the number of its own inode (the first two digits aside, which tell several
//!   names of one file apart): nothing either. It was about to change places with something and has
//!   not done so. Otherwise the number is that of what it has changed places with.
//! - `.etabli-` and other digits: perhaps the only copy of what stood there.
//! - `.etabli+` and 16 digits: a directory that holds what stood beside it under the same name.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

/// What may hold the only copy of something until the next run has looked.
const PREFIX: &[u8] = b".etabli-";
/// What can be made again, or has served: it can be removed at any time.
const SPARE_PREFIX: &[u8] = b".etabli~";
/// A directory that something was moved into, to be looked at.
const DRAWER_PREFIX: &[u8] = b".etabli+";
const DIGITS: usize = 16;
/// Where in the number of a name it stands which of several names of one file this is. No file
/// system has so many inodes.
const COPY_SHIFT: u32 = 56;
const COPIES: u64 = 1 << (u64::BITS - COPY_SHIFT);

/// A name that nothing has yet, unless somebody wants it so; short, however long the names around.
fn name(prefix: &[u8]) -> Vec<u8> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = rustix::process::getpid().as_raw_nonzero().get();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    with_number(prefix, u64::from(count ^ now) << 32 | u64::from(process.unsigned_abs()))
}

fn with_number(prefix: &[u8], number: u64) -> Vec<u8> {
    [prefix, format!("{number:016x}").as_bytes()].concat()
}

/// Makes something under a temporary name that nothing has yet.
pub fn make(make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    make_with(PREFIX, make)
}

/// Makes something that can be removed at any time, under a temporary name that nothing has yet.
pub fn make_spare(make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    make_with(SPARE_PREFIX, make)
}

/// Makes a directory for what is moved aside, under a temporary name that nothing has yet.
pub(crate) fn make_drawer(make: impl Fn(&[u8]) -> Result<(), Errno>) -> Result<Vec<u8>, Errno> {
    make_with(DRAWER_PREFIX, make)
}

/// Makes a name for something that has this inode, so that it can be told from what it changes
/// places with.
pub(crate) fn make_for(
    inode: u64,
    make: impl Fn(&[u8]) -> Result<(), Errno>,
) -> Result<Vec<u8>, Errno> {
    for copy in 0..COPIES {
        let name = with_number(PREFIX, inode ^ (copy << COPY_SHIFT));
        match make(&name) {
            // Another name of the same file stands there, or what a killed run has left.
            Err(Errno::EXIST) => {}
            other => return other.map(|()| name),
        }
    }
    self::make(make)
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
#[must_use]
pub fn is_temporary(name: &[u8]) -> bool {
    has_digits_after(PREFIX, name) || is_spare(name) || is_drawer(name)
}

/// Whether a name is one of ours and nothing is lost with what it stands for.
#[must_use]
pub fn is_spare(name: &[u8]) -> bool {
    has_digits_after(SPARE_PREFIX, name)
}

/// Whether a name is that of a directory of ours with what was moved aside.
pub(crate) fn is_drawer(name: &[u8]) -> bool {
    has_digits_after(DRAWER_PREFIX, name)
}

/// Whether what has this inode was given the name by us, and has not changed places since.
pub(crate) fn is_named_for(name: &[u8], inode: u64) -> bool {
    let is_copy = |number: u64| (number ^ inode).trailing_zeros() >= COPY_SHIFT;
    number(name).is_some_and(is_copy)
}

/// The number in a name that may have been made for an inode.
fn number(name: &[u8]) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX).filter(|_| has_digits_after(PREFIX, name))?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn has_digits_after(prefix: &[u8], name: &[u8]) -> bool {
    name.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn only_our_own_names_are_temporary() {
        assert!(is_temporary(&name(PREFIX)) && !is_spare(&name(PREFIX)));
        assert!(is_temporary(&name(SPARE_PREFIX)) && is_spare(&name(SPARE_PREFIX)));
        assert!(is_temporary(&name(DRAWER_PREFIX)) && !is_spare(&name(DRAWER_PREFIX)));
        assert!(is_drawer(&name(DRAWER_PREFIX)) && !is_drawer(&name(PREFIX)));
        assert_ne!(name(PREFIX), name(PREFIX));
        assert!(!is_temporary(b".etabli-notes"));
        assert!(!is_temporary(b".etabli-0123456789ABCDEF"));
        assert!(!is_temporary(b".etabli-0123456789abcde"));
        assert!(!is_temporary(b".etabli-0123456789abcdef0"));
        assert!(!is_temporary(b"etabli-0123456789abcdef"));
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone_and_another_one_made() {
        let tried = RefCell::new(Vec::new());
        let made = make(|name| {
            tried.borrow_mut().push(name.to_vec());
            if tried.borrow().len() < 3 { Err(Errno::EXIST) } else { Ok(()) }
        });
        let tried = tried.into_inner();
        assert_eq!(made.as_ref(), Ok(&tried[2]));
        assert!(tried[0] != tried[1] && tried[1] != tried[2]);
        assert_eq!(make_spare(|_| Err(Errno::NOSPC)), Err(Errno::NOSPC));
        assert!(make_drawer(|_| Ok(())).is_ok_and(|name| is_drawer(&name)));
    }

    #[test]
    fn a_name_tells_whether_it_was_made_for_an_inode() {
        let name = make_for(0x1f, |_| Ok(())).expect("nothing stands in the way");
        assert_eq!(name, b".etabli-000000000000001f");
        assert!(is_named_for(&name, 0x1f) && !is_named_for(&name, 0x20));
        assert!(is_temporary(&name) && !is_spare(&name));

        let second = make_for(0x1f, |other| if other == name { Err(Errno::EXIST) } else { Ok(()) });
        assert_eq!(second.as_deref(), Ok(&b".etabli-010000000000001f"[..]));
        assert!(is_named_for(b".etabli-010000000000001f", 0x1f));
        assert!(!is_named_for(b".etabli-018000000000001f", 0x1f));
        assert!(!is_named_for(b".etabli~000000000000001f", 0x1f));
    }
}
