//! What a link can lead to in a presentation or drawing, by Impress's rules.

use std::collections::HashSet;

use crate::address::{Jump, Named};
use crate::proposal::Proposal;
use crate::targets::{Found, Speller, Targets};

/// The slides and shapes of a presentation or drawing.
#[derive(Debug, Default)]
pub(super) struct SlideTargets {
    /// The names of the slides as they are stored, in order.
    slides: Vec<String>,
    /// The names of the shapes.
    shapes: HashSet<String>,
}

/// What programs in other languages call a slide without a name: a link that says so holds only
/// there.
const TRANSLATED: &[&str] = &[
    "Diapo",
    "Folie",
    "Seite",
    "Page",
    "Diapositiva",
    "Dia",
    "Bild",
    "Slajd",
    "Snímek",
    "Слайд",
    "スライド",
    "投影片",
    "幻灯片",
];

impl SlideTargets {
    pub(super) fn add_slide(&mut self, name: String) {
        self.slides.push(name);
    }

    pub(super) fn add_shape(&mut self, name: String) {
        self.shapes.insert(name);
    }

    pub(super) fn len(&self) -> usize {
        self.slides.len() + self.shapes.len()
    }

    /// A slide without a name is stored as `page3`, and called `Slide 3`.
    fn find_name(&self, name: &str, speller: &Speller) -> Found {
        let slide_name = name.strip_suffix(" (Notes)").unwrap_or(name);
        let is_named = |(number, stored): (usize, &String)| {
            stored == slide_name && !is_unnamed(stored, number)
        };
        if (1..).zip(&self.slides).any(is_named) || self.shapes.contains(name) {
            return Found::Yes;
        }
        if let Some(number) = number_after(slide_name, "Slide") {
            return self.find_number(slide_name, number);
        }
        for word in TRANSLATED {
            let number = number_after(slide_name, word);
            if let Some(number) = number.filter(|number| (1..=self.slides.len()).contains(number)) {
                return Found::Fragile(format!(
                    "only programs in that language call slide {number} `{slide_name}`"
                ));
            }
        }
        let unnamed = (1..)
            .zip(&self.slides)
            .find(|(number, stored)| *stored == slide_name && is_unnamed(stored, *number));
        if let Some((number, _)) = unnamed {
            return Found::No {
                reason: format!("no slide is called `{name}`; slide {number} has no name"),
                nearest: Some(Proposal::sure(format!("Slide {number}"), "so programs call it")),
            };
        }
        let candidates = self.slides.iter().chain(&self.shapes).map(String::as_str);
        Found::No {
            reason: format!("no slide and no shape is called `{name}`"),
            nearest: speller.nearest(name, candidates),
        }
    }

    /// The third slide is `Slide 3` as long as it has no name of its own.
    fn find_number(&self, name: &str, number: usize) -> Found {
        let Some(stored) = number.checked_sub(1).and_then(|index| self.slides.get(index)) else {
            let count = self.slides.len();
            return Found::No {
                reason: format!("there is no slide {number}: the last is slide {count}"),
                nearest: None,
            };
        };
        if is_unnamed(stored, number) {
            return Found::Yes;
        }
        if number == 1 {
            return Found::No {
                reason: format!("no slide is called `{name}`: the first is called `{stored}`"),
                nearest: Some(Proposal::sure(stored, "it is the first slide")),
            };
        }
        Found::Fragile(format!(
            "slide {number} is called `{stored}`; not every program finds it by its number"
        ))
    }

    /// By the name that is stored, as what happens on a click has it.
    fn find_stored(&self, name: &str, speller: &Speller) -> Found {
        if self.slides.iter().any(|slide| slide == name) {
            return Found::Yes;
        }
        match self.find_name(name, speller) {
            Found::No { reason, .. } => {
                let all = self.slides.iter().chain(&self.shapes).map(String::as_str);
                Found::No { reason, nearest: speller.nearest(name, all) }
            }
            found => found,
        }
    }

    fn find_page(&self, number: u32) -> Found {
        let count = self.slides.len();
        if (1..=count).contains(&(number as usize)) {
            return Found::Yes;
        }
        Found::No {
            reason: format!("there is no slide {number}: the last is slide {count}"),
            nearest: None,
        }
    }
}

impl Targets for SlideTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        match jump {
            Jump::Fragment(name) if name.is_empty() => {
                let reason = "it names no place".to_owned();
                Found::No { reason, nearest: None }
            }
            Jump::Fragment(name) => self.find_name(name, speller),
            Jump::Named(Named::Slide, name) => self.find_stored(name, speller),
            Jump::Page(number) => self.find_page(*number),
            Jump::Neighbour => Found::Yes,
            Jump::Named(..) => Found::Unknown,
        }
    }
}

/// Whether a slide has no name of its own: it is then stored as `page3`, or not at all.
fn is_unnamed(stored: &str, number: usize) -> bool {
    stored.is_empty() || stored.strip_prefix("page").and_then(|it| it.parse().ok()) == Some(number)
}

/// The number in `Slide 3`.
fn number_after(name: &str, word: &str) -> Option<usize> {
    name.strip_prefix(word)?.trim_start().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Found {
        let mut targets = SlideTargets::default();
        for slide in ["page1", "page2", "Costs"] {
            targets.add_slide(slide.to_owned());
        }
        targets.add_shape("Logo".to_owned());
        targets.find(&Jump::Fragment(name.to_owned()), &Speller::default())
    }

    #[test]
    fn slides_have_names_and_numbers() {
        for name in ["Slide 2", "Costs", "Costs (Notes)", "Logo"] {
            assert_eq!(find(name), Found::Yes, "{name}");
        }
        for name in ["Slide 3", "Diapo 2"] {
            assert!(matches!(find(name), Found::Fragile(_)), "{name}");
        }
        assert!(
            matches!(find("page2"), Found::No { nearest: Some(near), .. } if near.address == "Slide 2")
        );
        assert!(matches!(find("Slide 4"), Found::No { .. }));
        assert!(
            matches!(find("Coasts"), Found::No { nearest: Some(near), .. } if near.address == "Costs")
        );
    }
}
