//! What was decided at a lane, and what its barrier did: with everything that led to it, and without anybody's name.
//!
//! Reasons, rules, checks and methods are those of the crate `access`; they travel as text, so that a hub of an older
//! version can still keep and show what a newer node decides. Whoever passed stands here by the id that the site's
//! lists give him; the lists themselves stay at the gate and at the hub.

use domain::{CameraId, GateId};
use serde::{Deserialize, Serialize};

use crate::event::EventId;

/// Most steps of a decision's trail that an event carries. Each person or vehicle who comes together with others makes
/// some 16 of them.
pub const STEPS_MAX: usize = 160;
/// Most whom one decision is about.
pub const SUBJECTS_MAX: usize = 32;
/// Longest text of a decision in characters; a longer one is cut off.
pub const TEXT_CHARS_MAX: usize = 500;

domain::slug_ids! {
    /// The name of a lane: a slug as in `domain::id`.
    LaneName = "lane name";
}

/// Somebody showed something at a lane, or a guard let somebody pass, and this was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessDecided {
    /// The lane.
    pub lane: LaneName,
    /// The gate whose camera or line belongs to the lane.
    pub gate: Option<GateId>,
    /// The decision's number at its node: the run, a dot, the number in it.
    pub number: String,
    /// What was decided.
    pub verdict: AccessVerdict,
    /// Name of the reason; of a permit, of what granted it: `rule` or `override`.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// The rule that granted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The guard who granted it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardWord>,
    /// Whom it is about as far as known: `holder:…` or `pass:…`, by their ids. At most [`SUBJECTS_MAX`].
    pub subjects: Vec<String>,
    /// What was shown: `plate`, `pass`, `card` or `citizen-card`; nothing where a guard decided by himself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The visit of the plate that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<PlateShown>,
    /// Every check in its order, with what it found. At most [`STEPS_MAX`].
    pub trail: Vec<AccessStep>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessVerdict {
    /// May pass.
    Permit,
    /// May not pass.
    Deny,
    /// The guard decides.
    Refer,
}

impl AccessVerdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Permit, Self::Deny, Self::Refer];

    /// Its name in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Refer => "refer",
        }
    }
}

/// What a guard answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardWord {
    /// Who.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// The event of the plate that led to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlateShown {
    /// Identity of the `plate_read` event.
    pub event: EventId,
    /// The camera.
    pub camera: CameraId,
    /// Number of the visit.
    pub visit: u64,
    /// The key as it was read.
    pub key: String,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessStep {
    /// About whom, where that is known and matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was looked at, such as `anti-passback`.
    pub check: String,
    /// What was found: `held`, `not-asked`, `noted`, `resembles`, `denied` or `referred`.
    pub finding: String,
    /// Why, in words; empty for what held and what was not asked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Something happened at a lane's barrier or door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneChange {
    /// The lane.
    pub lane: LaneName,
    /// The gate that it belongs to.
    pub gate: Option<GateId>,
    /// What happened.
    pub change: LaneHappening,
    /// What for: `permit`, `guard`, `button`, `fire`, `lock-down` or `fail-mode`; of an alarm or of something ignored
    /// its name, of an order what was ordered. Empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// The decision that it carries out, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The guard who ordered it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardWord>,
    /// More, in words; empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What happened at a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneHappening {
    /// The actuator opened it once.
    Opened,
    /// The actuator holds it open.
    Held,
    /// The actuator no longer holds it.
    Released,
    /// The actuator closed it.
    Closed,
    /// The actuator could not do what it was told.
    Failed,
    /// Something that would have opened it did not, or a guard's order was not carried out.
    Ignored,
    /// Its contact says that it is open.
    SeenOpen,
    /// Its contact says that it is closed.
    SeenClosed,
    /// Its contact cannot be read.
    Unseen,
    /// A guard gave an order.
    Ordered,
    /// Its button was pressed.
    ButtonPressed,
    /// Something is wrong.
    AlarmRaised,
    /// It is no longer wrong.
    AlarmEnded,
    /// The fire alarm opened it.
    Fire,
    /// The fire alarm is over.
    FireEnded,
    /// It was locked down.
    LockedDown,
    /// The lock-down is over.
    LockDownEnded,
    /// Somebody went through under a permit.
    Passed,
    /// Somebody went through, and nobody was permitted.
    PassedUnpermitted,
}

impl LaneHappening {
    /// Its name in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Held => "held",
            Self::Released => "released",
            Self::Closed => "closed",
            Self::Failed => "failed",
            Self::Ignored => "ignored",
            Self::SeenOpen => "seen_open",
            Self::SeenClosed => "seen_closed",
            Self::Unseen => "unseen",
            Self::Ordered => "ordered",
            Self::ButtonPressed => "button_pressed",
            Self::AlarmRaised => "alarm_raised",
            Self::AlarmEnded => "alarm_ended",
            Self::Fire => "fire",
            Self::FireEnded => "fire_ended",
            Self::LockedDown => "locked_down",
            Self::LockDownEnded => "lock_down_ended",
            Self::Passed => "passed",
            Self::PassedUnpermitted => "passed_unpermitted",
        }
    }
}

/// `text`, cut off where it is too long.
pub fn short_text(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Payload;

    /// What a node of this version writes; a later one must still read it.
    const DECIDED: &str = r#"{"kind":"access_decided","payload":{"lane":"car-in","gate":"main","number":"3.17","verdict":"permit",
        "reason":"override","detail":"permit: Hùng decided: ambulance","guard":{"name":"Hùng","reason":"ambulance"},
        "subjects":["holder:lorry-1"],"method":"plate",
        "plate":{"event":"019a9b3e-7c00-7000-8000-000000000001","camera":"cam-1","visit":4,"key":"30A12345"},
        "trail":[{"check":"lane","finding":"held"},
                 {"subject":"holder:lorry-1","check":"validity","finding":"denied","detail":"not valid since yesterday"}],
        "evidence":[]}}"#;
    const CHANGED: &str = r#"{"kind":"lane_changed","payload":{"lane":"car-in","gate":null,"change":"opened","cause":"permit",
        "decision":"3.17"}}"#;

    #[test]
    fn events_of_lanes_keep_their_form_on_the_wire() {
        for text in [DECIDED, CHANGED] {
            let payload: Payload = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let written: serde_json::Value = serde_json::to_value(&payload).expect("JSON");
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
            assert_eq!(written["kind"], payload.kind());
        }
    }

    #[test]
    fn names_on_the_wire_are_those_of_the_api() {
        for verdict in AccessVerdict::ALL {
            assert_eq!(serde_json::to_value(verdict).expect("JSON"), verdict.as_str());
        }
        assert_eq!(serde_json::to_value(LaneHappening::PassedUnpermitted).expect("JSON"), "passed_unpermitted");
        assert!(LaneName::new("car-in").is_ok() && LaneName::new("Car In").is_err() && LaneName::new("").is_err());
    }
}
