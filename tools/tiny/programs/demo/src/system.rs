//! The few things of Linux that the programs need, without a C library.
//!
//! Only this module and what is below it holds unsafe code. Times are those of
//! 64 bits everywhere: kernels for small systems leave the old calls out.

mod call;

pub mod console;
pub mod devices;
pub mod screen;

use core::ffi::CStr;
use core::ptr;
use core::slice;

use call::{Number, call};

/// Why the kernel refused, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub u32);

impl Refused {
    /// What the number means, for the few that are likely here.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self.0 {
            1 | 13 => "permission denied",
            2 => "no such file",
            5 => "input/output error",
            6 | 19 => "there is no such device",
            12 => "out of memory",
            16 => "it is in use",
            22 | 25 => "it is not of that kind",
            _ => "the kernel refused",
        }
    }
}

/// What a call returned: negative numbers are errors.
fn checked(returned: isize) -> Result<usize, Refused> {
    usize::try_from(returned).map_err(|_| Refused(returned.unsigned_abs() as u32))
}

/// An open file; it stays open until the program ends.
#[derive(Clone, Copy, Debug)]
pub struct File(i32);

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// To read; if there is nothing to read, a read returns at once.
    ReadWithoutWaiting,
    /// To read and write.
    ReadWrite,
}

/// Standard input.
pub const INPUT: File = File(0);
/// Standard output.
pub const OUTPUT: File = File(1);
/// Standard error.
pub const ERRORS: File = File(2);

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// As the kernel says.
    pub fn open(path: &CStr, access: Access) -> Result<Self, Refused> {
        const HERE: usize = -100_isize as usize;
        const READ_WRITE: usize = 2;
        const NON_BLOCKING: usize = 0o4000;
        const CLOSE_ON_EXEC: usize = 0o2_000_000;
        let flags = CLOSE_ON_EXEC
            | match access {
                Access::ReadWithoutWaiting => NON_BLOCKING,
                Access::ReadWrite => READ_WRITE,
            };
        let arguments = [HERE, path.as_ptr().expose_provenance(), flags, 0, 0, 0];
        // SAFETY: the path ends with a zero and lives until the call returns.
        let number = checked(unsafe { call(Number::OpenAt, arguments) })?;
        Ok(Self(number as i32))
    }

    /// Reads at most as many bytes as there is room for.
    ///
    /// # Errors
    /// As the kernel says.
    pub fn read(self, room: &mut [u8]) -> Result<usize, Refused> {
        let arguments =
            [self.0 as usize, room.as_mut_ptr().expose_provenance(), room.len(), 0, 0, 0];
        // SAFETY: the kernel writes no more than `room.len()` bytes into the room.
        checked(unsafe { call(Number::Read, arguments) })
    }

    /// Writes all of a text; what cannot be written is lost, for there is nobody to tell.
    pub fn write(self, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let arguments =
                [self.0 as usize, rest.as_ptr().expose_provenance(), rest.len(), 0, 0, 0];
            // SAFETY: the kernel reads `rest.len()` bytes from the rest.
            match checked(unsafe { call(Number::Write, arguments) }) {
                Ok(written) if written > 0 => rest = &rest[written..],
                _ => return,
            }
        }
    }

    /// Asks a device for `N` words.
    fn ask<const N: usize>(self, question: Question<N>) -> Result<[u32; N], Refused> {
        let mut answer = [0; N];
        let arguments = [
            self.0 as usize,
            question.0 as usize,
            answer.as_mut_ptr().expose_provenance(),
            0,
            0,
            0,
        ];
        // SAFETY: whoever wrote the question down said that `N` words hold the answer.
        checked(unsafe { call(Number::Control, arguments) })?;
        Ok(answer)
    }

    /// Gives a device words such as it could be asked for; it may put them right.
    fn tell<const N: usize>(self, order: Question<N>, words: &mut [u32; N]) -> Result<(), Refused> {
        let arguments =
            [self.0 as usize, order.0 as usize, words.as_mut_ptr().expose_provenance(), 0, 0, 0];
        // SAFETY: whoever wrote the order down said that it is about `N` words.
        checked(unsafe { call(Number::Control, arguments) }).map(drop)
    }

    /// Gives a device an order with one number.
    fn order(self, order: Order, number: u32) -> Result<(), Refused> {
        let arguments = [self.0 as usize, order.0 as usize, number as usize, 0, 0, 0];
        // SAFETY: whoever wrote the order down said that it takes a number, not an address.
        checked(unsafe { call(Number::Control, arguments) }).map(drop)
    }
}

/// A request to a device that fills, or reads, `N` words of 32 bits.
#[derive(Clone, Copy)]
struct Question<const N: usize>(u32);

