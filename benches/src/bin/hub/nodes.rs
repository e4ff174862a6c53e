//! Nodes whose gates are busy.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use domain::{
    BoundingBox, CameraId, ClockQuality, Direction, GateId, LineId, MediaTime, NodeId, ObjectClass, Passage, Point,
    SiteId, TrackId, UtcTime,
};
use wire::event::WithEvidence;
use wire::plate::{PlateColour, PlateOutcome, PlateRead, PlateReading, PlateShot, PlateVote};
use wire::{Channel, Envelope, Event, EventHash, EventId, NodeKey, NodeTopic, Payload, Unsealed};

/// Nodes of one site.
const NODES_PER_SITE: u8 = 8;
/// In the events of a day, every so many-th is a plate.
const PLATE_EVERY: u64 = 4;
/// A plate that many vehicles have, so that looking for it finds something.
const PLATE: &str = "30A12345";

pub(crate) struct Node {
    pub(crate) site: SiteId,
    pub(crate) node: NodeId,
    pub(crate) key: NodeKey,
    pub(crate) gate: GateId,
    number: u8,
    seq: u64,
    prev: EventHash,
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

    /// The next of a day's events: passages, and plates among them.
    pub(crate) fn happens(&mut self, at: UtcTime) -> Result<Vec<u8>> {
        self.seq += 1;
        let payload = if self.seq.is_multiple_of(PLATE_EVERY) { self.plate(at)? } else { self.passage(at)? };
        self.seal(at, payload)
    }

    fn seal(&mut self, at: UtcTime, payload: Payload) -> Result<Vec<u8>> {
        let event =
            Event { id: EventId::derive(at, &[self.number; 16], self.seq), at, clock: ClockQuality::MEDIA, payload };
        let place = Unsealed { site: &self.site, node: &self.node, seq: self.seq, prev: self.prev };
        let envelope = Envelope::seal(&self.key, &place, &event)?;
        self.prev = envelope.hash();
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

    fn plate(&self, at: UtcTime) -> Result<Payload> {
        // One of a few hundred keys, and now and then the one that is looked for.
        let key = if self.seq.is_multiple_of(100) {
            PLATE.to_owned()
        } else {
            format!("{}A{:05}", 11 + self.number % 80, self.seq * 7 % 100_000)
        };
        let media = MediaTime::from_micros(self.seq);
        Ok(Payload::PlateRead(WithEvidence {
            what: PlateRead {
                gates: vec![self.gate.clone()],
                camera: CameraId::new("cam-1")?,
                visit: self.seq,
                vehicle: Some(TrackId(self.seq)),
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
                colour: PlateColour::White,
                rows: 1,
                votes: vec![PlateVote { media, raw: key, confidence: 0.9, weight: 1.0 }],
                shot: PlateShot { media, corners: [Point { x: 0.25, y: 0.5 }; 4] },
                matches: vec![],
            },
            evidence: vec![],
        }))
    }
}
