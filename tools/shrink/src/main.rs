//! Parses the arguments, runs, and turns the result into an exit code.

use std::process::ExitCode;

use clap::Parser;
use shrink::cli::Cli;

fn main() -> ExitCode {
    if shrink::is_inside_sandbox() {
        return shrink::messages::VOICE.finish(shrink::inside_sandbox());
    }
    shrink::messages::VOICE.finish(shrink::run(&Cli::parse()))
}
