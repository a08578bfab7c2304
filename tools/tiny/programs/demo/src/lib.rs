//! Programs that draw on the Linux framebuffer, small enough for a system in one file.
//!
//! One binary holds all of them and goes by the name it is called by:
//!
//! - `fb-animation`: bubbles of glass rise in front of an evening sky,
//! - `fb-benchmark`: how fast the machine draws, with figures on the screen and in the terminal,
//! - `fb-windows`: windows that cast shadows and shine through, moved by themselves or the mouse,
//! - `fb-input`: what mouse and keyboard send, on a picture of a keyboard.
//!
//! There is no standard library, no allocation and no floating point: what is
//! drawn is plain code from numbers to pixels, tested on the developer's machine
//! (`canvas`, `font`, `scenes`), and what speaks with Linux is a thin layer below
//! it (`system`, `program`). `main.rs` is not built by cargo: it is compiled by
//! rustc for the machine that the demo is made for.

#![cfg_attr(not(test), no_std)]
// The letters' masks, pixels and coordinates change their width all the time; a canvas is a few
// thousand pixels wide, which every one of these types holds.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "coordinates are small"
)]

pub mod canvas;
pub mod font;
#[cfg(test)]
mod picture;
mod sine;
mod words;

pub mod events;
mod keys;
pub mod scenes;

pub mod layout;
pub mod options;
#[cfg(all(target_os = "linux", any(target_arch = "arm", target_arch = "x86_64")))]
pub mod program;
#[cfg(all(target_os = "linux", any(target_arch = "arm", target_arch = "x86_64")))]
#[expect(unsafe_code, reason = "system calls and mapped memory, each with its proof")]
pub mod system;
