//! What needs somebody's attention: single happenings, and conditions that begin and end.
//!
//! Events give [`AlertSignal`]s. A signal that stands by itself is one alert. Signals of a condition (a camera is lost, a
//! zone is crowded) belong together by their [`AlertSource`] and are read in the order of the node's own numbers: the
//! first that raises opens an alert, further ones change nothing, the next that ends it is its end. The alerts are thus
//! a function of the set of signals, in whatever order those arrived. Who acknowledged and closed an alert is not here:
//! persons say that, and a rebuild leaves it alone.

use std::fmt;
use std::str::FromStr;

use domain::{GateId, IncidentKind, NodeId, SiteId, UtcTime};
use thiserror::Error;
use wire::event::{CameraChange, CameraState};
use wire::plate::ListPurpose;
use wire::{EventId, LaneChange, LaneHappening, Payload};

use crate::delta::PlateListed;
use crate::fold::Fact;

/// Longest subject or detail in characters; what is longer is cut off.
pub const ALERT_TEXT_CHARS_MAX: usize = 200;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// A plate resembles an entry of a watch list.
    WatchlistHit,
    /// More are in a zone than should be.
    Crowding,
    /// Somebody went over a line the way that it does not allow.
    WrongDirection,
    /// Somebody went over a line close behind somebody else.
    Tailgating,
    /// Somebody went through a lane whom nobody permitted.
    PassedUnpermitted,
    /// A lane's barrier or door says that something is wrong.
    LaneAlarm,
    /// A camera delivers no pictures: pulled out, covered by its own fault, or cut off.
    CameraLost,
    /// Nothing is heard of a node. Found by the hub, not by an event.
    NodeSilent,
    /// A guard calls for help at a lane. Said at the hub, so that no node is needed for it.
    HelpWanted,
}

/// A text that names no kind of alert.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a kind of alert: {names} is accepted", names = AlertKind::ALL.map(AlertKind::as_str).join(", "))]
pub struct UnknownAlertKind(String);

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::WatchlistHit,
        Self::Crowding,
        Self::WrongDirection,
        Self::Tailgating,
        Self::PassedUnpermitted,
        Self::LaneAlarm,
        Self::CameraLost,
        Self::NodeSilent,
        Self::HelpWanted,
    ];

    /// The name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WatchlistHit => "watchlist_hit",
            Self::Crowding => "crowding",
            Self::WrongDirection => "wrong_direction",
            Self::Tailgating => "tailgating",
            Self::PassedUnpermitted => "passed_unpermitted",
            Self::LaneAlarm => "lane_alarm",
            Self::CameraLost => "camera_lost",
            Self::NodeSilent => "node_silent",
            Self::HelpWanted => "help_wanted",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AlertKind {
    type Err = UnknownAlertKind;

    fn from_str(text: &str) -> Result<Self, UnknownAlertKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownAlertKind(text.chars().take(40).collect()))
    }
}

/// What a signal says of its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edge {
    /// It happened, and that is all.
    Once,
    /// It began, or still holds.
    Raised,
    /// It is over.
    Ended,
}

impl Edge {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Raised => "raised",
            Self::Ended => "ended",
        }
    }
}

/// What the signals of one condition have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertSource {
    /// The node that tells of it.
    pub node: NodeId,
    /// What it is.
    pub kind: AlertKind,
    /// Of what: a camera, a zone and group of a gate, a lane and its alarm; a list for a plate.
    pub subject: String,
}

/// What one event says of something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSignal {
    /// What it is about.
    pub source: AlertSource,
    /// The site.
    pub site: SiteId,
    /// The gate, where it has one.
    pub gate: Option<GateId>,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// When.
    pub at: UtcTime,
    /// Whether it begins or ends something.
    pub edge: Edge,
    /// More, in words; never a plate and never a name.
    pub detail: String,
}

/// Something that needs attention, from when it was raised to when it was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode<'a> {
    /// The signal that raised it.
    pub raised: &'a AlertSignal,
    /// When it was over by itself; nothing while it is not, and for what only happened.
    pub ended_at: Option<UtcTime>,
}

