//! Texts of C that stand in binaries.

/// Longer texts are no names.
pub const LONGEST_NAME: usize = 4096;

/// The name that a text of C consists of.
pub(super) fn name_at(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.iter().take(LONGEST_NAME).position(|byte| *byte == 0)?;
    let name = &bytes[..length];
    let is_name = length > 0 && name.iter().all(|byte| is_part(*byte));
    is_name.then_some(name)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_$.@".contains(&byte)
}
