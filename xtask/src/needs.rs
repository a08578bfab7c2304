//! What the chores need beyond Rust, and how it gets onto the machine.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::commands;
use crate::problem::Advise;

/// A command, or a file by its whole path, and the Debian package that brings it.
pub(crate) struct Need {
    command: &'static str,
    package: &'static str,
    wanted_for: &'static str,
}

/// What `cargo xtask test` needs besides what tiny does.
pub(crate) const TEST: &[Need] = &[
    need("strace", "strace", "clink's tests stop it at every system call"),
    need("mkfs.ext4", "e2fsprogs", "clink's tests fill a small ext4 file system"),
    need("mkfs.btrfs", "btrfs-progs", "clink's tests share extents on Btrfs"),
    need("mkfs.xfs", "xfsprogs", "clink's tests share extents on XFS"),
    need("tar", "tar", "clink's tests carry a linked tree elsewhere"),
    need("setcap", "libcap2-bin", "clink's tests give a file capabilities"),
    need("setfattr", "attr", "clink's tests give a file extended attributes"),
    need("getfattr", "attr", "clink's tests read extended attributes back"),
    need("mmdebstrap", "mmdebstrap", "shrink's tests make Debian roots smaller"),
    need("busybox", "busybox-static", "shrink's tests run in small roots"),
    need("cc", "gcc", "binaries are made to be read and stripped"),
    need("c++", "g++", "the fuzzer that comes with the fuzz targets is compiled"),
    need(
        "/usr/arm-linux-gnueabi/lib/libc.a",
        "libc6-dev-armel-cross",
        "tiny's reading of code is tried on whole programs",
    ),
    need("node", "nodejs", "clink's tests ask modules of Node which file they are"),
    need("python3", "python3", "clink's tests run scripts of several languages"),
    need("php", "php-cli", "clink's tests run scripts of several languages"),
    need("git", "git", "clink's tests look at repositories"),
    need("systemctl", "systemd", "clink's tests ask which units there are"),
    need("readelf", "binutils", "what is read of binaries is compared with it"),
    need("cpio", "cpio", "shrink's tests unpack what it writes"),
    need("mke2fs", "e2fsprogs", "shrink's tests make ext2, ext3 and ext4 images"),
    need("debugfs", "e2fsprogs", "shrink's tests spoil images of file systems"),
    need("mkfs.erofs", "erofs-utils", "clink's tests see what links gain in its images"),
    need("tar2sqfs", "squashfs-tools-ng", "shrink reads and writes squashfs images with it"),
    need("qemu-arm-static", "qemu-user-static", "shrink's tests run programs for another machine"),
    need("setpriv", "util-linux", "shrink's tests run as somebody who is not root"),
    need("curl", "curl", "shrink's tests ask a web server for pages"),
    need("ps", "procps", "shrink's tests look whether anything goes on running"),
    need("soffice", "libreoffice-common", "coool's tests compare it with LibreOffice"),
    need("lowriter", "libreoffice-writer", "coool's tests compare texts with LibreOffice's"),
    need("localc", "libreoffice-calc", "coool's tests compare sheets with LibreOffice's"),
    need("loimpress", "libreoffice-impress", "coool's tests compare slides with LibreOffice's"),
];

/// What tiny builds and boots with, in its tests and on the tour.
pub(crate) const TINY: &[Need] = &[
    need("qemu-system-arm", "qemu-system-arm", "tiny's tests boot what they build"),
    need("arm-linux-gnueabi-gcc", "gcc-arm-linux-gnueabi", "tiny builds kernels and programs"),
    need("make", "make", "tiny runs the kernel's own build"),
    need("flex", "flex", "the kernel's build reads its configuration with it"),
    need("bison", "bison", "the kernel's build reads its configuration with it"),
    need("bc", "bc", "the kernel's build reckons with it"),
    need("perl", "perl", "the kernel's build runs it"),
    need("dpkg-source", "dpkg-dev", "tiny unpacks the sources of BusyBox"),
    need("lz4", "lz4", "tiny packs kernels with it"),
    need("lzop", "lzop", "tiny packs kernels with it"),
    need("xz", "xz-utils", "tiny packs kernels with it"),
    need("dtc", "device-tree-compiler", "tiny's tests compile device trees"),
    need(
        "aarch64-linux-gnu-objdump",
        "binutils-aarch64-linux-gnu",
        "tiny's reading of code is compared with it",
    ),
];

/// What `cargo xtask tour` needs besides what tiny does.
pub(crate) const TOUR: &[Need] = &[
    need("apt-get", "apt", "the tour downloads the toolchains that it works on"),
    need("dpkg-deb", "dpkg", "the tour unpacks the toolchains"),
    need("soffice", "libreoffice-common", "the tour saves documents in other formats"),
    need("lowriter", "libreoffice-writer", "the tour saves a text in other formats"),
    need("localc", "libreoffice-calc", "the tour saves sheets in other formats"),
    need("loimpress", "libreoffice-impress", "the tour saves slides in other formats"),
    need("chromium", "chromium", "the tour takes a picture of a page"),
    need("mmdebstrap", "mmdebstrap", "the tour makes a Debian root smaller"),
    need("curl", "curl", "the tour asks a web server for its page"),
    need("unshare", "util-linux", "the tour runs a small root apart from everything else"),
    need("busybox", "busybox-static", "the tour brings up a network for a small root"),
];

