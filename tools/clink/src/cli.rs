//! The command line: these doc comments are the help and the man page.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum, ValueHint};
pub use ui::Format;

/// Replaces duplicate files by relative symbolic links
///
/// clink finds identical regular files below the files and directories it is given, keeps one of
/// each and replaces every other by a relative link to it, so that the tree can be moved or put in
/// a tar archive. What a link would change or endanger is left alone, and the summary says what
/// and why. Every replacement is written to a journal first and can be taken back.
#[derive(Debug, Parser)]
#[command(name = "clink", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// Files and directories to look through
    ///
    /// With --undo: where the tree stands now, if it was moved since.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Show what would be done, change nothing
    #[arg(short = 'd', long, visible_short_alias = 'n')]
    pub dry_run: bool,

    /// Change nothing; exit with 1 when there are duplicates that clink would link
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,

    /// Take back every replacement that JOURNAL records
    #[arg(long, value_name = "JOURNAL", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["dry_run", "check"])]
    pub undo: Option<PathBuf>,

    /// Which files are looked at.
    #[command(flatten)]
    pub search: Search,

    /// Which duplicates are linked, and how.
    #[command(flatten)]
    pub linking: Linking,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// Which files are looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is looked at")]
pub struct Search {
    /// Leave out files and directories that match GLOB
    ///
    /// A GLOB without a slash is matched with the name, one with a slash with the path below the
    /// argument; `**` crosses directories. May be given several times.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,

    /// Leave out files smaller than SIZE
    ///
    /// SIZE is in bytes, or with a unit: 4K, 1M, 2G (powers of 1024). Empty files are never linked.
    #[arg(long, value_name = "SIZE", default_value = "1", value_parser = parse_size)]
    pub min_size: u64,

    /// Stay out of file systems that are mounted below an argument (the default)
    #[arg(short = 'x', long, overrides_with = "no_one_file_system")]
    pub one_file_system: bool,

    /// Look into file systems that are mounted below an argument
    ///
    /// A link never crosses from one file system to another.
    #[arg(long)]
    pub no_one_file_system: bool,

    /// Follow an argument that is a symbolic link itself
    #[arg(long)]
    pub follow_args: bool,
}

/// Which duplicates are linked, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is linked, and how")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
pub struct Linking {
    /// Make hard links instead of symbolic ones
    ///
    /// Serves also for files that a symbolic link would harm, such as programs that look for
    /// others beside themselves.
    #[arg(long, conflicts_with_all = ["reflink", "directories"])]
    pub hard: bool,

    /// Let the copies share their storage, where the file system can (Btrfs, XFS)
    ///
    /// Every name remains a file of its own; nothing that reads or writes it sees a difference.
    #[arg(long, conflicts_with = "directories")]
    pub reflink: bool,

    /// Make hard links in place of what symbolic ones would change
    ///
    /// What clink would otherwise leave alone for its kind, its time or because its equals lie in
    /// another root filesystem or package becomes a hard link where the times are the same; on
    /// Btrfs it shares its storage instead. Two copies that a program tells apart become one: what
    /// is written to one is written to both.
    #[arg(long, conflicts_with_all = ["hard", "reflink", "all"])]
    pub mixed: bool,

    /// Replace whole identical directories by one link, the largest first
    #[arg(long)]
    pub directories: bool,

    /// Make the links that gain something in an archive or image of this kind
    ///
    /// Without it that is the file system at hand. What links take differs: a long text costs a
    /// block on ext4 and a kibibyte in a tar archive, and squashfs stores equal files once by itself.
    /// What is reckoned is before compression, for an archive or image of what lies below the
    /// arguments. --reflink gains nothing in any of them, and --mixed then makes hard links.
    #[arg(long, value_name = "KIND", conflicts_with = "reflink")]
    pub target: Option<Target>,

    /// Link files of kinds that clink does not know, too
    ///
    /// By itself clink links only what it knows to be inert: read for its bytes and nothing else.
    /// With this it leaves only what it knows to be harmed. A program that asks an unknown file
    /// where it really lies then gets another answer: try the tree before you ship it.
    #[arg(long)]
    pub trust_unknown: bool,

    /// Link by content alone
    ///
    /// Lifts every precaution but three: setuid, setgid and capability files and the databases of
    /// package managers are never linked, nor is what would free nothing.
    #[arg(long)]
    pub all: bool,

    /// Make no link from one argument into another
    #[arg(long)]
    pub within_each: bool,

    /// Keep the copy at or below DIR rather than another one
    ///
    /// May be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub keep: Vec<PathBuf>,

    /// Keep the copy that was modified last
    #[arg(long, conflicts_with = "oldest")]
    pub newest: bool,

    /// Keep the copy that was modified first
    #[arg(long)]
    pub oldest: bool,

    /// Link files whose mode, owner, group or extended attributes differ
    #[arg(long)]
    pub ignore_metadata: bool,

    /// Keep only links with which COMMAND prints the same as before
    ///
    /// The shell runs COMMAND in the current directory, twice before the first link and once after
    /// the last one. Where what it prints or its exit code differs, all links are taken back; by
    /// halves those are found that make the difference, and they are named and not made. COMMAND
    /// must print the same every time, and has an hour each time.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["no_journal", "dry_run", "check", "undo"])]
    pub prove: Option<String>,

    /// Write the journal to FILE
    ///
    /// Otherwise it is a new file in `$XDG_STATE_HOME/clink` or `~/.local/state/clink`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub journal: Option<PathBuf>,

    /// Write no journal: what is done cannot be taken back
    #[arg(long, conflicts_with = "journal")]
    pub no_journal: bool,
}

/// An archive or image for which links are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// An archive as GNU tar writes it
    Tar,
    /// An ext4 image with blocks of 4 KiB
    Ext4,
    /// An ext4 image with blocks of 1 KiB, as mke2fs makes those below 512 MiB
    #[value(name = "ext4-1k")]
    Ext4SmallBlocks,
    /// An EROFS image, made without --chunksize, -Efragments and -Ededupe: these store equal files once
    Erofs,
    /// A squashfs image, which stores equal files once by itself: nothing is linked
    Squashfs,
}

/// How the result is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is shown")]
pub struct Output {
    /// The form of the result on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// List every link, and every file left alone with the reason
    #[arg(short, long)]
    pub verbose: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

const AFTER_HELP: &str = "\
Exit status:
  0  done, or nothing to do
  1  with --check: there are duplicates
  2  something could not be done; a message says what and why

Examples:
  clink --dry-run /opt/toolchains     what would be saved, and what would be left alone
  clink /opt/toolchains               do it
  clink --undo ~/.local/state/clink/2026-11-22T10-00-00.journal
                                      take it back";

/// Reads a size in bytes with an optional unit: `4096`, `4K`, `1M`, `2G`, powers of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`: use K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| format!("`{digits}` is not a whole number"))?;
    number.checked_mul(unit).ok_or_else(|| "larger than any file".to_owned())
}
