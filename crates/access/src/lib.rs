//! Who may pass: lists, schedules, zones and lanes, and the decision with everything that led to it; and the state
//! machine of the barrier that carries it out.
//!
//! Owns what is decided at a gate and why. Never reads a file, a clock, a random number or a reader, and never drives a
//! relay: whoever does hands data and time in, keeps every [`Change`] before acting on what follows it, and hands
//! [`lane::Command`]s to the actuator. Missing data never permits, and what is denied is denied whatever grants it.
//!
//! Start reading at [`Access`]; [`policy`] says what a site configures, [`lane`] what a barrier does with a decision,
//! [`cccd`] what stands in a citizen card's QR code.
//!
//! ```
//! use std::sync::Arc;
//!
//! use access::lane::{Input, Lane};
//! use access::{Access, AccessEvent, AccessPolicy, ClockTrust, Credential, LaneId, Moment, Presented};
//! use domain::{MonoTime, UtcTime};
//!
//! let policy = r#"
//!     policy = 1
//!     holders = ["holders.csv"]
//!     zone = [{ id = "park", anti_passback = "hard" }]
//!     category = [{ id = "worker", zones = ["park"] }]
//!     [[lane]]
//!     id = "car-in"
//!     direction = "in"
//!     from = "outside"
//!     to = "park"
//!     methods = ["plate"]
//!     allow = [{ rule = "workers", categories = ["worker"], schedule = "always" }]
//!     passage_sensor = "present"
//!     barrier = { fail = "secure", feedback = "wired", pulse_ms = 800 }
//! "#;
//! let lists = |name: &str| match name {
//!     "holders.csv" => Ok("holder,name,kind,category,plates\ncar-1,Xe 1,vehicle,worker,30A-123.45\n".to_owned()),
//!     other => Err(format!("no list {other}")),
//! };
//! let policy = Arc::new(AccessPolicy::parse(policy, lists)?);
//! let id = LaneId::new("car-in")?;
//! let mut lane = Lane::new(id.clone(), policy.lane(&id).expect("it is there").barrier);
//! let mut access = Access::new(policy); // or Access::restore(policy, kept_state)
//!
//! let now = MonoTime::from_micros(5_000_000);
//! let moment = Moment { at: UtcTime::UNIX_EPOCH, now, clock: ClockTrust::Trusted };
//! let credential = Credential::Plate { key: "30A12345".parse()?, confidence: 0.97 };
//! access.present(Presented { lane: id, credential, moment });
//! let mut opened = None;
//! while let Some(event) = access.poll_event() {
//!     match event {
//!         AccessEvent::Changed(change) => { /* to the disk, before anything else */ }
//!         AccessEvent::Decided(decision) => {
//!             lane.handle(&Input::Decided(&decision), now);
//!             opened = lane.poll_command(now).map(|command| (decision.number, command.action));
//!         }
//!         AccessEvent::Awaiting(_) | AccessEvent::Overrun { .. } => {}
//!     }
//! }
//! let (number, action) = opened.expect("the car is listed");
//! assert_eq!(action, access::lane::Action::Pulse { ms: 800 });
//! access.passed(number, moment)?; // the loop behind the barrier saw it
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cccd;
pub mod credential;
pub mod decide;
pub mod decision;
pub mod id;
pub mod lane;
pub mod policy;
pub mod schedule;
pub mod state;

pub use credential::{ClockTrust, Credential, Method, Moment, PassUses, Presented, VerifiedPass};
pub use decide::{Access, AccessEvent, Awaiting, GuardError, Need, NoPermit, Override, Relocation};
pub use decision::{Check, Decision, DecisionNumber, DenyReason, Finding, Grant, ReferReason, Step, Verdict};
pub use id::{CardKey, CategoryId, HolderId, LaneId, PassId, RuleId, ScheduleId, Subject};
pub use policy::{AccessPolicy, Holder, HolderKind, Lookalike};
pub use state::{Change, Permit, PermitEnd, Presence, State};
