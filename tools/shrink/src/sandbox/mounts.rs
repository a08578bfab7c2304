//! The file systems that a command sees.

#![expect(clippy::disallowed_methods, reason = "all this lies in the namespaces of a test")]

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use nix::mount::{MsFlags, mount};

use super::{Emulator, Order};
use crate::rootfs::{directory, staging};
use crate::write;

/// Devices that every program may expect, and that harm nobody.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

/// Where things are, once mounted.
pub(super) struct Mounted {
    /// What the command sees as `/`.
    pub(super) root: PathBuf,
    /// Where its changes land.
    pub(super) upper: PathBuf,
}

/// Mounts everything below the workplace. Nobody outside of our namespace sees it.
pub(super) fn mount_all(order: &Order) -> Result<Mounted> {
    let nothing = None::<&str>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .context("cannot make mounts private")?;
    let workplace = order.workplace.as_path();
    mount(Some("tmpfs"), workplace, Some("tmpfs"), MsFlags::empty(), Some("mode=0755"))
        .context("cannot mount a tmpfs")?;
    let [root, upper, work] = ["root", "upper", "work"].map(|name| workplace.join(name));
    for directory in [&root, &upper, &work] {
        fs::create_dir(directory)?;
    }
    let mut layers: Vec<PathBuf> =
        order.layers.iter().map(|layer| layer.as_path().to_owned()).collect();
    if let Some(emulator) = &order.emulator {
        register(emulator, workplace)?;
        if emulator.in_memory {
            layers = in_memory(&layers, workplace)?;
        }
    }
    overlay(&layers, &upper, &work, &root)?;
    devices(&root)?;
    point(&root, "proc")?;
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &root.join("proc"), Some("proc"), safe, nothing)
        .context("cannot mount /proc")?;
    protect_machine(&root.join("proc"))?;
    Ok(Mounted { root, upper })
}

/// What can be written in `/proc` to change this machine; root may, also from a namespace.
const OF_THE_MACHINE: &[&str] = &["sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"];

/// Makes read-only what is not the command's own: all but the settings of its network.
fn protect_machine(proc: &Path) -> Result<()> {
    let nothing = None::<&str>;
    let bind = |path: &Path| {
        mount(Some(path), path, nothing, MsFlags::MS_BIND, nothing)
            .with_context(|| format!("cannot mount `{}`", shown(path)))
    };
    let network = proc.join("sys/net");
    for path in OF_THE_MACHINE.iter().map(|name| proc.join(name)).filter(|path| path.exists()) {
        bind(&path)?;
        if network.starts_with(&path) {
            bind(&network)?;
        }
        let read_only = MsFlags::MS_BIND
            | MsFlags::MS_REMOUNT
            | MsFlags::MS_RDONLY
            | MsFlags::MS_NOSUID
            | MsFlags::MS_NODEV
            | MsFlags::MS_NOEXEC;
        mount(nothing, &path, nothing, read_only, nothing)
            .with_context(|| format!("cannot protect `{}`", shown(&path)))?;
    }
    Ok(())
}

fn overlay(layers: &[PathBuf], upper: &Path, work: &Path, root: &Path) -> Result<()> {
    let mut options = b"userxattr,lowerdir=".to_vec();
    for (number, layer) in layers.iter().enumerate() {
        if number > 0 {
            options.push(b':');
        }
        for byte in layer.as_os_str().as_bytes() {
            if b":\\,".contains(byte) {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    for (name, path) in [(",upperdir=", upper), (",workdir=", work)] {
        options.extend_from_slice(name.as_bytes());
        for byte in path.as_os_str().as_bytes() {
            if b":\\,".contains(byte) {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    let options = CString::new(options).context("a path holds a zero byte")?;
    mount(Some("overlay"), root, Some("overlay"), MsFlags::empty(), Some(options.as_c_str()))
        .context("cannot mount an overlay (Linux 5.11 or later is needed)")
}

/// Makes sure that something can be mounted at a name of the root. Where the root has a link there,
/// it is hidden in the overlay, not followed.
fn point(root: &Path, name: &str) -> Result<()> {
    let path = root.join(name);
    if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_dir()) {
        fs::remove_file(&path)?;
    }
    if fs::symlink_metadata(&path).is_err() {
        fs::create_dir(&path)?;
    }
    Ok(())
}

fn devices(root: &Path) -> Result<()> {
    point(root, "dev")?;
    let dev = root.join("dev");
    let nothing = None::<&str>;
    mount(Some("tmpfs"), &dev, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=0755"))
        .context("cannot mount /dev")?;
    for name in DEVICES {
        let node = dev.join(name);
        fs::write(&node, "")?;
        mount(Some(&Path::new("/dev").join(name)), &node, nothing, MsFlags::MS_BIND, nothing)
            .with_context(|| format!("cannot show /dev/{name}"))?;
    }
    for (name, text) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        std::os::unix::fs::symlink(text, dev.join(name))?;
    }
    for (name, kind, options) in
        [("pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"), ("shm", "tmpfs", "mode=1777")]
    {
        fs::create_dir(dev.join(name))?;
        mount(Some(kind), &dev.join(name), Some(kind), MsFlags::MS_NOSUID, Some(options))
            .with_context(|| format!("cannot mount /dev/{name}"))?;
    }
    Ok(())
}

/// Tells the kernel who runs programs of another machine, in our namespace alone.
fn register(emulator: &Emulator, workplace: &Path) -> Result<()> {
    let point = workplace.join("binfmt");
    fs::create_dir(&point)?;
    mount(Some("binfmt_misc"), &point, Some("binfmt_misc"), MsFlags::empty(), None::<&str>)
        .context("cannot mount binfmt_misc (Linux 6.7 or later is needed for another machine)")?;
    let program = emulator.program.as_path();
    fs::write(point.join("register"), &emulator.registration.0)
        .with_context(|| format!("cannot register `{}`", shown(program)))
}

/// Copies the root into memory; its layers become one.
fn in_memory(layers: &[PathBuf], workplace: &Path) -> Result<Vec<PathBuf>> {
    let mut copies = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let copy = workplace.join(format!("layer-{number}"));
        fs::create_dir(&copy)?;
        let listing = directory::read(layer)?;
        write::directory::fill(&listing.inventory, layer, &copy)?;
        staging::dress_directories(&copy, &listing.inventory)?;
        copies.push(copy);
    }
    Ok(copies)
}
