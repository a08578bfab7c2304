//! The interface of 2007: DirectFB from a distribution's packages, with programs that draw by it.

mod workshop;

use std::fs;

use workshop::{Workshop, json, text, tiny};

/// The size of 2007's file, and the memory that it ran with.
const BUDGET: u64 = 2_100_000;

#[test]
fn directfb_fits_into_the_file_of_2007_and_draws_with_16_megabytes() {
    let workshop = Workshop::new();
    let image = workshop.built("directfb.toml", "directfb.img");
    let size = fs::metadata(&image).expect("an image").len();
    assert!(size <= BUDGET, "{size} bytes");

    let run = tiny(&["check", text(&image), "--format", "json", "--boots", "1"]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert_eq!(json(&run)["memory"], "16M");
}
