//! The one form of what `--format json` prints, for all tools: docs/output.md describes it.

use serde::Serialize;

use crate::Voice;

/// A document with what stands before everything else.
#[derive(Debug, Serialize)]
pub struct Document<D> {
    tool: &'static str,
    /// Of the tool.
    version: &'static str,
    /// Of the document: it changes when something that was there changes its name or meaning.
    format: u32,
    #[serde(flatten)]
    content: D,
}

impl Voice {
    /// A document as all tools write them: the tool, its version, the version of the document's form,
    /// and then what the document says, which must be a structure or a map.
    #[must_use]
    pub const fn document<D: Serialize>(self, format: u32, content: D) -> Document<D> {
        // Every member of the workspace has the same version; a rule of the house sees to it.
        Document { tool: self.name, version: env!("CARGO_PKG_VERSION"), format, content }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Found {
        files: u64,
    }

    #[test]
    fn a_document_says_first_who_wrote_it_and_in_which_form() {
        let document = Voice::of("tool").document(2, Found { files: 3 });

        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            serde_json::to_string(&document).expect("it can be written"),
            format!(r#"{{"tool":"tool","version":"{version}","format":2,"files":3}}"#)
        );
    }
}
