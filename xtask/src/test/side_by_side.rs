//! Runs test programs side by side, and shows what each says in one piece.
//!
//! cargo runs one after another, and while one waits for a system that boots or for a time limit,
//! all others wait with it. As many run here as the machine has processors; each has threads of its
//! own for its tests, so that the processors have something to do while some of them wait.
//!
//! Proof: `src/test/side_by_side.rs::programs_run_at_the_same_time_and_their_words_do_not_mix`

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Whoever looks on sees at least so often that the work goes on.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// A program to run, and how it is called.
pub(super) struct Job {
    pub(super) name: String,
    pub(super) command: Command,
}

/// What becomes of the jobs, in the order in which it happens.
enum News {
    Begun { name: String },
    Ended { name: String, output: Vec<u8>, status: ExitStatus, took: Duration },
}

/// Runs all of them, so many at a time, and returns the names of those that failed.
pub(super) fn run(jobs: Vec<Job>, at_once: usize, out: &mut dyn Write) -> Result<Vec<String>> {
    let count = jobs.len();
    let waiting = Mutex::new(VecDeque::from(jobs));
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..at_once.max(1) {
            let (waiting, sender) = (&waiting, sender.clone());
            scope.spawn(move || work(waiting, &sender));
        }
        drop(sender);
        report(&receiver, count, out)
    })
}

/// Takes one job after another until none is left, or nobody listens any more.
fn work(waiting: &Mutex<VecDeque<Job>>, sender: &Sender<Result<News>>) {
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some(Job { name, command }) = next() {
        let begun = sender.send(Ok(News::Begun { name: name.clone() }));
        if begun.is_err() || sender.send(run_one(name, command)).is_err() {
            return;
        }
    }
}

fn run_one(name: String, mut command: Command) -> Result<News> {
    let begin = Instant::now();
    // One file for both streams: what was said in one order is shown in it.
    let said = tempfile::NamedTempFile::new().context("cannot make a file for what tests say")?;
    let stream = || said.reopen().context("cannot open a file for what tests say");
    let status = command
        .stdin(Stdio::null())
        .stdout(stream()?)
        .stderr(stream()?)
        .status()
        .with_context(|| format!("cannot run the tests of {name}"))?;
    let output = fs::read(said.path()).context("cannot read what tests said")?;
    Ok(News::Ended { name, output, status, took: begin.elapsed() })
}

fn report(news: &Receiver<Result<News>>, count: usize, out: &mut dyn Write) -> Result<Vec<String>> {
    let mut running: Vec<(String, Instant)> = Vec::new();
    let mut failed = Vec::new();
    let mut ended = 0;
    loop {
        match news.recv_timeout(SIGN_OF_LIFE) {
            Ok(Ok(News::Begun { name })) => running.push((name, Instant::now())),
            Ok(Ok(News::Ended { name, output, status, took })) => {
                ended += 1;
                running.retain(|(other, _)| *other != name);
                let seconds = took.as_secs_f64();
                writeln!(out, "-- {ended} of {count}: {name}, {seconds:.1} s")?;
                out.write_all(&output)?;
                if !status.success() {
                    writeln!(out, "-- FAILED: {name}: {status}")?;
                    failed.push(name);
                }
            }
            Ok(Err(error)) => return Err(error),
            Err(RecvTimeoutError::Timeout) => {
                writeln!(out, "-- still running: {}", said(&running))?;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(failed),
        }
    }
}

fn said(running: &[(String, Instant)]) -> String {
    let spoken =
        |(name, since): &(String, Instant)| format!("{name} for {} s", since.elapsed().as_secs());
    running.iter().map(spoken).collect::<Vec<_>>().join(", ")
}

/// As many as there are processors.
pub(super) fn usual_number() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Shows all of it to the person who started the chore.
pub(super) fn run_and_show(jobs: Vec<Job>) -> Result<Vec<String>> {
    run(jobs, usual_number(), &mut io::stdout())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(name: &str, line: &str) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        Job { name: name.to_owned(), command }
    }

    fn without_times(shown: &[u8]) -> String {
        let text = String::from_utf8_lossy(shown);
        let lines = text.lines().map(|line| match line.rsplit_once(", ") {
            Some((before, time)) if time.ends_with(" s") => before,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn programs_run_at_the_same_time_and_their_words_do_not_mix() {
        let meeting = tempfile::tempdir().expect("a scratch directory");
        let meeting = meeting.path().display();
        // Each waits for the other: one after another, they would wait for ever.
        let line = |mine: &str, other: &str| {
            format!(
                "echo {mine} begins; touch {meeting}/{mine}; \
                 until [ -e {meeting}/{other} ]; do sleep 0.01; done; sleep 0.$1; echo {mine} ends"
            )
        };
        let jobs = vec![
            shell("one", &line("one", "two").replace("$1", "1")),
            shell("two", &line("two", "one").replace("$1", "5")),
        ];
        let mut shown = Vec::new();

        let failed = run(jobs, 2, &mut shown).expect("they run");

        assert_eq!(failed, [""; 0]);
        assert_eq!(
            without_times(&shown),
            "-- 1 of 2: one\none begins\none ends\n-- 2 of 2: two\ntwo begins\ntwo ends"
        );
    }

    #[test]
    fn a_program_that_fails_is_named_and_the_others_run_all_the_same() {
        let jobs = vec![shell("bad", "echo no >&2; exit 101"), shell("good", "echo yes")];
        let mut shown = Vec::new();

        let failed = run(jobs, 1, &mut shown).expect("they run");

        assert_eq!(failed, ["bad"]);
        assert_eq!(
            without_times(&shown),
            "-- 1 of 2: bad\nno\n-- FAILED: bad: exit status: 101\n-- 2 of 2: good\nyes"
        );
    }
}
