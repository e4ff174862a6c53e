//! What waits for the access thread.
//!
//! What happens at a barrier is told on the barrier's own thread, which must not wait: it goes into a queue of its own,
//! which is emptied first, and of a full one the newcomer is dropped and counted. That is no danger, because a fire and
//! a lock-down are kept by the barrier's thread itself, and a command that nobody answers is given again.
//! Everything else waits for room: what a camera saw is never lost here, and a permit that comes too late opens nothing.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use actuate::Happening;

use super::Input;

/// Most inputs that wait; with more, whoever brings the next one waits until there is room.
pub const INPUTS_MAX: usize = 256;
/// Most happenings at barriers that wait; with more, new ones are dropped and counted.
pub const HAPPENINGS_MAX: usize = 1_024;

/// The queues.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    happenings: VecDeque<(usize, Happening)>,
    inputs: VecDeque<Input>,
    dropped: u64,
    is_closed: bool,
}

/// What is next.
#[derive(Debug)]
pub(super) enum Next {
    /// Something happened at the barrier of the lane with this number.
    Happened(usize, Happening),
    /// Something came in.
    Came(Input),
    /// The time is over.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic while it was held leaves it whole: each change is a single push or pop.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a happening; never waits.
    pub(super) fn tell(&self, lane: usize, happening: Happening) {
        let mut queue = self.lock();
        if queue.happenings.len() >= HAPPENINGS_MAX {
            queue.dropped += 1;
            if queue.dropped.is_power_of_two() {
                tracing::warn!(dropped = queue.dropped, "the access thread does not keep up with the barriers");
            }
            return;
        }
        queue.happenings.push_back((lane, happening));
        drop(queue);
        self.changed.notify_all();
    }

    /// Hands something in, waiting for room; false where nobody takes it any more.
    pub(super) fn send(&self, input: Input) -> bool {
        let mut queue = self.lock();
        while queue.inputs.len() >= INPUTS_MAX && !queue.is_closed {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.is_closed {
            return false;
        }
        queue.inputs.push_back(input);
        drop(queue);
        self.changed.notify_all();
        true
    }

    /// What is next, waiting for it until `until`.
    pub(super) fn next(&self, until: Instant) -> Next {
        let mut queue = self.lock();
        loop {
            if let Some((lane, happening)) = queue.happenings.pop_front() {
                return Next::Happened(lane, happening);
            }
            if let Some(input) = queue.inputs.pop_front() {
                drop(queue);
                self.changed.notify_all();
                return Next::Came(input);
            }
            if queue.is_closed {
                return Next::Closed;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::Nothing;
            }
            queue = match self.changed.wait_timeout(queue, left) {
                Ok((queue, _)) => queue,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Nothing is taken any more; what waits is still given.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn settled() -> Happening {
        Happening::Settled(Vec::new())
    }

    fn card(lane: &str) -> Input {
        Input::Unread {
            lane: access::LaneId::new(lane).expect("a lane"),
            shown: None,
            why: String::new(),
            seen: Instant::now(),
        }
    }

    #[test]
    fn barriers_come_first_and_are_never_waited_for() {
        let mailbox = Mailbox::default();
        mailbox.send(card("a"));
        for _ in 0..HAPPENINGS_MAX + 5 {
            mailbox.tell(3, settled());
        }
        for _ in 0..HAPPENINGS_MAX {
            assert!(matches!(mailbox.next(Instant::now()), Next::Happened(3, _)));
        }
        assert!(matches!(mailbox.next(Instant::now()), Next::Came(_)));
        assert!(matches!(mailbox.next(Instant::now()), Next::Nothing));
        assert_eq!(mailbox.lock().dropped, 5);
    }

    #[test]
    fn whoever_brings_one_too_many_waits_for_room_and_is_told_of_the_end() {
        let mailbox = Arc::new(Mailbox::default());
        (0..INPUTS_MAX).for_each(|_| assert!(mailbox.send(card("a"))));
        let (other, until) = (Arc::clone(&mailbox), Instant::now() + Duration::from_secs(60));
        let waiting = std::thread::spawn(move || (other.send(card("b")), other.send(card("c"))));
        // Room for the first; the second meets the end.
        assert!(matches!(mailbox.next(until), Next::Came(_)));
        while mailbox.lock().inputs.len() < INPUTS_MAX {
            std::thread::yield_now();
        }
        mailbox.close();
        assert_eq!(waiting.join().expect("it ends"), (true, false));
        assert_eq!(
            std::iter::from_fn(|| matches!(mailbox.next(until), Next::Came(_)).then_some(())).count(),
            INPUTS_MAX
        );
        assert!(matches!(mailbox.next(until), Next::Closed));
    }
}