/// The alerts that the signals of one source come to. `signals` stand in the order of the node's numbers.
///
/// Signals after one that ends do not depend on those before it, so that any stretch that begins after an end can be
/// looked at by itself.
pub fn episodes(signals: &[AlertSignal]) -> Vec<Episode<'_>> {
    let mut found: Vec<Episode<'_>> = Vec::new();
    let mut is_open = false;
    for signal in signals {
        match signal.edge {
            Edge::Once => found.push(Episode { raised: signal, ended_at: None }),
            Edge::Raised if !is_open => {
                is_open = true;
                found.push(Episode { raised: signal, ended_at: None });
            }
            Edge::Raised => {}
            Edge::Ended if is_open => {
                is_open = false;
                let open = found.iter_mut().rev().find(|episode| episode.raised.edge == Edge::Raised);
                let open = open.expect("an open one was pushed before");
                // Clocks jump: nothing ends before it began.
                open.ended_at = Some(signal.at.max(open.raised.at));
            }
            Edge::Ended => {}
        }
    }
    found
}

/// What `fact` says of something that needs attention.
pub(crate) fn signal(fact: &Fact<'_>, listed: Option<&PlateListed>) -> Option<AlertSignal> {
    let (kind, subject, gate, at, edge, detail) = match fact.payload? {
        Payload::PlateRead(read) => {
            let listed = listed.filter(|listed| match listed.purpose {
                ListPurpose::Watch => true,
                ListPurpose::Allow => false,
            })?;
            let detail = format!("likeness {:.2}", listed.score);
            let gate = read.what.gates.first().cloned();
            (AlertKind::WatchlistHit, listed.list.clone(), gate, read.what.to, Edge::Once, detail)
        }
        Payload::IncidentSeen(seen) => {
            let incident = &seen.what;
            let gate = &incident.gate;
            let (kind, subject, edge, detail) = match &incident.what {
                IncidentKind::WrongDirection(wrong) => {
                    let detail = format!("{} {}", wrong.class.as_str(), wrong.direction);
                    (AlertKind::WrongDirection, wrong.line.to_string(), Edge::Once, detail)
                }
                IncidentKind::Tailgating(follow) => {
                    let detail = format!("{} {} after {} ms", follow.class.as_str(), follow.direction, follow.gap_ms);
                    (AlertKind::Tailgating, follow.line.to_string(), Edge::Once, detail)
                }
                IncidentKind::CrowdingBegan(crowd) => {
                    let subject = format!("{gate}/{}/{}", crowd.zone, crowd.group.as_str());
                    (AlertKind::Crowding, subject, Edge::Raised, format!("{} of {}", crowd.count, crowd.above))
                }
                IncidentKind::CrowdingEnded(crowd) => {
                    let subject = format!("{gate}/{}/{}", crowd.zone, crowd.group.as_str());
                    (AlertKind::Crowding, subject, Edge::Ended, format!("{} of {}", crowd.peak, crowd.above))
                }
            };
            (kind, subject, Some(gate.clone()), incident.at, edge, detail)
        }
        Payload::CameraChanged(CameraChange { camera, state, reason }) => {
            let edge = match state {
                CameraState::Down | CameraState::Failed => Edge::Raised,
                CameraState::Up | CameraState::Ended => Edge::Ended,
            };
            (AlertKind::CameraLost, camera.to_string(), None, fact.at, edge, reason.clone())
        }
        Payload::LaneChanged(change) => {
            let (kind, subject, edge) = lane(change)?;
            (kind, subject, change.gate.clone(), fact.at, edge, change.detail.clone())
        }
        Payload::Passed(_)
        | Payload::Stayed(_)
        | Payload::OccupancyChanged(_)
        | Payload::NodeStarted(_)
        | Payload::ClockJumped(_)
        | Payload::PolicyChanged(_)
        | Payload::EvidenceAdded(_)
        | Payload::AccessDecided(_) => return None,
    };
    Some(AlertSignal {
        source: AlertSource { node: fact.node.clone(), kind, subject: cut(&subject) },
        site: fact.site.clone(),
        gate,
        seq: fact.seq,
        id: fact.id,
        at,
        edge,
        detail: cut(&detail),
    })
}

