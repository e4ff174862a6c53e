//! Where the time goes: what each stage of a camera's work has cost so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::attention::Skipped;
use crate::histogram::Histogram;

/// A stage of the work on a frame. Decoding the video is not among them: it runs in the capture pipeline's own threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Whether anything moves.
    Motion,
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
    pub const ALL: [Self; 9] = [
        Self::Motion,
        Self::Prepare,
        Self::Infer,
        Self::Decode,
        Self::Plates,
        Self::Track,
        Self::Decide,
        Self::Encode,
        Self::Keep,
    ];

    /// Its name in metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Motion => "motion",
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
    stages: [Histogram; Stage::ALL.len()],
    /// From a frame's arrival to its turn.
    wait: Histogram,
    /// From a frame's arrival until its events are decided.
    latency: Histogram,
    frames: AtomicU64,
    skipped: [AtomicU64; Skipped::ALL.len()],
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
        self.stages[stage as usize].add(spent);
    }

    /// Counts a frame that was looked at.
    pub fn count_frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts frames that were not looked at.
    pub fn count_skipped(&self, why: Skipped, frames: u32) {
        self.skipped[why as usize].fetch_add(u64::from(frames), Ordering::Relaxed);
    }

    /// A frame waited so long for its turn.
    pub fn add_wait(&self, wait: Duration) {
        self.wait.add(wait);
    }

    /// What a frame showed was decided so long after it arrived.
    pub fn add_latency(&self, latency: Duration) {
        self.latency.add(latency);
    }

    /// From arrival to turn, of every frame looked at.
    pub fn waits(&self) -> &Histogram {
        &self.wait
    }

    /// From arrival to decision, of every frame looked at.
    pub fn latencies(&self) -> &Histogram {
        &self.latency
    }

    /// What a stage cost each time.
    pub fn of(&self, stage: Stage) -> &Histogram {
        &self.stages[stage as usize]
    }

    /// Frames not looked at, for one reason.
    pub fn skipped(&self, why: Skipped) -> u64 {
        self.skipped[why as usize].load(Ordering::Relaxed)
    }

    /// What a stage has cost.
    pub fn spent(&self, stage: Stage) -> Duration {
        self.stages[stage as usize].sum()
    }

    /// Frames looked at.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }
}
