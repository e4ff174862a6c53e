//! The desk of one camera: its gates, the numbering of its events and its observation log, without pixels or IO
//! besides the log. A live run and a replay drive the same desk, which is why they give the same events.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    CameraId, ClockQuality, FrameStamp, GateId, MediaTime, MonoTime, Observations, Point, TrackObservation, UtcTime,
    passage::Shot,
};
use gate::{Gate, GateEvent, GateProfile, Look};
use perception::plate::FoundPlate;
use perception::plate_visit::{PlateLook, Wanted};
use wire::event::{CameraChange, ClockJump, WithEvidence};
use wire::{Event, EventId, EvidenceRef, Payload, PlateRead};

use crate::observation_log::{GateHeader, Header, LOG_VERSION, ObservationLog, Record};
use crate::plates::desk::{PlateDesk, PlatePlan};
use crate::plates::list::PlateList;
use crate::rules::{GateRules, Rules, RulesInForce};

/// Most jumps of the clock that are told soon, one after the other.
const JUMPS_SOON_MAX: u32 = 4;

/// How long it takes until one more may be told soon. A clock that stands still jumps all the time: its jumps are told as
/// one in this time, so that they do not fill the outbox.
const JUMP_EVERY: Duration = Duration::from_secs(60);

/// What a desk is for; it heads the observation log.
#[derive(Debug, Clone)]
pub struct DeskPlan {
    /// The camera.
    pub camera: CameraId,
    /// Its gates, each with the text of its profile and what was read from it.
    pub gates: Vec<(GateId, String, GateProfile)>,
    /// Drawn at random for each run; event ids come from it.
    pub nonce: [u8; 16],
    /// How plates are read, where they are.
    pub plates: Option<PlatePlan>,
}

/// Turns what one camera sees into events.
#[derive(Debug)]
pub struct Desk {
    camera: CameraId,
    gates: Vec<Gate>,
    /// Name and text of each gate's profile.
    profiles: Vec<(GateId, String)>,
    /// What may change while it runs, and how often it had when that was looked at.
    rules: Option<(Arc<RulesInForce>, u64)>,
    nonce: [u8; 16],
    next_number: u64,
    clock: Option<ClockQuality>,
    /// How far the wall clock has jumped since it was last told, in milliseconds.
    jumped_ms: i64,
    /// How many more jumps may be told soon, and since when.
    jumps_left: (u32, MonoTime),
    plates: Option<PlateDesk>,
    /// What was followed in the newest frame: a plate belongs to one of the vehicles.
    tracks: Vec<TrackObservation>,
    log: Option<ObservationLog>,
}

/// An event that only lacks the media that show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    number: u64,
    at: UtcTime,
    clock: ClockQuality,
    fact: Fact,
}

#[derive(Debug, Clone, PartialEq)]
enum Fact {
    Gate(GateEvent),
    Camera(CameraChange),
    Clock(ClockJump),
    Plate(Box<PlateRead>),
}

impl Pending {
    /// The event's number in this run.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The look that should show it.
    pub fn shot(&self) -> Option<Shot> {
        match &self.fact {
            Fact::Gate(GateEvent::Passed(passage)) => Some(passage.shot),
            Fact::Gate(GateEvent::Stayed(stay)) => Some(stay.shot),
            Fact::Gate(GateEvent::Incident(incident)) => incident.what.shot(),
            Fact::Gate(GateEvent::OccupancyChanged(_)) | Fact::Camera(_) | Fact::Clock(_) => None,
            Fact::Plate(_) => None,
        }
    }

    /// The plate that should show it.
    pub fn plate(&self) -> Option<&PlateRead> {
        match &self.fact {
            Fact::Plate(read) => Some(read),
            Fact::Gate(_) | Fact::Camera(_) | Fact::Clock(_) => None,
        }
    }
}

