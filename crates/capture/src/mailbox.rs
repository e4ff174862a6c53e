//! Between the thread that decodes and the reader: what happened, in order, and never more of it than the reader needs.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::frame::Decoded;
use crate::{DownReason, Ending, SourceError};

/// Decoded frames that wait for the reader of a [`Pacing::Lossless`](crate::Pacing::Lossless) file. When so many wait,
/// decoding waits too.
pub const FRAMES_AHEAD_MAX: usize = 2;
/// Decoded frames that wait for the reader of a source that is [decoded while
/// reading](crate::Decodes::WhileReading). When there are so many, the oldest is dropped and counted.
pub const FRAMES_BURST_MAX: usize = 6;
/// Things that wait for a reader who does not come. When so many wait, the oldest is forgotten; if that is a frame, it
/// counts as dropped.
pub const NOTES_MAX: usize = 64;

/// What to do with a frame while an older one still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The newest frame replaces it.
    NewestWins,
    /// The newest few wait; the oldest of them goes.
    NewestFew,
    /// The newest frame waits for room.
    EveryFrame,
}

#[derive(Debug)]
pub(crate) enum Item {
    Up,
    Frame(Decoded),
    Down(DownReason),
    Ended(Ending),
    Failed(SourceError),
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    Kept,
    /// The run is over; nobody wants it any more.
    Closed,
}

/// The frames of one run of the pipeline.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) frames: u64,
    /// When the first and the last of them arrived.
    pub(crate) span: Option<(Instant, Instant)>,
}

impl Tally {
    /// How long frames came.
    pub(crate) fn up_for(&self) -> Duration {
        self.span.map_or(Duration::ZERO, |(first, last)| last.duration_since(first))
    }

    pub(crate) fn last_arrived(&self) -> Option<Instant> {
        self.span.map(|(_, last)| last)
    }
}

#[derive(Debug)]
pub(crate) struct Mailbox {
    policy: Policy,
    state: Mutex<State>,
    /// The reader waits here for something to happen.
    filled: Condvar,
    /// The decoding thread waits here for room.
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Item>,
    /// Whether a run of the pipeline may put frames.
    running: bool,
    /// Whether the reader was last told `Up`.
    up: bool,
    /// The cause the reader was last told since it was up.
    down: Option<DownReason>,
    /// Nothing more is accepted.
    over: bool,
    /// Frames dropped that no later frame has told of yet.
    dropped: u32,
    tally: Tally,
}