fn lane(change: &LaneChange) -> Option<(AlertKind, String, Edge)> {
    let alarm = || format!("{}/{}", change.lane, change.cause);
    match change.change {
        LaneHappening::PassedUnpermitted => Some((AlertKind::PassedUnpermitted, change.lane.to_string(), Edge::Once)),
        LaneHappening::AlarmRaised => Some((AlertKind::LaneAlarm, alarm(), Edge::Raised)),
        LaneHappening::AlarmEnded => Some((AlertKind::LaneAlarm, alarm(), Edge::Ended)),
        LaneHappening::Opened
        | LaneHappening::Held
        | LaneHappening::Released
        | LaneHappening::Closed
        | LaneHappening::Failed
        | LaneHappening::Ignored
        | LaneHappening::SeenOpen
        | LaneHappening::SeenClosed
        | LaneHappening::Unseen
        | LaneHappening::Ordered
        | LaneHappening::ButtonPressed
        | LaneHappening::Fire
        | LaneHappening::FireEnded
        | LaneHappening::LockedDown
        | LaneHappening::LockDownEnded
        | LaneHappening::Passed => None,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(ALERT_TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signal(seq: u64, at: i64, edge: Edge) -> AlertSignal {
        let at = UtcTime::from_unix_micros(at * 1_000_000).expect("in range");
        AlertSignal {
            source: AlertSource {
                node: NodeId::new("n1").expect("a slug"),
                kind: AlertKind::CameraLost,
                subject: "cam-1".to_owned(),
            },
            site: SiteId::new("s1").expect("a slug"),
            gate: None,
            seq,
            id: EventId::derive(at, &[1; 16], seq),
            at,
            edge,
            detail: String::new(),
        }
    }

    #[test]
    fn a_condition_that_is_told_twice_is_one_alert_with_one_end() {
        let told = [
            signal(1, 10, Edge::Ended),
            signal(2, 20, Edge::Raised),
            signal(3, 30, Edge::Raised),
            signal(4, 40, Edge::Ended),
            signal(5, 50, Edge::Raised),
        ];
        let found = episodes(&told);
        let shown: Vec<_> = found.iter().map(|e| (e.raised.seq, e.ended_at)).collect();
        assert_eq!(shown, [(2, Some(told[3].at)), (5, None)]);
    }

    #[test]
    fn an_end_by_a_clock_that_went_back_is_no_earlier_than_its_beginning() {
        let told = [signal(1, 100, Edge::Raised), signal(2, 50, Edge::Ended)];
        assert_eq!(episodes(&told)[0].ended_at, Some(told[0].at));
    }

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in AlertKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "rain".parse::<AlertKind>().expect_err("no kind").to_string();
        assert!(error.contains("watchlist_hit") && error.contains("node_silent"), "{error}");
    }

    proptest! {
        /// Cut after any end, the pieces give the same alerts: so a store may look at one stretch only.
        #[test]
        fn stretches_between_ends_are_looked_at_one_by_one(edges in prop::collection::vec(0u8..3, 0..40)) {
            let edge = |n| [Edge::Raised, Edge::Ended, Edge::Raised][usize::from(n)];
            let told: Vec<_> =
                edges.iter().zip(1..).map(|(n, seq)| signal(seq, i64::try_from(seq).unwrap_or(0), edge(*n))).collect();
            let whole: Vec<_> = episodes(&told).iter().map(|e| (e.raised.seq, e.ended_at)).collect();
            let pieces: Vec<_> = told
                .split_inclusive(|signal| signal.edge == Edge::Ended)
                .flat_map(|piece| episodes(piece).into_iter().map(|e| (e.raised.seq, e.ended_at)).collect::<Vec<_>>())
                .collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
