//! Which system calls are looked at, and the filter that tells the kernel so.
//!
//! Numbers are those of the kernel's tables (`arch/x86/entry/syscalls`, `asm-generic/unistd.h`).
//! The filter is classic BPF as in `Documentation/userspace-api/seccomp_filter.rst`.

use super::observed::Use;

/// What a system call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// A path, for this use.
    Path {
        /// Which argument is the directory that a relative path begins in.
        directory: Option<usize>,
        /// Which argument is the path.
        path: usize,
        /// What for.
        what_for: Use,
        /// Which argument holds flags among which `AT_SYMLINK_NOFOLLOW` may be.
        flags: Option<usize>,
    },
    /// An open directory, to read its entries; the argument is its descriptor.
    Listing(usize),
    /// An address to connect to or to send to; the arguments are its place and length.
    Address(usize, usize),
}

/// A system call that is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: i64,
    pub(crate) named: Named,
}

const fn path(number: i64, path: usize, what_for: Use) -> Call {
    Call { number, named: Named::Path { directory: None, path, what_for, flags: None } }
}

const fn at(number: i64, directory: usize, what_for: Use) -> Call {
    let path = directory + 1;
    let directory = Some(directory);
    Call { number, named: Named::Path { directory, path, what_for, flags: None } }
}

const fn at_flags(number: i64, what_for: Use, flags: usize) -> Call {
    let (directory, flags) = (Some(0), Some(flags));
    Call { number, named: Named::Path { directory, path: 1, what_for, flags } }
}

const fn listing(number: i64) -> Call {
    Call { number, named: Named::Listing(0) }
}

const fn address(number: i64, place: usize, length: usize) -> Call {
    Call { number, named: Named::Address(place, length) }
}

use Use::{Executed, LookedAt, LookedAtLink, Opened};

/// What an architecture calls its system calls in `seccomp_data` and to tracers, with its calls.
pub(crate) struct Table {
    pub(crate) audit_arch: u32,
    pub(crate) calls: &'static [Call],
}

#[cfg(target_arch = "x86_64")]
pub(crate) const TABLES: &[Table] = &[
    Table { audit_arch: 0xc000_003e, calls: X86_64 },
    Table { audit_arch: 0x4000_0003, calls: I386 },
];

#[cfg(target_arch = "aarch64")]
pub(crate) const TABLES: &[Table] = &[Table { audit_arch: 0xc000_00b7, calls: GENERIC }];

#[cfg(target_arch = "x86_64")]
const X86_64: &[Call] = &[
    path(2, 0, Opened),
    path(4, 0, LookedAt),
    path(6, 0, LookedAtLink),
    path(21, 0, LookedAt),
    path(59, 0, Executed),
    path(76, 0, Opened),       // truncate
    path(80, 0, LookedAt),     // chdir
    path(82, 0, LookedAtLink), // rename
    path(82, 1, LookedAtLink),
    path(83, 0, LookedAtLink),  // mkdir
    path(84, 0, LookedAtLink),  // rmdir
    path(85, 0, Opened),        // creat
    path(86, 0, Opened),        // link
    path(87, 0, LookedAtLink),  // unlink
    path(88, 1, LookedAtLink),  // symlink
    path(89, 0, LookedAtLink),  // readlink
    path(90, 0, LookedAt),      // chmod
    path(92, 0, LookedAt),      // chown
    path(94, 0, LookedAtLink),  // lchown
    path(132, 0, LookedAt),     // utime
    path(137, 0, LookedAt),     // statfs
    path(161, 0, LookedAt),     // chroot
    path(191, 0, LookedAt),     // getxattr
    path(192, 0, LookedAtLink), // lgetxattr
    path(194, 0, LookedAt),     // listxattr
    path(195, 0, LookedAtLink), // llistxattr
    path(235, 0, LookedAt),     // utimes
    path(254, 1, LookedAt),     // inotify_add_watch
    at(257, 0, Opened),         // openat
    at(258, 0, LookedAtLink),   // mkdirat
    at_flags(260, LookedAt, 4), // fchownat
    at_flags(262, LookedAt, 3), // newfstatat
    at(263, 0, LookedAtLink),   // unlinkat
    at(264, 0, LookedAtLink),   // renameat
    at(264, 2, LookedAtLink),
    at(265, 0, Opened),         // linkat
    at(266, 1, LookedAtLink),   // symlinkat
    at(267, 0, LookedAtLink),   // readlinkat
    at(268, 0, LookedAt),       // fchmodat
    at(269, 0, LookedAt),       // faccessat
    at_flags(280, LookedAt, 3), // utimensat
    at(316, 0, LookedAtLink),   // renameat2
    at(316, 2, LookedAtLink),
    at(322, 0, Executed),       // execveat
    at_flags(332, LookedAt, 2), // statx
    at(437, 0, Opened),         // openat2
    at_flags(439, LookedAt, 3), // faccessat2
    at_flags(452, LookedAt, 3), // fchmodat2
    listing(78),
    listing(217),
    address(42, 1, 2), // connect
    address(44, 4, 5), // sendto
];

