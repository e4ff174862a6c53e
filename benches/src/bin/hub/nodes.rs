//! Nodes whose gates are busy.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use domain::{
    BoundingBox, CameraId, ClockQuality, Direction, GateId, LineId, MediaTime, NodeId, ObjectClass, Passage, Point,
    SiteId, TrackId, UtcTime,
};
use wire::access::PlateShown;
use wire::event::WithEvidence;
use wire::plate::{ListPurpose, PlateColour, PlateMatch, PlateOutcome, PlateRead, PlateReading, PlateShot, PlateVote};
use wire::{
    AccessDecided, AccessVerdict, Channel, Envelope, Event, EventHash, EventId, LaneName, NodeKey, NodeTopic, Payload,
    Unsealed,
};

/// Nodes of one site.
const NODES_PER_SITE: u8 = 8;
/// In the events of a day, every so many-th is a plate.
const PLATE_EVERY: u64 = 4;
/// Every so many-th plate is decided about, in the event after it.
const DECIDED_EVERY: u64 = 2 * PLATE_EVERY;
/// A plate that many vehicles have, so that looking for it finds something.
const PLATE: &str = "30A12345";
/// A list that few plates are on, and one that many are on.
pub(crate) const WATCHED: &str = "looked-for";
pub(crate) const STAFF: &str = "staff";

pub(crate) struct Node {
    pub(crate) site: SiteId,
    pub(crate) node: NodeId,
    pub(crate) key: NodeKey,
    pub(crate) gate: GateId,
    number: u8,
    seq: u64,
    prev: EventHash,
    /// Identity of the event before.
    before: EventId,
}

impl Node {
    pub(crate) fn new(number: u64) -> Self {
        let number = u8::try_from(number % 200).expect("below 200");
        Self {
            site: SiteId::new(format!("site-{}", number / NODES_PER_SITE)).expect("a name"),
            node: NodeId::new(format!("node-{number}")).expect("a name"),
            gate: GateId::new(format!("cong-{number}")).expect("a name"),
            key: NodeKey::from_seed([number + 1; 32]),
            number,
            seq: 0,
            prev: EventHash::GENESIS,
            before: EventId::derive(UtcTime::UNIX_EPOCH, &[number; 16], 0),
        }
    }

    pub(crate) fn topic(&self) -> String {
        NodeTopic { site: self.site.clone(), node: self.node.clone(), channel: Channel::Event }.to_string()
    }

