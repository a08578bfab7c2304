//! What a recipe promises of its image: written in the recipe's `[check]`, kept in the manifest,
//! and proven by booting.

pub(crate) mod colour;
pub(crate) mod event;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::size::Size;
use colour::Colour;
use event::Event;

/// All that a recipe promises. That the image boots to the prompt is always promised.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Promises {
    /// What the console shows when a command can be typed.
    #[serde(default = "usual_prompt")]
    pub(crate) prompt: String,
    /// What commands print.
    #[serde(default, rename = "command", skip_serializing_if = "Vec::is_empty")]
    pub(crate) commands: Vec<CommandPromise>,
    /// What the screen shows.
    #[serde(default, rename = "picture", skip_serializing_if = "Vec::is_empty")]
    pub(crate) pictures: Vec<PicturePromise>,
    /// What arrives from keyboard and mouse.
    #[serde(default, rename = "input", skip_serializing_if = "Vec::is_empty")]
    pub(crate) inputs: Vec<InputPromise>,
    /// How many instructions starting takes.
    #[serde(default)]
    pub(crate) instructions: InstructionPromises,
    /// How little memory is enough.
    #[serde(default)]
    pub(crate) least_memory: LeastMemory,
}

/// What a command prints and how it ends.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CommandPromise {
    /// The line that is typed.
    pub(crate) run: String,
    /// All that it prints, but for space at both ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prints: Option<String>,
    /// Part of what it prints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contains: Option<String>,
    /// Its exit code.
    #[serde(default)]
    pub(crate) code: u8,
}

/// What the screen shows when a command has drawn.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PicturePromise {
    /// The line that is typed; without one, what runs at start has drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    /// How many colours there are at least; a picture of one colour is blank and never enough.
    #[serde(default = "two")]
    pub(crate) colours: usize,
    /// Pixels whose colour is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) marks: Vec<Mark>,
    /// Whether it goes on changing, as an animation does; otherwise it comes to rest.
    #[serde(default)]
    pub(crate) moves: bool,
    /// A picture, a PNG file, that it must equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<Reference>,
}

/// A pixel whose colour is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Mark {
    /// From the left and from the top, beginning at nought.
    pub(crate) at: [u32; 2],
    /// The colour.
    pub(crate) colour: Colour,
    /// By how much each of red, green and blue may differ.
    #[serde(default = "rounding")]
    pub(crate) within: u8,
}

/// A picture to compare with.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Reference {
    /// A PNG file: in the recipe relative to it, in the manifest relative to that.
    pub(crate) file: PathBuf,
    /// By how much each of red, green and blue may differ.
    #[serde(default = "rounding")]
    pub(crate) within: u8,
    /// How many of a thousand pixels may differ by more.
    #[serde(default)]
    pub(crate) per_mille: u16,
}

/// What a command prints while keys are pressed and the mouse is moved.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct InputPromise {
    /// The line that is typed.
    pub(crate) run: String,
    /// What it prints when it listens; nothing is sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ready: Option<String>,
    /// What is sent: `key a`, `move 20 10`, `button left`.
    pub(crate) send: Vec<Event>,
    /// What must then be part of what it prints.
    pub(crate) prints: Texts,
}

/// A text, or several of which each counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Texts {
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

/// How many instructions starting takes, each to another end.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct InstructionPromises {
    /// To the first program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) userspace: Option<Measured>,
    /// To the first picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<Measured>,
}

/// A boot whose instructions are counted.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Measured {
    /// The program that runs in place of the first one, and its arguments; the boot ends with it.
    pub(crate) start: String,
    /// Part of what it prints: the proof that it ran, where the kernel does not say how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prints: Option<String>,
    /// How many instructions are allowed; otherwise they are only reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_most: Option<u64>,
}

/// How little memory is enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LeastMemory {
    /// For a shell at the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shell: Option<Size>,
    /// For the first of the pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<Size>,
}

impl Default for Promises {
    fn default() -> Self {
        Self {
            prompt: usual_prompt(),
            commands: Vec::new(),
            pictures: Vec::new(),
            inputs: Vec::new(),
            instructions: InstructionPromises::default(),
            least_memory: LeastMemory::default(),
        }
    }
}

/// That of `BusyBox`'s shell for root.
fn usual_prompt() -> String {
    "/ # ".to_owned()
}

fn two() -> usize {
    2
}

/// A screen with 16 bits per pixel keeps five of a colour's eight bits.
fn rounding() -> u8 {
    8
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &str = r##"
prompt = "/ # "
[[command]]
run = "echo $((6 * 7))"
prints = "42"
[[picture]]
run = "fb-animation --frames 1"
marks = [{ at = [10, 10], colour = "#204060" }]
colours = 16
[[input]]
run = "fb-input --print"
send = ["key a", "move 20 -10", "button left"]
prints = "key a"
[instructions]
userspace = { start = "/bin/true" }
picture = { start = "/bin/fb-animation --frames 1", at-most = 150_000_000 }
[least-memory]
shell = "4M"
"##;

    #[test]
    fn promises_are_read_from_a_recipe_and_kept_in_a_manifest() {
        let promises: Promises = toml::from_str(CHECK).expect("promises");
        assert_eq!(promises.commands[0].prints.as_deref(), Some("42"));
        assert_eq!(promises.pictures[0].marks[0].within, 8);
        assert_eq!(promises.inputs[0].send[1], Event::Move { right: 20, down: -10 });
        assert_eq!(promises.least_memory.shell, Some(Size::of_megabytes(4)));
        let kept = serde_json::to_string(&promises).expect("promises can be written");
        assert_eq!(serde_json::from_str::<Promises>(&kept).expect("promises"), promises);
    }

    #[test]
    fn nothing_promised_is_the_usual_prompt() {
        assert_eq!(toml::from_str::<Promises>("").expect("promises"), Promises::default());
    }

    #[test]
    fn a_mistake_is_shown_with_its_place() {
        let told = |text| toml::from_str::<Promises>(text).expect_err("a mistake").to_string();
        let picture = "[[picture]]\nrun = 'a'\nmarks = [{ at = [1, 1], colour = 'blue' }]";
        assert!(told(picture).contains("line 3"), "{}", told(picture));
        assert!(told(picture).contains("`blue` is no colour such as `#204060`"));
        assert!(told("promt = '$ '").contains("unknown field `promt`"));
    }
}
