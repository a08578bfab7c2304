//! Boots an image without a window and proves what its recipe promises.
//!
//! Each picture and each input is proven in a boot of its own, so that nothing is left of another.

mod commands;
mod inputs;
mod instructions;
mod memory;
mod pictures;
pub(crate) mod proof;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use ui::Ended;

use crate::boot::say;
use crate::cli::{self, Format};
use crate::machine::Start;
use crate::machine::limit::Limit;
use crate::machine::picture::Picture;
use crate::machine::prompt::{self, NoPrompt, Ready};
use crate::machine::scratch::Scratch;
use crate::manifest::Manifest;
use crate::report;
pub(crate) use instructions::{command_line, grouped};
use proof::{Checked, Proof, Times};

/// Proves an image, and shows the proofs.
pub(crate) fn run(options: &cli::Check) -> Result<Ended> {
    let manifest = Manifest::of(&options.image)?;
    let scratch = Scratch::new()?;
    let bench = Bench { options, manifest: &manifest, scratch: &scratch };
    let checked = bench.prove()?;
    if !options.show.quiet {
        say(&match options.show.format {
            Format::Text => report::proof::text(&checked),
            Format::Json => report::proof::json(&checked)?,
        })?;
    }
    Ok(if checked.is_kept() { Ended::Done } else { Ended::Found })
}

/// What every proof needs.
struct Bench<'a> {
    options: &'a cli::Check,
    manifest: &'a Manifest,
    scratch: &'a Scratch,
}

impl<'a> Bench<'a> {
    /// Proves one promise after the other; an image that does not boot keeps none.
    fn prove(&self) -> Result<Checked> {
        let mut checked = Checked::of(&self.options.image, self.manifest);
        let start = self.start();
        let Some(mut ready) = checked.booted(self.boot(&start))? else { return Ok(checked) };
        checked.proofs.extend(commands::prove(self, &mut ready)?);
        checked.boot = self.times(ready.took)?;
        drop(ready);
        self.prove_each_in_its_boot(&mut checked)?;
        instructions::prove(self, &mut checked);
        if self.options.least_memory {
            memory::prove(self, &mut checked)?;
        }
        Ok(checked)
    }

    fn prove_each_in_its_boot(&self, checked: &mut Checked) -> Result<()> {
        for (number, promise) in self.manifest.promises.pictures.iter().enumerate() {
            let boot = self.boot(&self.start());
            if let Some(mut ready) = checked.booted(boot)? {
                let (proofs, picture) = pictures::prove(self, &mut ready, promise)?;
                checked.proofs.extend(proofs);
                self.keep(&picture, number, promise.run.as_deref())?;
            }
        }
        for promise in &self.manifest.promises.inputs {
            let boot = self.boot(&self.start());
            if let Some(mut ready) = checked.booted(boot)? {
                checked.proofs.push(inputs::prove(self, &mut ready, promise)?);
            }
        }
        Ok(())
    }

    /// How long several boots take on the clock, the first of which is known.
    fn times(&self, first: Duration) -> Result<Option<Times>> {
        if self.options.boots == 0 {
            return Ok(None);
        }
        let mut times = vec![first];
        for _ in 1..self.options.boots {
            times.push(self.boot(&self.start())?.took);
        }
        Ok(Times::of(times))
    }

    fn start(&self) -> Start<'a> {
        Start::of(&self.options.image, self.manifest)
    }

    fn boot(&self, start: &Start<'_>) -> Result<Ready<'a>> {
        self.boot_within(start, self.limit())
    }

    fn boot_within(&self, start: &Start<'_>, limit: Limit) -> Result<Ready<'a>> {
        prompt::boot(start, &self.manifest.promises.prompt, self.scratch, limit)
    }

    /// For each boot and each command anew.
    fn limit(&self) -> Limit {
        Limit::after(Duration::from_secs(self.options.limit))
    }

    /// Writes a picture where the user wants to see it.
    fn keep(&self, picture: &Picture, number: usize, command: Option<&str>) -> Result<()> {
        let Some(folder) = &self.options.pictures else { return Ok(()) };
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        picture.write_png(&folder.join(file_name(number, command)))
    }
}

/// Such as `1-fb-windows.png`: its number, and the first word of the command.
fn file_name(number: usize, command: Option<&str>) -> String {
    let word = command.unwrap_or("start").split_whitespace().next().unwrap_or("start");
    let word = Path::new(word).file_name().unwrap_or_default().to_string_lossy();
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let word: String = word.chars().filter(|letter| harmless(*letter)).take(40).collect();
    format!("{}-{word}.png", number + 1)
}

impl Checked {
    /// Notes whether a boot came to the prompt: once where it did, each time where it did not.
    fn booted<'a>(&mut self, boot: Result<Ready<'a>>) -> Result<Option<Ready<'a>>> {
        match boot {
            Ok(ready) => {
                if self.proofs.is_empty() {
                    self.proofs.push(Proof::kept("boots to the prompt"));
                }
                Ok(Some(ready))
            }
            Err(error) => {
                let no_prompt = error.downcast::<NoPrompt>()?;
                let proof = Proof::broken("boots to the prompt", "a prompt", no_prompt.to_string());
                self.proofs.push(proof.with_hint(no_prompt.look_at));
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_picture_has_the_name_of_its_command() {
        assert_eq!(file_name(0, Some("/bin/fb-windows --all")), "1-fb-windows.png");
        assert_eq!(file_name(1, Some("../../x;y")), "2-xy.png");
        assert_eq!(file_name(2, None), "3-start.png");
    }
}
