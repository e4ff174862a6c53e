//! Rubbish with a plan: messages and requests that are almost right, from dice, against the real hub.
//!
//! What must hold is said in [`envelope`] and [`api`]; a run that finds something ends with what was sent, and the same seed
//! sends it again.

pub mod api;
pub mod envelope;
mod mutate;

use std::fmt;
use std::time::{Duration, Instant};

/// Failures that are kept with what was sent; more are only counted.
const FAILURES_MAX: usize = 20;

/// Longest part of what was sent that is shown.
const SHOWN_CHARS_MAX: usize = 600;

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After so many tries, the same on every machine.
    Tries(u64),
}

impl Until {
    fn is_over(self, began: Instant, tries: u64) -> bool {
        match self {
            Self::Elapsed(length) => began.elapsed() >= length,
            Self::Tries(most) => tries >= most,
        }
    }
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// Messages or requests.
    pub tries: u64,
    /// What became of them, by name.
    pub fates: std::collections::BTreeMap<String, u64>,
    /// What must not happen and did, the first of it with what was sent.
    pub failures: Vec<String>,
    /// How often that was.
    pub failures_total: u64,
}

impl Report {
    fn fate(&mut self, name: impl Into<String>) {
        *self.fates.entry(name.into()).or_default() += 1;
    }

    fn failed(&mut self, what: &str, sent: &str) {
        self.failures_total += 1;
        if self.failures.len() < FAILURES_MAX {
            let shown: String = sent.chars().take(SHOWN_CHARS_MAX).collect();
            self.failures.push(format!("{what}\n    sent: {shown}"));
        }
    }

    /// Nothing happened that must not.
    pub const fn is_clean(&self) -> bool {
        self.failures_total == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} tries", self.tries)?;
        for (fate, count) in &self.fates {
            writeln!(f, "  {count:>9}  {fate}")?;
        }
        for failure in &self.failures {
            writeln!(f, "WRONG: {failure}")?;
        }
        write!(f, "{} things that must not happen", self.failures_total)
    }
}
