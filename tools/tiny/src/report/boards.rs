//! What recipes can name: boards with their features, and techniques.

use std::io;

use crate::board::Board;
use crate::cli::Format;
use crate::technique::Technique;

pub(crate) fn write(
    boards: &[(&str, Board)],
    techniques: &[Technique],
    format: Format,
) -> io::Result<()> {
    match format {
        Format::Json => super::json(&serde_json::json!({
            "boards": boards.iter().map(|(name, board)| serde_json::json!({
                "name": name,
                "says": board.says,
                "features": features(board),
            })).collect::<Vec<_>>(),
            "techniques": techniques.iter().map(named).collect::<Vec<_>>(),
        })),
        Format::Text => super::text(&text(boards, techniques)),
    }
}

fn features(board: &Board) -> Vec<serde_json::Value> {
    let feature = |(name, feature): (&String, &crate::board::Feature)| serde_json::json!({ "name": name, "says": feature.says });
    board.features.iter().map(feature).collect()
}

fn named(technique: &Technique) -> serde_json::Value {
    serde_json::json!({ "name": technique.name, "says": technique.says })
}

fn text(boards: &[(&str, Board)], techniques: &[Technique]) -> String {
    let mut text = String::new();
    for (name, board) in boards {
        text.push_str(&format!("board {name}: {}\n", board.says));
        for (name, feature) in &board.features {
            text.push_str(&format!("  feature {name}: {}\n", feature.says));
        }
    }
    text.push_str("techniques, all of them used unless a recipe lists its own\n");
    for technique in techniques {
        text.push_str(&format!("  {}: {}\n", technique.name, technique.says));
    }
    text
}
