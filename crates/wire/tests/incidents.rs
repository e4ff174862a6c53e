//! Incidents are read as they were first written, and written so again: a hub takes in what nodes of any version kept.
#![allow(clippy::unwrap_used, missing_docs)]

use domain::IncidentKind;
use serde_json::Value;
use wire::Payload;

const FIRST: &str = include_str!("golden/incident-v1.jsonl");

#[test]
fn every_kind_of_incident_is_read_and_written_as_at_first() {
    let mut kinds = Vec::new();
    for line in FIRST.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let payload: Payload = serde_json::from_value(value.clone()).unwrap();
        let Payload::IncidentSeen(seen) = &payload else { panic!("an incident: {line}") };
        kinds.push(seen.what.what.as_str());
        assert_eq!(serde_json::to_value(&payload).unwrap(), value);
    }
    assert_eq!(kinds, IncidentKind::NAMES);
}

#[test]
fn an_incident_without_a_kind_or_with_an_unknown_one_is_no_incident() {
    let first = FIRST.lines().next().unwrap();
    for bad in [first.replace("wrong_direction", "loitering"), first.replace("\"incident\":\"wrong_direction\",", "")] {
        let refused = serde_json::from_str::<Payload>(&bad).unwrap_err().to_string();
        assert!(refused.contains("incident") || refused.contains("loitering"), "{refused}");
    }
}
