//! What only computes, beside what waits for the database.

use tokio::task::JoinHandle;

/// Fewer rows than this are not worth another thread.
const ROWS_MIN: usize = 64;

/// The outcome of a job, or the thread that works at it.
pub(super) enum Beside<T> {
    Done(T),
    Running(JoinHandle<T>),
}

impl<T: Send + 'static> Beside<T> {
    /// Begins a job that makes so many rows.
    pub(super) fn begin(rows: usize, job: impl FnOnce() -> T + Send + 'static) -> Self {
        if rows < ROWS_MIN { Self::Done(job()) } else { Self::Running(tokio::task::spawn_blocking(job)) }
    }

    /// Its outcome.
    pub(super) async fn outcome(self) -> T {
        match self {
            Self::Done(outcome) => outcome,
            Self::Running(task) => task.await.expect("making rows does not panic and is not cancelled"),
        }
    }
}
