//! What a piece of code says, in words that are the same for every machine.

use std::collections::BTreeSet;

/// What a piece of code says.
pub(super) struct Decoded {
    pub(super) references: Vec<Reference>,
    /// Numbers as wide as an address that instructions hold: distances, perhaps.
    pub(super) wide: BTreeSet<i128>,
    pub(super) end: End,
    /// Whether it may go back to who called it.
    pub(super) returns: bool,
    /// Whether nothing of it is meant to run.
    pub(super) is_padding: bool,
    /// Whether it consists of jumps, as the rows of stubs do.
    pub(super) is_stubs: bool,
}

impl Default for Decoded {
    /// Nothing.
    fn default() -> Self {
        Self {
            references: Vec::new(),
            wide: BTreeSet::new(),
            end: End::GoesOn,
            returns: false,
            is_padding: true,
            is_stubs: true,
        }
    }
}

/// What happens where a piece of code ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The processor never comes to the end.
    Stops,
    /// The processor goes on behind it.
    GoesOn,
    /// It does if the function that is called there comes back.
    Calls(u64),
}

/// A jump that is a function of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stub {
    /// To where a word of the table of offsets leads.
    Through(u64),
    /// To what asks the loader to fill that word.
    Binds(u64),
}

/// An address that an instruction names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    pub(super) target: u64,
    pub(super) used: Use,
    /// The instruction is one, unless there are data in the code.
    pub(super) is_sure: bool,
}

/// What an instruction does with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It goes there, or where the word that stands there leads.
    Jump,
    /// It goes there and expects to come back.
    Call,
    /// It computes with the address, as with that of a table.
    Address,
    /// It reads or writes what stands there; calls by way of a word there are among these.
    Content,
}

/// What a relocation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing that has to do with code.
    Nothing,
    /// A word of the table of offsets becomes the address of a symbol: only code that names the
    /// word uses it.
    Slot,
    /// A word somewhere becomes the address of a symbol.
    Symbol,
    /// A word somewhere becomes an address of this library.
    Address,
}
