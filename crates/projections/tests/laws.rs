//! The law of the fold: the order of events and how often each comes do not matter.
#![allow(clippy::unwrap_used, missing_docs)]

use domain::incident::CrowdingBegan;
use domain::{
    BoundingBox, CameraId, ClockQuality, CountGroup, Direction, GateId, Incident, IncidentKind, LineId, MediaTime,
    NodeId, ObjectClass, Occupancy, Passage, Point, SiteId, Stay, TrackId, UtcTime, ZoneId,
};
use projections::{AlertKind, Changes, Fact, Grain, PLATE_TEXT_CHARS_MAX, PlateRow, Projections};
use proptest::prelude::*;
use wire::event::{CameraChange, CameraState, ClockJump, NodeStart, WithEvidence};
use wire::plate::{ListPurpose, PlateColour, PlateMatch, PlateOutcome, PlateRead, PlateReading, PlateShot};
use wire::{EventId, Payload};

#[derive(Debug, Clone)]
struct Happened {
    node: NodeId,
    seq: u64,
    at: UtcTime,
    payload: Option<Payload>,
}

fn slug(prefix: &str, n: u8) -> String {
    format!("{prefix}-{n}")
}

fn moment() -> impl Strategy<Value = UtcTime> {
    // A handful of minutes around a local midnight, so that moments tie and minutes are shared.
    (0i64..600).prop_map(|s| UtcTime::from_unix_micros(1_795_107_600_000_000 + s * 1_000_000).unwrap())
}

fn passage() -> impl Strategy<Value = Payload> {
    (0u8..2, 0u8..2, any::<bool>(), 0usize..8, moment()).prop_map(|(gate, line, inward, class, at)| {
        let bbox = BoundingBox::new(0.1, 0.1, 0.2, 0.2).unwrap();
        let what = Passage {
            gate: GateId::new(slug("gate", gate)).unwrap(),
            line: LineId::new(slug("line", line)).unwrap(),
            camera: CameraId::new(slug("cam", gate)).unwrap(),
            direction: if inward { Direction::In } else { Direction::Out },
            class: ObjectClass::ALL[class],
            confidence: 0.5,
            track: TrackId(1),
            media: MediaTime::from_micros(1),
            at,
            bbox,
            shot: domain::passage::Shot { media: MediaTime::from_micros(1), bbox },
        };
        Payload::Passed(WithEvidence { what, evidence: vec![] })
    })
}

fn stay() -> impl Strategy<Value = Payload> {
    (0u8..2, moment(), moment()).prop_map(|(gate, from, to)| {
        let bbox = BoundingBox::new(0.1, 0.1, 0.2, 0.2).unwrap();
        let what = Stay {
            gate: GateId::new(slug("gate", gate)).unwrap(),
            zone: ZoneId::new("yard").unwrap(),
            camera: CameraId::new(slug("cam", gate)).unwrap(),
            class: ObjectClass::Person,
            track: TrackId(1),
            from,
            to,
            media_from: MediaTime::from_micros(1),
            media_to: MediaTime::from_micros(2),
            shot: domain::passage::Shot { media: MediaTime::from_micros(1), bbox },
        };
        Payload::Stayed(WithEvidence { what, evidence: vec![] })
    })
}

fn occupancy() -> impl Strategy<Value = Payload> {
    (0u8..2, 0usize..2, 0u32..9, moment()).prop_map(|(zone, group, count, at)| {
        Payload::OccupancyChanged(Occupancy {
            gate: GateId::new("gate-0").unwrap(),
            zone: ZoneId::new(slug("zone", zone)).unwrap(),
            group: CountGroup::ALL[group],
            count,
            at,
        })
    })
}

fn incident() -> impl Strategy<Value = Payload> {
    (0u8..2, 0u32..9, moment()).prop_map(|(gate, count, at)| {
        let zone = ZoneId::new("yard").unwrap();
        let crowd = CrowdingBegan { zone, group: CountGroup::Person, count, above: 0, since: at };
        let what = Incident {
            gate: GateId::new(slug("gate", gate)).unwrap(),
            camera: CameraId::new(slug("cam", gate)).unwrap(),
            at,
            media: MediaTime::from_micros(1),
            what: IncidentKind::CrowdingBegan(crowd),
        };
        Payload::IncidentSeen(WithEvidence { what, evidence: vec![] })
    })
}

fn reading(key: &str) -> PlateReading {
    PlateReading {
        key: key.to_owned(),
        display: key.to_owned(),
        kind: "car".to_owned(),
        issuer: None,
        confidence: 0.75,
        glyph_confidence: vec![],
        corrected: vec![],
        ambiguous: false,
    }
}

