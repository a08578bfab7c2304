//! The tools that exist, with what is needed to describe each: a new tool adds its line here.

/// A tool of the workbench.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// Its command line, from which help, man page and completions are made.
    pub(crate) command: fn() -> clap::Command,
}

/// In the order in which they moved in.
pub(crate) const TOOLS: &[Tool] = &[
    Tool { name: "clink", command: <clink::cli::Cli as clap::CommandFactory>::command },
    Tool { name: "coool", command: <coool::cli::Cli as clap::CommandFactory>::command },
    Tool { name: "shrink", command: <shrink::cli::Cli as clap::CommandFactory>::command },
    Tool { name: "tiny", command: <tiny::cli::Cli as clap::CommandFactory>::command },
];
