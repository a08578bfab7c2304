//! Calls into Linux, as each processor does it.

/// What the kernel is asked to do. Each machine has its own numbers.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Read,
    Write,
    OpenAt,
    Control,
    Map,
    ClockGetTime,
    SignalMask,
    SignalWait,
    ProcessGroup,
    Exit,
}

#[cfg(target_arch = "arm")]
impl Number {
    const fn value(self) -> usize {
        match self {
            Self::Exit => 1,
            Self::Read => 3,
            Self::Write => 4,
            Self::Control => 54,
            Self::ProcessGroup => 132,
            Self::SignalMask => 175,
            // mmap2, rt_sigtimedwait_time64 and clock_gettime64.
            Self::Map => 192,
            Self::OpenAt => 322,
            Self::ClockGetTime => 403,
            Self::SignalWait => 421,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Number {
    const fn value(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => 1,
            Self::Map => 9,
            Self::SignalMask => 14,
            Self::Control => 16,
            Self::Exit => 60,
            Self::ProcessGroup => 121,
            Self::SignalWait => 128,
            Self::ClockGetTime => 228,
            Self::OpenAt => 257,
        }
    }
}

/// Calls the kernel; a negative result is an error's number.
///
/// # Safety
/// The arguments must be what the call expects: addresses of enough valid memory above all.
#[cfg(target_arch = "arm")]
pub(super) unsafe fn call(number: Number, arguments: [usize; 6]) -> isize {
    let result;
    // SAFETY: `svc` changes nothing but r0 and the memory that the caller answers for.
    unsafe {
        core::arch::asm!(
            "svc 0",
            inlateout("r0") arguments[0] => result,
            in("r1") arguments[1],
            in("r2") arguments[2],
            in("r3") arguments[3],
            in("r4") arguments[4],
            in("r5") arguments[5],
            in("r7") number.value(),
            options(nostack),
        );
    }
    result
}

/// Calls the kernel; a negative result is an error's number.
///
/// # Safety
/// The arguments must be what the call expects: addresses of enough valid memory above all.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn call(number: Number, arguments: [usize; 6]) -> isize {
    let result;
    // SAFETY: `syscall` changes nothing but rax, rcx and r11, and the memory that the caller
    // answers for.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number.value() => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result
}
