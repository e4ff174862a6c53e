//! Whether one object stays in one zone.

use std::time::Duration;

use crate::identity::Sighting;
use crate::profile::{Counting, Zone};

/// How long something must be seen outside before its stay is over: who steps over the edge and back has not left.
const LEAVE_SETTLE: Duration = Duration::from_millis(1_000);

/// Where one object stands towards one zone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ZoneState {
    stay: Option<OpenStay>,
}

/// A stay that is not over, or just was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenStay {
    pub(crate) first: Sighting,
    pub(crate) last: Sighting,
    pub(crate) sightings: u32,
}

impl ZoneState {
    /// Takes the next sighting; returns a stay that is over.
    pub(crate) fn see(&mut self, zone: &Zone, counting: &Counting, now: Sighting) -> Option<OpenStay> {
        if zone.area.contains(counting.anchor.of(&now.bbox)) {
            let stay = self.stay.get_or_insert(OpenStay { first: now, last: now, sightings: 0 });
            stay.last = now;
            stay.sightings = stay.sightings.saturating_add(1);
            return None;
        }
        let left = self.stay.is_some_and(|stay| now.media.since(stay.last.media) >= LEAVE_SETTLE);
        if left { self.end(counting) } else { None }
    }

    /// The object is gone or has left: its stay counts where it was long enough.
    pub(crate) fn end(&mut self, counting: &Counting) -> Option<OpenStay> {
        self.stay.take().filter(|stay| {
            stay.sightings >= counting.sightings_min && stay.last.media.since(stay.first.media) >= counting.stay_min
        })
    }

    /// Whether it is in the zone and has been seen often enough to count.
    pub(crate) fn is_inside(&self, counting: &Counting) -> bool {
        self.stay.is_some_and(|stay| stay.sightings >= counting.sightings_min)
    }
}
