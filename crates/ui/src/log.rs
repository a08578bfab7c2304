//! What is being done, for who has no terminal: a line now and then.
//!
//! Short work says nothing, so that a script's output is what it always was. Who waits longer learns
//! what for, and that it goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Voice;
use crate::numbers::Unit;

/// So long nobody wonders; and so often at most a new step is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// So often a step that goes on is told again.
const AGAIN: Duration = Duration::from_mins(1);

/// Tells steps in lines of their own.
#[derive(Debug)]
pub(crate) struct Log {
    voice: Voice,
    told: Told,
    step: Arc<Shared>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    EachStep,
    NowAndThen,
}

/// What the work writes and the clock reads.
#[derive(Debug)]
struct Shared {
    diary: Mutex<Diary>,
    /// The clock is to stop.
    over: Condvar,
    done: AtomicU64,
}

/// The step at hand, and when something was told.
#[derive(Debug)]
struct Diary {
    step: Option<Step>,
    /// When the last line was written, or the work began.
    last: Instant,
    is_over: bool,
}

#[derive(Debug)]
struct Step {
    what: String,
    all: Option<u64>,
    unit: Unit,
    since: Instant,
    is_told: bool,
}

impl Log {
    /// A line for each step, as it begins.
    pub(crate) fn of_each_step(voice: Voice) -> Self {
        Self { voice, told: Told::EachStep, step: Arc::new(Shared::new()) }
    }

    /// A line when something has taken long, and then now and then.
    pub(crate) fn now_and_then(voice: Voice) -> Self {
        let step = Arc::new(Shared::new());
        let shared = Arc::clone(&step);
        // Without a clock nothing is told, which is no reason to do nothing.
        let _ = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || shared.watch(&mut |words| voice.note(words)));
        Self { voice, told: Told::NowAndThen, step }
    }

    pub(crate) fn step(&self, what: &str, all: Option<u64>, unit: Unit) {
        self.step.done.store(0, Ordering::Relaxed);
        let since = Instant::now();
        let is_told = self.told == Told::EachStep;
        let step = Step { what: what.to_owned(), all, unit, since, is_told };
        self.step.diary().step = Some(step);
        if is_told {
            self.voice.note(what);
        }
    }

    pub(crate) fn add(&self, more: u64) {
        self.step.done.fetch_add(more, Ordering::Relaxed);
    }

    /// Nothing is being done.
    pub(crate) fn rest(&self) {
        self.step.diary().step = None;
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.step.diary().is_over = true;
        self.step.over.notify_all();
    }
}

impl Shared {
    fn new() -> Self {
        let diary = Diary { step: None, last: Instant::now(), is_over: false };
        Self { diary: Mutex::new(diary), over: Condvar::new(), done: AtomicU64::new(0) }
    }

    fn diary(&self) -> std::sync::MutexGuard<'_, Diary> {
        self.diary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, tell: &mut dyn FnMut(&str)) {
        let mut diary = self.diary();
        while !diary.is_over {
            if let Some(words) = diary.due(self.done.load(Ordering::Relaxed), Instant::now()) {
                tell(&words);
            }
            let waited = self.over.wait_timeout(diary, Duration::from_secs(1));
            diary = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Diary {
    /// What is to be told now.
    fn due(&mut self, done: u64, now: Instant) -> Option<String> {
        let step = self.step.as_mut()?;
        let silence = if step.is_told { AGAIN } else { PATIENCE };
        if now.saturating_duration_since(self.last) < silence {
            return None;
        }
        step.is_told = true;
        self.last = now;
        Some(step.words(done, now))
    }
}

impl Step {
    fn words(&self, done: u64, now: Instant) -> String {
        let taken = now.saturating_duration_since(self.since).as_secs();
        let far = match (self.all, done) {
            (Some(all), _) => format!(": {} of {}", self.unit.shown(done), self.unit.shown(all)),
            (None, 0) => String::new(),
            (None, _) => format!(": {}", self.unit.shown(done)),
        };
        format!("{}{far} ({} so far)", self.what, time(taken))
    }
}

fn time(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of steps that begin at these seconds, looked at every second.
    fn told(steps: &[(u64, &str, Option<u64>)], seconds: u64) -> Vec<String> {
        let begin = Instant::now();
        let at = |second| begin + Duration::from_secs(second);
        let mut diary = Diary { step: None, last: begin, is_over: false };
        let mut told = Vec::new();
        for second in 0..seconds {
            for (_, what, all) in steps.iter().filter(|(start, ..)| *start == second) {
                diary.step = Some(Step {
                    what: (*what).to_owned(),
                    all: *all,
                    unit: Unit::Things,
                    since: at(second),
                    is_told: false,
                });
            }
            told.extend(diary.due(second, at(second)).map(|words| format!("{second}: {words}")));
        }
        told
    }

    #[test]
    fn what_is_done_soon_is_not_told() {
        assert!(told(&[(0, "reading", None), (5, "writing", None)], 9).is_empty());
    }

    #[test]
    fn what_takes_long_is_told_and_then_now_and_then() {
        assert_eq!(
            told(&[(0, "building the kernel", Some(2000))], 140),
            [
                "10: building the kernel: 10 of 2,000 (10 s so far)",
                "70: building the kernel: 70 of 2,000 (1 min 10 s so far)",
                "130: building the kernel: 130 of 2,000 (2 min 10 s so far)",
            ]
        );
    }

    #[test]
    fn many_short_steps_do_not_make_many_lines() {
        let steps: Vec<_> = (0..30).map(|second| (second, "step", Some(9))).collect();

        assert_eq!(
            told(&steps, 30),
            ["10: step: 10 of 9 (0 s so far)", "20: step: 20 of 9 (0 s so far)"]
        );
    }
}
