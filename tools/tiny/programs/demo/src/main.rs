//! Where the kernel enters the program: without a standard library, there is only the stack.
//!
//! Not built by cargo; rustc compiles it together with the library for the machine it is
//! meant for.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use demo::{program, system};

#[cfg(target_arch = "arm")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov r0, sp",
    "bic sp, sp, #7",
    "bl enter"
);

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, rsp",
    "and rsp, -16",
    "call enter"
);

/// Goes on from the entry with the stack as the kernel left it.
#[unsafe(no_mangle)]
unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: the entry above hands over the stack's end, untouched.
    let arguments = unsafe { system::arguments(stack) };
    system::exit(program::run(arguments))
}

/// A mistake of ours: the console is given back all the same.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    system::console::rescue();
    system::ERRORS.write("error: this program has a mistake and had to stop\n");
    system::exit(101)
}
