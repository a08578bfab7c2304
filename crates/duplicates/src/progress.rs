//! What long work tells its caller meanwhile.

/// Hears how far the work is. Called from several threads.
pub trait Progress: Sync {
    /// So many more files were found.
    fn found(&self, _files: u64) {}
    /// So many bytes are going to be read.
    fn to_read(&self, _bytes: u64) {}
    /// So many of them were read, or need not be.
    fn read(&self, _bytes: u64) {}
    /// So many names are going to be replaced.
    fn to_replace(&self, _names: u64) {}
    /// So many of them were.
    fn replaced(&self, _names: u64) {}
    /// Another process is changing the same file system; its end is waited for.
    fn waiting(&self) {}
    /// True when the work is to stop after the step at hand.
    fn stop(&self) -> bool {
        false
    }
}

/// Nobody listens.
impl Progress for () {}
