//! What a program sees of the machine around it.

use std::time::Duration;

use exec::Program;

fn shell(script: &str) -> Program {
    let mut shell = Program::new("sh", Duration::from_mins(2));
    shell.args(["-c", script]);
    shell
}

#[test]
fn a_program_of_a_bare_environment_sees_nothing_of_ours() {
    let mut bare = shell("umask; env | grep -v '^PWD=\\|^_=\\|^SHLVL=' | sort");
    bare.env("CFLAGS", "-O0").bare_environment().env("ARCH", "arm");

    assert_eq!(
        bare.text().expect("it succeeds"),
        "0022\nARCH=arm\nHOME=/nonexistent\nLC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nTZ=UTC0"
    );
}

#[test]
fn otherwise_it_has_our_environment() {
    let path = std::env::var("PATH").expect("there is one");

    assert_eq!(shell("echo $PATH").text().expect("it succeeds"), path);
}

#[test]
fn nobody_who_attends_a_program_is_asked_for_input_by_one_that_is_not() {
    assert_eq!(shell("cat").text().expect("it succeeds"), "");
}

#[test]
fn a_program_is_found_where_the_system_looks() {
    assert!(exec::find("sh").is_some_and(|path| path.ends_with("sh")));
    assert!(exec::find("/bin/sh").is_some());
    assert_eq!(exec::find("no-such-program"), None);
    assert_eq!(exec::find("/etc/passwd"), None, "it cannot be run");
}
