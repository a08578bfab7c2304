//! What a script needs: its interpreter, and the commands that it seems to run.

use std::collections::BTreeSet;

/// The interpreter of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// As the first line names it.
    pub(crate) path: String,
    /// What `env` is to look for, where the path is that of `env`.
    pub(crate) through_env: Option<String>,
    /// Whether no line names it.
    pub(crate) is_assumed: bool,
}

impl Interpreter {
    /// Reads `#!/bin/sh -e` and `#!/usr/bin/env -S python3 -u`; `None` when it is no script.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        let mut words = line.split_whitespace();
        let path = words.next()?.to_owned();
        let is_env = path.rsplit('/').next() == Some("env");
        let through_env = if is_env { started_by_env(words) } else { None };
        Some(Self { path, through_env, is_assumed: false })
    }

    /// The shell to which `execvp` gives a text that the kernel does not start.
    pub(crate) fn shell() -> Self {
        Self { path: "/bin/sh".to_owned(), through_env: None, is_assumed: true }
    }

    /// Whether it is a shell, whose commands are programs.
    pub(crate) fn is_shell(&self) -> bool {
        let program = self.through_env.as_deref().unwrap_or(&self.path);
        let name = program.rsplit('/').next().unwrap_or(program);
        matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" | "busybox")
    }
}

/// The program among the arguments of `env`: neither an option, nor an option's argument, nor a
/// variable.
fn started_by_env<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<String> {
    while let Some(word) = words.next() {
        match word {
            "-u" | "--unset" | "-C" | "--chdir" => {
                words.next();
            }
            "-S" | "-vS" | "--split-string" => {}
            word if word.starts_with('-') || word.contains('=') => {}
            program => return Some(program.to_owned()),
        }
    }
    None
}

/// Words that stand before a command, not for one.
const BEFORE_COMMANDS: &[&str] = &[
    "if", "then", "else", "elif", "do", "while", "until", "!", "time", "exec", "command", "nohup",
    "env", "sudo", "xargs", "eval", "trap", "{", "nice", "setsid", "timeout", "case", "in",
];

/// Every word of a shell script that may stand for a command. It would rather find one too many:
/// strings and here documents are read like the rest.
pub(crate) fn commands(script: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for line in script.lines() {
        let line = line.split(" #").next().unwrap_or(line);
        if line.trim_start().starts_with('#') {
            continue;
        }
        for part in line.split([';', '|', '&', '(', ')', '`']) {
            let words =
                part.split_whitespace().map(|word| word.trim_matches(['"', '\'', '{', '}']));
            for word in words {
                if is_assignment(word) || word.is_empty() {
                    continue;
                }
                if BEFORE_COMMANDS.contains(&word) || word.starts_with('-') {
                    continue;
                }
                found.insert(word);
                // What follows are the command's arguments, unless the command runs another.
                if !matches!(word, "busybox" | "find") {
                    break;
                }
            }
        }
    }
    found
}

/// Names of the files that a shell script reads as a part of itself, without their directories,
/// which it may have to find out.
pub(crate) fn included(script: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for line in script.lines() {
        for part in line.split([';', '|', '&', '{', '}']) {
            let mut words =
                part.split_whitespace().skip_while(|word| BEFORE_COMMANDS.contains(word));
            if let Some("." | "source") = words.next()
                && let Some(file) = words.last()
            {
                let file = file.trim_matches(['"', '\'']);
                found.insert(file.rsplit('/').next().unwrap_or(file));
            }
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_interpreter() {
        let of = |line: &str| Interpreter::of(line.as_bytes());
        assert_eq!(of("#!/bin/sh -e\n").expect("a script").path, "/bin/sh");
        assert_eq!(
            of("#! /usr/bin/env -S A=1 python3 -u\n").expect("a script").through_env.as_deref(),
            Some("python3")
        );
        assert_eq!(
            of("#!/usr/bin/env -S -u HOME -C / sh").expect("a script").through_env.as_deref(),
            Some("sh")
        );
        assert!(of("#!/bin/bash").expect("a script").is_shell());
        assert_eq!(of("\x7fELF"), None);
    }

    #[test]
    fn what_a_script_includes_is_told_by_its_name() {
        let script = "test -f x && . /etc/default/x\n. \"$(git --exec-path)/git-sh-setup\"\n\
                      if true; then source lib.sh; fi\n";
        let found: Vec<_> = included(script).into_iter().collect();
        assert_eq!(found, ["git-sh-setup", "lib.sh", "x"]);
    }

    #[test]
    fn commands_stand_where_commands_stand() {
        let script = "# grep\nA=1 sed s/a/b/ x | sort -u; if test -f y; then exec \"tar\" x; fi\n\
                      n=$(wc -l) && xargs rm\n";
        let found: Vec<_> = commands(script).into_iter().collect();
        assert_eq!(found, ["fi", "rm", "sed", "sort", "tar", "test", "wc"]);
    }
}
