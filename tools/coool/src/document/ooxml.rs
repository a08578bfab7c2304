//! Reads Office Open XML: texts, presentations and sheets (ECMA-376; transitional and strict).

use std::io::{Read, Seek};
use std::sync::Arc;

use super::Content;
use super::limits::Limits;
use super::package::Package;
use super::problem::Problem;

mod fields;
mod presentation;
mod relationships;
mod sheets;
mod targets;
mod word;

use relationships::Relationships;

/// Reads a package; its relationships say what it is, not its name.
pub(crate) fn read<R: Read + Seek>(
    mut package: Package<R>,
    limits: &Limits,
) -> Result<Content, Problem> {
    let root = Relationships::of("", &mut package, limits)?;
    let main = root.first("officeDocument").ok_or_else(|| Problem::Damaged {
        part: String::new(),
        why: "the package does not say where its document is".to_owned(),
    })?;
    let main: Arc<str> = Arc::from(main);
    let properties = root.first("extended-properties").or(root.first("extendedProperties"));
    let properties = properties.map(str::to_owned);
    let folder = main.split('/').next().unwrap_or_default();
    match folder {
        "word" => word::read(package, &main, properties.as_deref(), limits),
        "ppt" => presentation::read(package, &main, properties.as_deref(), limits),
        "xl" => sheets::read(package, &main, properties.as_deref(), limits),
        _ => Err(Problem::Unknown),
    }
}
