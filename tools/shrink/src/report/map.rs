//! A map of the bytes: an HTML page with a picture in which every area is as large as its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use treemap::{Mappable, Rect, TreemapLayout};

use super::amount;
use crate::survey::{Gain, Survey};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 760.0;
/// Room for a directory's name above what is in it.
const TITLE: f64 = 15.0;
/// Smaller areas are no more than a dot.
const SMALLEST: f64 = 2.0;

/// Writes the page.
pub(crate) fn write(survey: &Survey, to: &Path) -> Result<()> {
    let page = page(survey);
    files::output::write(to, |out| out.write_all(page.as_bytes()))
        .with_context(|| format!("cannot write the map `{}`", shown(to)))
}

/// A directory or file with what is in it.
#[derive(Default)]
struct Node {
    size: u64,
    children: BTreeMap<PathBuf, Node>,
    gain: Option<Gain>,
}

impl Node {
    fn tree(survey: &Survey) -> Self {
        let mut root = Self::default();
        for file in &survey.files {
            root.size += file.size;
            let mut node = &mut root;
            for part in file.path.components() {
                node = node.children.entry(PathBuf::from(part.as_os_str())).or_default();
                node.size += file.size;
            }
            node.gain = file.gain.as_ref().map(|(gain, _)| gain.clone());
        }
        root
    }
}

struct Area<'a> {
    path: PathBuf,
    node: &'a Node,
    bounds: Rect,
}

impl Mappable for Area<'_> {
    #[expect(clippy::cast_precision_loss, reason = "an area need not be exact to the byte")]
    fn size(&self) -> f64 {
        self.node.size as f64
    }

    fn bounds(&self) -> &Rect {
        &self.bounds
    }

    fn set_bounds(&mut self, bounds: Rect) {
        self.bounds = bounds;
    }
}

fn page(survey: &Survey) -> String {
    let tree = Node::tree(survey);
    let mut picture = String::new();
    draw(&tree, Path::new(""), Rect::from_points(0.0, 0.0, WIDTH, HEIGHT), &mut picture);
    let legend: String = survey
        .gains()
        .iter()
        .map(|(gain, bytes, _)| {
            let (colour, name) = (colour(Some(gain)), gain.name());
            format!(
                "<li><i style=\"background:{colour}\"></i>{} {}</li>\n",
                escaped(name),
                amount(*bytes)
            )
        })
        .collect();
    let plain = colour(None);
    let total = amount(survey.size());
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Where the bytes are: {total}</title>\n<style>\n\
         body {{ font: 14px system-ui, sans-serif; margin: 1.5rem; max-width: 1200px }}\n\
         svg {{ width: 100%; height: auto; font: 11px system-ui, sans-serif }}\n\
         rect {{ stroke: #fff; stroke-width: .6 }} g:hover > rect {{ stroke: #000 }}\n\
         ul {{ list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem }}\n\
         i {{ display: inline-block; width: .9em; height: .9em; margin-right: .4em }}\n\
         text {{ pointer-events: none }}\n</style>\n\
         <h1>Where the bytes are: {total}</h1>\n\
         <ul>\n<li><i style=\"background:{plain}\"></i>stays</li>\n{legend}</ul>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n{picture}</svg>\n</html>\n"
    )
}

fn draw(node: &Node, path: &Path, bounds: Rect, picture: &mut String) {
    let mut areas: Vec<Area> = node
        .children
        .iter()
        .filter(|(_, child)| child.size > 0)
        .map(|(name, child)| Area { path: path.join(name), node: child, bounds: Rect::new() })
        .collect();
    areas.sort_by_key(|area| std::cmp::Reverse(area.node.size));
    TreemapLayout::new().layout_items(&mut areas, bounds);
    for area in &areas {
        draw_area(area, picture);
    }
}

fn draw_area(area: &Area, picture: &mut String) {
    let Rect { x, y, w, h } = area.bounds;
    if w < SMALLEST || h < SMALLEST {
        return;
    }
    let directory = !area.node.children.is_empty();
    let fill = if directory { "#e9e6df" } else { colour(area.node.gain.as_ref()) };
    let gain = area.node.gain.as_ref().map_or(String::new(), |gain| format!(", {}", gain.name()));
    picture.push_str(&format!(
        "<g><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"{fill}\"/>\
         <title>{}: {}{}</title>",
        escaped(&shown(&area.path)),
        amount(area.node.size),
        escaped(&gain),
    ));
    if w > 45.0 && h > TITLE {
        let name = area.path.file_name().map(|name| shown(Path::new(name))).unwrap_or_default();
        // A letter is about six units wide.
        let fits: String = name.chars().take(w_letters(w)).collect();
        let (x, y) = (x + 3.0, y + 11.0);
        picture.push_str(&format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(&fits)));
    }
    picture.push_str("</g>\n");
    if directory && w > 8.0 && h > TITLE + 6.0 {
        let inner = Rect::from_points(x + 2.0, y + TITLE, w - 4.0, h - TITLE - 2.0);
        draw(area.node, &area.path, inner, picture);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the width is between 45 and 1200"
)]
fn w_letters(width: f64) -> usize {
    ((width - 6.0) / 6.0) as usize
}

fn colour(gain: Option<&Gain>) -> &'static str {
    match gain {
        None => "#b9c7b5",
        Some(Gain::Unreachable) => "#d7a9a0",
        Some(Gain::Duplicate) => "#c9a8d6",
        Some(Gain::Symbols | Gain::Sections) => "#8fb3d9",
        Some(Gain::Policy(name)) => match name.as_str() {
            "documentation" => "#f0c987",
            "locales" => "#e8a15b",
            "development" => "#d9d38a",
            "package-data" => "#c8b79a",
            "licences" => "#e3dcc0",
            _ => "#cfcfcf",
        },
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
