//! The gate itself.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::incident::{CrowdingBegan, CrowdingEnded, Tailgating, WrongDirection};
use domain::passage::Shot;
use domain::{
    CameraId, CountGroup, Direction, GateId, Incident, IncidentKind, MediaTime, MonoTime, Observations, Occupancy,
    Passage, Stay, TrackObservation, UtcTime,
};

use crate::crowd::{CrowdChange, CrowdState};
use crate::identity::{Identity, Sighting};
use crate::line::Crossing;
use crate::profile::GateProfile;
use crate::ride::{Riding, sits_on};
use crate::tailgating::Followers;
use crate::zone::OpenStay;

/// Most identities at one gate at once; when full, the one seen longest ago ends as if it had left.
pub const IDENTITIES_MAX: usize = 1024;

/// How long a zone's number must hold before it is told, so that a flicker is not news.
const OCCUPANCY_SETTLE: Duration = Duration::from_millis(500);

/// Names an identity for the run of one gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityNumber(u64);

#[cfg(test)]
impl IdentityNumber {
    pub(crate) const fn of(number: u64) -> Self {
        Self(number)
    }
}

/// The best look at somebody present so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Who.
    pub identity: IdentityNumber,
    /// What group it counts in.
    pub group: CountGroup,
    /// The frame and where in it.
    pub shot: Shot,
}

/// Something that happened at the gate.
#[derive(Debug, Clone, PartialEq)]
pub enum GateEvent {
    /// Something went over a counting line.
    Passed(Passage),
    /// Something stayed in a zone and left.
    Stayed(Stay),
    /// The number in a zone changed.
    OccupancyChanged(Occupancy),
    /// Something happened that the profile does not allow, or warns of.
    Incident(Incident),
}

/// The state machine of one gate with one camera.
///
/// Feed it every frame's observations with [`Gate::handle_observations`], call [`Gate::handle_timeout`] when
/// [`Gate::poll_timeout`] is reached, and take events with [`Gate::poll_event`] until there is none.
#[derive(Debug)]
pub struct Gate {
    id: GateId,
    camera: CameraId,
    profile: GateProfile,
    identities: BTreeMap<IdentityNumber, Identity>,
    next_number: u64,
    occupancy: Vec<ZoneCount>,
    /// For each line of the profile.
    followers: Vec<Followers>,
    /// For each zone of the profile.
    crowds: Vec<CrowdState>,
    events: VecDeque<GateEvent>,
}

/// What was last told about one group in one zone, and what may be told next.
#[derive(Debug, Clone, Copy)]
struct ZoneCount {
    zone: usize,
    group: CountGroup,
    told: u32,
    candidate: u32,
    since: MediaTime,
}

impl Gate {
    /// A gate that has seen nothing.
    pub fn new(id: GateId, camera: CameraId, profile: GateProfile) -> Self {
        let occupancy = profile
            .zones
            .iter()
            .enumerate()
            .flat_map(|(zone, z)| z.groups.iter().map(move |group| (zone, *group)))
            .map(|(zone, group)| ZoneCount { zone, group, told: 0, candidate: 0, since: MediaTime::default() })
            .collect();
        Self {
            id,
            camera,
            followers: vec![Followers::default(); profile.lines.len()],
            crowds: vec![CrowdState::default(); profile.zones.len()],
            profile,
            identities: BTreeMap::new(),
            next_number: 0,
            occupancy,
            events: VecDeque::new(),
        }
    }

    /// The gate's name.
    pub fn id(&self) -> &GateId {
        &self.id
    }

    /// Its camera; observations of another camera are ignored.
    pub fn camera(&self) -> &CameraId {
        &self.camera
    }