impl Desk {
    /// A desk that has seen nothing; writes the log's header.
    pub fn new(plan: DeskPlan, mut log: Option<ObservationLog>) -> Self {
        if let Some(log) = &mut log {
            let gates =
                plan.gates.iter().map(|(gate, profile, _)| GateHeader { gate: gate.clone(), profile: profile.clone() });
            log.write(&Record::Header(Header {
                v: LOG_VERSION,
                program: env!("CARGO_PKG_VERSION").to_owned(),
                camera: plan.camera.clone(),
                nonce: hex::encode(plan.nonce),
                gates: gates.collect(),
                plates: plan.plates.as_ref().map(PlatePlan::header),
            }));
        }
        let ids = plan.gates.iter().map(|(id, _, _)| id.clone()).collect();
        let plates = plan.plates.map(|plates| PlateDesk::new(plates, plan.camera.clone(), ids));
        let profiles = plan.gates.iter().map(|(id, text, _)| (id.clone(), text.clone())).collect();
        let gates =
            plan.gates.into_iter().map(|(id, _, profile)| Gate::new(id, plan.camera.clone(), profile)).collect();
        Self {
            camera: plan.camera,
            gates,
            profiles,
            rules: None,
            nonce: plan.nonce,
            next_number: 1,
            clock: None,
            jumped_ms: 0,
            jumps_left: (JUMPS_SOON_MAX, MonoTime::default()),
            plates,
            tracks: Vec::new(),
            log,
        }
    }

    /// Works by these rules from the next frame on, and by each that take their place.
    pub fn follow(&mut self, rules: Arc<RulesInForce>) {
        // Looked at with the next frame in any case: they may have changed since the plan was made.
        self.rules = Some((rules, u64::MAX));
    }

    /// The rules that are new since they were looked at.
    fn new_rules(&mut self) -> Option<Arc<Rules>> {
        let (rules, seen) = self.rules.as_mut()?;
        let version = rules.version();
        (std::mem::replace(seen, version) != version).then(|| rules.now())
    }

    /// Works by other lists, and by other profiles at those gates whose profile is another: these begin anew, and who
    /// was at them is told as if the camera had ended.
    pub fn replace_rules(
        &mut self,
        gates: &[GateRules],
        lists: &[PlateList],
        stamp: FrameStamp,
        clock: ClockQuality,
    ) -> Vec<Pending> {
        let at = |id: &GateId, text: &str| self.profiles.iter().position(|(own, of)| own == id && of != text);
        let changed: Vec<_> = gates.iter().filter_map(|one| Some((at(&one.gate, &one.text)?, one))).collect();
        let are_lists_new = self.plates.as_ref().is_some_and(|plates| !plates.has_lists(lists));
        if changed.is_empty() && !are_lists_new {
            return Vec::new();
        }
        let headers = changed.iter().map(|(_, one)| GateHeader { gate: one.gate.clone(), profile: one.text.clone() });
        let record = Record::Rules {
            stamp,
            gates: headers.collect(),
            lists: are_lists_new.then(|| lists.iter().map(PlateList::header).collect()),
        };
        self.write(&record);
        changed.iter().for_each(|(index, _)| self.gates[*index].handle_end(stamp.media, stamp.utc));
        let pending = self.drain(clock);
        for (index, one) in changed {
            self.gates[index] = Gate::new(one.gate.clone(), self.camera.clone(), one.profile.clone());
            self.profiles[index].1.clone_from(&one.text);
        }
        if let Some(plates) = self.plates.as_mut().filter(|_| are_lists_new) {
            plates.set_lists(lists.to_vec());
        }
        pending
    }

    fn write(&mut self, record: &Record) {
        if let Some(log) = &mut self.log {
            log.write(record);
        }
    }

    /// Takes what was seen in the next frame, and how far the clock could be trusted then.
    pub fn handle_observations(&mut self, seen: Observations, clock: ClockQuality) -> Vec<Pending> {
        self.set_clock(clock);
        let mut pending: Vec<_> = self.tell_jump(seen.stamp, clock).into_iter().collect();
        if let Some(rules) = self.new_rules() {
            pending.extend(self.replace_rules(&rules.gates, &rules.lists, seen.stamp, clock));
        }
        self.gates.iter_mut().for_each(|gate| gate.handle_observations(&seen));
        if self.plates.is_some() {
            self.tracks.clone_from(&seen.tracks);
        }
        self.write(&Record::Seen { seen });
        pending.extend(self.drain(clock));
        pending
    }

