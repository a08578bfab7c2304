//! A zip package, read within limits: no size that it states is believed.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::rc::Rc;
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

use super::limits::{Bound, Limits};
use super::problem::Problem;

/// Parts up to this size cannot harm, however tightly they are packed.
const HARMLESS: u64 = 1 << 20;

/// An open package.
pub(crate) struct Package<R: Read + Seek> {
    archive: ZipArchive<R>,
    /// The number of each entry, by its name.
    numbers: HashMap<Arc<str>, usize>,
    /// The names by what is the same in all their spellings, where the format has several.
    spellings: HashMap<String, Arc<str>>,
    same: Option<fn(&str) -> String>,
    limits: Limits,
    /// Uncompressed bytes that the document has left.
    left: Rc<Cell<u64>>,
}

impl<R: Read + Seek> Package<R> {
    /// Opens a package.
    pub(crate) fn open(file: R, limits: &Limits) -> Result<Self, Problem> {
        Self::open_with(file, Rc::new(Cell::new(limits.document)), limits)
    }

    /// Opens a package that stands in another: what is unpacked counts for both.
    pub(crate) fn within<Outer: Read + Seek>(
        file: R,
        outer: &Package<Outer>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        Self::open_with(file, Rc::clone(&outer.left), limits)
    }

    fn open_with(file: R, left: Rc<Cell<u64>>, limits: &Limits) -> Result<Self, Problem> {
        let archive = ZipArchive::new(file).map_err(|error| Problem::of_zip("", error))?;
        if archive.len() as u64 > limits.entries {
            return Err(Problem::Limit(Bound::Entries, limits.entries));
        }
        let mut numbers = HashMap::new();
        for number in 0..archive.len() {
            let Some(Ok(name)) = archive.name_for_index(number) else { continue };
            // Word processors go by the last entry of a name, as the zip library does.
            numbers.insert(Arc::from(&*name), number);
        }
        let (spellings, same) = (HashMap::new(), None);
        Ok(Self { archive, numbers, spellings, same, limits: limits.clone(), left })
    }

    /// A package in which names that come to the same are names of one part, as the format says.
    pub(crate) fn with_spellings(mut self, same: fn(&str) -> String) -> Self {
        let names = self.numbers.keys();
        self.spellings = names.map(|name| (same(name), Arc::clone(name))).collect();
        self.same = Some(same);
        self
    }

    /// The name of a part as the package spells it.
    pub(crate) fn spelled(&self, name: &str) -> Option<&Arc<str>> {
        let exact = self.numbers.get_key_value(name).map(|(name, _)| name);
        exact.or_else(|| self.spellings.get(&self.same?(name)))
    }

    /// Whether there is such a part.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.spelled(name).is_some()
    }

    /// The names of all parts.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.numbers.keys()
    }

    /// A part to be read once, or None where there is no such part. Reading past a limit is an
    /// error that [`Problem::of_io`] recognises.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<impl BufRead + '_>, Problem> {
        let number = self.spelled(name).and_then(|name| self.numbers.get(name));
        let Some(&number) = number else { return Ok(None) };
        let entry = self.archive.by_index(number).map_err(|error| Problem::of_zip(name, error))?;
        let tight = entry.compressed_size().saturating_mul(self.limits.ratio).max(HARMLESS);
        let (most, bound) = if tight < self.limits.part {
            (tight, Bound::Ratio)
        } else {
            (self.limits.part, Bound::Part)
        };
        let value = if bound == Bound::Ratio { self.limits.ratio } else { self.limits.part };
        let metered = Metered {
            inner: entry,
            left: most,
            bound,
            value,
            document: Rc::clone(&self.left),
            document_value: self.limits.document,
        };
        Ok(Some(BufReader::with_capacity(64 << 10, metered)))
    }

    /// A part without which the document cannot be read.
    pub(crate) fn required(&mut self, name: &str) -> Result<impl BufRead + '_, Problem> {
        self.part(name)?.ok_or_else(|| Problem::Damaged {
            part: name.to_owned(),
            why: "it is not in the package".to_owned(),
        })
    }

    /// A small part as a whole, up to `most` bytes.
    pub(crate) fn bytes(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some(part) = self.part(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        part.take(most).read_to_end(&mut bytes).map_err(|error| Problem::of_io(name, &error))?;
        Ok(Some(bytes))
    }
}

/// A name with its letters put together in one way: programs write `é` as one sign or as two.
pub(crate) fn composed(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(name).into_owned()
}

/// A document that is one file, read up to the limit.
pub(crate) fn bounded<'file>(file: impl Read + 'file, limits: &Limits) -> impl BufRead + 'file {
    let metered = Metered {
        inner: file,
        left: limits.document,
        bound: Bound::Document,
        value: limits.document,
        document: Rc::new(Cell::new(limits.document)),
        document_value: limits.document,
    };
    BufReader::with_capacity(64 << 10, metered)
}

/// Counts what comes out, and ends with an error when it is too much.
struct Metered<R> {
    inner: R,
    left: u64,
    bound: Bound,
    value: u64,
    document: Rc<Cell<u64>>,
    document_value: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        if bytes > self.left {
            return Err(Problem::Limit(self.bound, self.value).into_io());
        }
        if bytes > self.document.get() {
            return Err(Problem::Limit(Bound::Document, self.document_value).into_io());
        }
        self.left -= bytes;
        self.document.set(self.document.get() - bytes);
        Ok(count)
    }
}

impl Problem {
    /// What the zip library could not read.
    pub(crate) fn of_zip(part: &str, error: ZipError) -> Self {
        match error {
            ZipError::Io(error) => Self::of_io(part, &error),
            ZipError::UnsupportedArchive(why) if why == ZipError::PASSWORD_REQUIRED => {
                Self::Encrypted
            }
            error => Self::Damaged { part: part.to_owned(), why: error.to_string() },
        }
    }
}
