//! Where files are stored, or are going to be: what contents, links and directories take there.
//!
//! A link that takes as much as the file in its place gains nothing, and which do so is not the same
//! on a disk, in an archive and in an image. The figures were measured with GNU tar 1.34, mke2fs 1.47,
//! mkfs.erofs 1.5 and 1.8, gensquashfs 1.2 and mksquashfs 4.5.
//!
//! That it comes to this is shown with these programs in `tools/clink/tests/target.rs`.

/// An archive or an image in which links have to gain something, rather than on the disk at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// An archive as GNU tar writes it.
    Tar,
    /// An ext4 image with blocks of 4 KiB.
    Ext4,
    /// An ext4 image with blocks of 1 KiB, as `mke2fs` makes small ones.
    #[serde(rename = "ext4-1k")]
    Ext4SmallBlocks,
    /// An EROFS image, made without an option that stores equal files once.
    Erofs,
    /// A squashfs image.
    Squashfs,
}

/// What is taken where files are stored, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Medium {
    equals: Equals,
    holes: Holes,
    /// Contents, and texts of links that are not inline, take whole units of this.
    unit: u64,
    /// Taken by every name, whatever it stands for.
    name: u64,
    /// Taken by every directory besides its name.
    directory: u64,
    /// The longest text of a symbolic link that takes nothing of its own.
    inline_text: usize,
    /// Taken by a longer text besides its units.
    text_header: u64,
    /// The longest text of a symbolic link that can be stored.
    longest_text: usize,
    /// Paths are texts, too: those of all names, and those of the files that hard links lead to.
    has_paths: bool,
}

/// What becomes of equal contents by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Equals {
    /// Each is stored.
    Apart,
    /// Each is stored, and they share their storage when they are told to.
    MayShare,
    /// One is stored for all.
    Shared,
}

/// What parts of a file take that are not stored and read as zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holes {
    /// Files are there, and the system says what each takes.
    Known,
    /// Nothing.
    Nothing,
    /// As much as zeros that are stored.
    Zeros,
}

/// `PATH_MAX` with its end.
const LONGEST_TEXT: usize = 4095;

/// What ext4 has room for in its inode: 60 bytes with the end of the text.
pub(crate) const INLINE_ON_EXT4: usize = 59;

/// What the others differ from: bytes that stand there as they are, and nothing else.
const PLAIN: Medium = Medium {
    equals: Equals::Apart,
    holes: Holes::Zeros,
    unit: 1,
    name: 0,
    directory: 0,
    inline_text: 0,
    text_header: 0,
    longest_text: LONGEST_TEXT,
    has_paths: false,
};

/// A header of 512 bytes for each name, and one more with the text that does not fit into it.
const TAR: Medium =
    Medium { unit: 512, name: 512, inline_text: 100, text_header: 512, has_paths: true, ..PLAIN };

/// What is left of a content behind its last whole block stands beside the inode, and so do the texts
/// of links; an inode begins at a multiple of 32 bytes.
const EROFS: Medium = Medium { unit: 32, ..PLAIN };

const SQUASHFS: Medium = Medium { equals: Equals::Shared, ..PLAIN };

impl Target {
    /// Whether equal files are stored once there, whatever is linked.
    #[must_use]
    pub fn shares_by_itself(self) -> bool {
        Medium::from(self).shares_by_itself()
    }
}

impl From<Target> for Medium {
    fn from(target: Target) -> Self {
        match target {
            Target::Tar => TAR,
            Target::Ext4 => Self::ext4(4096),
            Target::Ext4SmallBlocks => Self::ext4(1024),
            Target::Erofs => EROFS,
            Target::Squashfs => SQUASHFS,
        }
    }
}

impl Medium {
    /// The file system at hand.
    pub(crate) fn at_hand(inline_text: usize, block: u64, may_share: bool) -> Self {
        let equals = if may_share { Equals::MayShare } else { Equals::Apart };
        Self { equals, holes: Holes::Known, unit: block, directory: block, inline_text, ..PLAIN }
    }

    /// An image of ext4, where the text of a link with its end fits into a block, or `mke2fs` fails. It
    /// leaves holes.
    const fn ext4(block: usize) -> Self {
        Self {
            holes: Holes::Nothing,
            unit: block as u64,
            directory: block as u64,
            inline_text: INLINE_ON_EXT4,
            longest_text: block - 1,
            ..PLAIN
        }
    }

    /// Whether equal contents are stored once there, whatever is linked.
    pub(crate) fn shares_by_itself(self) -> bool {
        self.equals == Equals::Shared
    }

    /// Whether equal contents can be told to share their storage.
    pub(crate) fn may_share(self) -> bool {
        self.equals == Equals::MayShare
    }

    /// Whether the text of a symbolic link can be stored.
    pub(crate) fn has_room_for(self, text: usize) -> bool {
        text <= self.longest_text
    }

    /// What a content takes of `size` bytes, of which `stored` are on the disk at hand.
    pub(crate) fn content(self, size: u64, stored: u64) -> u64 {
        match self.holes {
            Holes::Known => stored,
            Holes::Nothing => size.min(stored).next_multiple_of(self.unit),
            Holes::Zeros => size.next_multiple_of(self.unit),
        }
    }

    /// What a name takes, of whatever kind it is.
    pub(crate) fn name(self) -> u64 {
        self.name
    }

    /// What a directory takes besides its name.
    pub(crate) fn directory(self) -> u64 {
        self.directory
    }

    /// What the text of a symbolic link takes, besides its name.
    pub(crate) fn text(self, length: usize) -> u64 {
        if length <= self.inline_text {
            return 0;
        }
        let with_its_end = length as u64 + 1;
        self.text_header + with_its_end.next_multiple_of(self.unit)
    }

    /// What a path of this length takes.
    pub(crate) fn path(self, length: usize) -> u64 {
        if self.has_paths { self.text(length) } else { 0 }
    }
}
