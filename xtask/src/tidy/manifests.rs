//! A member says what is its own, and inherits the rest from the workspace.

use std::path::Path;

use super::Breach;

const INHERITED: &[(&str, &str)] = &[
    ("package", "version"),
    ("package", "edition"),
    ("package", "rust-version"),
    ("package", "license"),
    ("lints", "workspace"),
];

/// What the manifest states itself although the workspace states it for everybody.
pub(super) fn breaches(place: &Path, manifest: &str) -> Vec<Breach> {
    let entries = entries(manifest);
    let mut breaches = Vec::new();
    let mut found = |what: String| {
        breaches.push(Breach { place: place.display().to_string(), what });
    };
    for (table, key) in INHERITED {
        let inherits = entries.iter().any(|entry| entry.table == *table && entry.inherits(key));
        if !inherits {
            found(format!("`{key}` in `[{table}]` is not inherited from the workspace"));
        }
    }
    for entry in entries.iter().filter(|entry| entry.table.ends_with("dependencies")) {
        if !entry.line.replace(' ', "").contains("workspace=true") {
            found(format!("the version of `{}` does not stand in the workspace", entry.line));
        }
    }
    for (table, line) in names_of_a_crate(place) {
        if !entries.iter().any(|entry| entry.table == table && entry.line == line) {
            found(format!("`{line}` does not stand in `[{table}]`"));
        }
    }
    breaches
}

/// What names a crate: short words are long taken where crates are published, and nobody could
/// write our paths from `etabli_elf::`. So the package has a name that is free, the library ours.
fn names_of_a_crate(place: &Path) -> Vec<(&'static str, String)> {
    let Some(name) = place.strip_prefix("crates").ok().and_then(Path::parent) else {
        return Vec::new();
    };
    let name = name.display();
    vec![("package", format!("name = \"etabli-{name}\"")), ("lib", format!("name = \"{name}\""))]
}

/// A line `key = value` and the table it stands in. Our manifests hold nothing that needs more.
struct Entry<'a> {
    table: &'a str,
    line: &'a str,
}

impl Entry<'_> {
    fn inherits(&self, key: &str) -> bool {
        let line = self.line.replace(' ', "");
        let key = key.strip_suffix("workspace").map_or(format!("{key}.workspace"), |_| key.into());
        line == format!("{key}=true")
    }
}

fn entries(manifest: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = header;
        } else if !line.is_empty() && !line.starts_with('#') {
            entries.push(Entry { table, line });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"clink\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true

[lints]
workspace = true

[dependencies]
anyhow.workspace = true
clap = { workspace = true, features = [\"env\"] }
";

    fn found(manifest: &str) -> Vec<String> {
        let place = Path::new("tools/clink/Cargo.toml");
        breaches(place, manifest).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_manifest_that_inherits_is_right() {
        assert!(found(GOOD).is_empty());
    }

    #[test]
    fn a_crate_whose_package_could_not_be_published_is_found() {
        let crate_of = |manifest: &str| {
            let place = Path::new("crates/elf/Cargo.toml");
            breaches(place, manifest).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let named = GOOD.replace("\"clink\"", "\"etabli-elf\"") + "[lib]\nname = \"elf\"\n";

        assert!(crate_of(&named).is_empty());
        assert_eq!(
            crate_of(&GOOD.replace("\"clink\"", "\"elf\"")),
            [
                "crates/elf/Cargo.toml: `name = \"etabli-elf\"` does not stand in `[package]`",
                "crates/elf/Cargo.toml: `name = \"elf\"` does not stand in `[lib]`",
            ]
        );
    }

    #[test]
    fn a_version_of_its_own_is_found() {
        assert_eq!(
            found(&GOOD.replace("version.workspace = true\ne", "version = \"3.1.0\"\ne")),
            [
                "tools/clink/Cargo.toml: `version` in `[package]` is not inherited from the workspace"
            ]
        );
    }

    #[test]
    fn lints_of_its_own_are_found() {
        assert_eq!(
            found(&GOOD.replace("workspace = true\n\n[dep", "[lints.rust]\n\n[dep")),
            [
                "tools/clink/Cargo.toml: `workspace` in `[lints]` is not inherited from the workspace"
            ]
        );
    }

    #[test]
    fn a_dependency_with_a_version_of_its_own_is_found() {
        assert_eq!(
            found(&format!("{GOOD}[dev-dependencies]\ntempfile = \"3\"\n")),
            ["tools/clink/Cargo.toml: the version of `tempfile = \"3\"` does not stand in the \
              workspace"]
        );
    }
}
