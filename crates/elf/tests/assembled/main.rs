//! Libraries written in assembler, with what compilers and careful hands write besides the usual:
//! what leads to a function in such ways keeps it.
//!
//! In every library here, `used` is asked for. Each function holds a number of its own: with one
//! million and some it is reached, with two millions and some it is not.
#![cfg(target_arch = "x86_64")]

mod patched;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use elf::reach::{self, Asked, Code, Names, Unreached};

const BEGINNING: &str = r#"
    .macro function name, number
    .type \name, @function
    \name: .cfi_startproc
        mov $\number, %eax
    .endm
    .macro end
        .cfi_endproc
    .endm
    .section .note.GNU-stack, "", @progbits
    .text
    .globl used
"#;

/// Makes a library of a source, with nothing of the system's in it.
fn library(text: &str, options: &[&str]) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let (source, result) = (directory.path().join("made.s"), directory.path().join("made.so"));
    fs::write(&source, [BEGINNING, text].concat()).expect("a source");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-nostdlib", "-o"]).arg(&result).arg(&source).args(options);
    assert!(compiler.status().expect("a compiler").success());
    fs::read(&result).expect("a library")
}

fn unreached(library: &[u8]) -> Unreached {
    let code = Code::read(library).expect("it can be followed");
    let mut names = BTreeSet::from([b"used".to_vec()]);
    let exports = code.exports().map(<[u8]>::to_vec).collect();
    let search = Names::new(exports).expect("a few names");
    search.add_found(library, Some(&code), &mut names);
    reach::unreached(&[(&code, Asked::ByName)], &names).remove(0)
}

/// The numbers that functions of a source hold.
fn numbers(text: &str) -> BTreeSet<u32> {
    let words = text.split(|letter: char| !letter.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).filter(|number| *number > 1_000_000).collect()
}

#[track_caller]
fn keeps_what_is_reached(text: &str, options: &[&str]) {
    let library = library(text, options);
    let holds = |part: &[u8], number: u32| part.windows(4).any(|at| at == number.to_le_bytes());
    let bodies = unreached(&library).bodies;
    let bodies = bodies.iter().map(|body| {
        let at = |place: u64| usize::try_from(place).expect("a small library");
        &library[at(body.start)..at(body.end)]
    });
    let filled = bodies.collect::<Vec<_>>().concat();
    for number in numbers(text) {
        assert!(holds(&library, number), "{number} is nowhere");
        assert_eq!(holds(&filled, number), number > 2_000_000, "{number}");
    }
}

#[test]
fn calls_behind_data_between_instructions_count() {
    keeps_what_is_reached(
        "
        function used, 1000003
            jmp 1f
            .byte 0x48, 0xb8 # This would begin an instruction of ten bytes.
        1:  call behind_data
            ret
            .skip 16, 0x90
        end
        function next, 1000009 # `used` may run into it, the end being in doubt.
            ret
        end
        function behind_data, 1000007
            ret
        end
        ",
        &[],
    );
}

#[test]
fn what_only_looks_like_a_call_into_a_function_does_not_count() {
    keeps_what_is_reached(
        "
        function used, 1000003
            .byte 0x48, 0xb8, 0xe8 # `mov`, with a number that holds a `call`
            .long (unused + 2) - (. + 4)
            .byte 0, 0, 0
            ret
        end
        function unused, 2000003
            ret
        end
        ",
        &[],
    );
}

#[test]
fn tables_lead_into_other_parts_of_a_function_from_wherever_they_count() {
    keeps_what_is_reached(
        "
        function used, 1000003
            lea by_itself(%rip), %rdx
            movslq (%rdx, %rdi, 4), %rcx
            add %rdx, %rcx
            lea base(%rip), %rdx
            lea by_base(%rip), %rsi
            movslq (%rsi, %rdi, 4), %rsi
            add %rdx, %rsi
            jmp *%rcx
        base: jmp *%rsi
        end
        function first, 1000007
        case1: ret
        end
        function second, 1000009
        case2: ret
        end
        function third, 1000011
        case3: ret
        end
        function fourth, 1000013
        case4: ret
        end
        .section .rodata
        .balign 4
        by_itself: .long case1 - by_itself, case2 - by_itself
        by_base: .long case3 - base, case4 - base
        ",
        &[],
    );
}

