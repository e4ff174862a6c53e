//! Whose turn it is: a few inference engines, shared by all cameras of the node.
//!
//! An engine goes to the camera that holds the oldest frame, so no camera starves beside a livelier one. A camera that
//! waits keeps one frame; newer ones replace each other in its mailbox and are counted there.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a camera that waits looks whether it should stop.
const LOOK_UP: Duration = Duration::from_millis(200);

/// A few engines and who waits for one.
#[derive(Debug)]
pub struct Turns<E> {
    state: Mutex<State<E>>,
    freed: Condvar,
}

#[derive(Debug)]
struct State<E> {
    free: Vec<E>,
    /// When each waiting frame arrived, and a number that tells equal ones apart.
    waiting: Vec<(Instant, u64)>,
    next_ticket: u64,
}

impl<E> Turns<E> {
    /// Shares out `engines`.
    pub fn new(engines: Vec<E>) -> Self {
        let state = State { free: engines, waiting: Vec::new(), next_ticket: 0 };
        Self { state: Mutex::new(state), freed: Condvar::new() }
    }

    /// Waits for an engine for a frame that arrived at `arrived`; nothing when `stop` says so first.
    pub fn take(&self, arrived: Instant, stop: &dyn Fn() -> bool) -> Option<Turn<'_, E>> {
        let mut state = self.lock();
        let own = (arrived, state.next_ticket);
        state.next_ticket += 1;
        state.waiting.push(own);
        loop {
            if stop() {
                state.waiting.retain(|one| *one != own);
                self.freed.notify_all();
                return None;
            }
            let is_next = state.waiting.iter().min() == Some(&own);
            if is_next && let Some(engine) = state.free.pop() {
                state.waiting.retain(|one| *one != own);
                // Another engine may be free for the next one.
                self.freed.notify_all();
                return Some(Turn { engine: Some(engine), turns: self });
            }
            state = self.freed.wait_timeout(state, LOOK_UP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many cameras wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// The lock; a camera that panicked left the lists whole, as nothing in here can panic half way.
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An engine for as long as it is held.
#[derive(Debug)]
pub struct Turn<'t, E> {
    engine: Option<E>,
    turns: &'t Turns<E>,
}

impl<E> Deref for Turn<'_, E> {
    type Target = E;

    fn deref(&self) -> &E {
        self.engine.as_ref().expect("an engine is taken out only when the turn ends")
    }
}

impl<E> DerefMut for Turn<'_, E> {
    fn deref_mut(&mut self) -> &mut E {
        self.engine.as_mut().expect("an engine is taken out only when the turn ends")
    }
}

impl<E> Drop for Turn<'_, E> {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            self.turns.lock().free.push(engine);
            self.turns.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_oldest_frame_is_served_first_whoever_asked_first() {
        let turns = Turns::new(vec![()]);
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let (tell, told) = mpsc::channel();
        std::thread::scope(|scope| {
            let held = turns.take(at(0), &|| false).expect("it is free");
            for (number, ms) in [30, 10, 20].into_iter().enumerate() {
                let (turns, tell) = (&turns, tell.clone());
                scope.spawn(move || {
                    let turn = turns.take(at(ms), &|| false).expect("nobody stops");
                    tell.send(ms).expect("the test listens");
                    drop(turn);
                });
                while turns.waiting() <= number {
                    std::thread::yield_now();
                }
            }
            drop(held);
        });
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [10, 20, 30]);
    }

    #[test]
    fn as_many_work_at_once_as_there_are_engines_and_who_stops_waits_no_longer() {
        let turns = Turns::new(vec!['a', 'b']);
        let now = Instant::now();
        let first = turns.take(now, &|| false).expect("it is free");
        let second = turns.take(now, &|| false).expect("it is free");
        assert_ne!(*first, *second);
        assert!(turns.take(now, &|| true).is_none());
        assert_eq!(turns.waiting(), 0);
        drop(first);
        assert!(turns.take(now, &|| false).is_some());
    }

    #[test]
    fn an_engine_comes_back_from_a_camera_that_panicked() {
        let turns = Turns::new(vec![()]);
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _turn = turns.take(Instant::now(), &|| false);
            panic!("a frame broke it");
        }));
        assert!(broken.is_err());
        assert!(turns.take(Instant::now(), &|| false).is_some());
    }
}
