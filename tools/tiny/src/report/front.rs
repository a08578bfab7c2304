//! Size against boot time, as a table and as a picture.

use std::io;
use std::path::Path;

use anyhow::Result;

use super::count;
use crate::cli::Format;
use crate::front::Point;
use crate::store;

pub(crate) fn write(points: &[Point], format: Format) -> io::Result<()> {
    match format {
        Format::Json => super::json(&serde_json::json!({ "points": points })),
        Format::Text => super::text(&text(points)),
    }
}

fn text(points: &[Point]) -> String {
    let mut text = format!("{:<10} {:>10} {:>14}\n", "packed by", "bytes", "instructions");
    for point in points {
        let worth = if point.is_on_front { "" } else { "  another is smaller and quicker" };
        text.push_str(&format!(
            "{:<10} {:>10} {:>14}{worth}\n",
            point.compressor.to_string(),
            count(point.bytes),
            count(point.instructions)
        ));
    }
    text
}

/// Draws the points as an SVG picture.
pub(crate) fn draw(points: &[Point], file: &Path) -> Result<()> {
    store::replace(file, picture(points).as_bytes())
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const BORDER: f64 = 60.0;

#[expect(clippy::cast_precision_loss, reason = "a picture has a thousand pixels at most")]
fn picture(points: &[Point]) -> String {
    let widest = points.iter().map(|point| point.bytes).max().unwrap_or(1) as f64;
    let slowest = points.iter().map(|point| point.instructions).max().unwrap_or(1) as f64;
    let place = |point: &Point| {
        (
            BORDER + point.bytes as f64 / widest * (WIDTH - 3.0 * BORDER),
            HEIGHT - BORDER - point.instructions as f64 / slowest * (HEIGHT - 2.0 * BORDER),
        )
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <path d=\"M{BORDER} {BORDER}V{bottom}H{right}\" fill=\"none\" stroke=\"#888\"/>\n\
         <text x=\"{right}\" y=\"{below}\" text-anchor=\"end\" fill=\"#555\">bytes</text>\n\
         <text x=\"{BORDER}\" y=\"{above}\" fill=\"#555\">instructions to start</text>\n",
        bottom = HEIGHT - BORDER,
        right = WIDTH - BORDER,
        below = HEIGHT - BORDER + 24.0,
        above = BORDER - 16.0,
    );
    let front: Vec<_> = points
        .iter()
        .filter(|point| point.is_on_front)
        .map(place)
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    svg.push_str(&format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#2a6f97\" stroke-width=\"2\"/>\n",
        front.join(" ")
    ));
    for point in points {
        let (x, y) = place(point);
        let colour = if point.is_on_front { "#2a6f97" } else { "#b0b0b0" };
        svg.push_str(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\">{}: {} bytes, {} million</text>\n",
            x + 8.0,
            y - 6.0,
            point.compressor,
            count(point.bytes),
            point.instructions / 1_000_000
        ));
    }
    svg.push_str("</svg>\n");
    svg
}