impl Mailbox {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { policy, state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() }
    }

    /// A run of the pipeline begins: frames are accepted.
    pub(crate) fn begin_run(&self) {
        let mut state = self.lock();
        state.running = true;
        state.tally = Tally::default();
    }

    /// The run is over: frames are refused, and a decoding thread that waits for room is sent away.
    pub(crate) fn end_run(&self) {
        self.lock().running = false;
        self.emptied.notify_all();
    }

    /// The frames of this run so far.
    pub(crate) fn tally(&self) -> Tally {
        self.lock().tally
    }

    /// Hands a frame over; waits for room where every frame counts.
    pub(crate) fn put_frame(&self, mut frame: Decoded) -> Put {
        let mut state = self.lock();
        let first = state.tally.span.map_or(frame.arrived, |(first, _)| first);
        state.tally = Tally { frames: state.tally.frames + 1, span: Some((first, frame.arrived)) };
        while self.policy == Policy::EveryFrame && state.running && state.frames_waiting() >= FRAMES_AHEAD_MAX {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.running || state.over {
            return Put::Closed;
        }
        state.tell_up();
        let full = match self.policy {
            Policy::NewestWins => true,
            Policy::NewestFew => state.frames_waiting() >= FRAMES_BURST_MAX,
            Policy::EveryFrame => false,
        };
        if full {
            state.drop_waiting_frame();
        }
        frame.dropped_before = frame.dropped_before.saturating_add(std::mem::take(&mut state.dropped));
        state.push(Item::Frame(frame));
        self.filled.notify_one();
        Put::Kept
    }

    /// Notes that the source is there although nothing of it is decoded.
    pub(crate) fn sign_of_life(&self, now: Instant) {
        let mut state = self.lock();
        if state.running && !state.over {
            let first = state.tally.span.map_or(now, |(first, _)| first);
            state.tally.span = Some((first, now));
            if !state.up {
                state.tell_up();
                self.filled.notify_one();
            }
        }
    }

    /// Forgets the frames that wait; nobody wants them any more, so they do not count as dropped.
    pub(crate) fn forget_frames(&self) {
        self.lock().queue.retain(|item| !matches!(item, Item::Frame(_)));
    }

    /// Tells that the source is down, unless that is known for the same reason. Says whether it was news.
    pub(crate) fn put_down(&self, reason: DownReason) -> bool {
        let mut state = self.lock();
        let known = state.down.as_ref().map(std::mem::discriminant) == Some(std::mem::discriminant(&reason));
        if state.over || known {
            return false;
        }
        state.up = false;
        state.down = Some(reason.clone());
        state.push(Item::Down(reason));
        self.filled.notify_one();
        true
    }

    /// Tells the last thing that happens.
    pub(crate) fn put_last(&self, item: Item) {
        let mut state = self.lock();
        if !state.over {
            state.push(item);
            state.over = true;
            self.filled.notify_one();
        }
    }

    /// Forgets all that waits and accepts nothing more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.over = true;
        state.running = false;
        self.emptied.notify_all();
    }

    /// The oldest thing that waits; waits up to `timeout` for one.
    pub(crate) fn take(&self, timeout: Duration) -> Option<Item> {
        let (mut state, _) = self
            .filled
            .wait_timeout_while(self.lock(), timeout, |state| state.queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let item = state.queue.pop_front();
        self.emptied.notify_one();
        item
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn frames_waiting(&self) -> usize {
        self.queue.iter().filter(|item| matches!(item, Item::Frame(_))).count()
    }

    fn tell_up(&mut self) {
        if !self.up {
            self.up = true;
            self.down = None;
            self.push(Item::Up);
        }
    }

    /// Takes out the frame that waits longest, if one does.
    fn drop_waiting_frame(&mut self) {
        if let Some(at) = self.queue.iter().position(|item| matches!(item, Item::Frame(_))) {
            let removed = self.queue.remove(at);
            self.count_if_frame(removed);
        }
    }

    fn count_if_frame(&mut self, removed: Option<Item>) {
        if let Some(Item::Frame(frame)) = removed {
            self.dropped = self.dropped.saturating_add(frame.dropped_before).saturating_add(1);
        }
    }

    fn push(&mut self, item: Item) {
        if self.queue.len() >= NOTES_MAX {
            let oldest = self.queue.pop_front();
            self.count_if_frame(oldest);
        }
        self.queue.push_back(item);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use domain::MediaTime;
    use gstreamer as gst;
    use gstreamer_video as gst_video;

    use super::*;

    const NOW: Duration = Duration::ZERO;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn frame(micros: u64) -> Decoded {
        gst::init().expect("GStreamer is installed");
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 16, 16).build().expect("a good size");
        let buffer = gst::Buffer::with_size(info.size()).expect("memory");
        let full = gst_video::VideoFrame::from_buffer_readable(buffer, &info).expect("a buffer of that size");
        let (media, arrived) = (MediaTime::from_micros(micros), Instant::now());
        Decoded { media, arrived, dropped_before: 0, full: Box::new(full) }
    }

    fn mailbox(policy: Policy) -> Mailbox {
        let mailbox = Mailbox::new(policy);
        mailbox.begin_run();
        mailbox
    }

    /// All that waits: `U`p, `D`own, and frames as their time and how many were dropped before.
    fn told(mailbox: &Mailbox) -> String {
        let words = std::iter::from_fn(|| mailbox.take(NOW)).map(|item| match item {
            Item::Up => "U".to_owned(),
            Item::Frame(frame) => format!("{}-{}", frame.media.as_micros(), frame.dropped_before),
            Item::Down(_) => "D".to_owned(),
            Item::Ended(_) => "E".to_owned(),
            Item::Failed(_) => "F".to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_newest_frame_wins_and_counts_those_it_replaced() {
        let mailbox = mailbox(Policy::NewestWins);
        for n in 1..=4 {
            assert_eq!(mailbox.put_frame(frame(n)), Put::Kept);
        }
        assert_eq!(told(&mailbox), "U 4-3");
        mailbox.put_frame(frame(5));
        assert!(mailbox.put_down(DownReason::StreamEnded));
        assert!(!mailbox.put_down(DownReason::StreamEnded), "no news");
        mailbox.put_frame(frame(6));
        assert_eq!(told(&mailbox), "D U 6-1", "of two frames the older goes, wherever it waits");
        mailbox.put_last(Item::Ended(Ending::Whole));
        mailbox.put_last(Item::Ended(Ending::Whole));
        assert_eq!((mailbox.put_frame(frame(7)), told(&mailbox)), (Put::Closed, "E".to_owned()));
    }

    #[test]
    fn a_source_that_flaps_before_nobody_does_not_pile_up() {
        let mailbox = mailbox(Policy::NewestWins);
        for n in 0..1000 {
            mailbox.put_frame(frame(n));
            mailbox.put_down(DownReason::StreamEnded);
        }
        mailbox.put_frame(frame(1000));
        let told = told(&mailbox);
        assert!(told.split(' ').count() <= NOTES_MAX, "{told}");
        assert!(told.ends_with("D U 1000-1000"), "{told}");
    }

    #[test]
    fn where_every_frame_counts_the_decoder_waits_for_the_reader() {
        let mailbox = mailbox(Policy::EveryFrame);
        let seen = thread::scope(|scope| {
            scope.spawn(|| (0..50).for_each(|n| assert_eq!(mailbox.put_frame(frame(n)), Put::Kept)));
            let mut seen = Vec::new();
            while seen.len() < 50 {
                assert!(mailbox.lock().frames_waiting() <= FRAMES_AHEAD_MAX);
                if let Some(Item::Frame(frame)) = mailbox.take(DEADLINE) {
                    seen.push((frame.media.as_micros(), frame.dropped_before));
                }
            }
            seen
        });
        assert_eq!(seen, (0..50).map(|n| (n, 0)).collect::<Vec<_>>());
    }

    #[test]
    fn the_end_of_a_run_sends_a_waiting_decoder_away() {
        let mailbox = mailbox(Policy::EveryFrame);
        thread::scope(|scope| {
            let decoder = scope.spawn(|| (0..50).map(|n| mailbox.put_frame(frame(n))).collect::<Vec<_>>());
            let until = Instant::now() + DEADLINE;
            while mailbox.tally().frames <= FRAMES_AHEAD_MAX as u64 {
                assert!(Instant::now() < until, "the decoder fills the mailbox");
                thread::yield_now();
            }
            mailbox.end_run();
            let put = decoder.join().expect("the decoder ends");
            assert!(put[FRAMES_AHEAD_MAX..].iter().all(|put| *put == Put::Closed), "{put:?}");
        });
    }
}
