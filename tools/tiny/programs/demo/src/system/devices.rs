//! Mice and keyboards, as the kernel offers them in `/dev/input`.

use core::ffi::CStr;

use super::{Access, File};
use crate::events::{Event, understand};

/// How many devices are looked for.
const MOST: usize = 8;

/// A record's time, two words of the machine; type, code and value are behind it.
const TIME: usize = 2 * size_of::<usize>();
const RECORD: usize = TIME + 8;

/// The devices that could be opened.
#[derive(Debug)]
pub struct Devices {
    open: [Option<File>; MOST],
}

impl Devices {
    /// Opens every device there is.
    #[must_use]
    pub fn open() -> Self {
        let mut open = [None; MOST];
        let mut path = *b"/dev/input/event0\0";
        for (device, digit) in open.iter_mut().zip(b'0'..) {
            path[path.len() - 2] = digit;
            *device = CStr::from_bytes_with_nul(&path)
                .ok()
                .and_then(|path| File::open(path, Access::ReadWithoutWaiting).ok());
        }
        Self { open }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.open.iter().flatten().count() as u32
    }

    /// Hands over everything that happened since it was last asked.
    pub fn each_event(&self, mut hand: impl FnMut(Event)) {
        let mut room = [0; 32 * RECORD];
        for device in self.open.iter().flatten() {
            while let Ok(length) = device.read(&mut room) {
                let (records, _) = room[..length].as_chunks::<RECORD>();
                if records.is_empty() {
                    break;
                }
                records.iter().filter_map(decode).for_each(&mut hand);
            }
        }
    }
}

fn decode(record: &[u8; RECORD]) -> Option<Event> {
    let (_, fields) = record.split_last_chunk::<8>()?;
    let [kind, kind_high, code, code_high, value @ ..] = *fields;
    let kind = u16::from_ne_bytes([kind, kind_high]);
    let code = u16::from_ne_bytes([code, code_high]);
    understand(kind, code, i32::from_ne_bytes(value))
}
