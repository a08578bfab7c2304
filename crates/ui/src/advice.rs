//! What can be done when the system refuses, where nobody closer to it knows better.

use std::io;

/// Advice for an error that comes of a refusal of the system.
pub(crate) fn for_system(error: &anyhow::Error) -> Option<&'static str> {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>())?;
    of(refusal.kind())
}

fn of(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space and run again")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            Some("remount the file system read-write, or work on a copy")
        }
        io::ErrorKind::ResourceBusy => {
            Some("it may be a mount point, as a container has them: `findmnt` shows these")
        }
        io::ErrorKind::PermissionDenied => Some(
            "look at its owner and mode with `ls -l`, and with `lsattr` whether it is immutable",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_for_what_the_system_refused_at_the_bottom_of_it_all() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = anyhow::Error::from(full).context("cannot write").context("cannot build");
        assert_eq!(for_system(&error), Some("free some space and run again"));
        assert_eq!(for_system(&anyhow::anyhow!("no space left")), None);
        assert_eq!(of(io::ErrorKind::NotFound), None);
    }
}
