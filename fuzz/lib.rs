//! What the fuzz targets of root filesystems share: to open bytes as shrink opens a file.

use std::fs;
use std::path::Path;

use shrink::rootfs::Root;

/// Opens an archive or an image. It is read or refused; what is read stays inside of its root.
pub fn open_file(content: &[u8]) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("input");
    fs::write(&file, content).expect("a file");
    open(&file, directory.path());
}

/// Opens a file or a layout below a scratch directory.
pub fn open(path: &Path, scratch: &Path) {
    let Ok(root) = Root::open(path, scratch) else {
        return;
    };
    for (path, entry) in root.inventory.iter() {
        assert!(path.is_relative(), "{}", path.display());
        assert!(path.components().all(|part| part.as_os_str() != ".."), "{}", path.display());
        if entry.is_file() {
            assert!(root.read(path).is_ok(), "{}", path.display());
        }
    }
}

/// Gives the path of a file that holds the bytes.
pub fn with_file(content: &[u8], then: impl FnOnce(&Path)) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("input");
    fs::write(&file, content).expect("a file");
    then(&file);
}
