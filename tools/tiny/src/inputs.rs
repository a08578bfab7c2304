//! What went into a thing, as the compiler, the assembler and the linker say themselves.
//!
//! Guesses are wrong sooner or later: a header of another folder, an `.incbin` or an `include_str!`
//! are found by nobody who only looks at folders. And what a build read tells whether it read anything
//! of this machine that is not the compiler's own.
//!
//! Proof: `tests/inputs.rs::whatever_a_program_is_made_of_makes_it_anew_when_it_changes`,
//! `tests/inputs.rs::a_header_of_this_machine_is_refused`

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;

/// Where this machine keeps what its own programs are made of.
const OF_THIS_MACHINE: [&str; 6] =
    ["/usr/include", "/usr/lib", "/usr/local/include", "/usr/local/lib", "/lib", "/lib64"];

/// Files that a build read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs(BTreeSet<PathBuf>);

impl Inputs {
    /// Adds what a list names that a compiler, an assembler or a linker has written in the form of a
    /// makefile. Names in it are relative to where that program ran.
    pub(crate) fn add_listed(&mut self, list: &Path, directory: &Path) -> Result<()> {
        let text = fs::read(list).with_context(|| format!("cannot read `{}`", shown(list)))?;
        self.0.extend(prerequisites(&text).map(|path| directory.join(path)));
        Ok(())
    }

    /// The same of an assembler's list, as far as the files are there. It also names what it was given,
    /// which is gone by then, and what that says it was compiled from, without the folder.
    pub(crate) fn add_assembled(&mut self, list: &Path, directory: &Path) -> Result<()> {
        let mut listed = Self::default();
        listed.add_listed(list, directory)?;
        self.0.extend(listed.0.into_iter().filter(|path| path.is_file()));
        Ok(())
    }

    /// Without those below a directory, such as what the build itself has made.
    pub(crate) fn without(mut self, directory: &Path) -> Self {
        self.0.retain(|path| !path.starts_with(directory));
        self
    }

    /// The files, in the order of their names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(PathBuf::as_path)
    }

    /// Nothing of this machine may enter a program but the compiler's own files.
    pub(crate) fn refuse_this_machine(&self, compilers_own: &[PathBuf]) -> Result<()> {
        for path in &self.0 {
            // The linker calls its own start files `…/12/crt1.o` and `…/12/../../../lib/crt1.o`.
            let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let is_own = compilers_own.iter().any(|own| real.starts_with(own));
            if !is_own && OF_THIS_MACHINE.iter().any(|place| real.starts_with(place)) {
                bail!(ui::hinted(
                    &format!("`{}` of this machine went into it", shown(path)),
                    "name the package that has such a file under [packages] in the recipe, \
                     or keep a copy beside the recipe: another machine may have another one",
                ));
            }
        }
        Ok(())
    }
}

impl FromIterator<PathBuf> for Inputs {
    fn from_iter<T: IntoIterator<Item = PathBuf>>(paths: T) -> Self {
        Self(paths.into_iter().collect())
    }
}

/// What stands behind the colons of a makefile's rules.
fn prerequisites(text: &[u8]) -> impl Iterator<Item = PathBuf> {
    let rules = lines(text).into_iter();
    rules.flat_map(|line| {
        // rustc says which variables of the environment a program asked for in comments.
        let is_comment = line.first() == Some(&b'#');
        let colon = line.windows(2).position(|pair| pair == b": ");
        let names =
            colon.filter(|_| !is_comment).map_or_else(Vec::new, |at| words(&line[at + 2..]));
        names.into_iter().map(|name| PathBuf::from(OsString::from_vec(name)))
    })
}

/// Lines that a backslash continues are one.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for line in text.split(|byte| *byte == b'\n') {
        let whole = lines.last_mut().expect("there is always one");
        match line.strip_suffix(b"\\") {
            Some(line) => whole.extend([line, b" "].concat()),
            None => {
                whole.extend(line);
                lines.push(Vec::new());
            }
        }
    }
    lines
}

/// Names apart by white space; a backslash before white space or `#` belongs to no name, and a dollar
/// is doubled.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = vec![Vec::new()];
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let next = bytes.peek().copied();
        let word = words.last_mut().expect("there is always one");
        match (byte, next) {
            (b'\\', Some(quoted @ (b' ' | b'\t' | b'#'))) | (b'$', Some(quoted @ b'$')) => {
                word.push(quoted);
                bytes.next();
            }
            (b' ' | b'\t', _) => words.push(Vec::new()),
            _ => word.push(byte),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<PathBuf> {
        prerequisites(text.as_bytes()).collect()
    }

    #[test]
    fn the_lists_of_all_three_are_read() {
        // GCC with -MD, and with a space and a dollar in names.
        assert_eq!(
            listed("main.o: main.c \\\n  ../a\\ b.h \\\n  c$$d.h e\\#f.h\n"),
            ["main.c", "../a b.h", "c$d.h", "e#f.h"].map(PathBuf::from)
        );
        // The linker, which has a rule without anything for each file.
        assert_eq!(
            listed("a.out: \\\n  crt1.o \\\n  main.o\n\ncrt1.o:\n\nmain.o:\n"),
            ["crt1.o", "main.o"].map(PathBuf::from)
        );
        // rustc.
        assert_eq!(
            listed(
                "program: main.rs ../words.txt\n\nmain.rs:\n../words.txt:\n\n# env-dep:HOME: x\n"
            ),
            ["main.rs", "../words.txt"].map(PathBuf::from)
        );
    }

    #[test]
    fn a_name_is_found_from_where_the_program_ran() {
        let folder = tempfile::tempdir().expect("a directory");
        let list = folder.path().join("list");
        fs::write(&list, "a.o: b.c /tmp/made/c.s\n").expect("a list");
        let mut inputs = Inputs::default();

        inputs.add_listed(&list, Path::new("/somewhere")).expect("a list");

        let inputs = inputs.without(Path::new("/tmp/made"));
        assert_eq!(inputs, [PathBuf::from("/somewhere/b.c")].into_iter().collect());
    }

    #[test]
    fn what_is_of_this_machine_is_refused_unless_it_is_the_compilers_own() {
        let header: Inputs = [PathBuf::from("/usr/include/stdio.h")].into_iter().collect();
        let own: Inputs = [PathBuf::from("/usr/lib/gcc/12/include/stddef.h")].into_iter().collect();
        let compilers_own = [PathBuf::from("/usr/lib/gcc/12")];

        assert!(own.refuse_this_machine(&compilers_own).is_ok());
        let refused = header.refuse_this_machine(&compilers_own).expect_err("it is the machine's");
        assert_eq!(refused.to_string(), "`/usr/include/stdio.h` of this machine went into it");
    }
}
