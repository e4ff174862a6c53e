//! Threads that look at batches while the database works on the ones before.

use std::sync::LazyLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Up to so many messages are looked at where they are: other threads would take longer to begin.
pub(super) const ALONE_MAX: usize = 32;

/// How far these threads stand back, on the system's scale to 19. What a full batch waits for is the database, whose thread
/// begins anew with each statement; behind these it would wait each time.
const NICENESS: i32 = 10;

static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let stand_back = |_| {
        if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
            tracing::debug!(%error, "a thread that checks events does not stand back");
        }
    };
    let built =
        ThreadPoolBuilder::new().thread_name(|place| format!("check-{place}")).start_handler(stand_back).build();
    match built {
        Ok(pool) => Some(pool),
        Err(error) => {
            tracing::warn!(%error, "no threads of their own check events; it is done where they arrive");
            None
        }
    }
});

/// How many parts of so many messages are worth a thread each.
pub(super) fn parts(messages: usize) -> usize {
    if messages <= ALONE_MAX {
        return 1;
    }
    THREADS.as_ref().map_or(1, ThreadPool::current_num_threads).min(messages.div_ceil(ALONE_MAX))
}

/// Does `work` on so many messages, on those threads where they are many.
pub(super) fn ahead<T: Send>(messages: usize, work: impl FnOnce() -> T + Send) -> T {
    match THREADS.as_ref().filter(|_| messages > ALONE_MAX) {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

/// Does both, at the same time where there are many messages. To be called within [`ahead`].
pub(super) fn both<A: Send, B: Send>(
    messages: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if messages <= ALONE_MAX { (a(), b()) } else { rayon::join(a, b) }
}
