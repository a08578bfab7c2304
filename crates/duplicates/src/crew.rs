//! Workers that share a heap of tasks, more of them when they wait for the disk.
//!
//! From the page cache two workers on two cores are as fast as can be, and every further one costs
//! context switches. From a disk the reverse holds: thirty waiting readers keep its queue full
//! (a cold tree of cross toolchains: 1.3 s against 5.4 s for one reader). So a crew starts with as
//! many workers as there are cores, and a worker that had to wait calls in another.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most workers of a crew.
pub(crate) const MOST_WORKERS: usize = 32;

/// One read from the page cache takes some microseconds; what takes this long came from a disk, or
/// the worker lost its core meanwhile, which is rare enough.
const A_WAIT: Duration = Duration::from_micros(300);

/// The tasks of a crew, and who is at work on them.
pub(crate) struct Crew<T> {
    state: Mutex<State<T>>,
    /// There is a task to do, or none will come.
    task: Condvar,
    /// Another worker is wanted, or all is done.
    vacancy: Condvar,
}

struct State<T> {
    tasks: Vec<T>,
    workers: usize,
    wanted: usize,
    busy: usize,
}

impl<T> State<T> {
    fn finished(&self) -> bool {
        self.tasks.is_empty() && self.busy == 0
    }
}

/// Does all `tasks` and those that they add, last in first out, and returns what each worker
/// gathered. `start` makes a worker's own things, `job` does one task with them.
pub(crate) fn work<T: Send, W: Send>(
    tasks: Vec<T>,
    start: impl Fn() -> W + Sync,
    job: impl Fn(&mut W, T, &Crew<T>) + Sync,
) -> Vec<W> {
    let wanted = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
    let crew = Crew {
        state: Mutex::new(State { tasks, workers: 0, wanted, busy: 0 }),
        task: Condvar::new(),
        vacancy: Condvar::new(),
    };
    let gathered = Mutex::new(Vec::new());
    let labour = || {
        let mut own = start();
        while let Some(task) = crew.next() {
            let _busy = Busy(&crew);
            job(&mut own, task, &crew);
        }
        gathered.lock().unwrap_or_else(PoisonError::into_inner).push(own);
    };
    thread::scope(|scope| {
        while crew.wait_for_vacancy() {
            scope.spawn(labour);
        }
    });
    gathered.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Crew<T> {
    /// Adds a task for whoever is free first.
    pub(crate) fn add(&self, task: T) {
        let mut state = self.lock();
        state.tasks.push(task);
        if state.busy < state.workers {
            self.task.notify_one();
        }
    }

    /// Calls in another worker when what began at `began`, and takes `expected` from the page
    /// cache, had to wait for the disk.
    pub(crate) fn waited(&self, began: Instant, expected: Duration) {
        if began.elapsed() >= A_WAIT + expected {
            self.call_in();
        }
    }

    /// Calls in another worker, as far as there is something left to do for it.
    pub(crate) fn call_in(&self) {
        let mut state = self.lock();
        if state.wanted == state.workers && state.workers < MOST_WORKERS && !state.tasks.is_empty()
        {
            state.wanted += 1;
            self.vacancy.notify_one();
        }
    }

    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.finished() {
                return None;
            }
            state = self.task.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// True when one more worker is to be hired, false when all is done.
    fn wait_for_vacancy(&self) -> bool {
        let mut state = self.lock();
        loop {
            if state.workers > 0 && state.finished() {
                return false;
            }
            if state.workers < state.wanted {
                state.workers += 1;
                return true;
            }
            state = self.vacancy.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A worker that panicked is reported by the scope; the others may finish.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker at a task; also one that panics ends it, so that nobody waits for it for ever.
struct Busy<'crew, T>(&'crew Crew<T>);

impl<T> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.busy -= 1;
        if state.finished() {
            self.0.task.notify_all();
            self.0.vacancy.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_also_those_that_tasks_add() {
        let count_down = |done: &mut Vec<u32>, task: u32, crew: &Crew<u32>| {
            done.push(task);
            if task > 0 {
                crew.add(task - 1);
            }
        };

        let mut done = work(vec![3, 100], Vec::new, count_down).concat();

        done.sort_unstable();
        let mut expected: Vec<u32> = (0..=3).chain(0..=100).collect();
        expected.sort_unstable();
        assert_eq!(done, expected);
    }

    #[test]
    fn a_crew_without_tasks_ends() {
        assert!(work(Vec::new(), || (), |(), (): (), _| ()).len() <= 2);
    }

    #[test]
    fn slow_tasks_call_in_more_workers() {
        let slow = |(): &mut (), (): (), crew: &Crew<()>| {
            let began = Instant::now();
            thread::sleep(Duration::from_millis(5));
            crew.waited(began, Duration::ZERO);
        };

        let workers = work(vec![(); 200], || (), slow).len();

        assert!(workers > thread::available_parallelism().map_or(1, usize::from));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_in_a_task_reaches_the_caller() {
        work(vec![1], || (), |(), _, _| panic!("the task went wrong"));
    }
}
