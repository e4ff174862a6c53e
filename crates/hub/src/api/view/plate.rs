//! Read plates.

use std::collections::HashSet;

use domain::ObjectClass;
use projections::{Delta, PlateDecided, PlateRow};
use serde::Serialize;
use store::{PlateOfPassage, StoredEvent};
use utoipa::ToSchema;
use vnplate::{Confusion, Glyph, Key, Likeness, compare};
use wire::plate::{ListPurpose, PlateMatch, PlateRead};
use wire::{BlobHash, EvidenceAdded, Payload};

use super::{Clip, Evidence, evidence};

/// A plate that was in front of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plate {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The gates of the camera.
    gates: Vec<String>,
    /// The node.
    node: String,
    /// Number of the event.
    seq: u64,
    /// The camera.
    camera: String,
    /// Number of the visit, counted per camera and run.
    visit: u64,
    /// The track of the vehicle that carried it; nothing where none was followed.
    vehicle: Option<u64>,
    /// What that vehicle was taken for, such as `car`; nothing where none was followed.
    vehicle_class: Option<&'static str>,
    /// When it was first seen.
    from: String,
    /// When it was last seen before the result was settled.
    to: String,
    /// `read`, `unknown_kind`, `unreadable` or `not_a_plate`.
    outcome: &'static str,
    /// Why there is no reading, or why a person should look.
    reason: String,
    /// The likeliest key: upper case, no separators, Đ as D. Nothing unless it was read, as the next ones.
    key: Option<String>,
    /// The same as it is written for people.
    display: Option<String>,
    /// The kind of plate, such as `car`.
    kind: Option<String>,
    /// The province or body that issued it, as it is called today.
    issuer: Option<String>,
    /// Probability that this is what the plate says, 0 to 1.
    confidence: Option<f32>,
    /// Whether another kind or key fits about as well.
    ambiguous: bool,
    /// Colour of its ground: `white`, `yellow`, `blue`, `red` or `unknown`.
    colour: &'static str,
    /// Rows of glyphs.
    rows: u8,
    /// The list that it resembles an entry of, a watch list before others.
    listed: Option<Listed>,
    /// The names of all lists that it resembles an entry of.
    lists: Vec<String>,
    /// What was decided last about who showed it; for whoever may read decisions; a live event does not know
    /// it yet.
    decided: Option<PlateDecision>,
    /// How alike it is to the plate that was looked for; only in the answer to such a search.
    likeness: Option<PlateLikeness>,
    /// The media that show it.
    evidence: Vec<Evidence>,
}

/// What was decided about who showed a plate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateDecision {
    /// Identity of the event that tells of it.
    id: String,
    /// `permit`, `deny` or `refer`.
    verdict: &'static str,
}

/// How alike a plate is to the one that was looked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateLikeness {
    /// How easily one is taken for the other, 0 to 1: 1 is equal.
    score: f32,
    /// Where they differ; `listed` is what was looked for.
    differing: Vec<Difference>,
}

/// An entry of a list that a plate resembles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed {
    /// The list.
    list: String,
    /// `watch` (somebody must be told) or `allow` (it may pass).
    purpose: &'static str,
    /// Key of the entry.
    key: String,
    /// How alike the two are, 0 to 1: 1 is equal.
    score: f32,
}

impl Plate {
    pub(crate) fn new(row: &PlateRow, stored: &HashSet<BlobHash>) -> Self {
        let best = row.best.as_ref();
        Self {
            id: row.id.to_string(),
            site: row.site.to_string(),
            gates: row.gates.iter().map(ToString::to_string).collect(),
            node: row.node.to_string(),
            seq: row.seq,
            camera: row.camera.to_string(),
            visit: row.visit,
            vehicle: row.vehicle.map(|track| track.0),
            vehicle_class: row.vehicle_class.map(ObjectClass::as_str),
            from: row.from.to_string(),
            to: row.to.to_string(),
            outcome: row.outcome.as_str(),
            reason: row.reason.clone(),
            key: best.map(|best| best.key.clone()),
            display: best.map(|best| best.display.clone()),
            kind: best.map(|best| best.kind.clone()),
            issuer: best.and_then(|best| best.issuer.clone()),
            confidence: best.map(|best| best.confidence),
            ambiguous: best.is_some_and(|best| best.ambiguous),
            colour: row.colour.as_str(),
            rows: row.rows,
            listed: row.listed.as_ref().map(|listed| Listed {
                list: listed.list.clone(),
                purpose: purpose_name(listed.purpose),
                key: listed.key.clone(),
                score: listed.score,
            }),
            lists: row.lists.iter().cloned().collect(),
            decided: None,
            likeness: None,
            evidence: evidence(row.id, &row.evidence, stored),
        }
    }

