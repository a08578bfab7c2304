//! Parses the arguments, runs, and turns the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use tiny::cli::Cli;

fn main() -> ExitCode {
    tiny::messages::VOICE.finish(tiny::run(&Cli::parse()))
}
