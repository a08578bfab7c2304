//! What an audit finds: in instructions written by hand, in what compilers make of C, and in bytes
//! that are neither.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

mod disassembler;

const AT: u64 = 0x1_0000;

/// A program of nothing but these bytes, which are loaded at one address and executed.
fn program(machine: Machine, code: &[u8]) -> Vec<u8> {
    let wide = machine != Machine::Arm;
    let number: u16 = match machine {
        Machine::Arm => 40,
        Machine::Aarch64 => 183,
        Machine::X86_64 => 62,
    };
    let (header, entry) = if wide { (64_u64, 56_u64) } else { (52, 32) };
    let mut file = b"\x7fELF".to_vec();
    file.extend([if wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut put = |value: u64, width: usize| file.extend(&value.to_le_bytes()[..width]);
    let word = if wide { 8 } else { 4 };
    let length = code.len() as u64;
    for (value, width) in [(2, 2), (u64::from(number), 2), (1, 4), (AT, word), (header, word)] {
        put(value, width);
    }
    for (value, width) in
        [(0, word), (0, 4), (header, 2), (entry, 2), (1, 2), (0, 2), (0, 2), (0, 2)]
    {
        put(value, width);
    }
    let start = header + entry;
    if wide {
        for (value, width) in [(1, 4), (5, 4), (start, 8), (AT, 8), (AT, 8), (length, 8)] {
            put(value, width);
        }
        put(length, 8);
        put(4, 8);
    } else {
        for value in [1, start, AT, AT, length, length, 5, 4] {
            put(value, 4);
        }
    }
    file.extend(code);
    file
}

fn of_words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn of_halves(halves: &[u16]) -> Vec<u8> {
    halves.iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// The names of the system calls that a program contains, and how many places are undecided.
fn found(machine: Machine, data: &[u8]) -> (Vec<String>, usize) {
    let table = Table::of(machine).expect("tiny's own data");
    let image = Image::read(data).expect("a program").expect("for this machine");
    let calls = calls::find(&image);
    let named = |number: &u16| table.name(*number).map_or(number.to_string(), str::to_owned);
    (calls.numbers.iter().map(named).collect(), calls.undecided.len())
}

/// musl's way on ARM: `sleep` calls a function with the number, which calls another one.
#[rustfmt::skip]
const MUSL: &[u32] = &[
    0xe3a0_00a2, //      mov r0, #162      nanosleep
    0xeb00_0002, //      bl  syscall_cp
    0xe59f_7024, //      ldr r7, =265      clock_nanosleep
    0xef00_0000, //      svc 0
    0xe12f_ff1e, //      bx  lr
    // syscall_cp:
    0xe92d_4010, //      push {r4, lr}
    0xeb00_0000, //      bl  syscall_cp_c
    0xe8bd_8010, //      pop {r4, pc}
    // syscall_cp_c:
    0xe92d_00b0, //      push {r4, r5, r7}
    0xe1a0_7000, //      mov r7, r0
    0xef00_0000, //      svc 0
    0xe8bd_00b0, //      pop {r4, r5, r7}
    0xe12f_ff1e, //      bx  lr
    0x0000_0109, //      265
];

#[test]
fn a_number_is_followed_through_the_functions_that_pass_it_on() {
    let (names, undecided) = found(Machine::Arm, &program(Machine::Arm, &of_words(MUSL)));
    assert_eq!(names, ["nanosleep", "clock_nanosleep"]);
    assert_eq!(undecided, 0);
}

#[test]
fn a_sleep_that_would_silently_return_at_once_is_named() {
    let binaries = [(PathBuf::from("/bin/sleep"), program(Machine::Arm, &of_words(MUSL)))];
    let config = Options::parse("CONFIG_FUTEX=y\n# CONFIG_COMPAT_32BIT_TIME is not set\n");
    let audit = audit(&binaries, &config, Machine::Arm).expect("an audit");
    expect_test::expect![[r#"
        audit: 1 binary contains 2 system calls, used or not
        CONFIG_COMPAT_32BIT_TIME is off: waiting and time stamps with times of 32 bits
          fail, and programs seldom notice: nanosleep, clock_nanosleep
            in /bin/sleep
    "#]]
    .assert_eq(&report::text(&audit));

    let config = Options::parse("CONFIG_COMPAT_32BIT_TIME=y\n");
    let audit = super::audit(&binaries, &config, Machine::Arm).expect("an audit");
    assert_eq!(audit.missing, []);
}

#[test]
fn an_instruction_on_a_condition_leaves_both_numbers_possible() {
    let code = of_words(&[
        0xe350_0000, // cmp   r0, #0
        0x13a0_7091, // movne r7, #145   readv
        0x03a0_7003, // moveq r7, #3     read
        0xef00_0000, // svc   0
        0xe12f_ff1e, // bx    lr
    ]);
    let (names, undecided) = found(Machine::Arm, &program(Machine::Arm, &code));
    assert_eq!(names, ["read", "readv"]);
    assert_eq!(undecided, 0);
}

#[test]
fn a_number_that_nobody_can_tell_is_counted() {
    let code = of_words(&[
        0xe590_7000, // ldr r7, [r0]
        0xef00_0000, // svc 0
        0xe12f_ff1e, // bx  lr
    ]);
    assert_eq!(found(Machine::Arm, &program(Machine::Arm, &code)), (vec![], 1));
}

#[test]
fn thumb_is_told_from_arm_without_symbols() {
    #[rustfmt::skip]
    let code = of_halves(&[
        0xb580,         // push {r7, lr}
        0x27a2,         // movs r7, #162     nanosleep
        0xdf00,         // svc  0
        0xf240, 0x1709, // movw r7, #265     clock_nanosleep
        0xdf00,         // svc  0
        0x2000,         // movs r0, #0
        0xbd80,         // pop  {r7, pc}
    ]);
    let (names, undecided) = found(Machine::Arm, &program(Machine::Arm, &code));
    assert_eq!(names, ["nanosleep", "clock_nanosleep"]);
    assert_eq!(undecided, 0);
}

/// What Thumb's code asks for that loads 162 into `r7` and then executes an instruction.
fn asked_behind(instruction: &[u16]) -> (Vec<String>, usize) {
    let before: &[u16] = &[0xb580, 0x27a2]; // push {r7, lr}; movs r7, #162
    let after: &[u16] = &[0xdf00, 0xbd80]; // svc 0; pop {r7, pc}
    let code = of_halves(&[before, instruction, after].concat());
    found(Machine::Arm, &program(Machine::Arm, &code))
}

#[test]
fn a_register_that_thumb_writes_is_no_longer_known() {
    #[rustfmt::skip]
    let writing: [(&str, &[u16]); 7] = [
        ("ldmia.w r0, {r7, r8}",    &[0xe890, 0x0180]),
        ("ldmdb r0, {r7, r8}",      &[0xe910, 0x0180]),
        ("ldr.w r7, [r0], #4",      &[0xf850, 0x7b04]),
        ("ldr.w r0, [r7], #4",      &[0xf857, 0x0b04]),
        ("vmov r7, s0",             &[0xee10, 0x7a10]),
        ("vmov r0, r7, d0",         &[0xec57, 0x0b10]),
        ("strexd r7, r0, r1, [r2]", &[0xe8c2, 0x0177]),
    ];
    for (text, instruction) in writing {
        assert_eq!(asked_behind(instruction), (vec![], 1), "{text}");
    }
}

/// A register that points to memory and moves holds another number.
#[test]
fn a_register_that_thumb_moves_holds_what_it_was_moved_to() {
    #[rustfmt::skip]
    let moving: [(&str, &[u16], &str); 3] = [
        ("ldmia r7!, {r0, r1}", &[0xcf03],         "setresgid"),
        ("vldmia r7!, {d8}",    &[0xecb7, 0x8b02], "setresgid"),
        ("stmdb r7!, {r0, r1}", &[0xe927, 0x0003], "sched_setparam"),
    ];
    for (text, instruction, name) in moving {
        assert_eq!(asked_behind(instruction), (vec![name.to_owned()], 0), "{text}");
    }
}

/// The same on x86, where many instructions write registers that they do not name.
#[test]
fn a_register_that_x86_writes_without_naming_it_is_no_longer_known() {
    #[rustfmt::skip]
    let writing: [(&str, &[u8]); 7] = [
        ("loop over rcx, from which rax comes", &[0x48, 0x89, 0xc1, 0xe2, 0x00, 0x48, 0x89, 0xc8]),
        ("mul rdx",                  &[0x48, 0xf7, 0xe2]),
        ("lodsb",                    &[0xac]),
        ("cpuid",                    &[0x0f, 0xa2]),
        ("lock cmpxchg [rdi], rdx",  &[0xf0, 0x48, 0x0f, 0xb1, 0x17]),
        ("xchg rdx, rax",            &[0x48, 0x92]),
        ("int 0x80",                 &[0xcd, 0x80]),
    ];
    for (text, instruction) in writing {
        let before: &[u8] = &[0xb8, 0x23, 0x00, 0x00, 0x00]; // mov eax, 35
        let after: &[u8] = &[0x0f, 0x05, 0xc3]; // syscall; ret
        let code = [before, instruction, after].concat();
        let (names, undecided) = found(Machine::X86_64, &program(Machine::X86_64, &code));
        assert_eq!((names, undecided), (vec![], 1), "{text}");
    }
}

/// A store that is not as long as a word of the stack spoils every word that it touches.
#[test]
fn a_number_on_the_stack_is_unknown_once_something_else_is_stored_over_it() {
    #[rustfmt::skip]
    let code = [
        0x6a, 0x23,                         // push 35
        0x6a, 0x00,                         // push 0
        0x0f, 0x11, 0x04, 0x24,             // movups [rsp], xmm0
        0x58,                               // pop  rax
        0x58,                               // pop  rax
        0x0f, 0x05,                         // syscall
        0xc3,                               // ret
    ];
    assert_eq!(found(Machine::X86_64, &program(Machine::X86_64, &code)), (vec![], 1));
}

/// What the library cannot read, it reads as nothing: here, it would panic.
#[test]
fn two_registers_from_the_last_one_on_are_no_instruction() {
    let code = of_words(&[0xe18f_f0d0, 0xe12f_ff1e]); // ldrd pc, [pc, r0]; bx lr
    assert_eq!(found(Machine::Arm, &program(Machine::Arm, &code)), (vec![], 0));
}

#[test]
fn numbers_are_found_on_64_bit_arm() {
    let code = of_words(&[
        0xd280_0ca0, // mov x0, #101     nanosleep
        0x9400_0004, // bl  syscall
        0x5280_1048, // mov w8, #130     tkill
        0xd400_0001, // svc 0
        0xd65f_03c0, // ret
        // syscall:
        0xaa00_03e8, // mov x8, x0
        0xd400_0001, // svc 0
        0xd65f_03c0, // ret
    ]);
    let (names, undecided) = found(Machine::Aarch64, &program(Machine::Aarch64, &code));
    assert_eq!(names, ["nanosleep", "tkill"]);
    assert_eq!(undecided, 0);
}

#[test]
fn numbers_are_found_on_x86_wherever_they_come_from() {
    #[rustfmt::skip]
    let code = [
        0x6a, 0x23,                         // push 35           nanosleep
        0x58,                               // pop  rax
        0x0f, 0x05,                         // syscall
        0x31, 0xc0,                         // xor  eax, eax     read
        0x0f, 0x05,                         // syscall
        0xbf, 0xe6, 0x00, 0x00, 0x00,       // mov  edi, 230     clock_nanosleep
        0xe8, 0x01, 0x00, 0x00, 0x00,       // call syscall
        0xc3,                               // ret
        0x48, 0x89, 0xf8,                   // syscall: mov rax, rdi
        0x0f, 0x05,                         // syscall
        0xc3,                               // ret
    ];
    let (names, undecided) = found(Machine::X86_64, &program(Machine::X86_64, &code));
    assert_eq!(names, ["read", "nanosleep", "clock_nanosleep"]);
    assert_eq!(undecided, 0);
}

#[test]
fn what_matters_comes_first_and_what_is_spared_in_a_line() {
    #[rustfmt::skip]
    let code = of_words(&[
        0xe3a0_70dc, 0xef00_0000, // mov r7, #220; svc 0     madvise
        0xe3a0_708f, 0xef00_0000, // mov r7, #143; svc 0     flock
        0xe3a0_70f0, 0xef00_0000, // mov r7, #240; svc 0     futex
        0xe12f_ff1e,              // bx  lr
    ]);
    let mut data = program(Machine::Arm, &code);
    let texts = b"\0/dev/fb0\0/dev/tty\0/dev/tty2\0see /proc\0/process\0/sys/class\0";
    let second = program(Machine::Arm, texts);
    let binaries = [(PathBuf::from("/bin/one"), data.clone()), (PathBuf::from("/bin/two"), second)];
    let config = Options::parse("CONFIG_SYSFS=y\n");
    let found = audit(&binaries, &config, Machine::Arm).expect("an audit");
    expect_test::expect![[r#"
        audit: 2 binaries contain 3 system calls, used or not
        CONFIG_COMPAT_32BIT_TIME is off: waiting and time stamps with times of 32 bits
          fail, and programs seldom notice: futex
            in /bin/one
        CONFIG_FUTEX is off: locks and threads
          fail, and programs seldom notice: futex
            in /bin/one
        CONFIG_FILE_LOCKING is off: locks on files, those of fcntl too
          fail with ENOSYS: flock
            in /bin/one
        also off, and done without: ADVISE_SYSCALLS
        paths in texts, which may be used or not:
          CONFIG_FB is off: /dev/fb0, in /bin/two
          CONFIG_VT is off: /dev/tty2, in /bin/two
    "#]]
    .assert_eq(&report::text(&found));

    data.truncate(10);
    let binaries = [(PathBuf::from("/bin/cut"), data)];
    let found = audit(&binaries, &config, Machine::Arm).expect("an audit");
    assert_eq!(found.unread, [Bytes::of(Path::new("/bin/cut"))]);
}

#[test]
fn the_document_for_programs_says_the_same() {
    let binaries = [(PathBuf::from("/bin/sleep"), program(Machine::Arm, &of_words(MUSL)))];
    let found = audit(&binaries, &Options::default(), Machine::Arm).expect("an audit");
    let document = serde_json::to_string_pretty(&found.missing).expect("values of our own");
    expect_test::expect![[r#"
        [
          {
            "option": "COMPAT_32BIT_TIME",
            "set": "COMPAT_32BIT_TIME",
            "brings": "waiting and time stamps with times of 32 bits",
            "fails": "silently",
            "only_in_c_library": false,
            "calls": [
              {
                "name": "nanosleep",
                "number": 162,
                "fails": "silently",
                "binaries": [
                  "/bin/sleep"
                ]
              },
              {
                "name": "clock_nanosleep",
                "number": 265,
                "fails": "silently",
                "binaries": [
                  "/bin/sleep"
                ]
              }
            ]
          }
        ]"#]]
    .assert_eq(&document);
}

#[test]
fn what_only_the_c_library_contains_counts_where_a_program_asks_for_it_by_name() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let program = compiled("cc", &["-O2"], scratch.path()).expect("cc is there");
    let shown = Command::new("cc").arg("-print-file-name=libc.so.6").output();
    let path = String::from_utf8(shown.expect("cc is there").stdout).expect("a path");
    let read = |path: &Path| fs::read(path).expect("it is there");
    let binaries = [
        (PathBuf::from("/bin/many"), read(&program)),
        (PathBuf::from("/lib/libc.so.6"), read(Path::new(path.trim_end()))),
    ];
    let found = audit(&binaries, &Options::default(), Machine::X86_64).expect("an audit");
    let only = |option: &str| {
        let missing = found.missing.iter().find(|missing| missing.option == option);
        missing.map(|missing| missing.only_in_c_library)
    };
    assert_eq!(only("NET"), Some(false), "it asks for `socketpair`");
    assert_eq!(only("TIMERFD"), Some(false), "it asks for `timerfd_create`");
    assert_eq!(only("SYSVIPC"), Some(true));
    assert_eq!(only("SWAP"), Some(true));
}

/// A program that does many things, compiled and run under a tracer: all that it executes has been
/// found before.
const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *thread(void *nothing) { usleep(1); return nothing; }

int main(void) {
    struct timespec little = {0, 1000};
    struct timeval moment = {0, 10};
    struct pollfd input = {0, POLLIN, 0};
    struct itimerval never = {{0, 0}, {0, 0}};
    int pair[2];
    pthread_t other;
    nanosleep(&little, 0);
    poll(&input, 1, 0);
    ppoll(&input, 1, &little, 0);
    select(0, 0, 0, 0, &moment);
    close(epoll_create1(0));
    close(eventfd(0, 0));
    close(timerfd_create(CLOCK_MONOTONIC, 0));
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[0], "a", 1, 0);
    setitimer(ITIMER_REAL, &never, 0);
    flock(pair[0], LOCK_SH);
    syscall(SYS_getppid);
    close(syscall(SYS_memfd_create, "nothing", 0));
    pthread_create(&other, 0, thread, 0);
    pthread_join(other, 0);
    if (fork() == 0) _exit(0);
    wait(0);
    puts("done");
    return 0;
}
"#;

/// Compiles it, where there is a compiler.
fn compiled(compiler: &str, flags: &[&str], directory: &Path) -> Option<PathBuf> {
    let source = directory.join("many.c");
    fs::write(&source, PROGRAM).expect("a scratch directory is written to");
    let binary = directory.join("many");
    let mut command = Command::new(compiler);
    command.args(flags).arg("-o").arg(&binary).arg(&source).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success()).then_some(binary)
}

/// The names at the beginning of a trace's lines, after the process's number.
fn executed(trace: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in trace.lines() {
        let line = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let Some((name, _)) = line.trim_start().split_once('(') else {
            continue;
        };
        if !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            names.insert(name.to_owned());
        }
    }
    names
}

fn assert_all_found(machine: Machine, binary: &Path, trace: &str) {
    let mut executed = executed(trace);
    // That is the tracer's own, which starts the program.
    executed.remove("execve");
    assert!(executed.len() > 20, "the tracer showed nothing:\n{trace}");
    let (names, _) = found(machine, &fs::read(binary).expect("it was compiled"));
    let missed: Vec<&String> = executed.iter().filter(|name| !names.contains(name)).collect();
    assert!(missed.is_empty(), "{} misses {missed:?}", binary.display());
}

#[test]
fn all_that_a_static_program_executes_has_been_found() {
    for level in ["-O0", "-O2"] {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let binary = compiled("cc", &["-static", level], scratch.path()).expect("cc is there");
        let log = scratch.path().join("trace");
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o"]).arg(&log).arg(&binary).stdout(Stdio::null());
        assert!(traced.status().expect("strace is there").success());
        assert_all_found(
            Machine::X86_64,
            &binary,
            &fs::read_to_string(&log).expect("strace writes its log"),
        );
    }
}

#[test]
fn all_that_a_static_program_for_arm_executes_has_been_found() {
    let instructions: [&[&str]; 2] =
        [&["-marm"], &["-mthumb", "-march=armv7-a", "-mfloat-abi=soft"]];
    for flags in instructions {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let flags = [flags, &["-static", "-Os"]].concat();
        let Some(binary) = compiled("arm-linux-gnueabi-gcc", &flags, scratch.path()) else {
            testkit::skip("`arm-linux-gnueabi-gcc` links no static program");
            return;
        };
        let traced = Command::new("qemu-arm-static").arg("-strace").arg(&binary).output();
        let trace = traced.expect("qemu-arm-static is there").stderr;
        assert_all_found(Machine::Arm, &binary, &String::from_utf8_lossy(&trace));
    }
}

fn any_machine() -> impl Strategy<Value = Machine> {
    prop_oneof![Just(Machine::Arm), Just(Machine::Aarch64), Just(Machine::X86_64)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_come_to_an_end(
        machine in any_machine(),
        code in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let binaries = [(PathBuf::from("any"), program(machine, &code))];
        let found = audit(&binaries, &Options::default(), machine).expect("an audit");
        prop_assert_eq!(found.binaries + found.unread.len(), 1);
        report::text(&found);
    }

    #[test]
    fn a_binary_that_is_cut_or_damaged_is_read_or_not(
        machine in any_machine(),
        cut in 0_usize..300,
        damage in prop::collection::vec((0_usize..300, any::<u8>()), 0..6),
    ) {
        let mut data = program(machine, &of_words(MUSL));
        for (place, byte) in damage {
            if let Some(damaged) = data.get_mut(place) {
                *damaged = byte;
            }
        }
        data.truncate(cut);
        let binaries = [(PathBuf::from("any"), data)];
        let found = audit(&binaries, &Options::default(), machine).expect("an audit");
        prop_assert_eq!(found.binaries + found.unread.len(), 1);
    }
}