    /// Takes what was seen in the next frame.
    pub fn handle_observations(&mut self, seen: &Observations) {
        if seen.camera != self.camera {
            return;
        }
        let stamp = seen.stamp;
        self.handle_timeout(stamp.arrived);
        let sighting = |observation: &TrackObservation| Sighting {
            media: stamp.media,
            arrived: stamp.arrived,
            at: stamp.utc,
            bbox: observation.bbox,
        };
        let carried: BTreeMap<_, _> = self.identities.iter().map(|(number, i)| (i.track, *number)).collect();
        let (known, fresh): (Vec<&TrackObservation>, Vec<_>) =
            seen.tracks.iter().partition(|o| carried.contains_key(&o.track));
        let mut present = Vec::with_capacity(seen.tracks.len());
        for observation in known {
            let number = carried[&observation.track];
            present.push((number, self.see(number, observation, sighting(observation))));
        }
        for observation in fresh {
            let number = self.find_or_add(observation, sighting(observation));
            present.push((number, self.see(number, observation, sighting(observation))));
        }
        self.see_riders(&present);
        for (number, _) in present {
            self.decide(number);
        }
        self.tell_occupancy(stamp.media, stamp.utc, OCCUPANCY_SETTLE);
        self.see_crowds(stamp.media, stamp.utc);
    }

