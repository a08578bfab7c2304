//! A door for the fuzz targets, which feed bytes of others to it: no part of the interface.

use std::path::Path;

use crate::ledger::Ledger;
use crate::needs::packages::Packages;
use crate::rootfs::Root;

/// Reads a ledger and looks a path up in it: whether it is one.
#[must_use]
pub fn ledger(place: &Path) -> bool {
    Ledger::read(place).is_ok_and(|ledger| {
        ledger.reasons();
        true
    })
}

/// Reads the records of the package managers of a root, and follows what depends on what.
pub fn packages(root: &Root) {
    let packages = Packages::of(root);
    for (path, _) in root.inventory.iter() {
        packages.companions(path);
        packages.dependencies(path, &std::collections::BTreeSet::new());
    }
}
