//! The relationships of a part: what its `r:id` attributes stand for (ECMA-376, part 2).

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, Named, goal};
use crate::document::limits::Limits;
use crate::document::package::Package;
use crate::document::problem::Problem;
use crate::document::xml::{Node, Space, Xml};
use crate::link::Spot;

/// The relationships of one part.
#[derive(Debug, Default)]
pub(super) struct Relationships {
    /// By their ids.
    known: HashMap<String, Relationship>,
    /// The ids in their order.
    order: Vec<String>,
}

/// What an id stands for.
#[derive(Debug, Clone)]
pub(super) struct Relationship {
    /// The last word of its type, such as `hyperlink`.
    pub(super) kind: String,
    /// As it is written.
    pub(super) target: String,
    /// Whether it leads out of the package.
    pub(super) external: bool,
    /// The part that it leads to; None where it leads out of the package, or nowhere.
    pub(super) part: Option<String>,
    spot: Option<Spot>,
}

impl Relationships {
    /// Those of a part; none where it has no file of relationships. The package's own belong to the
    /// part without a name.
    pub(super) fn of<R: Read + Seek>(
        part: &str,
        package: &mut Package<R>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let file: Arc<str> = format!("{folder}{slash}_rels/{name}.rels").into();
        let Some(input) = package.part(&file)? else { return Ok(Self::default()) };
        let mut xml = Xml::new(input, &file, limits)?;
        let mut relationships = Self::default();
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::Rels, "Relationship") => {
                    let Some(id) = element.get(Space::None, "Id") else { continue };
                    let kind = element.get(Space::None, "Type").unwrap_or_default();
                    let value = element.value(Space::None, "Target");
                    let target = value.as_ref().map_or(String::new(), |value| value.text.clone());
                    let external =
                        element.get(Space::None, "TargetMode").as_deref() == Some("External");
                    let relationship = Relationship {
                        kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                        part: (!external).then(|| below(folder, &target)).flatten(),
                        target,
                        external,
                        spot: value.and_then(|value| value.spot(&file)),
                    };
                    relationships.order.push(id.clone());
                    relationships.known.insert(id, relationship);
                }
                Node::Eof => break,
                _ => {}
            }
        }
        drop(xml);
        let parts = relationships.known.values_mut().filter_map(|it| it.part.as_mut());
        for part in parts {
            if let Some(spelled) = package.spelled(part) {
                *part = spelled.to_string();
            }
        }
        Ok(relationships)
    }

    /// All of them, in their order.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Relationship> {
        self.order.iter().filter_map(|id| self.known.get(id))
    }

    pub(super) fn get(&self, id: &str) -> Option<&Relationship> {
        self.known.get(id)
    }

    /// The part of the first relationship of a kind.
    pub(super) fn first(&self, kind: &str) -> Option<&str> {
        let mut of_kind = self.in_order().filter(|relationship| relationship.kind == kind);
        of_kind.find_map(|relationship| relationship.part.as_deref())
    }

    /// The relationships of a kind, in their order.
    pub(super) fn all<'all>(
        &'all self,
        kind: &'all str,
    ) -> impl Iterator<Item = &'all Relationship> {
        self.in_order().filter(move |relationship| relationship.kind == kind)
    }

    /// Where an id leads, with the place that a link names beside it: the address as a reader would
    /// write it, its goal, and where it can be written back.
    pub(super) fn lead(
        &self,
        id: &str,
        anchor: Option<&str>,
        base: &Base,
    ) -> (String, Goal, Option<Spot>) {
        let Some(relationship) = self.get(id) else {
            let goal = Goal::Inside(Jump::Named(Named::Relationship, id.to_owned()));
            return (String::new(), goal, None);
        };
        relationship.lead(anchor, base)
    }
}

impl Relationship {
    /// Where it leads, as with [`Relationships::lead`].
    pub(super) fn lead(&self, anchor: Option<&str>, base: &Base) -> (String, Goal, Option<Spot>) {
        let anchor = anchor.filter(|anchor| !anchor.is_empty());
        let end = anchor.map_or(String::new(), |anchor| format!("#{anchor}"));
        let address = format!("{}{end}", self.target);
        let spot = self.spot.clone().map(|spot| Spot { after: end, ..spot });
        if !self.external && !self.target.starts_with('#') {
            let goal = match &self.part {
                _ if self.target.is_empty() => Goal::Nothing,
                Some(part) => Goal::Part { name: part.clone(), fragment: None },
                None => Goal::Malformed("it leads out of the package".to_owned()),
            };
            return (address, goal, spot);
        }
        let goal = goal(&address, base);
        (address, goal, spot)
    }
}

/// A part seen from a folder of the package; None where it leads out of it.
fn below(folder: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    match goal(target, &Base::Part(folder.into())) {
        Goal::Part { name, .. } => Some(name),
        _ => None,
    }
}

/// What relative addresses are relative to, where the document says so, and the number of pages.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) base: Option<String>,
    pub(super) pages: Option<u32>,
}

impl Properties {
    /// Reads `docProps/app.xml`; what is wrong with it does not keep a document from being read.
    pub(super) fn read<R: Read + Seek>(
        part: Option<&str>,
        package: &mut Package<R>,
        limits: &Limits,
    ) -> Self {
        part.and_then(|part| Self::try_read(part, package, limits).ok()).unwrap_or_default()
    }

    fn try_read<R: Read + Seek>(
        part: &str,
        package: &mut Package<R>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let mut properties = Self::default();
        let Some(input) = package.part(part)? else { return Ok(properties) };
        let mut xml = Xml::new(input, part, limits)?;
        let mut name = String::new();
        loop {
            match xml.next()? {
                Node::Start(element) => element.local().clone_into(&mut name),
                Node::End => name.clear(),
                Node::Text(text) if name == "HyperlinkBase" => {
                    properties.base.get_or_insert_default().push_str(text);
                }
                Node::Text(text) if name == "Pages" => properties.pages = text.trim().parse().ok(),
                Node::Text(_) => {}
                Node::Eof => return Ok(properties),
            }
        }
    }

    /// How relative addresses are read.
    pub(super) fn address_base(&self) -> Base {
        match self.base.as_deref().map(str::trim) {
            Some(base) if !base.is_empty() => Base::Stated(base.to_owned()),
            _ => Base::Folder,
        }
    }
}
