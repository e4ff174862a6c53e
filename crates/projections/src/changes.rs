//! How deltas combine: the same result whatever their order.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::{NodeId, UtcTime};

use crate::alert::AlertSignal;
use crate::delta::{
    CameraKey, CameraValue, ClipRow, ClockJumpValue, CountKey, DecisionRow, Delta, GateCameraKey, GateNodeKey,
    IncidentRow, NodeSeenValue, NodeStartValue, OccupancyKey, OccupancyValue, PassageRow, PlateRow, StayRow,
};
use crate::dwell::DwellKey;
use crate::fold::{Fact, fold};
use crate::rollup::Grain;

/// What many deltas come to: as large as the batch that it was made from, never more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Passages per key.
    pub counts: BTreeMap<CountKey, u64>,
    /// Passages, by node and event number.
    pub passages: BTreeMap<(NodeId, u64), Box<PassageRow>>,
    /// Stays, by node and event number.
    pub stays: BTreeMap<(NodeId, u64), Box<StayRow>>,
    /// Incidents, by node and event number.
    pub incidents: BTreeMap<(NodeId, u64), Box<IncidentRow>>,
    /// Read plates, by node and event number.
    pub plates: BTreeMap<(NodeId, u64), Box<PlateRow>>,
    /// Clips, by node and number of the event that tells of them.
    pub clips: BTreeMap<(NodeId, u64), Box<ClipRow>>,
    /// Decisions at lanes, by node and event number.
    pub decisions: BTreeMap<(NodeId, u64), Box<DecisionRow>>,
    /// Newest occupancy per zone, group and node.
    pub occupancies: BTreeMap<OccupancyKey, OccupancyValue>,
    /// Newest state per camera.
    pub cameras: BTreeMap<CameraKey, CameraValue>,
    /// Newest start per node.
    pub starts: BTreeMap<NodeId, NodeStartValue>,
    /// Where runs of nodes' programs begin, by node and event number.
    pub runs: BTreeSet<(NodeId, u64)>,
    /// Newest clock jump per node.
    pub jumps: BTreeMap<NodeId, ClockJumpValue>,
    /// Newest event per node.
    pub seen: BTreeMap<NodeId, NodeSeenValue>,
    /// What needs attention, by node and event number.
    pub signals: BTreeMap<(NodeId, u64), Box<AlertSignal>>,
    /// Latest moment per gate and node.
    pub gate_nodes: BTreeMap<GateNodeKey, UtcTime>,
    /// Latest moment per gate and camera.
    pub gate_cameras: BTreeMap<GateCameraKey, UtcTime>,
}

impl Changes {
    /// Takes in what one event changes. The caller lets each event in once.
    pub fn add(&mut self, fact: &Fact<'_>) {
        for delta in fold(fact) {
            self.apply(delta);
        }
    }

    /// Passages per key and hour or day; the key's minute is the first of it.
    pub fn counts_by(&self, grain: Grain) -> BTreeMap<CountKey, u64> {
        let mut sums = BTreeMap::new();
        for (key, count) in &self.counts {
            let unix_minute = grain.start_of(key.unix_minute);
            *sums.entry(CountKey { unix_minute, ..key.clone() }).or_default() += count;
        }
        sums
    }

    /// Stays per zone, hour and length.
    pub fn dwell(&self) -> BTreeMap<DwellKey, u64> {
        let mut sums = BTreeMap::new();
        for row in self.stays.values() {
            *sums.entry(DwellKey::of(&row.site, &row.stay)).or_default() += 1;
        }
        sums
    }

    /// Takes in one delta.
    pub fn apply(&mut self, delta: Delta) {
        match delta {
            Delta::Count(key, by) => *self.counts.entry(key).or_default() += by,
            Delta::Passage(row) => drop(self.passages.insert((row.node.clone(), row.seq), row)),
            Delta::Stay(row) => drop(self.stays.insert((row.node.clone(), row.seq), row)),
            Delta::Incident(row) => drop(self.incidents.insert((row.node.clone(), row.seq), row)),
            Delta::Plate(row) => drop(self.plates.insert((row.node.clone(), row.seq), row)),
            Delta::Clip(row) => drop(self.clips.insert((row.node.clone(), row.seq), row)),
            Delta::Decision(row) => drop(self.decisions.insert((row.node.clone(), row.seq), row)),
            Delta::Signal(signal) => drop(self.signals.insert((signal.source.node.clone(), signal.seq), signal)),
            Delta::Occupancy(key, value) => keep_highest(self.occupancies.entry(key), value, |v| v.seq),
            Delta::Camera(key, value) => keep_highest(self.cameras.entry(key), value, |v| v.seq),
            Delta::NodeStart(node, value) => {
                self.runs.insert((node.clone(), value.seq));
                keep_highest(self.starts.entry(node), value, |v| v.seq);
            }
            Delta::ClockJump(node, value) => keep_highest(self.jumps.entry(node), value, |v| v.seq),
            Delta::NodeSeen(node, value) => keep_highest(self.seen.entry(node), value, |v| v.seq),
            Delta::GateNode(key, at) => keep_highest(self.gate_nodes.entry(key), at, |at| *at),
            Delta::GateCamera(key, at) => keep_highest(self.gate_cameras.entry(key), at, |at| *at),
        }
    }
}

fn keep_highest<K: Ord, V, R: Ord>(entry: Entry<'_, K, V>, value: V, rank: impl Fn(&V) -> R) {
    match entry {
        Entry::Vacant(vacant) => drop(vacant.insert(value)),
        Entry::Occupied(mut held) if rank(&value) > rank(held.get()) => drop(held.insert(value)),
        Entry::Occupied(_) => {}
    }
}

/// The whole fold in memory: what a database that was given the same events must show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Projections {
    taken: BTreeSet<(NodeId, u64)>,
    changes: Changes,
}

impl Projections {
    /// Takes in an event; one with a number that its node has used already changes nothing.
    pub fn take(&mut self, fact: &Fact<'_>) {
        if self.taken.insert((fact.node.clone(), fact.seq)) {
            self.changes.add(fact);
        }
    }

    /// What all events so far come to.
    pub fn state(&self) -> &Changes {
        &self.changes
    }
}