#[test]
fn what_is_only_read_is_no_table_and_where_a_loop_begins_is_no_base() {
    keeps_what_is_reached(
        "
        function used, 1000003
            mov read(%rip), %ecx
            lea pointed_at(%rip), %rdx
        1:  dec %ecx
            jnz 1b
            ret
        end
        function unused, 2000003
        case1: ret
        end
        function as_well, 2000007
        case2: ret
        end
        .section .rodata
        .balign 4
        read: .long case1 - read
        pointed_at: .long case2 - 1b
        ",
        &[],
    );
}

#[test]
fn a_wide_number_is_no_distance_if_nothing_lies_there() {
    keeps_what_is_reached(
        "
        function used, 1000003
            lea number(%rip), %rdx
            movabs $0x0abcdefabcdefabc, %rcx
            imul (%rdx), %rcx
            ret
        end
        .section .rodata
        number: .quad 3
        ",
        &[],
    );
}

#[test]
fn words_that_count_from_themselves_lead_to_functions_wherever_they_stand() {
    keeps_what_is_reached(
        r#"
        function used, 1000003
            ret
        end
        function from_constants, 1000007
            ret
        end
        function from_behind_the_frames, 1000009
            ret
        end
        function from_variables, 1000011
            ret
        end
        function unused, 2000003
            ret
        end
        .section .rodata
            .long from_constants - .
        .section .gcc_except_table, "a"
            .long 0, 0, from_behind_the_frames - .
        .data
            .long from_variables - .
        "#,
        &[],
    );
}

#[test]
fn words_that_count_from_themselves_lead_through_stubs() {
    let text = "
        function used, 1000003
            ret
        end
        .globl by_a_stub, by_another_stub, unused
        function by_a_stub, 1000007
            ret
        end
        function by_another_stub, 1000009
            ret
        end
        function unused, 2000003
            call unused@PLT
            ret
        end
        .section .rodata
            .reloc ., R_X86_64_PLT32, by_a_stub
            .long 0
            .reloc ., R_X86_64_PLT32, by_another_stub
            .long 0
    ";
    keeps_what_is_reached(text, &[]);
    keeps_what_is_reached(text, &["-Wl,--no-ld-generated-unwind-info"]);
}

#[test]
fn a_function_that_begins_with_a_jump_within_itself_is_no_stub() {
    keeps_what_is_reached(
        "
        function used, 1000003
            call with_a_loop
            ret
        end
        .type with_a_loop, @function
        with_a_loop: .cfi_startproc
            push %rbx
            jmp 2f
        1:  lea table(%rip), %rdx
            movslq (%rdx, %rbx, 4), %rcx
            add %rdx, %rcx
            call *%rcx
            mov $1000007, %eax
        2:  dec %ebx
            jnz 1b
            pop %rbx
            ret
        end
        function called, 1000009
        entry: ret
        end
        .section .rodata
        .balign 4
        table: .long entry - table
        ",
        &[],
    );
}

#[test]
fn what_code_of_unknown_limits_leads_to_stays() {
    keeps_what_is_reached(
        "
        .globl thunk
        thunk: jmp from_the_thunk
        function used, 1000003
            ret
        end
        falls_through: mov $1000007, %eax
        function behind, 1000009
            ret
        end
        goes_back: ret
        function unused, 2000003
            ret
        end
        function from_the_thunk, 1000011
            ret
        end
        ",
        &[],
    );
}

#[test]
fn what_stands_behind_a_call_is_reached_if_the_callee_may_come_back() {
    keeps_what_is_reached(
        "
        function used, 1000003
            test %edi, %edi
            je calls_one_that_jumps_to_one_that_returns
            js calls_one_that_jumps_into_the_unknown
            jp calls_one_that_returns_or_jumps
            jmp calls_one_that_never_returns
        end

        function calls_one_that_jumps_to_one_that_returns, 1000007
            call jumps_to_one_that_returns
        end
        function behind_one_that_jumps, 1000009
            ret
        end
        function calls_one_that_jumps_into_the_unknown, 1000011
            call jumps_into_the_unknown
        end
        function behind_one_that_jumps_into_the_unknown, 1000013
            ret
        end
        function calls_one_that_returns_or_jumps, 1000017
            call returns_or_jumps
        end
        function behind_one_that_returns_or_jumps, 1000019
            ret
        end
        function calls_one_that_never_returns, 1000021
            call never_returns
        end
        function behind_one_that_never_returns, 2000003
            ret
        end

        function jumps_to_one_that_returns, 1000023
            jmp returns
        end
        function jumps_into_the_unknown, 1000027
            jmp unknown
        end
        unknown: ret
        function returns_or_jumps, 1000029
            je stops
            ret
        end
        function never_returns, 1000031
            call returns
        1:  jmp 1b
        end
        function returns, 1000033
            ret
        end
        function stops, 1000037
            ud2
        end
        ",
        &[],
    );
}

