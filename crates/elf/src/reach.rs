//! Finds the functions of libraries that nothing reaches.
//!
//! What is reached is overestimated throughout: every way in which a library can come to an address
//! in its code is followed, and code whose limits are not known stays. What cannot be known are
//! names that a program puts together to look functions up by, and addresses that it computes in
//! ways that no compiler does. So it is reasoned, not proven.

mod code;
mod decoded;
mod frames;
mod image;
mod mentions;
mod search;
mod text;
mod x86_64;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::Problem;
use image::Image;
use search::Search;

pub use code::Code;
pub use mentions::Names;
pub use text::LONGEST_NAME;

/// Why a library is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not parse.
    #[error(transparent)]
    Damaged(#[from] Problem),
    /// It is started, not loaded.
    #[error("a program, not a library")]
    Program,
    /// Only code of some machines is read.
    #[error("code for {0}, which is not read")]
    Machine(&'static str),
    /// No table says where functions begin and end.
    #[error("it does not say where its functions begin and end")]
    Unlisted,
    /// The loader changes its code, or by tables of another form.
    #[error("the loader changes it in ways that are not followed")]
    RelocatesOtherwise,
    /// No linker is known to write such a relocation.
    #[error("a relocation of the unknown kind {0}")]
    Relocation(u32),
    /// Exceptions are caught outside of the function that they arise in.
    #[error("it catches exceptions in ways that are not followed")]
    CatchesElsewhere,
    /// Addresses count from the table of offsets.
    #[error("it computes addresses in ways that are not followed")]
    Computes,
}

/// Who can ask for a library's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Whoever names them.
    ByName,
    /// Anybody: it is loaded in ways that leave no trace in other files.
    ByAnybody,
}

/// The functions of one library that nothing reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// How many functions these are.
    pub functions: usize,
    /// Where their bodies lie in the file.
    pub bodies: Vec<Range<u64>>,
    /// What the processor stops at, to fill them with.
    pub trap: &'static [u8],
}

impl Unreached {
    /// How many bytes these are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bodies.iter().map(|body| body.end - body.start).sum()
    }
}

/// Finds what nothing reaches in libraries that are used together, with what else asks for names.
#[must_use]
pub fn unreached(libraries: &[(&Code, Asked)], names: &BTreeSet<Vec<u8>>) -> Vec<Unreached> {
    let reached = Search::new(libraries).from(names);
    libraries.iter().zip(reached).map(|((code, _), reached)| bodies(code, &reached)).collect()
}

/// All names of functions and data that a binary shares with others. It may ask for those that it
/// defines itself too: another library's may come first.
///
/// # Errors
///
/// When it is no ELF binary, or a damaged one.
pub fn names(data: &[u8]) -> Result<BTreeSet<Vec<u8>>, Problem> {
    let image = Image::read(data)?;
    Ok(image.symbols.iter().map(|symbol| symbol.name.to_vec()).collect())
}

fn bodies(code: &Code, reached: &[bool]) -> Unreached {
    let functions = code.functions.iter().zip(reached);
    let unreached = functions.filter(|(function, reached)| !**reached && !function.is_stubs);
    let bodies: Vec<_> = unreached.map(|(function, _)| function.body.clone()).collect();
    Unreached { functions: bodies.len(), bodies, trap: code.trap }
}
