//! The command line: these doc comments are the help and the man page.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
pub use ui::Format;

/// Builds a whole small Linux in one bootable file from a recipe, boots it and proves that it works
///
/// tiny reads a recipe, fetches what it names as packages of a distribution, builds a kernel with
/// nothing that the recipe does not need, puts the programs into it, and writes one file that boots.
/// The same recipe and the same sources give the same bits. Nothing is installed on this machine, and
/// no privilege is needed.
#[derive(Debug, Parser)]
#[command(name = "tiny", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub action: Action,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Build the one file that a recipe describes
    Build(Build),
    /// Boot an image, its console in this terminal
    Run(Run),
    /// Boot an image without a window and prove what its recipe promises
    Check(Check),
    /// Show where every byte and every instruction went
    Report(Report),
    /// Show size against boot time over the compressors
    SizeTime(SizeTime),
    /// Open a shell in an image, or run one command in it
    Shell(Shell),
    /// Boot an image and take a picture of its screen
    Screenshot(Screenshot),
    /// Say what this machine lacks for a recipe
    Doctor(Doctor),
    /// List the boards with their features, and the techniques
    Boards(Boards),
}

/// Build the one file that a recipe describes.
#[derive(Debug, Args)]
pub struct Build {
    /// The recipe, a TOML file
    #[arg(value_name = "RECIPE", value_hint = ValueHint::FilePath)]
    pub recipe: PathBuf,

    /// Where the image goes; otherwise beside the recipe, with its name and `.img`
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Build everything twice, in two folders, and compare the bits
    #[arg(long)]
    pub twice: bool,

    /// Where sources come from and what is kept.
    #[command(flatten)]
    pub store: StoreOptions,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Boot an image.
#[derive(Debug, Args)]
pub struct Run {
    /// An image that `build` wrote
    #[arg(value_name = "IMAGE", value_hint = ValueHint::FilePath)]
    pub image: PathBuf,

    /// Print the command line that boots it, and boot nothing
    #[arg(long)]
    pub print_command: bool,

    /// Boot with this much memory, as `16M`, instead of the recipe's
    #[arg(short, long, value_name = "SIZE")]
    pub memory: Option<String>,
}

/// Prove what a recipe promises.
#[derive(Debug, Args)]
pub struct Check {
    /// An image that `build` wrote
    #[arg(value_name = "IMAGE", value_hint = ValueHint::FilePath)]
    pub image: PathBuf,

    /// Find the least memory that works, too
    #[arg(long)]
    pub least_memory: bool,

    /// Write the pictures that were compared into DIR
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub pictures: Option<PathBuf>,

    /// Boot this many times to measure the time on the clock
    #[arg(long, value_name = "TIMES", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
    pub boots: u32,

    /// Give up on a boot or a command after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub limit: u64,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Show where every byte and every instruction went.
#[derive(Debug, Args)]
pub struct Report {
    /// An image that `build` wrote
    #[arg(value_name = "IMAGE", value_hint = ValueHint::FilePath)]
    pub image: PathBuf,

    /// Build RECIPE once more without each of its techniques, to say what each one gains
    #[arg(long, value_name = "RECIPE", value_hint = ValueHint::FilePath)]
    pub gains: Option<PathBuf>,

    /// Where sources come from and what is kept.
    #[command(flatten)]
    pub store: StoreOptions,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Show size against boot time.
#[derive(Debug, Args)]
pub struct SizeTime {
    /// The recipe, a TOML file
    #[arg(value_name = "RECIPE", value_hint = ValueHint::FilePath)]
    pub recipe: PathBuf,

    /// Draw the front as an SVG picture into FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub picture: Option<PathBuf>,

    /// Where sources come from and what is kept.
    #[command(flatten)]
    pub store: StoreOptions,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Open a shell in an image.
#[derive(Debug, Args)]
pub struct Shell {
    /// An image that `build` wrote
    #[arg(value_name = "IMAGE", value_hint = ValueHint::FilePath)]
    pub image: PathBuf,

    /// Run this, print what it says, and end with its exit code: without it, a shell opens
    #[arg(short, long, value_name = "COMMAND")]
    pub command: Option<String>,

    /// Give up after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub limit: u64,
}

/// Take a picture of the screen.
#[derive(Debug, Args)]
pub struct Screenshot {
    /// An image that `build` wrote
    #[arg(value_name = "IMAGE", value_hint = ValueHint::FilePath)]
    pub image: PathBuf,

    /// Where the picture goes, a PNG file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,

    /// Run this on the console first, as `fb-windows`
    #[arg(short, long, value_name = "COMMAND")]
    pub command: Option<String>,

    /// Give up after SECONDS
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub limit: u64,
}

/// Say what this machine lacks.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Recipes that are to be built; without one, what every board needs is looked for
    #[arg(value_name = "RECIPE", value_hint = ValueHint::FilePath)]
    pub recipes: Vec<PathBuf>,

    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// List what recipes can name.
#[derive(Debug, Args)]
pub struct Boards {
    /// How the result is shown.
    #[command(flatten)]
    pub show: Output,
}

/// Where sources come from and what is kept.
#[derive(Debug, Clone, Args)]
pub struct StoreOptions {
    /// Where sources and what was built of them are kept; otherwise `~/.cache/tiny`
    #[arg(long, value_name = "DIR", env = "TINY_STORE", value_hint = ValueHint::DirPath)]
    pub store: Option<PathBuf>,

    /// Fetch nothing: all that the lock file names must be there
    #[arg(long)]
    pub offline: bool,

    /// The file that names every package with its version; otherwise beside the recipe, with `.lock`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub lock: Option<PathBuf>,

    /// Take the newest packages and write the lock file anew
    #[arg(long, conflicts_with = "offline")]
    pub update: bool,
}

/// How the result is shown.
#[derive(Debug, Clone, Args)]
pub struct Output {
    /// The form of the result on standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Show what the programs say that tiny runs
    #[arg(short, long)]
    pub verbose: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl Output {
    /// Which part of the progress is shown: what other programs say and a line that is drawn over do
    /// not go together.
    #[must_use]
    pub fn progress(&self) -> ui::Show {
        match (self.quiet, self.verbose) {
            (true, _) => ui::Show::Nothing,
            (_, true) => ui::Show::Steps,
            _ => ui::Show::Progress,
        }
    }
}

const AFTER_HELP: &str = "\
Exit status:
  0  done
  1  check found that the image does not do what its recipe promises
  2  something could not be done; a message says what and why

Examples:
  tiny doctor demo.toml                 what this machine lacks for the recipe
  tiny build demo.toml                  demo.img, one file that boots
  tiny run demo.img                     boot it; Ctrl-A X ends
  tiny check demo.img                   prove that it works, without a window
  tiny screenshot demo.img -o demo.png --command fb-windows";
