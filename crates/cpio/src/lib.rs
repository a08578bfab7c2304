//! Writes a cpio archive in the form that the kernel unpacks as its first file system.
//!
//! Format: "newc", `Documentation/driver-api/early-userspace/buffer-format.rst` of the kernel. What
//! is written depends on what is given alone, so the same members give the same bytes.

use std::io::{self, Read, Write};

/// A member of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its path, without a slash at the beginning; `.` is the root itself.
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind<'a>,
    /// Permissions with the setuid, setgid and sticky bits, such as `0o755`.
    pub permissions: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// When it was modified, in seconds since 1970.
    pub modified: u32,
    /// Its number: members with one number and several links are one file.
    pub inode: u32,
    /// How many names it has.
    pub links: u32,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A file of so many bytes. Of one with several names, the kernel takes the content that follows
    /// its first name; the others have none.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link to this.
    Link(&'a [u8]),
    /// A character device with its major and minor numbers.
    CharacterDevice(u32, u32),
    /// A block device with its major and minor numbers.
    BlockDevice(u32, u32),
    /// A named pipe.
    Pipe,
}

/// An archive in the making.
#[derive(Debug)]
pub struct Archive<W> {
    out: W,
}

impl<W: Write> Archive<W> {
    /// Begins an archive.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Adds a member; `content` is read for files alone.
    ///
    /// # Errors
    ///
    /// When writing or reading fails, when the content is shorter than the member says, and when it
    /// is 4 GiB or longer, which the form cannot say.
    pub fn add(&mut self, member: &Member<'_>, content: &mut dyn Read) -> io::Result<()> {
        let (kind, size, device) = match member.kind {
            Kind::File(size) => (0o100_000, size, (0, 0)),
            Kind::Directory => (0o040_000, 0, (0, 0)),
            Kind::Link(text) => (0o120_000, text.len() as u64, (0, 0)),
            Kind::CharacterDevice(major, minor) => (0o020_000, 0, (major, minor)),
            Kind::BlockDevice(major, minor) => (0o060_000, 0, (major, minor)),
            Kind::Pipe => (0o010_000, 0, (0, 0)),
        };
        let Ok(size32) = u32::try_from(size) else {
            return Err(io::Error::other("a cpio archive holds no file of 4 GiB or more"));
        };
        let (user, group) = member.owner;
        let fields = [
            member.inode,
            kind | member.permissions,
            user,
            group,
            member.links,
            member.modified,
            size32,
            0,
            0,
            device.0,
            device.1,
        ];
        self.header(&fields, member.name)?;
        match member.kind {
            Kind::Link(text) => self.out.write_all(text)?,
            Kind::File(_) => self.copy(content, size)?,
            _ => {}
        }
        self.pad(size)
    }

    fn copy(&mut self, content: &mut dyn Read, size: u64) -> io::Result<()> {
        if io::copy(&mut content.take(size), &mut self.out)? != size {
            return Err(io::Error::other("the file became shorter meanwhile"));
        }
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.header(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], b"TRAILER!!!")?;
        Ok(self.out)
    }

    /// A header and the name: the name's length and an unused checksum follow the other fields.
    fn header(&mut self, fields: &[u32; 11], name: &[u8]) -> io::Result<()> {
        let mut text = "070701".to_owned();
        for field in fields {
            text.push_str(&format!("{field:08x}"));
        }
        text.push_str(&format!("{:08x}{:08x}", name.len() + 1, 0));
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(name)?;
        self.out.write_all(b"\0")?;
        self.pad(text.len() as u64 + name.len() as u64 + 1)
    }

    /// Everything begins at a multiple of four.
    fn pad(&mut self, length: u64) -> io::Result<()> {
        let zeros = usize::try_from(length.next_multiple_of(4) - length).expect("at most three");
        self.out.write_all(&[0; 3][..zeros])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Member<'_> = Member {
        name: b"init",
        kind: Kind::File(5),
        permissions: 0o755,
        owner: (0, 0),
        modified: 0,
        inode: 1,
        links: 1,
    };

    #[test]
    fn headers_names_and_contents_begin_at_multiples_of_four() {
        let mut archive = Archive::new(Vec::new());
        archive.add(&FILE, &mut &b"hello"[..]).expect("a member");
        let bytes = archive.finish().expect("an archive");

        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(
            text,
            "070701\
             00000001\
             000081ed\
             0000000000000000\
             00000001\
             00000000\
             00000005\
             00000000000000000000000000000000\
             0000000500000000\
             init\0\0\
             hello\0\0\0\
             070701\
             00000000\
             00000000\
             0000000000000000\
             00000001\
             00000000\
             00000000\
             00000000000000000000000000000000\
             0000000b00000000\
             TRAILER!!!\0\0\0\0"
        );
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let mut archive = Archive::new(Vec::new());

        let error = archive.add(&FILE, &mut &b"hell"[..]).expect_err("four of five bytes");

        assert_eq!(error.to_string(), "the file became shorter meanwhile");
    }
}