fn listed(list: &str, purpose: ListPurpose, score: f32) -> PlateMatch {
    PlateMatch {
        list: list.to_owned(),
        purpose,
        key: "30A12345".to_owned(),
        score,
        differing: vec![],
        note: String::new(),
    }
}

fn plate(gates: Vec<GateId>, to: UtcTime) -> PlateRead {
    PlateRead {
        gates,
        camera: CameraId::new("cam-0").unwrap(),
        visit: 1,
        vehicle: Some(TrackId(1)),
        vehicle_class: Some(ObjectClass::Car),
        from: UtcTime::UNIX_EPOCH,
        to,
        outcome: PlateOutcome::Read,
        reason: String::new(),
        readings: vec![reading("30A12345"), reading("30A12346")],
        raw: "30A12345".to_owned(),
        colour: PlateColour::White,
        rows: 1,
        votes: vec![],
        shot: PlateShot { media: MediaTime::from_micros(1), corners: [Point { x: 0.5, y: 0.5 }; 4] },
        matches: vec![],
    }
}

fn plate_read() -> impl Strategy<Value = Payload> {
    (prop::collection::vec(0u8..3, 0..4), any::<bool>(), moment()).prop_map(|(gates, is_read, to)| {
        let gates = gates.into_iter().map(|gate| GateId::new(slug("gate", gate)).unwrap()).collect();
        let outcome = if is_read { PlateOutcome::Read } else { PlateOutcome::Unreadable };
        Payload::PlateRead(WithEvidence { what: PlateRead { outcome, ..plate(gates, to) }, evidence: vec![] })
    })
}

fn payload() -> impl Strategy<Value = Option<Payload>> {
    let camera = (0u8..3, any::<bool>()).prop_map(|(camera, up)| {
        Payload::CameraChanged(CameraChange {
            camera: CameraId::new(slug("cam", camera)).unwrap(),
            state: if up { CameraState::Up } else { CameraState::Down },
            reason: String::new(),
        })
    });
    let start = (0u8..9).prop_map(|v| {
        Payload::NodeStarted(NodeStart { version: v.to_string(), profile: "p".to_owned(), models: vec![] })
    });
    let jump = any::<i32>().prop_map(|by| Payload::ClockJumped(ClockJump { by_ms: by.into() }));
    prop_oneof![
        4 => passage().prop_map(Some),
        1 => stay().prop_map(Some),
        1 => incident().prop_map(Some),
        2 => plate_read().prop_map(Some),
        2 => occupancy().prop_map(Some),
        1 => camera.prop_map(Some),
        1 => start.prop_map(Some),
        1 => jump.prop_map(Some),
        1 => Just(None),
    ]
}

/// Events of two nodes, each numbered 1, 2, 3 …
fn history() -> impl Strategy<Value = Vec<Happened>> {
    prop::collection::vec((0u8..2, moment(), payload()), 1..40).prop_map(|told| {
        let mut next = [1, 1];
        told.into_iter()
            .map(|(node, at, payload)| {
                let seq = next[usize::from(node)];
                next[usize::from(node)] += 1;
                Happened { node: NodeId::new(slug("node", node)).unwrap(), seq, at, payload }
            })
            .collect()
    })
}

fn fold_all<'a>(events: impl IntoIterator<Item = &'a Happened>) -> Changes {
    let site = SiteId::new("site").unwrap();
    let mut projections = Projections::default();
    for Happened { node, seq, at, payload } in events {
        let nonce = [node.as_str().as_bytes()[5]; 16];
        projections.take(&Fact {
            site: &site,
            node,
            seq: *seq,
            id: EventId::derive(*at, &nonce, *seq),
            at: *at,
            clock: ClockQuality::MEDIA,
            payload: payload.as_ref(),
        });
    }
    projections.state().clone()
}

