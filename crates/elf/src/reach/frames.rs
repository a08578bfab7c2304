//! Where functions begin and end, as the tables for unwinding say, which are never stripped.

use std::ops::Range;

use gimli::{BaseAddresses, CieOrFde, EhFrame, EhFrameHdr, LittleEndian, Pointer, UnwindSection};

use crate::Problem;
use crate::reach::Refusal;
use crate::reach::image::Image;

/// What the tables for unwinding say.
pub(super) struct Frames {
    /// Functions, from the first address to the last; what overlaps is one.
    pub(super) functions: Vec<Range<u64>>,
    /// Functions that are asked what to do about an exception.
    pub(super) personalities: Vec<u64>,
    /// Where the tables lie themselves: they speak of functions without using them.
    pub(super) tables: [Range<u64>; 2],
}

/// Reads the tables.
pub(super) fn read(image: &Image) -> Result<Frames, Refusal> {
    let (index, index_size) = image.frame_index.ok_or(Refusal::Unlisted)?;
    let bases = BaseAddresses::default().set_eh_frame_hdr(index);
    let word = if image.architecture.is_64 { 8 } else { 4 };
    let header = EhFrameHdr::new(image.bytes_from(index), LittleEndian);
    let header = header.parse(&bases, word).map_err(|_| DAMAGED)?;
    let Pointer::Direct(start) = header.eh_frame_ptr() else {
        return Err(Refusal::Unlisted);
    };
    let bases = bases.set_eh_frame(start);
    let bytes = image.bytes_from(start);
    let section = EhFrame::new(bytes, LittleEndian);
    let mut found = Vec::new();
    let mut personalities = Vec::new();
    let mut end = start;
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries.next().map_err(|_| DAMAGED)? {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let frame = partial.parse(EhFrame::cie_from_offset).map_err(|_| DAMAGED)?;
        end = end.max(start + (frame.offset() + frame.entry_len()) as u64);
        if let Some(Pointer::Direct(address)) = frame.personality() {
            personalities.push(address);
        }
        if catches_elsewhere(image, frame.lsda()) {
            return Err(Refusal::CatchesElsewhere);
        }
        let begin = frame.initial_address();
        found.extend(begin.checked_add(frame.len()).map(|end| begin..end));
    }
    let tables = [index..index.saturating_add(index_size), start..end.saturating_add(8)];
    Ok(Frames { functions: functions(image, found), personalities, tables })
}

const DAMAGED: Refusal =
    Refusal::Damaged(Problem::Malformed("the tables for unwinding cannot be read"));

/// Whether the landing pads of a function lie in another: `@LPStart` is given then.
fn catches_elsewhere(image: &Image, table: Option<Pointer>) -> bool {
    /// The encoding of a pointer that is left out.
    const OMITTED: u8 = 0xff;
    match table {
        Some(Pointer::Direct(address)) => {
            image.bytes_from(address).first().is_some_and(|encoding| *encoding != OMITTED)
        }
        Some(Pointer::Indirect(_)) => true,
        None => false,
    }
}

/// Those that lie wholly in code, in order, with those that overlap as one.
fn functions(image: &Image, mut found: Vec<Range<u64>>) -> Vec<Range<u64>> {
    found.retain(|range| {
        let segment = image.segment(range.start);
        range.start < range.end
            && segment.is_some_and(|segment| segment.executable && range.end <= segment.end())
    });
    found.sort_by_key(|range| (range.start, range.end));
    let mut functions: Vec<Range<u64>> = Vec::with_capacity(found.len());
    for range in found {
        match functions.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => functions.push(range),
        }
    }
    functions
}
