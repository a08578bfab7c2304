//! The command line: these doc comments are the help and the man page.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
pub use ui::Format;

use crate::build::Strip;

/// Makes root filesystems small, with a reason for every file and a proof that nothing was lost
///
/// shrink takes a root filesystem and writes a smaller one. Without programs or tests it takes away
/// only what is known by name: documentation, development files, translations, caches; it strips
/// binaries and shares duplicates. With the programs that matter, or with tests, it keeps what these
/// need and nothing else, runs the tests in the full root and in the small one, and puts back what
/// turns out to be missing. No privilege is needed, and the input is never changed.
#[derive(Debug, Parser)]
#[command(name = "shrink", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub action: Action,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show where the bytes of a root filesystem are and what could be done about them
    Report(Report),
    /// Write a smaller root filesystem
    Make(Box<Make>),
    /// Say why a path of a small root stays, or what took it away
    Why(Why),
    /// Run tests in a finished small root again
    Prove(Prove),
    /// Compare two root filesystems
    Diff(Diff),
    /// Take back what `make --in-place` did
    Undo(Undo),
}

/// Show where the bytes are.
#[derive(Debug, Args)]
pub struct Report {
    /// A directory, tar archive, container image or squashfs image
    #[arg(value_name = "ROOT", value_hint = ValueHint::AnyPath)]
    pub root: PathBuf,

    /// Write a map of the bytes, an HTML page, to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub map: Option<PathBuf>,

    /// Programs that matter: what they do not need is shown as unreachable
    #[arg(long, value_name = "PROGRAM")]
    pub keep: Vec<PathBuf>,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// Write a smaller root filesystem.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
pub struct Make {
    /// A directory, tar archive, container image or squashfs image
    #[arg(value_name = "ROOT", value_hint = ValueHint::AnyPath)]
    pub root: PathBuf,

    /// Where the small root goes: the ending tells the form
    ///
    /// `.tar`, `.tar.gz`, `.cpio`, `.cpio.gz` and `.squashfs` are archives and images; any other name
    /// is a new directory.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    #[arg(required_unless_present = "in_place", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,

    /// Keep PROGRAM with all that it needs, and what no such program or test needs goes
    ///
    /// A name on the search path or a path in the root. May be given several times.
    #[arg(short, long, value_name = "PROGRAM")]
    pub keep: Vec<PathBuf>,

    /// Keep what COMMAND uses, and prove that it comes to the same in the small root
    ///
    /// The root's shell runs it, twice in the full root and then in the small one, apart from this
    /// machine and without a network. Output, exit code and files written are compared. May be given
    /// several times.
    #[arg(short, long, value_name = "COMMAND")]
    pub test: Vec<String>,

    /// Read policies, programs and tests from FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub policy: Option<PathBuf>,

    /// Switch a policy on: what it names goes
    ///
    /// The policies are documentation, development, locales and caches, which are on where nothing
    /// that reads such files is in the root; libtool, debugging, licences, package-data,
    /// package-lists, backups and logs, which are off.
    #[arg(long, value_name = "POLICY")]
    pub remove: Vec<String>,

    /// Switch a policy off: what it names stays
    #[arg(long, value_name = "POLICY")]
    pub leave: Vec<String>,

    /// What is stripped of binaries
    ///
    /// Otherwise it is symbols; where debuggers stay, nothing.
    #[arg(long, value_name = "WHAT")]
    pub strip: Option<Strip>,

    /// Leave identical files as they are
    #[arg(long)]
    pub no_share: bool,

    /// Fill functions of libraries that nothing reaches, so that the root compresses better
    ///
    /// Needs programs or tests, which say what is reached. That nothing else reaches these is
    /// reasoned from the code: a program that comes to one all the same is ended (SIGTRAP). Where a
    /// test differs, libraries are given back whole. Only x86-64 code is read.
    #[arg(long)]
    pub fill_unreachable: bool,

    /// End a test after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub limit: u64,

    /// Leave out files that cannot be read
    #[arg(long)]
    pub skip_unreadable: bool,

    /// Change ROOT itself, a directory; what goes is kept in an archive
    #[arg(long)]
    pub in_place: bool,

    /// Where --in-place keeps what goes
    ///
    /// Otherwise beside ROOT, with `.removed.tar` added to the name.
    #[arg(long, value_name = "FILE", requires = "in_place", value_hint = ValueHint::FilePath)]
    pub archive: Option<PathBuf>,

    /// Decide and prove, but write no result
    #[arg(short = 'd', long, visible_short_alias = 'n')]
    pub dry_run: bool,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Say why a path stays or went.
#[derive(Debug, Args)]
pub struct Why {
    /// Paths in the small root, as small/usr/bin/ls, or with --ledger as /usr/bin/ls
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// The ledger that `make` left beside its result
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ledger: Option<PathBuf>,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// Run tests again.
#[derive(Debug, Args)]
pub struct Prove {
    /// A small root that `make` wrote
    #[arg(value_name = "OUT", value_hint = ValueHint::AnyPath)]
    pub root: PathBuf,

    /// Run COMMAND instead of the tests that `make` ran; needs --against if it is a new one
    #[arg(short, long, value_name = "COMMAND")]
    pub test: Vec<String>,

    /// Compare with this full root instead of what `make` noted
    #[arg(long, value_name = "ROOT", value_hint = ValueHint::AnyPath)]
    pub against: Option<PathBuf>,

    /// The ledger that `make` left beside its result
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ledger: Option<PathBuf>,

    /// End a test after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub limit: u64,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// Compare two roots.
#[derive(Debug, Args)]
pub struct Diff {
    /// The one
    #[arg(value_name = "A", value_hint = ValueHint::AnyPath)]
    pub first: PathBuf,

    /// The other
    #[arg(value_name = "B", value_hint = ValueHint::AnyPath)]
    pub second: PathBuf,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// Take back what was done in place.
#[derive(Debug, Args)]
pub struct Undo {
    /// The archive that `make --in-place` wrote
    #[arg(value_name = "ARCHIVE", value_hint = ValueHint::FilePath)]
    pub archive: PathBuf,

    /// Where the root stands now, if it was moved since
    #[arg(value_name = "ROOT", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// How the result is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is shown")]
pub struct Output {
    /// The form of the result on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// List every path
    #[arg(short, long)]
    pub verbose: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Output {
    /// Which part of the progress is shown.
    #[must_use]
    pub fn progress(&self) -> ui::Show {
        if self.quiet { ui::Show::Nothing } else { ui::Show::Progress }
    }
}

const AFTER_HELP: &str = "\
Exit status:
  0  done
  1  a test differs in the small root or proves nothing, or with diff: the roots differ
  2  something could not be done, or was left as it is; a message says what and why

Examples:
  shrink report rootfs.tar --map map.html       where the bytes are
  shrink make rootfs.tar -o small.tar           without what nobody can miss
  shrink make rootfs.tar -o small --test 'nginx && curl -s http://localhost/'
                                                what this needs, and proof
  shrink why small/usr/lib/x86_64-linux-gnu/libz.so.1
                                                who needs it";
