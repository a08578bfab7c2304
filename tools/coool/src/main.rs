//! Parses the arguments, runs, and turns the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use coool::cli::Cli;

fn main() -> ExitCode {
    coool::messages::VOICE.finish(coool::run(&Cli::parse()))
}
