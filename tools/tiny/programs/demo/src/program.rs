//! From the command line to the last frame.

use core::ffi::CStr;

use crate::canvas::Canvas;
use crate::events::{Change, Event};
use crate::font::Font;
use crate::options::{self, Misunderstood, Options, Program, USAGE};
use crate::scenes::animation::Animation;
use crate::scenes::benchmark::Benchmark;
use crate::scenes::input::Input;
use crate::scenes::windows::Windows;
use crate::scenes::{Fonts, Moment, Scene};
use crate::system::console::Console;
use crate::system::devices::Devices;
use crate::system::screen::{NoScreen, Screen};
use crate::system::{ERRORS, Ending, OUTPUT, Refused, memory, microseconds};
use crate::words::Words;

/// Microseconds of a frame where the machine is quick enough: fifty in a second.
const FRAME: u64 = 20_000;

/// Milliseconds from frame to frame where every machine is to draw the same.
const STEP: i32 = 40;

/// Microseconds between two looks at the keys while a picture is held.
const LOOK: u32 = 20_000;

/// Runs the program that the command line names, and returns the exit code.
#[must_use]
pub fn run<'a>(arguments: impl Iterator<Item = &'a CStr>) -> u8 {
    match options::read(arguments) {
        Ok(options) => match perform(&options) {
            Ok(()) => 0,
            Err(trouble) => {
                trouble.tell(&options);
                2
            }
        },
        Err(Misunderstood::Help) => {
            OUTPUT.write(USAGE);
            0
        }
        Err(Misunderstood::Name) => {
            ERRORS.write(USAGE);
            2
        }
        Err(Misunderstood::Argument(argument)) => {
            complain("cannot understand `", argument);
            ERRORS.write(USAGE);
            2
        }
    }
}

fn perform(options: &Options<'_>) -> Result<(), Trouble> {
    let ending = Ending::held_back();
    let mut screen = Screen::open(options.device).map_err(Trouble::Screen)?;
    let devices = Devices::open();
    let mut fonts = Fonts {
        text: Font::new(1, memory(Font::room(1)).map_err(Trouble::Memory)?),
        title: Font::new(2, memory(Font::room(2)).map_err(Trouble::Memory)?),
    };
    let stage = Stage { options, ending: &ending, devices: &devices };
    match options.program {
        Program::Animation => stage.play(&mut Animation::new(), &mut screen, &mut fonts),
        Program::Benchmark => stage.play(&mut Benchmark::new(), &mut screen, &mut fonts),
        Program::Windows => stage.play(&mut Windows::new(), &mut screen, &mut fonts),
        Program::Input => stage.play(&mut Input::new(devices.count()), &mut screen, &mut fonts),
    }
}

/// What a scene is played with.
struct Stage<'a> {
    options: &'a Options<'a>,
    ending: &'a Ending,
    devices: &'a Devices,
}

impl Stage<'_> {
    /// Plays a scene and gives the console back before the scene's last words.
    fn play(
        &self,
        scene: &mut dyn Scene,
        screen: &mut Screen,
        fonts: &mut Fonts<'_>,
    ) -> Result<(), Trouble> {
        let back = self.back(screen)?;
        let console = Console::take();
        self.frames(scene, screen, fonts, back, &console);
        drop(console);
        scene.say(&mut |line| {
            OUTPUT.write(line);
            OUTPUT.write("\n");
        });
        Ok(())
    }

    /// Memory to draw in; none where the screen is drawn on itself.
    fn back(&self, screen: &mut Screen) -> Result<Option<&'static mut [u16]>, Trouble> {
        if self.options.direct && screen.canvas().is_some() {
            return Ok(None);
        }
        let pixels = memory((screen.width() * screen.height()) as usize);
        Ok(Some(pixels.map_err(Trouble::Memory)?))
    }

    fn frames(
        &self,
        scene: &mut dyn Scene,
        screen: &mut Screen,
        fonts: &mut Fonts<'_>,
        mut back: Option<&mut [u16]>,
        console: &Console,
    ) {
        let mut pace = Pace::begin();
        let mut keys = Keys::default();
        while !console.wants_to_end() && !keys.want_to_end(self.devices, scene) {
            pace.next();
            if let Some(pixels) = &mut back {
                let mut canvas = Canvas::new(pixels, screen.width(), screen.height());
                scene.draw(&mut canvas, fonts, self.moment(&pace));
                screen.show(canvas.pixels());
            } else if let Some(mut canvas) = screen.canvas() {
                scene.draw(&mut canvas, fonts, self.moment(&pace));
            }
            pace.count();
            let last = self.options.frames.is_some_and(|frames| pace.frames >= frames);
            if last && self.options.hold {
                return self.hold(scene, console, &mut keys);
            }
            let over = last || scene.is_over() && !self.options.hold;
            if over || self.ending.came_within(self.rest(&pace)) {
                return;
            }
        }
    }

    /// How long a frame may still be shown.
    fn rest(&self, pace: &Pace) -> u32 {
        if self.options.frames.is_some() { 0 } else { pace.rest() }
    }

    fn moment(&self, pace: &Pace) -> Moment<'static> {
        match self.options.frames {
            Some(_) => Moment { milliseconds: pace.frames as i32 * STEP, rate: None, clock: None },
            None => Moment {
                milliseconds: (pace.now - pace.start) as u32 as i32 / 1000,
                rate: pace.rate,
                clock: Some(&microseconds),
            },
        }
    }

    /// Leaves the picture until somebody wants to end.
    fn hold(&self, scene: &mut dyn Scene, console: &Console, keys: &mut Keys) {
        while !console.wants_to_end()
            && !keys.want_to_end(self.devices, scene)
            && !self.ending.came_within(LOOK)
        {}
    }
}

