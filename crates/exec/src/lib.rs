//! Runs other programs: each has a time limit that holds for its whole tree of processes, its output
//! takes little memory, and an error says the command line, how it ended, what it said last, and
//! what to install where it is not there.
//!
//! ```
//! # fn main() -> anyhow::Result<()> {
//! use std::time::Duration;
//!
//! /// A question that a machine answers at once, however busy.
//! const QUESTION: Duration = Duration::from_mins(1);
//!
//! let mut uname = exec::Program::new("uname", QUESTION);
//! uname.arg("-s").hint("it is part of every system");
//! assert_eq!(uname.text()?, "Linux");
//! # Ok(())
//! # }
//! ```
//!
//! All that a program starts ends with it, and with us, be it that we are killed: a process of ours
//! stays between (`keeper`).
//!
//! Proof: `tests/tree.rs::a_process_that_has_left_its_session_and_its_parent_ends_at_the_limit`,
//! `tests/tree.rs::all_of_them_end_when_we_are_killed`,
//! `tests/memory.rs::a_lot_of_output_takes_little_memory`

mod program;

mod environment;
mod failure;
mod running;
mod streams;

mod keeper;
mod tail;

mod find;

pub use failure::Stopped;
pub use find::find;
pub use program::{Program, line};
pub use running::Running;
pub use streams::{Reading, Writing};
pub use tail::{Tail, last_lines};
