//! The surroundings of a program that is to do the same on every machine.
//!
//! Proof: `tests/environment.rs::a_program_of_a_bare_environment_sees_nothing_of_ours`

use std::os::unix::process::CommandExt;

use rustix::fs::Mode;

use crate::Program;

/// Where Debian's own programs are; what somebody put into `/usr/local` or the home is another
/// machine's.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

impl Program {
    /// Makes the environment from nothing instead of handing ours down: Debian's search path, no
    /// language, no time zone, no home, and files that everybody may read. What was set before is
    /// gone, too.
    ///
    /// `CFLAGS`, `CPATH`, `LD_PRELOAD`, `TAR_OPTIONS` and their kind change what programs do, and no
    /// list of them is ever complete.
    pub fn bare_environment(&mut self) -> &mut Self {
        self.command.env_clear();
        for (name, value) in
            [("PATH", PATH), ("LC_ALL", "C"), ("TZ", "UTC0"), ("HOME", "/nonexistent")]
        {
            self.command.env(name, value);
        }
        self.with_usual_mask()
    }

    #[expect(
        unsafe_code,
        reason = "the mask belongs to a process: it is set between fork and exec"
    )]
    fn with_usual_mask(&mut self) -> &mut Self {
        // SAFETY: one system call without locks or memory of the heap, which is allowed there.
        unsafe {
            self.command.pre_exec(|| {
                rustix::process::umask(Mode::WGRP | Mode::WOTH);
                Ok(())
            });
        }
        self
    }
}
