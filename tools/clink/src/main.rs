//! Parses the arguments, runs, and turns the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use clink::cli::Cli;

fn main() -> ExitCode {
    clink::messages::VOICE.finish(clink::run(&Cli::parse()))
}
