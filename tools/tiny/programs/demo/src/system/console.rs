//! The terminal and the virtual console, taken and given back.

use super::call::{Number, call};
use super::{Access, File, INPUT, Order, Question};

/// The terminal's modes: four words of flags, then the control characters.
type Modes = [u32; 9];

const GET_MODES: Question<9> = Question(0x5401);
const SET_MODES: Question<9> = Question(0x5402);
/// The same, and what was typed meanwhile is thrown away.
const SET_MODES_AND_FLUSH: Question<9> = Question(0x5404);
const FOREGROUND_GROUP: Question<1> = Question(0x540F);
const GET_SCREEN_MODE: Question<1> = Question(0x4B3B);
const SET_SCREEN_MODE: Order = Order(0x4B3A);

const TEXT: u32 = 0;
const GRAPHICS: u32 = 1;

/// The word with the flags below, and the flags: signals by keys, whole lines, echo.
const LOCAL: usize = 3;
const COOKED: u32 = 0b1011;

/// The word that holds VTIME and VMIN in its upper half.
const WAITING: usize = 5;

/// What has to be given back.
#[derive(Debug)]
pub struct Console {
    modes: Option<Modes>,
    screen: Option<File>,
}

impl Console {
    /// Keys come one by one and are not shown; the kernel writes no text on the screen.
    #[must_use]
    pub fn take() -> Self {
        Self { modes: take_terminal(), screen: take_screen() }
    }

    /// Whether `q` or Ctrl-C was typed in the terminal.
    #[must_use]
    pub fn wants_to_end(&self) -> bool {
        let mut typed = [0; 16];
        if self.modes.is_none() {
            return false;
        }
        let length = INPUT.read(&mut typed).unwrap_or(0);
        typed[..length].iter().any(|key| matches!(key, b'q' | b'Q' | 3))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // Where giving back is refused, there is nothing else that could be tried.
        if let Some(screen) = self.screen {
            let _ = screen.order(SET_SCREEN_MODE, TEXT);
        }
        if let Some(mut modes) = self.modes {
            let _ = INPUT.tell(SET_MODES_AND_FLUSH, &mut modes);
        }
    }
}

/// Gives back what can be given back without knowing how it was found.
pub fn rescue() {
    if let Ok(screen) = File::open(c"/dev/tty0", Access::ReadWrite) {
        let _ = screen.order(SET_SCREEN_MODE, TEXT);
    }
    if let Ok(mut modes) = INPUT.ask(GET_MODES) {
        modes[LOCAL] |= COOKED;
        let _ = INPUT.tell(SET_MODES, &mut modes);
    }
}

/// None where standard input is no terminal, or is that of another program in front.
fn take_terminal() -> Option<Modes> {
    let modes: Modes = INPUT.ask(GET_MODES).ok()?;
    // SAFETY: it takes a number, 0 for this process.
    let ours = unsafe { call(Number::ProcessGroup, [0; 6]) } as u32;
    let in_front = INPUT.ask(FOREGROUND_GROUP).is_ok_and(|[group]| group != ours);
    if in_front {
        return None;
    }
    let mut raw = modes;
    raw[LOCAL] &= !COOKED;
    raw[WAITING] &= 0xFFFF;
    INPUT.tell(SET_MODES, &mut raw).ok()?;
    Some(modes)
}

/// None where there is no virtual console, or another program draws on it already.
fn take_screen() -> Option<File> {
    let screen = File::open(c"/dev/tty0", Access::ReadWrite).ok()?;
    let [mode] = screen.ask(GET_SCREEN_MODE).ok()?;
    if mode != TEXT {
        return None;
    }
    screen.order(SET_SCREEN_MODE, GRAPHICS).ok()?;
    Some(screen)
}
