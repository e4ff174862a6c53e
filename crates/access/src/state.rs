//! What must survive a restart: who is where, which passes were used, which permits wait. It changes only by [`Change`],
//! so that whoever keeps every change has the state.

use std::collections::{BTreeMap, BTreeSet};

use domain::{UtcTime, ZoneId};
use serde::{Deserialize, Serialize};

use crate::decision::DecisionNumber;
use crate::id::{LaneId, PassId, Subject};
use crate::policy::HolderKind;

/// Most permits that wait for their passage; more are referred.
pub const PERMITS_MAX: usize = 1_024;
/// Most used passes that are kept; with more, passes for one entry are referred until old ones are forgotten.
pub const USED_PASSES_MAX: usize = 100_000;

/// Where somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The zone.
    pub zone: ZoneId,
    /// Since when.
    pub since: UtcTime,
    /// Person or vehicle.
    pub kind: HolderKind,
}

/// A permit that waits for its passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// The decision.
    pub number: DecisionNumber,
    /// The lane.
    pub lane: LaneId,
    /// Whom it lets through.
    pub subjects: Vec<(Subject, HolderKind)>,
    /// Where they come from; nothing for outside.
    pub from: Option<ZoneId>,
    /// Where they go; nothing for outside.
    pub to: Option<ZoneId>,
    /// Passes that it uses up, each with the end of its validity.
    pub uses: Vec<(PassId, UtcTime)>,
    /// When it was given.
    pub at: UtcTime,
}

impl Permit {
    /// Whether it is about somebody.
    #[must_use]
    pub fn is_for(&self, subject: &Subject) -> bool {
        self.subjects.iter().any(|(one, _)| one == subject)
    }
}

/// Why a permit ended without a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermitEnd {
    /// Nobody went through in time.
    Expired,
    /// A newer permit of the same subject took its place.
    Superseded,
    /// The policy no longer permits it.
    Revoked,
    /// A guard said where the subject is.
    Relocated,
}

/// A step of the state, to be kept before anything is done on its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// The program started: decisions are numbered anew under this run.
    Started {
        /// The run.
        run: u32,
    },
    /// A permit was given and waits.
    Permitted(Permit),
    /// A permit ended without a passage.
    PermitEnded {
        /// The decision.
        number: DecisionNumber,
        /// Why.
        why: PermitEnd,
    },
    /// Somebody went through; the permit, if it waited, is over.
    Passed {
        /// The permit as it was.
        permit: Permit,
        /// When they went through.
        at: UtcTime,
    },
    /// A guard said where somebody is.
    Relocated {
        /// Whom.
        subject: Subject,
        /// Person or vehicle.
        kind: HolderKind,
        /// Where; nothing for outside.
        zone: Option<ZoneId>,
        /// When.
        at: UtcTime,
        /// The guard.
        guard: String,
        /// Why.
        reason: String,
    },
    /// What ended before this moment is of no more use.
    Forgotten {
        /// The moment.
        before: UtcTime,
    },
}

/// Everything that must survive a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(crate) run: u32,
    pub(crate) places: BTreeMap<Subject, Presence>,
    pub(crate) entered: BTreeMap<Subject, BTreeMap<ZoneId, UtcTime>>,
    pub(crate) used: BTreeMap<PassId, UtcTime>,
    pub(crate) permits: BTreeMap<DecisionNumber, Permit>,
}

impl State {
    /// Takes a step. The same steps in the same order give the same state.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Started { run } => self.run = *run,
            Change::Permitted(permit) => {
                self.permits.insert(permit.number, permit.clone());
            }
            Change::PermitEnded { number, .. } => {
                self.permits.remove(number);
            }
            Change::Passed { permit, at } => self.pass(permit, *at),
            Change::Relocated { subject, kind, zone, at, .. } => {
                self.entered.remove(subject);
                self.put(subject, *kind, zone.as_ref(), *at);
            }
            Change::Forgotten { before } => {
                // Nobody ever saw whether these were used; a pass for one entry is not good for a second.
                let (ended, open) =
                    std::mem::take(&mut self.permits).into_iter().partition(|(_, permit)| permit.at < *before);
                self.permits = open;
                let ended: BTreeMap<DecisionNumber, Permit> = ended;
                self.used.extend(ended.into_values().flat_map(|permit| permit.uses));
                self.used.retain(|_, until| *until >= *before);
                self.entered.retain(|_, zones| {
                    zones.retain(|_, at| *at >= *before);
                    !zones.is_empty()
                });
            }
        }
    }

    fn pass(&mut self, permit: &Permit, at: UtcTime) {
        self.permits.remove(&permit.number);
        self.used.extend(permit.uses.iter().cloned());
        for (subject, kind) in &permit.subjects {
            self.put(subject, *kind, permit.to.as_ref(), at);
            if let Some(zone) = &permit.to {
                self.entered.entry(subject.clone()).or_default().insert(zone.clone(), at);
            }
        }
    }

    fn put(&mut self, subject: &Subject, kind: HolderKind, zone: Option<&ZoneId>, since: UtcTime) {
        match zone {
            Some(zone) => {
                self.places.insert(subject.clone(), Presence { zone: zone.clone(), since, kind });
            }
            None => {
                self.places.remove(subject);
            }
        }
    }

    /// Where somebody is; nothing for outside, or for somebody never seen.
    #[must_use]
    pub fn place(&self, subject: &Subject) -> Option<&Presence> {
        self.places.get(subject)
    }

    /// Who is in a zone.
    pub fn inside<'a>(&'a self, zone: &'a ZoneId) -> impl Iterator<Item = (&'a Subject, &'a Presence)> {
        self.places.iter().filter(move |(_, presence)| presence.zone == *zone)
    }

    /// The permits that wait for their passage.
    pub fn permits(&self) -> impl Iterator<Item = &Permit> {
        self.permits.values()
    }

    /// Passes that were good for one entry and were used.
    #[must_use]
    pub fn used_passes(&self) -> BTreeSet<&PassId> {
        self.used.keys().collect()
    }
}