/// A request to a device that takes a number.
#[derive(Clone, Copy)]
struct Order(u32);

/// Numbers of which every combination of bits is valid.
///
/// # Safety
/// Zeros and whatever a device shows must be values of the type.
pub unsafe trait Plain: Copy {}
// SAFETY: all bits of unsigned numbers count.
unsafe impl Plain for u8 {}
// SAFETY: the same.
unsafe impl Plain for u16 {}
// SAFETY: the same.
unsafe impl Plain for u32 {}

/// Memory of zeros that is only taken where it is touched.
///
/// # Errors
/// Where there is not enough.
pub fn memory<T: Plain>(count: usize) -> Result<&'static mut [T], Refused> {
    const PRIVATE_AND_NO_FILE: usize = 0x22;
    map(count, PRIVATE_AND_NO_FILE, -1)
}

/// A device's memory.
fn device_memory<T: Plain>(device: File, count: usize) -> Result<&'static mut [T], Refused> {
    const SHARED: usize = 1;
    map(count, SHARED, device.0)
}

fn map<T: Plain>(count: usize, kind: usize, file: i32) -> Result<&'static mut [T], Refused> {
    const READ_AND_WRITE: usize = 3;
    let length = count * size_of::<T>();
    let arguments = [0, length, READ_AND_WRITE, kind, file as isize as usize, 0];
    // SAFETY: the kernel chooses a place where nothing was.
    let address = unsafe { call(Number::Map, arguments) };
    // The upper half of the addresses is negative; only the last page's numbers are errors.
    if (-4095..0).contains(&address) {
        return Err(Refused(address.unsigned_abs() as u32));
    }
    let start = ptr::with_exposed_provenance_mut(address as usize);
    // SAFETY: the mapping begins at a page, is at least `count` elements long, is never taken
    // away, and nobody else has it. Whatever its bits are, they are valid.
    Ok(unsafe { slice::from_raw_parts_mut(start, count) })
}

/// Seconds and nanoseconds, in the kernel's layout for 64 bits on every machine.
#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

/// Microseconds since some moment; it never goes backwards.
#[must_use]
pub fn microseconds() -> u64 {
    const MONOTONIC: usize = 1;
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    // SAFETY: the kernel fills the time, which has the layout it expects.
    unsafe {
        call(Number::ClockGetTime, [MONOTONIC, (&raw mut time).expose_provenance(), 0, 0, 0, 0])
    };
    time.seconds as u64 * 1_000_000 + u64::from(time.nanoseconds as u32 / 1000)
}

/// The signals that end the program, held back until they are asked for.
#[derive(Debug)]
pub struct Ending {
    signals: u64,
}

impl Ending {
    /// Holds back hang-up, interrupt, quit and termination: the screen is to be left as found.
    #[must_use]
    pub fn held_back() -> Self {
        const BLOCK: usize = 0;
        let ending =
            Self { signals: [1, 2, 3, 15].iter().fold(0, |set, signal| set | 1 << (signal - 1)) };
        let set = (&raw const ending.signals).expose_provenance();
        // SAFETY: the kernel reads the eight bytes of the set.
        unsafe { call(Number::SignalMask, [BLOCK, set, 0, 8, 0, 0]) };
        ending
    }

    /// Waits for one of the signals, but not longer than given; whether one came.
    #[must_use]
    pub fn came_within(&self, microseconds: u32) -> bool {
        let time = Time {
            seconds: i64::from(microseconds / 1_000_000),
            nanoseconds: i64::from(microseconds % 1_000_000 * 1000),
        };
        let set = (&raw const self.signals).expose_provenance();
        let time = (&raw const time).expose_provenance();
        // SAFETY: the kernel reads the eight bytes of the set and the time.
        let signal = unsafe { call(Number::SignalWait, [set, 0, time, 8, 0, 0]) };
        signal > 0
    }
}

/// Ends the program.
pub fn exit(code: u8) -> ! {
    loop {
        // SAFETY: it does not return.
        unsafe { call(Number::Exit, [usize::from(code), 0, 0, 0, 0, 0]) };
    }
}

/// The command line, from what the kernel left on the stack.
///
/// # Safety
/// `stack` must be the stack's end as the program was entered: the number of arguments, and
/// their addresses behind it.
pub unsafe fn arguments(stack: *const usize) -> impl Iterator<Item = &'static CStr> {
    // SAFETY: the count is there, says the caller.
    let count = unsafe { stack.read() };
    (1..=count).map(move |index| {
        // SAFETY: the addresses follow, each of a text that ends with a zero and stays.
        unsafe { CStr::from_ptr(stack.add(index).cast::<*const core::ffi::c_char>().read()) }
    })
}
