//! How often plates that came were read: by the hour, over the last day, kept over restarts. A lens that gets dirty or a
//! camera that sinks shows here before anybody complains.

use std::io;
use std::path::{Path, PathBuf};

use domain::{CameraId, UtcTime};
use serde::{Deserialize, Serialize};
use wire::plate::PlateOutcome;

use super::reference::replace;

/// Hours that are kept.
pub const HOURS: i64 = 24;

/// One hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HourOfReads {
    /// Whole hours since 1970.
    pub unix_hour: i64,
    /// Plates that came.
    pub visits: u64,
    /// Those that were read.
    pub read: u64,
}

/// The last day of a camera, oldest hour first; hours without plates are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRate {
    hours: Vec<HourOfReads>,
}

/// Where a camera's read rate lies.
pub fn reads_file(data: &Path, camera: &CameraId) -> PathBuf {
    data.join("health").join(format!("{camera}.reads.json"))
}

impl ReadRate {
    /// What was kept; nothing where there is no such file, or it is damaged: the trend then begins anew.
    pub fn load(path: &Path) -> Self {
        let read = std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Self>(&text).ok());
        let mut rate = read.unwrap_or_default();
        rate.hours.sort_by_key(|hour| hour.unix_hour);
        rate.hours.retain(|hour| hour.read <= hour.visits);
        rate
    }

    /// Keeps it.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        replace(path, &serde_json::to_string(self).expect("numbers"))
    }

    /// A plate came, and this came of it. What turned out to be no plate is not counted.
    pub fn add(&mut self, outcome: PlateOutcome, at: UtcTime) {
        let read = match outcome {
            PlateOutcome::Read => 1,
            PlateOutcome::UnknownKind | PlateOutcome::Unreadable => 0,
            PlateOutcome::NotAPlate => return,
        };
        let unix_hour = at.as_unix_minutes().div_euclid(60);
        let place = self.hours.partition_point(|hour| hour.unix_hour < unix_hour);
        match self.hours.get_mut(place) {
            Some(hour) if hour.unix_hour == unix_hour => {
                hour.visits += 1;
                hour.read += read;
            }
            Some(_) | None => self.hours.insert(place, HourOfReads { unix_hour, visits: 1, read }),
        }
        // A clock that was far ahead leaves hours behind that are not over yet: they go when there are too many.
        let surplus = self.hours.len().saturating_sub(HOURS as usize + 1);
        self.hours.drain(..surplus);
    }

    /// The hours of the day that ends now.
    pub fn last_day(&self, now: UtcTime) -> Vec<HourOfReads> {
        let hour = now.as_unix_minutes().div_euclid(60);
        let kept = self.hours.iter().filter(|own| (hour - HOURS + 1..=hour).contains(&own.unix_hour));
        kept.copied().collect()
    }
}

/// Plates that came and plates that were read, together.
pub fn sum(hours: &[HourOfReads]) -> (u64, u64) {
    hours.iter().fold((0, 0), |(visits, read), hour| (visits + hour.visits, read + hour.read))
}