    /// Takes the plates that were found in the frame that [`Desk::handle_observations`] was just given. Says which of
    /// them should be read; [`Desk::handle_plates`] must follow.
    pub fn follow_plates(&mut self, found: &[FoundPlate], stamp: FrameStamp) -> Vec<Wanted> {
        self.plates.as_mut().map_or_else(Vec::new, |plates| plates.follow(found, &self.tracks, stamp))
    }

    /// Takes what was read of them. Gives the events, and the visits whose picture should be kept from this frame.
    pub fn handle_plates(
        &mut self,
        found: Vec<FoundPlate>,
        looks: Vec<PlateLook>,
        stamp: FrameStamp,
        clock: ClockQuality,
    ) -> (Vec<Pending>, Vec<(u64, [Point; 4])>) {
        self.set_clock(clock);
        let jump = self.tell_jump(stamp, clock);
        let kept = self.plates.as_mut().map_or_else(Vec::new, |plates| plates.hear(&looks, stamp));
        self.write(&Record::Plates { stamp, found, looks });
        (jump.into_iter().chain(self.drain(clock)).collect(), kept)
    }

    /// The lists that plates are held against.
    pub fn lists(&self) -> &[PlateList] {
        self.plates.as_ref().map_or(&[], PlateDesk::lists)
    }