#[test]
fn code_may_lie_in_two_segments_and_fill_them_to_the_end() {
    keeps_what_is_reached(
        r#"
        function unused, 2000003
            ret
        end
        function used, 1000003
            jmp far
        end
        .section more, "ax"
        function unused_as_well, 2000007
            ret
        end
        function far, 1000007
            ret
        end
        "#,
        &["-Wl,--section-start=more=0x100000"],
    );
}

/// A function of a length by which it can be found in the table for unwinding, and the next one.
const LONG: &str = "
    function used, 1000003
        .skip 0x1234 - 6, 0x90
        ret
    end
    function next, 2000003
        ret
    end
";

/// Says of the long function that it has another length.
fn with_length(length: u32) -> Vec<u8> {
    let mut library = library(LONG, &[]);
    let lengths = library.windows(4).enumerate().filter(|(_, word)| *word == [0x34, 0x12, 0, 0]);
    let places = lengths.map(|(place, _)| place).collect::<Vec<_>>();
    let [place] = places[..] else { panic!("it stands at {places:x?}") };
    library[place..place + 4].copy_from_slice(&length.to_le_bytes());
    library
}

#[test]
fn functions_that_overlap_are_one() {
    let library = with_length(0x1234 + 3);
    assert_eq!(Code::read(&library).expect("it can be followed").functions(), 1);
    assert_eq!(unreached(&library).bytes(), 0);
}

#[test]
fn a_function_without_a_length_is_none() {
    let library = with_length(0);
    assert_eq!(Code::read(&library).expect("it can be followed").functions(), 1);
    assert_eq!(unreached(&library).bytes(), 6, "those of the next one");
}

#[test]
fn a_variable_of_a_thread_is_no_function_whatever_its_number() {
    keeps_what_is_reached(
        r#"
        function used, 1000003
            ret
        end
        function unused, 2000003
            .skip 0x1000, 0x90
            ret
        end
        .section .tbss, "awT", @nobits
        .skip 0x1800
        .globl variable
        .type variable, @object
        variable: .skip 8
        .section .rodata
        .asciz "variable"
        "#,
        &[],
    );
}

#[test]
fn a_library_asks_for_the_names_that_it_uses() {
    let text = r#"
        function used, 1000003
            call asked@PLT
            data16 lea variable@tlsgd(%rip), %rdi
            ret
        end
        .section .data
        .quad pointed_at
        .quad used_by_itself
        .type used_by_itself, @function
        used_by_itself: ret
    "#;
    let code = Code::read(&library(text, &[])).expect("it can be followed");
    let names = code.names().map(String::from_utf8_lossy).collect::<BTreeSet<_>>();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["asked", "pointed_at"]);
}

#[test]
fn a_name_is_left_to_the_functions_that_point_at_it() {
    keeps_what_is_reached(
        r#"
        function used, 1000003
            lea name_for_used(%rip), %rdi
            ret
        end
        function unused, 2000003
            lea name_in_variable(%rip), %rdi
            lea name_in_constant(%rip), %rsi
            ret
        end
        .globl looked_up, from_variable, from_constant, from_a_list
        function looked_up, 1000007
            ret
        end
        function from_a_list, 1000009
            ret
        end
        function from_variable, 2000007
            ret
        end
        function from_constant, 2000009
            ret
        end
        .section .rodata
        name_for_used: .asciz "looked_up"
        .asciz "from_a_list"
        .data
        name_in_variable: .asciz "from_variable"
        .section beside_the_symbols, "a"
        name_in_constant: .asciz "from_constant"
        "#,
        &["-Wl,--section-start=beside_the_symbols=0x800"],
    );
}

#[test]
fn how_much_is_unreached_is_known() {
    let text = "
        function used, 1000003
            ret
        end
        function unused, 2000003
            .skip 10, 0x90
            ret
        end
        function as_well, 2000007
            ret
        end
    ";
    // `mov` takes five bytes.
    let unreached = unreached(&library(text, &[]));
    assert_eq!((unreached.functions, unreached.bytes()), (2, 16 + 6));
}
