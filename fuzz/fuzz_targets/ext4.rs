//! Images of ext4, ext3 and ext2.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// Where the magic number stands.
const MAGIC: std::ops::Range<usize> = 0x438..0x43a;

fuzz_target!(|content: &[u8]| {
    let mut content = content.to_vec();
    if content.len() > MAGIC.end && !content.starts_with(b"hsqs") {
        content[MAGIC].copy_from_slice(b"\x53\xef");
        fuzz::open_file(&content);
    }
});