    /// Visits of plates that are not settled: their pictures must be kept.
    pub fn plates_present(&self) -> impl Iterator<Item = u64> + '_ {
        self.plates.iter().flat_map(PlateDesk::present)
    }

    /// Ends whoever was not seen for too long.
    pub fn handle_timeout(&mut self, now: MonoTime, clock: ClockQuality) -> Vec<Pending> {
        self.set_clock(clock);
        self.gates.iter_mut().for_each(|gate| gate.handle_timeout(now));
        self.write(&Record::TimedOut { now });
        self.drain(clock)
    }

    /// The source is over.
    pub fn handle_end(&mut self, media: MediaTime, at: UtcTime, clock: ClockQuality) -> Vec<Pending> {
        self.set_clock(clock);
        self.gates.iter_mut().for_each(|gate| gate.handle_end(media, at));
        if let Some(plates) = &mut self.plates {
            plates.end();
        }
        self.write(&Record::Ended { media, at });
        self.drain(clock)
    }

    /// The camera's state changed.
    pub fn handle_camera(&mut self, change: CameraChange, at: UtcTime, clock: ClockQuality) -> Vec<Pending> {
        self.set_clock(clock);
        self.write(&Record::Camera { change: change.clone(), at });
        vec![self.pending(at, clock, Fact::Camera(change))]
    }

    /// When [`Desk::handle_timeout`] is next due.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        self.gates.iter().filter_map(Gate::poll_timeout).min()
    }

    /// The looks that must be kept, each with the index of its gate.
    pub fn looks(&self) -> impl Iterator<Item = (usize, Look)> + '_ {
        self.gates.iter().enumerate().flat_map(|(index, gate)| gate.looks().map(move |look| (index, look)))
    }

    /// Completes an event with the media that show it.
    pub fn complete(&mut self, pending: Pending, evidence: Vec<EvidenceRef>) -> Event {
        if !evidence.is_empty() {
            self.write(&Record::Shown { number: pending.number, evidence: evidence.clone() });
        }
        let payload = match pending.fact {
            Fact::Gate(GateEvent::Passed(what)) => Payload::Passed(WithEvidence { what, evidence }),
            Fact::Gate(GateEvent::Stayed(what)) => Payload::Stayed(WithEvidence { what, evidence }),
            Fact::Gate(GateEvent::OccupancyChanged(what)) => Payload::OccupancyChanged(what),
            Fact::Gate(GateEvent::Incident(what)) => Payload::IncidentSeen(WithEvidence { what, evidence }),
            Fact::Camera(change) => Payload::CameraChanged(change),
            Fact::Clock(jump) => Payload::ClockJumped(jump),
            Fact::Plate(what) => Payload::PlateRead(WithEvidence { what: *what, evidence }),
        };
        let id = EventId::derive(pending.at, &self.nonce, pending.number);
        Event { id, at: pending.at, clock: pending.clock, payload }
    }

    fn set_clock(&mut self, clock: ClockQuality) {
        if self.clock != Some(clock) {
            if let Some(before) = self.clock {
                self.jumped_ms = self.jumped_ms.saturating_add(clock.offset_ms.saturating_sub(before.offset_ms));
            }
            self.clock = Some(clock);
            self.write(&Record::Clock { clock });
        }
    }

    /// A jump of the wall clock is an event of its own, so that a report can say which hours to distrust. Each camera
    /// of the node tells it, with its next frame. What each event's time is worth stands in the event in any case.
    fn tell_jump(&mut self, stamp: FrameStamp, clock: ClockQuality) -> Option<Pending> {
        let (left, since) = &mut self.jumps_left;
        if stamp.arrived.since(*since) >= JUMP_EVERY {
            (*left, *since) = (JUMPS_SOON_MAX.min(*left + 1), stamp.arrived);
        }
        if self.jumped_ms == 0 || *left == 0 {
            return None;
        }
        *left -= 1;
        let by_ms = std::mem::take(&mut self.jumped_ms);
        Some(self.pending(stamp.utc, clock, Fact::Clock(ClockJump { by_ms })))
    }

    fn drain(&mut self, clock: ClockQuality) -> Vec<Pending> {
        let mut drained = Vec::new();
        for index in 0..self.gates.len() {
            while let Some(event) = self.gates[index].poll_event() {
                let at = match &event {
                    GateEvent::Passed(passage) => passage.at,
                    GateEvent::Stayed(stay) => stay.to,
                    GateEvent::OccupancyChanged(occupancy) => occupancy.at,
                    GateEvent::Incident(incident) => incident.at,
                };
                drained.push(self.pending(at, clock, Fact::Gate(event)));
            }
        }
        while let Some(read) = self.plates.as_mut().and_then(PlateDesk::poll) {
            drained.push(self.pending(read.to, clock, Fact::Plate(Box::new(read))));
        }
        drained
    }

    fn pending(&mut self, at: UtcTime, clock: ClockQuality, fact: Fact) -> Pending {
        let number = self.next_number;
        self.next_number += 1;
        Pending { number, at, clock, fact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ClockSource;

    #[test]
    fn a_clock_that_jumps_is_told_once_and_events_carry_it() {
        let camera = CameraId::new("c").expect("a slug");
        let mut desk =
            Desk::new(DeskPlan { camera: camera.clone(), gates: Vec::new(), nonce: [0; 16], plates: None }, None);
        let mut see = |frame: u64, offset_ms: i64| {
            let time = frame * 100_000;
            let stamp = FrameStamp {
                media: MediaTime::from_micros(time),
                arrived: MonoTime::from_micros(time),
                utc: UtcTime::UNIX_EPOCH,
            };
            let clock = ClockQuality { source: ClockSource::Unknown, offset_ms, uncertainty_ms: None };
            let told = desk.handle_observations(Observations { camera: camera.clone(), stamp, tracks: vec![] }, clock);
            told.into_iter().map(|one| desk.complete(one, Vec::new())).collect::<Vec<_>>()
        };
        assert_eq!(see(0, 0), []);
        let told = see(1, -3_600_000);
        assert!(
            matches!(&told[..], [Event { payload: Payload::ClockJumped(ClockJump { by_ms: -3_600_000 }), clock, .. }]
                if clock.offset_ms == -3_600_000),
            "{told:?}"
        );
        assert_eq!(see(2, -3_600_000), []);
        // It stands still, for 130 seconds.
        let told: Vec<_> = (3..=1_300).flat_map(|frame| see(frame, -3_600_000 - 100 * frame as i64)).collect();
        assert_eq!(told.len(), 3 + 2, "{told:?}");
    }
}
