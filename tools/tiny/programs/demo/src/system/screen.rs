//! The framebuffer: its memory, its size and how its pixels are kept.

use core::ffi::CStr;

use super::{Access, File, Question, Refused, device_memory};
use crate::canvas::Canvas;
use crate::layout::{Field, Layout};

/// The `fb_var_screeninfo` of Linux, as words.
const VARIABLE: Question<40> = Question(0x4600);
/// The same, to set it.
const SET_VARIABLE: Question<40> = Question(0x4601);
const WIDTH: usize = 0;
const HEIGHT: usize = 1;
const DEPTH: usize = 6;
/// Red, green and blue follow each other, three words each.
const FIELDS: [usize; 3] = [8, 11, 14];

/// When a new mode is to hold: now, even if it is the old one.
const ACTIVATE: usize = 21;
const NOW_AND_ALWAYS: u32 = 0x80;

/// The `fb_fix_screeninfo`, which holds two addresses.
const FIXED: Question<20> = Question(0x4602);
/// Where the length of a line stands: behind one address.
const LINE: usize = 10 + size_of::<usize>() / 4;

/// Larger screens show the picture in their upper left.
const WIDEST: u32 = 1280;
const HIGHEST: u32 = 1024;

/// The screen's memory by the size of its pixels.
#[derive(Debug)]
enum Memory {
    Narrow(&'static mut [u16]),
    Wide(&'static mut [u32]),
}

/// The screen.
#[derive(Debug)]
pub struct Screen {
    memory: Memory,
    layout: Layout,
    width: i32,
    height: i32,
    /// Pixels from one row to the next.
    line: usize,
}

/// Why there is no screen.
#[derive(Clone, Copy, Debug)]
pub enum NoScreen {
    /// The device cannot be opened.
    Open(Refused),
    /// It does not tell its size: it is no framebuffer.
    Ask(Refused),
    /// Its memory is out of reach.
    Map(Refused),
    /// It has other pixels than those of 16 or 32 bits.
    Depth(u32),
}

impl Screen {
    /// Opens a framebuffer.
    ///
    /// # Errors
    /// Where it cannot be drawn on.
    pub fn open(path: &CStr) -> Result<Self, NoScreen> {
        let device = File::open(path, Access::ReadWrite).map_err(NoScreen::Open)?;
        let mut variable = device.ask(VARIABLE).map_err(NoScreen::Ask)?;
        // Without a text console, some displays stay off and have lines of no length until
        // somebody sets their mode. Where that is refused, the mode is as it was.
        variable[ACTIVATE] = NOW_AND_ALWAYS;
        let _ = device.tell(SET_VARIABLE, &mut variable);
        let variable = device.ask(VARIABLE).map_err(NoScreen::Ask)?;
        let fixed = device.ask(FIXED).map_err(NoScreen::Ask)?;
        let bytes = fixed[LINE] as usize * variable[HEIGHT] as usize;
        let (memory, line) = match variable[DEPTH] {
            16 => {
                let memory = device_memory(device, bytes / 2).map_err(NoScreen::Map)?;
                (Memory::Narrow(memory), fixed[LINE] as usize / 2)
            }
            32 => {
                let memory = device_memory(device, bytes / 4).map_err(NoScreen::Map)?;
                (Memory::Wide(memory), fixed[LINE] as usize / 4)
            }
            depth => return Err(NoScreen::Depth(depth)),
        };
        let layout = Layout::new(
            FIELDS.map(|field| Field { offset: variable[field], length: variable[field + 1] }),
        );
        let width = variable[WIDTH].min(WIDEST) as i32;
        let height = variable[HEIGHT].min(HIGHEST) as i32;
        Ok(Self { memory, layout, width, height, line })
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(&self) -> i32 {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(&self) -> i32 {
        self.height
    }

    /// The screen itself as a canvas, where its pixels are as ours and its rows touch.
    pub fn canvas(&mut self) -> Option<Canvas<'_>> {
        let ours = self.layout.is_ours() && self.line == self.width as usize;
        match &mut self.memory {
            Memory::Narrow(memory) if ours => Some(Canvas::new(memory, self.width, self.height)),
            _ => None,
        }
    }

    /// Shows pixels, row by row.
    pub fn show(&mut self, pixels: &[u16]) {
        let rows = pixels.chunks_exact(self.width as usize);
        match &mut self.memory {
            Memory::Narrow(memory) if self.layout.is_ours() => {
                for (shown, row) in memory.chunks_exact_mut(self.line).zip(rows) {
                    shown[..row.len()].copy_from_slice(row);
                }
            }
            Memory::Narrow(memory) => {
                for (shown, row) in memory.chunks_exact_mut(self.line).zip(rows) {
                    for (shown, &pixel) in shown.iter_mut().zip(row) {
                        *shown = self.layout.convert(pixel) as u16;
                    }
                }
            }
            Memory::Wide(memory) => {
                for (shown, row) in memory.chunks_exact_mut(self.line).zip(rows) {
                    for (shown, &pixel) in shown.iter_mut().zip(row) {
                        *shown = self.layout.convert(pixel);
                    }
                }
            }
        }
    }
}
