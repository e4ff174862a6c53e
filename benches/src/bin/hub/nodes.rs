//! Nodes whose gates are busy.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use domain::{
    BoundingBox, CameraId, ClockQuality, Direction, GateId, LineId, MediaTime, NodeId, ObjectClass, Passage, SiteId,
    TrackId, UtcTime,
};
use wire::event::WithEvidence;
use wire::{Channel, Envelope, Event, EventHash, EventId, NodeKey, NodeTopic, Payload, Unsealed};

pub(crate) struct Node {
    pub(crate) site: SiteId,
    pub(crate) node: NodeId,
    pub(crate) key: NodeKey,
    gate: GateId,
    number: u8,
    seq: u64,
    prev: EventHash,
}

impl Node {
    pub(crate) fn new(number: u64) -> Self {
        let number = u8::try_from(number % 200).expect("below 200");
        Self {
            site: SiteId::new("cao-nguyen").expect("a name"),
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
        self.seq += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        let at = UtcTime::from_unix_micros(i64::try_from(now)?)?;
        let bbox = BoundingBox::new(0.25, 0.25, 0.5, 0.75)?;
        let payload = Payload::Passed(WithEvidence {
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
        });
        let event =
            Event { id: EventId::derive(at, &[self.number; 16], self.seq), at, clock: ClockQuality::MEDIA, payload };
        let place = Unsealed { site: &self.site, node: &self.node, seq: self.seq, prev: self.prev };
        let envelope = Envelope::seal(&self.key, &place, &event)?;
        self.prev = envelope.hash();
        Ok(envelope.as_bytes().to_vec())
    }
}
