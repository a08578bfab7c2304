//! Links: what an element leads to, what shows it, and where it stands.

use std::sync::Arc;

use crate::address::{Base, Goal, Jump, Named, goal};
use crate::document::cells::column_name;
use crate::document::problem::Problem;
use crate::document::xml::{Element, Space};
use crate::link::{Aside, Class, Kind, Link, Page, Place, Spot};

use super::super::kinds;
use super::{Body, Collects, Frame, Role, Walker};

impl Walker {
    /// Takes the element's link, if it is one.
    pub(super) fn link(&mut self, element: &Element, frame: &mut Frame) -> Result<(), Problem> {
        if let Some((named, name)) = kinds::reference(element) {
            let goal = Goal::Inside(Jump::Named(named, name.clone()));
            let spot =
                element.value(Space::Text, "ref-name").and_then(|value| value.spot(&self.part));
            return self.push(Kind::Reference, name, goal, spot, Some(frame));
        }
        let Some(carrier) = kinds::carrier(element) else { return Ok(()) };
        let value = element.value(Space::Xlink, "href");
        let address = value.as_ref().map(|value| value.text.clone()).unwrap_or_default();
        let section = element.get(Space::Text, "section-name");
        if address.trim().is_empty() && section.is_none() && !carrier.must_lead {
            return Ok(());
        }
        let goal = self.goal(&address, carrier.kind, section);
        let goal = match &value {
            Some(value) if !value.complete => {
                Goal::Malformed("it uses an entity that the document declares itself".to_owned())
            }
            _ => goal,
        };
        if carrier.kind == Kind::ImageSource {
            self.link_is_an_image();
        }
        let spot = value.and_then(|value| value.spot(&self.part));
        let address = match &goal {
            // A section of the document itself has a name and no address.
            Goal::Inside(Jump::Fragment(name)) if address.is_empty() => format!("#{name}"),
            _ => address,
        };
        self.push(carrier.kind, address, goal, spot, Some(frame))?;
        self.label(element);
        Ok(())
    }

    fn goal(&self, address: &str, kind: Kind, section: Option<String>) -> Goal {
        if let Some(section) = section {
            let fragment = format!("{section}|region");
            return match goal(address, &self.base) {
                Goal::Nothing => Goal::Inside(Jump::Fragment(fragment)),
                Goal::File { path, .. } => Goal::File { path, fragment: Some(fragment) },
                other => other,
            };
        }
        // What happens on a click names a slide as it is stored; what is written in text, as the
        // program calls it.
        if kind == Kind::Event
            && self.body == Some(Body::Slides)
            && let Some(name) = address.strip_prefix('#')
        {
            return Goal::Inside(Jump::Named(Named::Slide, name.to_owned()));
        }
        let resource = kind.class() == Class::Resource;
        // OpenOffice.org 1 marks the parts of its own package so.
        if resource && let Some(part) = address.strip_prefix('#') {
            let name = part.trim_start_matches("./").to_owned();
            return Goal::Part { name, fragment: None };
        }
        // A chart names the table that it stands in as the folder above its own.
        if resource && matches!(address, "." | "..") {
            return Goal::Part { name: String::new(), fragment: None };
        }
        match goal(address, &self.base) {
            // Some programs leave out the `../`; no reader's link leads into the package.
            Goal::Part { name, fragment } if !resource => {
                Goal::File { path: self.without_own_folders(&name).to_owned(), fragment }
            }
            // What a document within a flat one names is not known.
            Goal::Inside(_) if self.inline > 0 => {
                Goal::Part { name: String::new(), fragment: None }
            }
            goal => goal,
        }
    }

    /// A name within the package, seen from the folder of the object at hand or of one around it.
    fn without_own_folders<'name>(&self, name: &'name str) -> &'name str {
        let Base::Within(folder) = &self.base else { return name };
        let mut rest = name;
        for step in folder.split('/').filter(|step| !step.is_empty()) {
            match rest.strip_prefix(step).and_then(|rest| rest.strip_prefix('/')) {
                Some(below) => rest = below,
                None => break,
            }
        }
        rest
    }

    /// The link around an image is an image to click on.
    fn link_is_an_image(&mut self) {
        for open in &self.open {
            if let Collects::Link(number) = open.what {
                let link = &mut self.links.as_mut_slice()[number];
                if link.kind == Kind::Shape {
                    link.kind = Kind::Image;
                }
            }
        }
    }

    /// Buttons and areas show their words in an attribute.
    fn label(&mut self, element: &Element) {
        let label = element
            .get(Space::Form, "label")
            .or_else(|| element.get(Space::Office, "name"))
            .or_else(|| element.get(Space::Form, "name"));
        if let Some(label) = label
            && let Some(link) = self.links.as_mut_slice().last_mut()
            && link.kind != Kind::Text
        {
            link.text = label;
        }
    }

    pub(super) fn push(
        &mut self,
        kind: Kind,
        address: String,
        goal: Goal,
        spot: Option<Spot>,
        frame: Option<&mut Frame>,
    ) -> Result<(), Problem> {
        let part = Arc::clone(&self.part);
        let place = self.place();
        self.links.push(Link { address, goal, kind, text: String::new(), place, part, spot })?;
        if let Some(frame) = frame
            && kind.class() != Class::Resource
        {
            let number = self.links.as_mut_slice().len() - 1;
            self.collect(Collects::Link(number), frame);
        }
        Ok(())
    }

    pub(super) fn place(&self) -> Place {
        if self.inline > 0 {
            return self.outer_place.clone();
        }
        let in_text = self.body == Some(Body::Text) && self.role == Role::Document;
        let in_running_text = in_text
            && !matches!(
                self.aside,
                Some(Aside::Deletion | Aside::Metadata | Aside::MasterPage | Aside::Style)
            )
            && !matches!(self.aside, Some(Aside::Header | Aside::Footer));
        let cell = self.in_cell && self.sheet.is_some();
        Place {
            page: in_running_text.then_some(Page::About(self.breaks + 1)),
            slide: (self.slide > 0 && self.role == Role::Document).then_some(self.slide),
            sheet: self.sheet.clone(),
            cell: cell.then(|| format!("{}{}", column_name(self.column), self.row + 1)),
            heading: self.heading.clone(),
            line: None,
            aside: self.aside,
        }
    }

    /// An entry of a bibliography may have an address.
    pub(super) fn citation(&mut self, element: &Element, frame: &mut Frame) -> Result<(), Problem> {
        let Some(value) = element.value(Space::Text, "url") else { return Ok(()) };
        if value.text.trim().is_empty() {
            return Ok(());
        }
        let goal = goal(&value.text, &Base::Folder);
        let spot = value.spot(&self.part);
        self.push(Kind::Citation, value.text, goal, spot, Some(frame))
    }
}