    /// Somebody goes in or out now.
    pub(crate) fn passes(&mut self) -> Result<Vec<u8>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        let at = UtcTime::from_unix_micros(i64::try_from(now)?)?;
        self.seq += 1;
        let payload = self.passage(at)?;
        self.seal(at, payload)
    }

    /// The next of a day's events: passages, plates among them, and what was decided about these.
    pub(crate) fn happens(&mut self, at: UtcTime) -> Result<Vec<u8>> {
        self.seq += 1;
        let payload = if self.seq.is_multiple_of(PLATE_EVERY) {
            self.plate(at)?
        } else if self.seq % DECIDED_EVERY == PLATE_EVERY + 1 {
            self.decision()?
        } else {
            self.passage(at)?
        };
        self.seal(at, payload)
    }

    fn seal(&mut self, at: UtcTime, payload: Payload) -> Result<Vec<u8>> {
        let id = EventId::derive(at, &[self.number; 16], self.seq);
        let event = Event { id, at, clock: ClockQuality::MEDIA, payload };
        let place = Unsealed { site: &self.site, node: &self.node, seq: self.seq, prev: self.prev };
        let envelope = Envelope::seal(&self.key, &place, &event)?;
        self.prev = envelope.hash();
        self.before = id;
        Ok(envelope.as_bytes().to_vec())
    }

    fn passage(&self, at: UtcTime) -> Result<Payload> {
        let bbox = BoundingBox::new(0.25, 0.25, 0.5, 0.75)?;
        Ok(Payload::Passed(WithEvidence {
            what: Passage {
                gate: self.gate.clone(),
                line: LineId::new("vach-1")?,
                camera: CameraId::new("cam-1")?,
                direction: if self.seq.is_multiple_of(3) { Direction::Out } else { Direction::In },
                class: if self.seq.is_multiple_of(5) { ObjectClass::Motorbike } else { ObjectClass::Person },
                confidence: 0.75,
                track: TrackId(self.seq),
                media: MediaTime::from_micros(self.seq),
                at,
                bbox,
                shot: domain::passage::Shot { media: MediaTime::from_micros(self.seq), bbox },
            },
            evidence: vec![],
        }))
    }

    /// About the plate of the event before.
    fn decision(&self) -> Result<Payload> {
        let verdict = match self.seq / DECIDED_EVERY % 16 {
            3 => AccessVerdict::Deny,
            7 | 11 => AccessVerdict::Refer,
            _ => AccessVerdict::Permit,
        };
        Ok(Payload::AccessDecided(WithEvidence {
            what: AccessDecided {
                lane: LaneName::new("lan-1")?,
                gate: Some(self.gate.clone()),
                number: format!("1.{}", self.seq),
                verdict,
                reason: "rule".to_owned(),
                detail: String::new(),
                rule: None,
                guard: None,
                subjects: vec![],
                method: Some("plate".to_owned()),
                plate: Some(PlateShown {
                    event: self.before,
                    camera: CameraId::new("cam-1")?,
                    visit: self.seq - 1,
                    key: PLATE.to_owned(),
                }),
                trail: vec![],
            },
            evidence: vec![],
        }))
    }

    fn plate(&self, at: UtcTime) -> Result<Payload> {
        // One of a few hundred keys, and now and then the one that is looked for.
        let key = if self.seq.is_multiple_of(100) {
            PLATE.to_owned()
        } else {
            format!("{}A{:05}", 11 + self.number % 80, self.seq * 7 % 100_000)
        };
        let media = MediaTime::from_micros(self.seq);
        let turn = self.seq / PLATE_EVERY + u64::from(self.number);
        // Most are cars with a white plate; a bus, a red plate or one that is looked for is rare.
        let class = match turn % 50 {
            0 => ObjectClass::Bus,
            1..=5 => ObjectClass::Truck,
            6..=20 => ObjectClass::Motorbike,
            _ => ObjectClass::Car,
        };
        let colour = match turn % 67 {
            0 => PlateColour::Red,
            1..=10 => PlateColour::Yellow,
            _ => PlateColour::White,
        };
        let of_list = |list: &str, purpose| PlateMatch {
            list: list.to_owned(),
            purpose,
            key: key.clone(),
            score: 1.0,
            differing: vec![],
            note: String::new(),
        };
        let matches = match turn % 400 {
            0 => vec![of_list(WATCHED, ListPurpose::Watch)],
            1..=80 => vec![of_list(STAFF, ListPurpose::Allow)],
            _ => vec![],
        };
        Ok(Payload::PlateRead(WithEvidence {
            what: PlateRead {
                gates: vec![self.gate.clone()],
                camera: CameraId::new("cam-1")?,
                visit: self.seq,
                vehicle: Some(TrackId(self.seq)),
                vehicle_class: Some(class),
                from: at,
                to: at,
                outcome: PlateOutcome::Read,
                reason: String::new(),
                readings: vec![PlateReading {
                    key: key.clone(),
                    display: key.clone(),
                    kind: "car".to_owned(),
                    issuer: None,
                    confidence: 0.9,
                    glyph_confidence: vec![0.9; key.len()],
                    corrected: vec![],
                    ambiguous: false,
                }],
                raw: key.clone(),
                colour,
                rows: 1,
                votes: vec![PlateVote { media, raw: key, confidence: 0.9, weight: 1.0 }],
                shot: PlateShot { media, corners: [Point { x: 0.25, y: 0.5 }; 4] },
                matches,
            },
            evidence: vec![],
        }))
    }
}
