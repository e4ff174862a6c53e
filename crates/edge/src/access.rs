//! Decisions at the node's lanes: who shows what, what the policy says, what the barrier does.
//!
//! One thread owns the decisions and the lanes; whoever knows something hands it in through an [`AccessHandle`]. For
//! each thing that comes in the thread decides, keeps the changes of who is inside (`journal`), tells the events, and
//! only then has the actuators move. So a node that loses its power at any moment knows who was permitted, and no
//! decision opens anything that is not on the disk.
//!
//! Plates and passages come by way of their events, after these are safe: whoever keeps them calls
//! [`AccessHandle::kept`].

mod desk;
pub mod journal;
mod mailbox;
mod order;
mod rig;
mod tell;
mod thread;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use access::cccd::{CitizenCard, Salt};
use access::policy::Counted;
use access::{AccessPolicy, CardKey, Credential, HolderKind, LaneId, Method, PassUses, VerifiedPass};
use domain::{CameraId, CountGroup, Direction, GateId, LineId, SiteId};
use wire::access::PlateShown;
use wire::event::{CameraState, WithEvidence};
use wire::pass::{PassError, Scope, Uses, verify};
use wire::plate::PlateOutcome;
use wire::{Event, EvidenceRef, Pass, PassKeys, Payload, PlateRead};

use crate::node_clock::NodeClock;
use mailbox::Mailbox;
use view::LaneBoard;

pub use mailbox::{HAPPENINGS_MAX, INPUTS_MAX};
pub use order::{GuardOrder, OrderDone, OrderKind, OrderRefused};
pub use thread::{AccessParts, AccessThread, EVENTS_WAITING_MAX};
pub use view::{LaneState, LaneStatus, LastDecision, LastOrder};

/// Longest wait for the access thread's answer to an order or a policy.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What was shown, for the event of the decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    method: Method,
    plate: Option<PlateShown>,
    evidence: Vec<EvidenceRef>,
}

/// What a code is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A visitor's pass of ours.
    Pass,
    /// A citizen card.
    CitizenCard,
    /// Something else.
    Other,
}

impl CodeKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pass, Self::CitizenCard, Self::Other];

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::CitizenCard => "citizen-card",
            Self::Other => "other",
        }
    }

    fn of(text: &str) -> Self {
        if wire::pass::is_meant(text) {
            Self::Pass
        } else if CitizenCard::is_meant(text) {
            Self::CitizenCard
        } else {
            Self::Other
        }
    }
}

/// Whether a lane's camera gives pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    Open,
    Lost,
}

impl From<CameraState> for Eyes {
    fn from(state: CameraState) -> Self {
        match state {
            CameraState::Up => Self::Open,
            // A recording that has ended gives no more pictures than a camera that is gone.
            CameraState::Down | CameraState::Failed | CameraState::Ended => Self::Lost,
        }
    }
}

/// What comes in.
#[derive(Debug)]
enum Input {
    Shown {
        lane: LaneId,
        credential: Credential,
        shown: Shown,
        seen: Instant,
    },
    Unread {
        lane: LaneId,
        shown: Option<Shown>,
        why: String,
        seen: Instant,
    },
    Passed {
        lane: usize,
        direction: Direction,
    },
    Eyes {
        lane: LaneId,
        eyes: Eyes,
    },
    Order {
        order: GuardOrder,
        answer: SyncSender<Result<OrderDone, OrderRefused>>,
    },
    /// An order that is not carried out, which is told all the same.
    Refused {
        order: GuardOrder,
        why: OrderRefused,
    },
    Policy {
        policy: Arc<AccessPolicy>,
        answer: SyncSender<()>,
    },
}

/// Where what comes in goes.
#[derive(Debug)]
struct Routes {
    site: SiteId,
    pass_keys: PassKeys,
    /// Under which citizens' numbers are matched.
    citizen_salt: Option<Salt>,
    /// Which lane a camera's plates are shown at.
    cameras: BTreeMap<CameraId, LaneId>,
    /// Which lanes a line is passed behind.
    lines: BTreeMap<(GateId, LineId), Vec<LineRoute>>,
}

#[derive(Debug)]
struct LineRoute {
    lane: usize,
    counted: Counted,
}

/// Where whoever knows something hands it in.
#[derive(Debug, Clone)]
pub struct AccessHandle {
    mailbox: Arc<Mailbox>,
    routes: Arc<Routes>,
    clock: Arc<NodeClock>,
    board: Arc<LaneBoard>,
}

