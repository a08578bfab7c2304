//! Why a copy stays, in words and as a key of the document.

use duplicates::plan::{Harm, Protected, Reason};

/// A reason for people.
pub(crate) fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Metadata => {
            "mode, owner, group or extended attributes differ (--ignore-metadata links them)"
        }
        Reason::Privileged => "setuid, setgid or with capabilities",
        Reason::Harm(harm) => words_for_harm(harm),
        Reason::Times => "a build compares their times, which differ",
        Reason::Border => {
            "the other copies are in another root filesystem or package (named as arguments of \
             their own, these are linked)"
        }
        Reason::Argument => "the other copies are below another argument (--within-each)",
        Reason::Protected(protected) => words_for_place(protected),
        Reason::Transient => "every copy is in a temporary, cache or run directory",
        Reason::FreesNothing => "a link would take as much room",
        Reason::OtherNames => "have hard links elsewhere, so nothing would be freed",
        Reason::TooFar => "too far apart for a link",
        Reason::Unsteady => "changed while clink was looking",
        Reason::Disproven => "with a link the command of --prove came to something else",
    }
}

fn words_for_harm(harm: Harm) -> &'static str {
    match harm {
        Harm::Origin => "load libraries from beside themselves ($ORIGIN)",
        Harm::Relocatable => "look for their other parts from where they are",
        Harm::Program => "programs: they may ask where they are",
        Harm::Script => "scripts and modules: they may look for others beside themselves",
        Harm::Manifest => "manifests: they say what the directory around them is",
        Harm::Bundle => "archives that programs are loaded from",
        Harm::Imports => "they import others by paths of their own",
        Harm::Header => "headers without an include guard, or that lead elsewhere",
        Harm::BuildFile => "build files: they may ask where they are",
        Harm::LinkerScript => {
            "linker scripts and the like: they count from the root that they lie in"
        }
        Harm::Unit => "units and rules: a link to one is an alias",
        Harm::Refused => "git, go:embed, npm pack, Hugo or Jekyll refuse links there",
        Harm::TimeZone => "time zones: their names are read from where they are",
        Harm::Database => "databases: programs write to them",
        Harm::Unknown => "of a kind that clink does not know (--trust-unknown links them)",
    }
}

fn words_for_place(protected: Protected) -> &'static str {
    match protected {
        Protected::Configuration => "configuration (below a directory `etc`)",
        Protected::PackageDatabase => "a package manager's database",
        Protected::VersionControl => "a version control system's store",
        Protected::Spool => "logs and spools",
        Protected::State => "state that a program keeps",
        Protected::Store => "a store that counts on what it holds",
    }
}

/// A reason for programs.
pub(crate) fn key(reason: Reason) -> &'static str {
    match reason {
        Reason::Metadata => "metadata",
        Reason::Privileged => "privileged",
        Reason::Harm(harm) => key_of_harm(harm),
        Reason::Times => "times",
        Reason::Border => "border",
        Reason::Argument => "argument",
        Reason::Protected(Protected::Configuration) => "configuration",
        Reason::Protected(Protected::PackageDatabase) => "package_database",
        Reason::Protected(Protected::VersionControl) => "version_control",
        Reason::Protected(Protected::Spool) => "spool",
        Reason::Protected(Protected::State) => "state",
        Reason::Protected(Protected::Store) => "store",
        Reason::Transient => "transient",
        Reason::FreesNothing => "frees_nothing",
        Reason::OtherNames => "other_names",
        Reason::TooFar => "too_far",
        Reason::Unsteady => "unsteady",
        Reason::Disproven => "disproven",
    }
}

fn key_of_harm(harm: Harm) -> &'static str {
    match harm {
        Harm::Origin => "origin",
        Harm::Relocatable => "relocatable",
        Harm::Program => "program",
        Harm::Script => "script",
        Harm::Manifest => "manifest",
        Harm::Bundle => "bundle",
        Harm::Imports => "imports",
        Harm::Header => "header",
        Harm::BuildFile => "build_file",
        Harm::LinkerScript => "linker_script",
        Harm::Unit => "unit",
        Harm::Refused => "refused",
        Harm::TimeZone => "time_zone",
        Harm::Database => "database",
        Harm::Unknown => "unknown",
    }
}