/// 32-bit programs of the same machine.
#[cfg(target_arch = "x86_64")]
const I386: &[Call] = &[
    path(5, 0, Opened),
    path(8, 0, Opened),        // creat
    path(9, 0, Opened),        // link
    path(10, 0, LookedAtLink), // unlink
    path(11, 0, Executed),
    path(12, 0, LookedAt),     // chdir
    path(15, 0, LookedAt),     // chmod
    path(33, 0, LookedAt),     // access
    path(38, 0, LookedAtLink), // rename
    path(38, 1, LookedAtLink),
    path(39, 0, LookedAtLink),  // mkdir
    path(40, 0, LookedAtLink),  // rmdir
    path(61, 0, LookedAt),      // chroot
    path(83, 1, LookedAtLink),  // symlink
    path(85, 0, LookedAtLink),  // readlink
    path(92, 0, Opened),        // truncate
    path(99, 0, LookedAt),      // statfs
    path(106, 0, LookedAt),     // stat
    path(107, 0, LookedAtLink), // lstat
    path(193, 0, Opened),       // truncate64
    path(195, 0, LookedAt),     // stat64
    path(196, 0, LookedAtLink), // lstat64
    path(229, 0, LookedAt),     // getxattr
    path(230, 0, LookedAtLink), // lgetxattr
    path(268, 0, LookedAt),     // statfs64
    path(292, 1, LookedAt),     // inotify_add_watch
    at(295, 0, Opened),         // openat
    at(296, 0, LookedAtLink),   // mkdirat
    at_flags(298, LookedAt, 4), // fchownat
    at_flags(300, LookedAt, 3), // fstatat64
    at(301, 0, LookedAtLink),   // unlinkat
    at(302, 0, LookedAtLink),   // renameat
    at(302, 2, LookedAtLink),
    at(303, 0, Opened),         // linkat
    at(304, 1, LookedAtLink),   // symlinkat
    at(305, 0, LookedAtLink),   // readlinkat
    at(306, 0, LookedAt),       // fchmodat
    at(307, 0, LookedAt),       // faccessat
    at_flags(320, LookedAt, 3), // utimensat
    at(353, 0, LookedAtLink),   // renameat2
    at(353, 2, LookedAtLink),
    at(358, 0, Executed),       // execveat
    at_flags(383, LookedAt, 2), // statx
    at_flags(412, LookedAt, 3), // utimensat_time64
    at(437, 0, Opened),         // openat2
    at_flags(439, LookedAt, 3), // faccessat2
    listing(141),
    listing(220),
    address(362, 1, 2), // connect
];

/// Machines younger than the `at` calls.
#[cfg(target_arch = "aarch64")]
const GENERIC: &[Call] = &[
    path(5, 0, LookedAt),     // setxattr
    path(8, 0, LookedAt),     // getxattr
    path(9, 0, LookedAtLink), // lgetxattr
    path(11, 0, LookedAt),    // listxattr
    path(27, 1, LookedAt),    // inotify_add_watch
    at(34, 0, LookedAtLink),  // mkdirat
    at(35, 0, LookedAtLink),  // unlinkat
    at(36, 1, LookedAtLink),  // symlinkat
    at(37, 0, Opened),        // linkat
    at(38, 0, LookedAtLink),  // renameat
    at(38, 2, LookedAtLink),
    path(43, 0, LookedAt),     // statfs
    path(45, 0, Opened),       // truncate
    at(48, 0, LookedAt),       // faccessat
    path(49, 0, LookedAt),     // chdir
    path(51, 0, LookedAt),     // chroot
    at(53, 0, LookedAt),       // fchmodat
    at_flags(54, LookedAt, 4), // fchownat
    at(56, 0, Opened),         // openat
    at(78, 0, LookedAtLink),   // readlinkat
    at_flags(79, LookedAt, 3), // newfstatat
    at_flags(88, LookedAt, 3), // utimensat
    path(221, 0, Executed),
    at(276, 0, LookedAtLink), // renameat2
    at(276, 2, LookedAtLink),
    at(281, 0, Executed),       // execveat
    at_flags(291, LookedAt, 2), // statx
    at(437, 0, Opened),         // openat2
    at_flags(439, LookedAt, 3), // faccessat2
    listing(61),
    address(203, 1, 2), // connect
    address(206, 4, 5), // sendto
];

/// What a system call of an architecture names; some name two paths.
pub(crate) fn named(audit_arch: u32, number: i64) -> impl Iterator<Item = Named> {
    let tables = TABLES.iter().filter(move |table| table.audit_arch == audit_arch);
    let calls = tables.flat_map(|table| table.calls);
    calls.filter(move |call| call.number == number).map(|call| call.named)
}

/// The filter: it stops a process for its tracer at every call of the tables, and at no other.
#[expect(clippy::cast_possible_truncation, reason = "codes of instructions have sixteen bits")]
pub(crate) fn program() -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    /// Where `seccomp_data` has the number of the call and the architecture.
    const NUMBER: u32 = 0;
    const ARCH: u32 = 4;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };

    let mut program = Vec::new();
    for table in TABLES {
        let mut numbers: Vec<i64> = table.calls.iter().map(|call| call.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let count = u8::try_from(numbers.len()).expect("the tables are shorter than a jump");
        program.push(step(LOAD, 0, 0, ARCH));
        // Past the loading of the number, the comparisons and the two ends.
        program.push(step(EQUAL, 0, count + 3, table.audit_arch));
        program.push(step(LOAD, 0, 0, NUMBER));
        for (done, number) in (0..).zip(numbers) {
            let number = u32::try_from(number).expect("numbers of calls are small");
            program.push(step(EQUAL, count - done, 0, number));
        }
        program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
        program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_TRACE));
    }
    program.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    program
}
