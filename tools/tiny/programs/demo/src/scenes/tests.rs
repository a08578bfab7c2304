//! Whole frames are the same on every machine.

use std::vec;
use std::vec::Vec;

use expect_test::{Expect, expect};

use super::animation::Animation;
use super::benchmark::Benchmark;
use super::input::Input;
use super::windows::Windows;
use super::*;
use crate::canvas::Colour;
use crate::events::{Button, Change};
use crate::picture;

/// Draws frames as `--frames` does, and returns the last one's pixels.
fn drawn(scene: &mut dyn Scene, frames: i32) -> Vec<u16> {
    let mut text = vec![0; Font::room(1)];
    let mut title = vec![0; Font::room(2)];
    let mut fonts = Fonts { text: Font::new(1, &mut text), title: Font::new(2, &mut title) };
    let mut pixels = vec![0; 640 * 480];
    for frame in 0..frames {
        let mut canvas = Canvas::new(&mut pixels, 640, 480);
        let moment = Moment { milliseconds: frame * 40, rate: None, clock: None };
        scene.draw(&mut canvas, &mut fonts, moment);
    }
    pixels
}

/// Compares frame 1 and frame 100 by a number; the example `pictures` shows them.
#[track_caller]
fn check(scene: fn() -> Box<dyn Scene>, expected: &Expect) {
    let numbers = [1, 100].map(|frames| picture::number(&drawn(&mut *scene(), frames)));
    expected.assert_eq(&format!("{:016x} {:016x}", numbers[0], numbers[1]));
}

#[test]
fn the_animation_is_drawn_to_the_pixel() {
    check(|| Box::new(Animation::new()), &expect!["0ef63633242eb4c9 11469352917c1a24"]);
}

#[test]
fn the_benchmark_is_drawn_to_the_pixel() {
    check(|| Box::new(Benchmark::new()), &expect!["512a06d95c4f0a56 1a4deeebe02f191a"]);
}

#[test]
fn the_windows_are_drawn_to_the_pixel() {
    check(|| Box::new(Windows::new()), &expect!["cd7dd46037df38b0 bd4963544c8329c3"]);
}

#[test]
fn the_input_test_is_drawn_to_the_pixel() {
    check(|| Box::new(Input::new(2)), &expect!["0590dbe8d24c8f11 0590dbe8d24c8f11"]);
}

#[test]
fn a_key_lights_up_and_glows_after() {
    let mut input = Input::new(1);
    let dark = drawn(&mut input, 1);
    input.notice(Event::Key(16, Change::Down));
    let lit = drawn(&mut input, 1);
    input.notice(Event::Key(16, Change::Up));
    let glowing = drawn(&mut input, 1);

    // The Q stands in the third row, right of Tab.
    let corner = 240 + 2 * 36 + 8;
    let key = [dark, lit, glowing].map(|pixels| Colour(pixels[corner * 640 + 32 + 54 + 6]));
    assert_eq!(key, [Colour::rgb(52, 62, 84), Colour::rgb(255, 176, 84), Colour::rgb(44, 96, 110)]);
}

#[test]
fn a_window_follows_the_hand_and_stays() {
    let mut windows = Windows::new();
    drawn(&mut windows, 1);
    let before = windows.front();
    let middle = (320, 240);

    let grip = (before.x + 40 - middle.0, before.y + 10 - middle.1);
    windows.notice(Event::Moved { right: grip.0, down: grip.1 });
    windows.notice(Event::Button(Button::Left, Change::Down));
    windows.notice(Event::Moved { right: 25, down: 50 });
    windows.notice(Event::Button(Button::Left, Change::Up));
    windows.notice(Event::Moved { right: 100, down: 0 });
    drawn(&mut windows, 50);

    let after = windows.front();
    assert_eq!((after.x - before.x, after.y - before.y), (25, 50));
}