/// Frames and the time they take.
struct Pace {
    start: u64,
    /// When the current frame began.
    now: u64,
    frames: u32,
    /// When the rate was last measured, and the frames until then.
    measured: (u64, u32),
    /// Tenths of frames in a second.
    rate: Option<u32>,
}

impl Pace {
    fn begin() -> Self {
        let now = microseconds();
        Self { start: now, now, frames: 0, measured: (now, 0), rate: None }
    }

    /// Begins the next frame.
    fn next(&mut self) {
        self.now = microseconds();
    }

    /// Counts a frame that was shown; the rate is measured twice a second.
    fn count(&mut self) {
        self.frames += 1;
        let (since, frames) = self.measured;
        let passed = (self.now - since) as u32;
        if passed > 500_000 {
            self.rate = Some((self.frames - frames) * 1_000_000 / (passed / 10));
            self.measured = (self.now, self.frames);
        }
    }

    /// What is left of the frame's time; the next frame begins after it.
    fn rest(&self) -> u32 {
        (self.now + FRAME).saturating_sub(microseconds()) as u32
    }
}

/// The keys that end the program, on a keyboard that nobody else reads.
#[derive(Default)]
struct Keys {
    control: bool,
}

impl Keys {
    /// Hands all events to the scene; whether q, Escape or Ctrl-C was among them.
    fn want_to_end(&mut self, devices: &Devices, scene: &mut dyn Scene) -> bool {
        const ESCAPE: u16 = 1;
        const Q: u16 = 16;
        const LEFT_CONTROL: u16 = 29;
        const C: u16 = 46;
        const RIGHT_CONTROL: u16 = 97;
        let mut end = false;
        devices.each_event(|event| {
            match event {
                Event::Key(LEFT_CONTROL | RIGHT_CONTROL, change) => {
                    self.control = change != Change::Up;
                }
                Event::Key(ESCAPE | Q, Change::Down) => end = true,
                Event::Key(C, Change::Down) => end |= self.control,
                _ => {}
            }
            scene.notice(event);
        });
        end
    }
}

/// Why nothing is drawn.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Screen(NoScreen),
    Memory(Refused),
}

impl Trouble {
    /// Says what was attempted, why it failed and what to do.
    fn tell(self, options: &Options<'_>) {
        let (because, hint) = match self {
            Self::Screen(NoScreen::Open(refused)) => {
                complain("cannot open the framebuffer `", options.device);
                (refused, "the kernel needs CONFIG_FB, a driver for the display, and /dev")
            }
            Self::Screen(NoScreen::Ask(refused)) => {
                complain("cannot ask for the size of `", options.device);
                (refused, "give a framebuffer such as /dev/fb0 to --device")
            }
            Self::Screen(NoScreen::Map(refused)) => {
                complain("cannot reach the memory of `", options.device);
                (refused, "the kernel needs CONFIG_MMU and a driver that can map its memory")
            }
            Self::Screen(NoScreen::Depth(depth)) => {
                complain("cannot draw on `", options.device);
                let depth = Words::new().say("it has ").number(depth).say(" bits per pixel");
                return explain(depth.as_str(), "set 16 or 32");
            }
            Self::Memory(refused) => {
                ERRORS.write("error: cannot get memory to draw in\n");
                (refused, "--direct draws on the screen itself and needs 600 kB less")
            }
        };
        explain(because.why(), hint);
    }
}

fn complain(what: &str, subject: &CStr) {
    ERRORS.write("error: ");
    ERRORS.write(what);
    ERRORS.write(subject.to_str().unwrap_or("?"));
    ERRORS.write("`\n");
}

fn explain(because: &str, hint: &str) {
    for part in ["because: ", because, "\nhint: ", hint, "\n"] {
        ERRORS.write(part);
    }
}