/// What `cargo xtask dist` needs.
pub(crate) const DIST: &[Need] = &[
    need("dpkg-deb", "dpkg", "packages are built with it"),
    need("gzip", "gzip", "man pages are packed with it"),
    need("objdump", "binutils", "a package states the libraries that its binary asks for"),
    need("strip", "binutils", "a packaged binary carries no symbols"),
];

/// What `cargo xtask fresh` needs.
pub(crate) const FRESH: &[Need] = &[
    need("mmdebstrap", "mmdebstrap", "a fresh root is made with it"),
    need("git", "git", "the committed tree is brought into the root with it"),
    need("tar", "tar", "a root that was made once is unpacked again"),
];

const fn need(command: &'static str, package: &'static str, wanted_for: &'static str) -> Need {
    Need { command, package, wanted_for }
}

/// Sees to it that every command is there: as root by installing what is missing, otherwise by
/// saying what to install.
pub(crate) fn provide(lists: &[&[Need]]) -> Result<()> {
    let missing = missing(lists, &search_path());
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("`{}` is missing: {}", need.command, need.wanted_for);
    }
    let packages = packages(&missing);
    if rustix::process::geteuid().is_root() {
        let names: Vec<_> = packages.iter().copied().collect();
        eprintln!("installing with what they need: {}", names.join(" "));
    }
    if !rustix::process::geteuid().is_root() {
        return Err(anyhow!("only root can install what is missing"))
            .context("cannot go on without these commands")
            .hint(format!("run `{}`", install_line(&packages)));
    }
    install(&packages).hint(format!("try `{}` by hand", install_line(&packages)))?;
    match self::missing(lists, &search_path()).first() {
        Some(need) => bail!("package `{}` did not bring `{}`", need.package, need.command),
        None => Ok(()),
    }
}

/// The search path with the directories of system commands, which people often lack.
pub(crate) fn search_path() -> OsString {
    let mut directories: Vec<PathBuf> =
        env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for system in ["/usr/sbin", "/sbin"].map(PathBuf::from) {
        if !directories.contains(&system) {
            directories.push(system);
        }
    }
    env::join_paths(directories).expect("they were split from such a path")
}

fn missing<'a>(lists: &[&'a [Need]], search_path: &OsString) -> Vec<&'a Need> {
    let needs = lists.iter().copied().flatten();
    needs.filter(|need| !is_there(need.command, search_path)).collect()
}

/// A whole path is the same file whichever directory it is joined to.
fn is_there(command: &str, search_path: &OsString) -> bool {
    env::split_paths(search_path).any(|directory| directory.join(command).is_file())
}

fn packages(needs: &[&Need]) -> BTreeSet<&'static str> {
    needs.iter().map(|need| need.package).collect()
}

fn install_line(packages: &BTreeSet<&str>) -> String {
    let names: Vec<_> = packages.iter().copied().collect();
    format!(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        names.join(" ")
    )
}

/// Lists of packages grow old, so a first failure is answered by fresh lists.
fn install(packages: &BTreeSet<&str>) -> Result<()> {
    if !lists_exist() {
        update_lists()?;
    }
    let mut command = apt_get();
    command.args(["install", "-y", "--no-install-recommends"]).args(packages);
    if commands::run(&mut command).is_ok() {
        return Ok(());
    }
    update_lists()?;
    commands::run(&mut command)
}

/// Whether apt knows any package to download.
pub(crate) fn lists_exist() -> bool {
    let Ok(lists) = fs::read_dir(Path::new("/var/lib/apt/lists")) else {
        return false;
    };
    lists.flatten().any(|list| list.file_name().to_string_lossy().contains("_Packages"))
}

/// Asks apt for fresh lists of packages.
pub(crate) fn update_lists() -> Result<()> {
    commands::run(apt_get().arg("update"))
}

/// apt-get that asks no questions and keeps the result on standard output clean.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q").stdout(std::io::stderr());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_directory_of_the_search_path_holds_is_missing() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        fs::write(directory.path().join("strace"), "").expect("a file");

        let missing = missing(&[TEST], &directory.path().into());

        assert!(!missing.iter().any(|need| need.command == "strace"));
        assert!(missing.iter().any(|need| need.command == "setcap"));
    }

    #[test]
    fn a_whole_path_is_looked_for_where_it_says() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let needs: &[Need] = &[
            need("/proc/self/exe", "here", "it is"),
            need("/nowhere/libc.a", "gone", "it is not"),
        ];

        let missing = missing(&[needs], &directory.path().into());

        assert_eq!(packages(&missing), BTreeSet::from(["gone"]));
    }

    #[test]
    fn one_line_installs_all_that_is_missing_each_package_once() {
        let needs = TEST.iter().chain(TINY).filter(|need| need.command != "tar");
        let needs: Vec<_> = needs.collect();

        assert_eq!(
            install_line(&packages(&needs)),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends \
             attr bc binutils binutils-aarch64-linux-gnu bison btrfs-progs busybox-static cpio curl device-tree-compiler \
             dpkg-dev e2fsprogs erofs-utils flex g++ gcc gcc-arm-linux-gnueabi git libc6-dev-armel-cross \
             libcap2-bin \
             libreoffice-calc libreoffice-common libreoffice-impress libreoffice-writer \
             lz4 lzop make mmdebstrap nodejs perl php-cli procps python3 qemu-system-arm qemu-user-static \
             squashfs-tools-ng strace systemd util-linux xfsprogs xz-utils"
        );
    }
}
