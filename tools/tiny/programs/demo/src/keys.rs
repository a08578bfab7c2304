//! The keys' names by their numbers in Linux, and where they stand on a keyboard.

/// Names from key 1 on; the keys that no usual keyboard has are left out by a dash.
const NAMES: &str = "\
Esc 1 2 3 4 5 6 7 8 9 0 - = Back Tab Q W E R T Y U I O P [ ] Enter Ctrl A S D F G H J K L ; ' ` \
Shift \\ Z X C V B N M , . / RShift Pad* Alt Space Caps F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 Num \
Scroll Pad7 Pad8 Pad9 Pad- Pad4 Pad5 Pad6 Pad+ Pad1 Pad2 Pad3 Pad0 Pad. ? ? < F11 F12 ? ? ? ? ? ? \
? PadEnter RCtrl Pad/ Print AltGr ? Home Up PgUp Left Right End Down PgDn Ins Del ? Mute Vol- \
Vol+ Power Pad= ? Pause";

/// A key's name, where it has one.
pub(crate) fn name(key: u16) -> Option<&'static str> {
    let index = usize::from(key).checked_sub(1)?;
    let bytes = NAMES.as_bytes();
    let mut start = 0;
    for _ in 0..index {
        start += bytes[start..].iter().position(|&byte| byte == b' ')? + 1;
    }
    let length = bytes[start..].iter().position(|&byte| byte == b' ');
    let end = length.map_or(bytes.len(), |length| start + length);
    NAMES.get(start..end).filter(|name| *name != "?")
}

/// A row of a keyboard: each key's number and its width in quarters of a key; 0 is a gap.
pub(crate) type Row = &'static [(u8, u8)];

/// The width of the longest row.
pub(crate) const WIDEST: i32 = 67;

/// The rows of a keyboard, from the top.
#[rustfmt::skip]
pub(crate) const ROWS: [Row; 6] = [
    &[(1, 4), (0, 2), (59, 4), (60, 4), (61, 4), (62, 4), (0, 2), (63, 4), (64, 4), (65, 4),
      (66, 4), (0, 2), (67, 4), (68, 4), (87, 4), (88, 4), (0, 1), (110, 4), (111, 4)],
    &[(41, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (8, 4), (9, 4), (10, 4), (11, 4),
      (12, 4), (13, 4), (14, 8), (0, 1), (102, 6)],
    &[(15, 6), (16, 4), (17, 4), (18, 4), (19, 4), (20, 4), (21, 4), (22, 4), (23, 4), (24, 4),
      (25, 4), (26, 4), (27, 4), (43, 6), (0, 1), (107, 6)],
    &[(58, 7), (30, 4), (31, 4), (32, 4), (33, 4), (34, 4), (35, 4), (36, 4), (37, 4), (38, 4),
      (39, 4), (40, 4), (28, 9), (0, 1), (104, 6)],
    &[(42, 9), (44, 4), (45, 4), (46, 4), (47, 4), (48, 4), (49, 4), (50, 4), (51, 4), (52, 4),
      (53, 4), (54, 7), (103, 4), (0, 1), (109, 6)],
    &[(29, 6), (56, 6), (57, 25), (100, 6), (97, 6), (0, 3), (105, 4), (108, 4), (106, 4)],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_called_what_stands_on_them() {
        let known =
            [(1, "Esc"), (30, "A"), (57, "Space"), (88, "F12"), (105, "Left"), (119, "Pause")];
        for (key, expected) in known {
            assert_eq!(name(key), Some(expected));
        }
        assert_eq!(name(0), None);
        assert_eq!(name(84), None);
        assert_eq!(name(240), None);
    }

    #[test]
    fn every_key_on_the_picture_has_a_name_and_stands_there_once() {
        let mut seen = std::collections::HashSet::new();
        for &(key, _) in ROWS.iter().copied().flatten().filter(|(key, _)| *key > 0) {
            assert!(name(u16::from(key)).is_some(), "{key}");
            assert!(seen.insert(key), "{key}");
        }
    }

    #[test]
    fn the_widest_row_is_as_wide_as_said() {
        let width = |row: Row| row.iter().map(|(_, width)| i32::from(*width)).sum::<i32>();

        assert_eq!(ROWS.map(width).iter().max(), Some(&WIDEST));
    }
}
