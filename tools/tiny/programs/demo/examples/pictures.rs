//! Draws a frame of each program into a folder, to look at:
//! `cargo run -p fb-demos --example pictures -- FOLDER [FRAMES]`.

use std::fs;
use std::path::Path;

use demo::canvas::Canvas;
use demo::font::Font;
use demo::scenes::{Fonts, Moment, Scene, animation, benchmark, input, windows};

const WIDTH: i32 = 640;
const HEIGHT: i32 = 480;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let frames = arguments.next().and_then(|frames| frames.parse().ok()).unwrap_or(1);
    let scenes: [(&str, &mut dyn Scene); 4] = [
        ("fb-animation", &mut animation::Animation::new()),
        ("fb-benchmark", &mut benchmark::Benchmark::new()),
        ("fb-windows", &mut windows::Windows::new()),
        ("fb-input", &mut input::Input::new(2)),
    ];
    for (name, scene) in scenes {
        let file = Path::new(&folder).join(name).with_extension("ppm");
        fs::write(file, portable_pixmap(&drawn(scene, frames)))?;
    }
    Ok(())
}

fn drawn(scene: &mut dyn Scene, frames: i32) -> Vec<u16> {
    let mut text = vec![0; Font::room(1)];
    let mut title = vec![0; Font::room(2)];
    let mut fonts = Fonts { text: Font::new(1, &mut text), title: Font::new(2, &mut title) };
    let mut pixels = vec![0; (WIDTH * HEIGHT) as usize];
    for frame in 0..frames {
        let mut canvas = Canvas::new(&mut pixels, WIDTH, HEIGHT);
        let moment = Moment { milliseconds: frame * 40, rate: None, clock: None };
        scene.draw(&mut canvas, &mut fonts, moment);
    }
    pixels
}

fn portable_pixmap(pixels: &[u16]) -> Vec<u8> {
    let mut file = format!("P6 {WIDTH} {HEIGHT} 255\n").into_bytes();
    for pixel in pixels {
        let part = |shift: u16, bits: u16| (pixel >> shift & ((1 << bits) - 1)) << (8 - bits);
        file.extend([part(11, 5), part(5, 6), part(0, 5)].map(|part| part.to_le_bytes()[0]));
    }
    file
}
