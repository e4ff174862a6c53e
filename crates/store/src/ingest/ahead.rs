//! Threads that look at batches while the database works on the ones before.

use std::sync::LazyLock;

use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::process::{getpriority_process, setpriority_process};

/// Up to so many messages are looked at where they are: other threads would take longer to begin.
pub(super) const ALONE_MAX: usize = 32;

/// How far these threads stand back behind the rest of the program, on the system's scale from -20 to 19. What a full batch
/// waits for is the database, whose thread begins anew with each statement; behind these it would wait each time.
const STEPS_BACK: i32 = 10;

static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let stand_back = |_| {
        let this = Some(rustix::thread::gettid());
        let place = getpriority_process(this);
        if let Err(error) = place.and_then(|place| setpriority_process(this, (place + STEPS_BACK).min(19))) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn niceness() -> i32 {
        getpriority_process(Some(rustix::thread::gettid())).expect("every thread has one")
    }

    #[test]
    fn many_messages_are_looked_at_by_threads_that_stand_back_and_few_where_they_are() {
        let here = niceness();
        assert_eq!(ahead(ALONE_MAX, niceness), here);
        let there = ahead(ALONE_MAX + 1, || both(ALONE_MAX + 1, niceness, niceness));
        let wanted = (here + STEPS_BACK).min(19);
        assert_eq!(there, (wanted, wanted));
        assert_eq!(parts(ALONE_MAX), 1);
        assert!(parts(100 * ALONE_MAX) >= 1 && parts(ALONE_MAX + 1) <= 2);
    }
}
