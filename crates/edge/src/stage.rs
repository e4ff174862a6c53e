//! Where the time goes: what each stage of a camera's work has cost so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stage of the work on a frame. Decoding the video is not among them: it runs in the capture pipeline's own threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Pixels into the model's input.
    Prepare,
    /// The model.
    Infer,
    /// The model's output into detections.
    Decode,
    /// Finding and reading plates.
    Plates,
    /// Who is who.
    Track,
    /// The gates.
    Decide,
    /// Pictures.
    Encode,
    /// Events and pictures onto disk.
    Keep,
}

impl Stage {
    /// Every stage, in the order of the work.
    pub const ALL: [Self; 8] =
        [Self::Prepare, Self::Infer, Self::Decode, Self::Plates, Self::Track, Self::Decide, Self::Encode, Self::Keep];

    /// Its name in metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Infer => "infer",
            Self::Decode => "decode",
            Self::Plates => "plates",
            Self::Track => "track",
            Self::Decide => "decide",
            Self::Encode => "encode",
            Self::Keep => "keep",
        }
    }
}

/// The account of one camera.
#[derive(Debug, Default)]
pub struct Stages {
    nanos: [AtomicU64; Stage::ALL.len()],
    frames: AtomicU64,
    dropped: AtomicU64,
}

impl Stages {
    /// Runs `work` on the account of `stage`.
    pub fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = work();
        self.add(stage, started.elapsed());
        done
    }

    /// Adds to the account of `stage`.
    pub fn add(&self, stage: Stage, spent: Duration) {
        self.nanos[stage as usize].fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Counts a frame, and those that were dropped because a newer one came first.
    pub fn count_frame(&self, dropped_before: u32) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.dropped.fetch_add(u64::from(dropped_before), Ordering::Relaxed);
    }

    /// What a stage has cost.
    pub fn spent(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.nanos[stage as usize].load(Ordering::Relaxed))
    }

    /// Frames worked on.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Frames dropped because a newer one came first.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
