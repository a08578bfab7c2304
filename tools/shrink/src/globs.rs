//! Patterns for paths below the root, as policies and rules write them.

use std::path::Path;

use anyhow::{Context, Result};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs for paths below the root; `*` stays in its directory, `**` does not.
#[derive(Debug)]
pub(crate) struct Globs {
    paths: GlobSet,
    except: GlobSet,
}

impl Globs {
    pub(crate) fn new(paths: &[String], except: &[String]) -> Result<Self> {
        Ok(Self { paths: set(paths)?, except: set(except)? })
    }

    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.paths.is_match(path) && !self.except.is_match(path)
    }
}

fn set(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
        let glob = GlobBuilder::new(pattern).literal_separator(true).empty_alternates(true).build();
        set.add(glob.with_context(|| format!("`{pattern}` is no glob"))?);
    }
    Ok(set.build()?)
}