    /// The same with what was decided.
    pub(crate) fn decided_by(mut self, decided: Option<PlateDecided>) -> Self {
        self.decided = decided
            .map(|decided| PlateDecision { id: decided.decision.to_string(), verdict: decided.verdict.as_str() });
        self
    }

    /// The same with how alike it is to the plate that was looked for.
    pub(crate) fn compared_with(mut self, asked: &Key) -> Self {
        let own = self.key.as_deref().and_then(|key| Key::from_text(key).ok());
        self.likeness = own.map(|own| {
            let likeness = compare(asked, &own, &Confusion::default());
            let sign = |glyph: Option<Glyph>| glyph.map_or_else(|| "-".to_owned(), |glyph| glyph.to_string());
            let differing = match &likeness {
                Likeness::Exact => &[][..],
                Likeness::Confusable { differing, .. } | Likeness::Differs { differing, .. } => differing,
            };
            let differing = differing.iter().map(|one| Difference {
                position: u8::try_from(one.index).unwrap_or(u8::MAX),
                listed: sign(one.ours),
                read: sign(one.theirs),
            });
            PlateLikeness { score: likeness.score(), differing: differing.collect() }
        });
        self
    }

    /// Of an event that is one. Its media are taken as still under way.
    pub(crate) fn from_event(event: &StoredEvent) -> Option<Self> {
        Some(Self::new(&row_of(event)?, &HashSet::new()))
    }
}

/// The row that the fold makes of an event, so that a live plate is the same as a listed one.
fn row_of(event: &StoredEvent) -> Option<PlateRow> {
    let Some(Payload::PlateRead(_)) = &event.payload else { return None };
    projections::fold(&event.fact())
        .into_iter()
        .find_map(|delta| if let Delta::Plate(row) = delta { Some(*row) } else { None })
}

const fn purpose_name(purpose: ListPurpose) -> &'static str {
    match purpose {
        ListPurpose::Watch => "watch",
        ListPurpose::Allow => "allow",
    }
}

/// One way to read a plate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reading {
    /// The key by which plates are compared.
    key: String,
    /// As it is written for people.
    display: String,
    /// The kind of plate.
    kind: String,
    /// Who issued it; nothing where the plate does not say.
    issuer: Option<String>,
    /// Probability that this is what the plate says.
    confidence: f32,
    /// Probability of each glyph.
    glyph_confidence: Vec<f32>,
    /// Positions, from 0, where the rules of plates decided against the glyph that looked likeliest.
    corrected: Vec<u8>,
    /// Whether another kind or key fits about as well.
    ambiguous: bool,
}

/// One look at the plate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vote {
    /// The frame, in microseconds of the camera's media time.
    media_us: u64,
    /// What this look alone reads, without the rules of plates.
    raw: String,
    /// Mean probability of its glyphs.
    confidence: f32,
    /// How much it counts among the looks.
    weight: f32,
}

/// Where the plate was in the frame that is pictured.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shot {
    /// The frame, in microseconds of the camera's media time.
    media_us: u64,
    /// The plate's own top left, top right, bottom right and bottom left corner, x and y in shares of the frame.
    corners: Vec<[f32; 2]>,
}