impl AccessHandle {
    /// How the lanes are, in the order of the configuration.
    pub fn lanes(&self) -> Vec<LaneStatus> {
        self.board.now()
    }

    /// Takes events that are safe: plates are shown at the lane of their camera, whoever went over a lane's line went
    /// through it, and a lane whose camera is lost does what it is to do then. Waits where the access thread is far behind.
    pub fn kept(&self, events: &[Event]) {
        for event in events {
            match &event.payload {
                Payload::PlateRead(read) => self.plate_read(event, read),
                Payload::Passed(passed) => {
                    let passage = &passed.what;
                    let routes = self.routes.lines.get(&(passage.gate.clone(), passage.line.clone()));
                    let is_vehicle = passage.class.group() == CountGroup::Vehicle;
                    let kind = if is_vehicle { HolderKind::Vehicle } else { HolderKind::Person };
                    for route in routes.into_iter().flatten() {
                        if route.counted.counts(kind) {
                            self.mailbox.send(Input::Passed { lane: route.lane, direction: passage.direction });
                        }
                    }
                }
                Payload::CameraChanged(change) => {
                    if let Some(lane) = self.routes.cameras.get(&change.camera).cloned() {
                        self.mailbox.send(Input::Eyes { lane, eyes: change.state.into() });
                    }
                }
                Payload::Stayed(_)
                | Payload::OccupancyChanged(_)
                | Payload::NodeStarted(_)
                | Payload::ClockJumped(_)
                | Payload::PolicyChanged(_)
                | Payload::EvidenceAdded(_)
                | Payload::AccessDecided(_)
                | Payload::LaneChanged(_)
                | Payload::IncidentSeen(_) => {}
            }
        }
    }

    fn plate_read(&self, event: &Event, read: &WithEvidence<PlateRead>) {
        let Some(lane) = self.routes.cameras.get(&read.what.camera).cloned() else { return };
        // How long ago it was seen last: the time for opening counts from then.
        let age = self.clock.utc().since(read.what.to);
        let now = Instant::now();
        let seen = now.checked_sub(age).unwrap_or(now);
        let best = read.what.readings.first();
        let key = best.map(|best| best.key.clone()).unwrap_or_default();
        let plate = PlateShown { event: event.id, camera: read.what.camera.clone(), visit: read.what.visit, key };
        let shown = Shown { method: Method::Plate, plate: Some(plate), evidence: read.evidence.clone() };
        let input = match (read.what.outcome, best.map(|best| (best.key.parse(), best.confidence))) {
            (PlateOutcome::NotAPlate, _) => return,
            (PlateOutcome::Read, Some((Ok(key), confidence))) => {
                Input::Shown { lane, credential: Credential::Plate { key, confidence }, shown, seen }
            }
            (outcome @ (PlateOutcome::Read | PlateOutcome::UnknownKind | PlateOutcome::Unreadable), _) => {
                let why = if read.what.reason.is_empty() { outcome.as_str() } else { &read.what.reason };
                Input::Unread { lane, shown: Some(shown), why: why.to_owned(), seen }
            }
        };
        self.mailbox.send(input);
    }

    /// A code was held before a reader at a lane. A pass with a good signature and a citizen card are shown there,
    /// whether or not they are good now; whatever else the code is goes to the guard.
    pub fn show_code(&self, lane: LaneId, text: &str, seen: Instant) {
        let text = text.trim_end_matches(['\r', '\n']);
        let (method, credential) = match CodeKind::of(text) {
            CodeKind::CitizenCard => (Method::CitizenCard, self.citizen(text)),
            CodeKind::Pass | CodeKind::Other => (Method::Pass, self.verified(text).map(Credential::Pass)),
        };
        let shown = Shown { method, plate: None, evidence: Vec::new() };
        let input = match credential {
            Ok(credential) => Input::Shown { lane, credential, shown, seen },
            Err(why) => Input::Unread { lane, shown: Some(shown), why, seen },
        };
        self.mailbox.send(input);
    }

    /// A camera read a code. Cars and clothes are full of codes, so only what is meant for the lane is shown there.
    pub fn see_code(&self, lane: LaneId, text: &str, seen: Instant) -> CodeKind {
        let kind = CodeKind::of(text.trim_end_matches(['\r', '\n']));
        match kind {
            CodeKind::Pass | CodeKind::CitizenCard => self.show_code(lane, text, seen),
            CodeKind::Other => {}
        }
        kind
    }