    /// Ends every identity that was not seen for longer than the profile's `lost_max`.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        let lost_max = self.profile.counting.lost_max;
        let gone: Vec<_> =
            self.identities.iter().filter(|(_, i)| now.since(i.last.arrived) > lost_max).map(|(n, _)| *n).collect();
        for number in gone {
            self.end(number);
        }
    }

    /// When [`Gate::handle_timeout`] is next due; nothing while nobody is there.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let earliest = self.identities.values().map(|i| i.last.arrived).min()?;
        // One more microsecond, because an identity ends when it was away for longer than the limit.
        Some(earliest + self.profile.counting.lost_max + Duration::from_micros(1))
    }

    /// The next event, in the order in which they became certain.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<GateEvent> {
        self.events.pop_front()
    }

    /// The source is over: everybody ends, and zones are empty from `at` on.
    pub fn handle_end(&mut self, media: MediaTime, at: UtcTime) {
        let all: Vec<_> = self.identities.keys().copied().collect();
        for number in all {
            self.end(number);
        }
        self.tell_occupancy(media, at, Duration::ZERO);
        for zone in 0..self.crowds.len() {
            let change = self.crowds[zone].end();
            self.tell_crowd(zone, 0, change, media, at);
        }
    }

    /// The look that each present identity would be shown by, where its group is pictured at all. Keep these frames'
    /// crops; all others may go.
    pub fn looks(&self) -> impl Iterator<Item = Look> + '_ {
        let looks = self.identities.iter().map(|(n, i)| Look { identity: *n, group: i.group(), shot: i.shot });
        looks.filter(|look| self.profile.pictures.contains(&look.group))
    }

    /// Notes the sighting; returns the time since the one before.
    fn see(&mut self, number: IdentityNumber, observation: &TrackObservation, now: Sighting) -> Duration {
        let identity = self.identities.get_mut(&number).expect("the number was just looked up or added");
        let elapsed = now.media.since(identity.last.media);
        if !elapsed.is_zero() {
            identity.see(observation, now);
        }
        elapsed
    }

    /// A track that nobody carries: somebody who was lost, or somebody new.
    fn find_or_add(&mut self, observation: &TrackObservation, now: Sighting) -> IdentityNumber {
        let lost_max = self.profile.counting.lost_max;
        let found = self
            .identities
            .iter()
            .filter_map(|(number, i)| Some((*number, i.unlikeness(observation, &now, lost_max)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((number, _)) = found {
            return number;
        }
        if self.identities.len() >= IDENTITIES_MAX
            && let Some(oldest) = self.identities.iter().min_by_key(|(_, i)| i.last.arrived).map(|(n, _)| *n)
        {
            self.end(oldest);
        }
        let number = IdentityNumber(self.next_number);
        self.next_number += 1;
        self.identities.insert(number, Identity::new(&self.profile, observation, now));
        number
    }

    fn see_riders(&mut self, present: &[(IdentityNumber, Duration)]) {
        let is_two_wheeler = |n: &IdentityNumber| self.identities[n].class().0.is_two_wheeler();
        let two_wheelers: Vec<_> = present.iter().map(|(n, _)| *n).filter(is_two_wheeler).collect();
        for (number, elapsed) in present {
            let person = &self.identities[number];
            if person.group() != CountGroup::Person {
                continue;
            }
            let rides = two_wheelers.iter().any(|vehicle| sits_on(person, &self.identities[vehicle]));
            let riding = if rides { Riding::Yes } else { Riding::No };
            self.identities.get_mut(number).expect("just seen").ride.see(riding, *elapsed);
        }
    }

    /// Holds an identity that was just seen against every line and zone.
    fn decide(&mut self, number: IdentityNumber) {
        let identity = self.identities.get_mut(&number).expect("just seen");
        let (profile, now) = (&self.profile, identity.last);
        let mut crossings = Vec::new();
        for (index, (line, state)) in profile.lines.iter().zip(&mut identity.lines).enumerate() {
            crossings.extend(state.see(line, &profile.counting, now).map(|crossing| (index, crossing)));
        }
        let mut stays = Vec::new();
        for (index, (zone, state)) in profile.zones.iter().zip(&mut identity.zones).enumerate() {
            stays.extend(state.see(zone, &profile.counting, now).map(|stay| (index, stay)));
        }
        let identity = &self.identities[&number];
        let passages: Vec<_> = crossings
            .into_iter()
            .filter_map(|(line, crossing)| Some((line, self.passage(line, identity, crossing)?)))
            .collect();
        let stays: Vec<_> = stays.into_iter().filter_map(|(zone, stay)| self.stay(zone, identity, stay)).collect();
        for (line, passage) in passages {
            self.tell_passage(line, number, passage);
        }
        self.events.extend(stays);
    }

    fn end(&mut self, number: IdentityNumber) {
        let Some(mut identity) = self.identities.remove(&number) else { return };
        let mut lines = std::mem::take(&mut identity.lines);
        for (line, state) in lines.iter_mut().enumerate() {
            if let Some(passage) = state.end().and_then(|crossing| self.passage(line, &identity, crossing)) {
                self.tell_passage(line, number, passage);
            }
        }
        let mut zones = std::mem::take(&mut identity.zones);
        for (index, state) in zones.iter_mut().enumerate() {
            let event = state.end(&self.profile.counting).and_then(|stay| self.stay(index, &identity, stay));
            self.events.extend(event);
        }
    }

    fn passage(&self, line: usize, identity: &Identity, crossing: Crossing) -> Option<Passage> {
        let line = &self.profile.lines[line];
        let (class, confidence) = identity.class();
        if !self.counts(identity) || !line.groups.contains(&class.group()) {
            return None;
        }
        Some(Passage {
            gate: self.id.clone(),
            line: line.id.clone(),
            camera: self.camera.clone(),
            direction: if crossing.to == line.inside { Direction::In } else { Direction::Out },
            class,
            confidence,
            track: identity.track,
            media: crossing.media,
            at: crossing.at,
            bbox: crossing.bbox.clipped(),
            shot: identity.shot,
        })
    }

    /// Tells a passage, and what was not allowed about it. It counts all the same.
    fn tell_passage(&mut self, line: usize, number: IdentityNumber, passage: Passage) {
        let rules = &self.profile.lines[line];
        let mut incidents = Vec::new();
        if rules.only.is_some_and(|only| only != passage.direction) {
            let Passage { direction, class, track, shot, .. } = passage;
            let wrong = WrongDirection { line: rules.id.clone(), direction, class, track, shot };
            incidents.push((passage.at, passage.media, IncidentKind::WrongDirection(wrong)));
        }
        let followed = rules.gap.map(|gap| self.followers[line].see(gap, number, &passage));
        for follower in followed.into_iter().flatten() {
            let Passage { direction, class, track, shot, at, media, .. } = follower.passage;
            let tailgating = Tailgating {
                line: rules.id.clone(),
                direction,
                class,
                track,
                ahead: follower.ahead.track,
                gap_ms: u64::try_from(follower.gap.as_millis()).expect("below the longest gap of a profile"),
                shot,
            };
            incidents.push((at, media, IncidentKind::Tailgating(tailgating)));
        }
        self.events.push_back(GateEvent::Passed(passage));
        for (at, media, what) in incidents {
            self.tell_incident(media, at, what);
        }
    }

    fn tell_incident(&mut self, media: MediaTime, at: UtcTime, what: IncidentKind) {
        let incident = Incident { gate: self.id.clone(), camera: self.camera.clone(), at, media, what };
        self.events.push_back(GateEvent::Incident(incident));
    }

    fn stay(&self, zone: usize, identity: &Identity, stay: OpenStay) -> Option<GateEvent> {
        let zone = &self.profile.zones[zone];
        let class = identity.class().0;
        if !self.counts(identity) || !zone.groups.contains(&class.group()) {
            return None;
        }
        Some(GateEvent::Stayed(Stay {
            gate: self.id.clone(),
            zone: zone.id.clone(),
            camera: self.camera.clone(),
            class,
            track: identity.track,
            from: stay.first.at,
            to: stay.last.at,
            media_from: stay.first.media,
            media_to: stay.last.media,
            shot: identity.shot,
        }))
    }

    fn counts(&self, identity: &Identity) -> bool {
        identity.sightings >= self.profile.counting.sightings_min && !identity.ride.is_rider()
    }

    /// How many of a group are in a zone.
    fn inside(&self, zone: usize, group: CountGroup) -> u32 {
        let counting = &self.profile.counting;
        let is_counted = |i: &&Identity| i.zones[zone].is_inside(counting) && !i.ride.is_rider() && i.group() == group;
        u32::try_from(self.identities.values().filter(is_counted).count()).expect("at most IDENTITIES_MAX")
    }

    fn see_crowds(&mut self, media: MediaTime, at: UtcTime) {
        for zone in 0..self.crowds.len() {
            let Some(limit) = self.profile.zones[zone].crowd else { continue };
            let count = self.inside(zone, limit.group);
            let change = self.crowds[zone].see(&limit, count, media, at);
            self.tell_crowd(zone, count, change, media, at);
        }
    }

    fn tell_crowd(&mut self, zone: usize, count: u32, change: Option<CrowdChange>, media: MediaTime, at: UtcTime) {
        let zone = &self.profile.zones[zone];
        let (Some(limit), Some(change)) = (zone.crowd, change) else { return };
        let (zone, group, above) = (zone.id.clone(), limit.group, limit.above);
        let what = match change {
            CrowdChange::Began { since } => {
                IncidentKind::CrowdingBegan(CrowdingBegan { zone, group, count, above, since })
            }
            CrowdChange::Ended { since, peak } => {
                IncidentKind::CrowdingEnded(CrowdingEnded { zone, group, count, peak, above, since })
            }
        };
        self.tell_incident(media, at, what);
    }

    fn tell_occupancy(&mut self, media: MediaTime, at: UtcTime, settle: Duration) {
        for index in 0..self.occupancy.len() {
            let ZoneCount { zone, group, .. } = self.occupancy[index];
            let number = self.inside(zone, group);
            let count = &mut self.occupancy[index];
            if number != count.candidate {
                count.candidate = number;
                count.since = media;
            }
            if count.candidate != count.told && media.since(count.since) >= settle {
                count.told = count.candidate;
                self.events.push_back(GateEvent::OccupancyChanged(Occupancy {
                    gate: self.id.clone(),
                    zone: self.profile.zones[count.zone].id.clone(),
                    group: count.group,
                    count: count.told,
                    at,
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests;