/// An entry of a list that the plate resembles, with where they differ.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Match {
    /// The list.
    list: String,
    /// `watch` or `allow`.
    purpose: &'static str,
    /// Key of the entry.
    key: String,
    /// How alike the two are: 1 is equal.
    score: f32,
    /// Where they differ.
    differing: Vec<Difference>,
    /// What the list says of the entry.
    note: String,
}

/// A glyph in which a plate and an entry, or the plate that was looked for, differ; `-` where one has none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Position from 0 in the entry.
    position: u8,
    /// What the entry has.
    listed: String,
    /// What was read.
    read: String,
}

impl From<&PlateMatch> for Match {
    fn from(found: &PlateMatch) -> Self {
        let differing = found.differing.iter().map(|difference| Difference {
            position: difference.position,
            listed: difference.listed.to_string(),
            read: difference.read.to_string(),
        });
        Self {
            list: found.list.clone(),
            purpose: purpose_name(found.purpose),
            key: found.key.clone(),
            score: found.score,
            differing: differing.collect(),
            note: found.note.clone(),
        }
    }
}

/// A plate with everything that led to the result, as the node signed it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateDetail {
    /// The result.
    plate: Plate,
    /// When the node told of it.
    at: String,
    /// When the hub took it in.
    received_at: String,
    /// Hash of the event.
    hash: String,
    /// The glyphs as they were seen, without the rules of plates.
    raw: String,
    /// What it may say, best first.
    readings: Vec<Reading>,
    /// Every look that went into the result, in the order of time.
    votes: Vec<Vote>,
    /// The look that is pictured.
    shot: Shot,
    /// Entries of lists that it resembles, best first.
    matches: Vec<Match>,
    /// Its clips; one comes some seconds after the event.
    clips: Vec<Clip>,
}

impl PlateDetail {
    /// Of an event that is one, with its clips; `stored` are those of its media that have arrived.
    pub(crate) fn from_event(event: &StoredEvent, clips: &[EvidenceAdded], stored: &HashSet<BlobHash>) -> Option<Self> {
        let Some(Payload::PlateRead(read)) = &event.payload else { return None };
        let PlateRead { reason, readings, raw, votes, shot, matches, .. } = &read.what;
        let readings = readings.iter().map(|reading| Reading {
            key: reading.key.clone(),
            display: reading.display.clone(),
            kind: reading.kind.clone(),
            issuer: reading.issuer.clone(),
            confidence: reading.confidence,
            glyph_confidence: reading.glyph_confidence.clone(),
            corrected: reading.corrected.clone(),
            ambiguous: reading.ambiguous,
        });
        let votes = votes.iter().map(|vote| Vote {
            media_us: vote.media.as_micros(),
            raw: vote.raw.clone(),
            confidence: vote.confidence,
            weight: vote.weight,
        });
        Some(Self {
            // The list cuts a long reason off; here it is whole.
            plate: Plate { reason: reason.clone(), ..Plate::new(&row_of(event)?, stored) },
            at: event.at.to_string(),
            received_at: event.received_at.to_string(),
            hash: event.hash.to_string(),
            raw: raw.clone(),
            readings: readings.collect(),
            votes: votes.collect(),
            shot: Shot {
                media_us: shot.media.as_micros(),
                corners: shot.corners.iter().map(|corner| (*corner).into()).collect(),
            },
            matches: matches.iter().map(Match::from).collect(),
            clips: clips.iter().filter_map(|added| Clip::new(added, stored)).collect(),
        })
    }

    /// The same with what was decided.
    pub(crate) fn decided_by(self, decided: Option<PlateDecided>) -> Self {
        Self { plate: self.plate.decided_by(decided), ..self }
    }
}

/// The plate of a vehicle that passed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassagePlate {
    /// Identity of the event that read it.
    id: String,
    /// As it is written for people.
    display: String,
    /// Probability that this is what the plate says, 0 to 1.
    confidence: f32,
}

impl From<&PlateOfPassage> for PassagePlate {
    fn from(plate: &PlateOfPassage) -> Self {
        Self { id: plate.id.to_string(), display: plate.best.display.clone(), confidence: plate.best.confidence }
    }
}