proptest! {
    #[test]
    fn order_and_repeats_do_not_matter(
        (events, shuffled) in history().prop_flat_map(|events| {
            let twice: Vec<_> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        let folded = fold_all(&events);
        prop_assert_eq!(fold_all(&shuffled), folded);
    }

    #[test]
    fn every_passage_is_counted_exactly_once(events in history()) {
        let passed = events.iter().filter(|e| matches!(e.payload, Some(Payload::Passed(_)))).count() as u64;
        let folded = fold_all(&events);
        prop_assert_eq!(folded.counts.values().sum::<u64>(), passed);
        prop_assert_eq!(folded.passages.len() as u64, passed);
        for grain in [Grain::Hour, Grain::Day] {
            prop_assert_eq!(folded.counts_by(grain).values().sum::<u64>(), passed);
        }
        prop_assert_eq!(folded.dwell().values().sum::<u64>(), folded.stays.len() as u64);
    }

    #[test]
    fn what_needs_attention_gives_one_signal(events in history()) {
        let folded = fold_all(&events);
        for Happened { node, seq, payload, .. } in &events {
            let signal = folded.signals.get(&(node.clone(), *seq)).map(|signal| signal.source.kind);
            let wanted = if let Some(Payload::IncidentSeen(_)) = payload {
                Some(AlertKind::Crowding)
            } else if let Some(Payload::CameraChanged(_)) = payload {
                Some(AlertKind::CameraLost)
            } else {
                let listed = folded.plates.get(&(node.clone(), *seq)).and_then(|row| row.listed.as_ref());
                listed.filter(|listed| listed.purpose == ListPurpose::Watch).map(|_| AlertKind::WatchlistHit)
            };
            prop_assert_eq!(signal, wanted);
        }
    }
}

proptest! {
    #[test]
    fn every_plate_is_one_row_that_says_what_its_event_says(events in history()) {
        let folded = fold_all(&events);
        let mut told = 0;
        for Happened { node, seq, payload, .. } in &events {
            let Some(Payload::PlateRead(read)) = payload else { continue };
            told += 1;
            let row = &folded.plates[&(node.clone(), *seq)];
            prop_assert_eq!((row.outcome, row.to), (read.what.outcome, read.what.to));
            prop_assert_eq!(row.best.is_some(), read.what.outcome == PlateOutcome::Read);
            prop_assert!(read.what.gates.iter().all(|gate| row.gates.contains(gate)));
            for gate in &row.gates {
                let is_told_of = folded.gate_nodes.iter().any(|(key, at)| key.gate == *gate && *at >= row.to);
                prop_assert!(is_told_of);
            }
        }
        prop_assert_eq!(folded.plates.len(), told);
    }
}

fn row_of(what: PlateRead) -> PlateRow {
    let payload = Some(Payload::PlateRead(WithEvidence { what, evidence: vec![] }));
    let node = NodeId::new("node-0").unwrap();
    let folded = fold_all(&[Happened { node, seq: 1, at: UtcTime::UNIX_EPOCH, payload }]);
    *folded.plates.into_values().next().unwrap()
}

#[test]
fn who_is_looked_for_is_not_hidden_by_who_may_pass() {
    let matches = vec![
        listed("staff", ListPurpose::Allow, 1.0),
        listed("stolen", ListPurpose::Watch, 0.75),
        listed("older", ListPurpose::Watch, 0.5),
    ];
    let row = row_of(PlateRead { matches, ..plate(vec![], UtcTime::UNIX_EPOCH) });
    assert_eq!(row.lists.iter().collect::<Vec<_>>(), ["older", "staff", "stolen"]);
    assert_eq!(row.listed.map(|listed| (listed.list, listed.score)), Some(("stolen".to_owned(), 0.75)));
    let row = row_of(PlateRead {
        matches: vec![listed("staff", ListPurpose::Allow, 1.5)],
        ..plate(vec![], UtcTime::UNIX_EPOCH)
    });
    assert_eq!(row.listed.map(|listed| (listed.list, listed.score)), Some(("staff".to_owned(), 1.0)));
}

#[test]
fn texts_of_a_plate_are_cut_off_and_a_gate_named_twice_is_one() {
    let gate = GateId::new("gate-0").unwrap();
    let reason = "ầ".repeat(PLATE_TEXT_CHARS_MAX + 1);
    let row = row_of(PlateRead { reason, ..plate(vec![gate.clone(), gate], UtcTime::UNIX_EPOCH) });
    assert_eq!((row.reason.chars().count(), row.gates.len()), (PLATE_TEXT_CHARS_MAX, 1));
    assert_eq!(row.best.map(|best| best.key), Some("30A12345".to_owned()));
}

#[test]
fn a_late_older_occupancy_does_not_undo_a_newer_one() {
    let at = UtcTime::UNIX_EPOCH;
    let occupied = |seq, count| Happened {
        node: NodeId::new("node-0").unwrap(),
        seq,
        at,
        payload: Some(Payload::OccupancyChanged(Occupancy {
            gate: GateId::new("gate-0").unwrap(),
            zone: ZoneId::new("yard").unwrap(),
            group: CountGroup::Person,
            count,
            at,
        })),
    };
    let folded = fold_all(&[occupied(3, 7), occupied(2, 4)]);
    assert_eq!(folded.occupancies.values().map(|v| v.count).collect::<Vec<_>>(), [7]);
}