    /// The digest of a card's number. Nothing else of the card goes on from here.
    fn citizen(&self, text: &str) -> Result<Credential, String> {
        let salt = self.routes.citizen_salt.as_ref().ok_or("this node has no salt for citizen cards")?;
        let card = CitizenCard::parse(text).map_err(|error| error.to_string())?;
        Ok(Credential::CitizenCard(card.number.digest(salt)))
    }

    /// A card was read at a lane, as its reader writes it.
    pub fn show_card(&self, lane: LaneId, text: &str, seen: Instant) {
        let shown = Shown { method: Method::Card, plate: None, evidence: Vec::new() };
        let input = match CardKey::new(text) {
            Ok(key) => Input::Shown { lane, credential: Credential::Card(key), shown, seen },
            Err(error) => Input::Unread { lane, shown: Some(shown), why: error.to_string(), seen },
        };
        self.mailbox.send(input);
    }

    /// A pass of ours that is genuine. Whether it is good now is for the decision to say, and to explain.
    fn verified(&self, text: &str) -> Result<VerifiedPass, String> {
        let Routes { pass_keys, site, .. } = &*self.routes;
        let at = |moment| verify(text, pass_keys, site, moment);
        let read = match at(self.clock.utc()) {
            Err(PassError::NotYet(from)) => at(from),
            Err(PassError::Expired(to)) => {
                let last = to.as_unix_micros().saturating_sub(1);
                domain::UtcTime::from_unix_micros(last).map_or(Err(PassError::Expired(to)), at)
            }
            read @ (Ok(_) | Err(_)) => read,
        };
        read.map_err(|error| error.to_string()).and_then(|pass| as_credential(&pass))
    }

    /// Gives a guard's order and waits for the answer.
    ///
    /// # Errors
    /// When the order is not given to the lane; the reason says why.
    pub fn order(&self, order: GuardOrder) -> Result<OrderDone, OrderRefused> {
        let (answer, answered) = sync_channel(1);
        if !self.mailbox.send(Input::Order { order, answer }) {
            return Err(OrderRefused::Silent);
        }
        answered.recv_timeout(ANSWER_MAX).unwrap_or(Err(OrderRefused::Silent))
    }

    /// Tells of an order that is not carried out, with who gave it and why it was not.
    pub fn refuse(&self, order: GuardOrder, why: OrderRefused) {
        self.mailbox.send(Input::Refused { order, why });
    }

    /// Puts another policy in force; when this returns, nothing is decided by the one before any more.
    ///
    /// # Errors
    /// When the access thread does not answer.
    pub fn replace_policy(&self, policy: Arc<AccessPolicy>) -> Result<(), OrderRefused> {
        let (answer, answered) = sync_channel(1);
        if !self.mailbox.send(Input::Policy { policy, answer }) {
            return Err(OrderRefused::Silent);
        }
        answered.recv_timeout(ANSWER_MAX).map_err(|_| OrderRefused::Silent)
    }
}

/// What a pass says, as the decision wants it. Names on the wire are the same slugs.
fn as_credential(pass: &Pass) -> Result<VerifiedPass, String> {
    let failed = |error: access::id::InvalidId| error.to_string();
    let (lanes, zones) = match &pass.scope {
        Scope::OfCategory => (Vec::new(), Vec::new()),
        Scope::Lanes(lanes) => {
            (lanes.iter().map(|lane| LaneId::new(lane.as_str())).collect::<Result<_, _>>().map_err(failed)?, Vec::new())
        }
        Scope::Zones(zones) => (Vec::new(), zones.clone()),
    };
    Ok(VerifiedPass {
        id: access::PassId::new(pass.id.to_string()).map_err(failed)?,
        uses: match pass.uses {
            Uses::Once => PassUses::Once,
            Uses::Many => PassUses::Many,
        },
        category: access::CategoryId::new(pass.category.as_str()).map_err(failed)?,
        valid_from: pass.not_before,
        valid_to: pass.not_after,
        zones,
        lanes,
        escort: match pass.escort {
            wire::pass::Escort::NotNeeded => access::policy::Demand::None,
            wire::pass::Escort::Needed => access::policy::Demand::Required,
        },
    })
}

#[cfg(test)]
mod tests;
