//! Alerts.

use serde::Serialize;
use store::{Acted, AlertRow};
use utoipa::ToSchema;

/// What somebody did about an alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlertAct {
    /// Who.
    by: String,
    /// When.
    at: String,
    /// More, in words; empty where there is nothing.
    note: String,
}

impl From<&Acted> for AlertAct {
    fn from(acted: &Acted) -> Self {
        Self { by: acted.by.clone(), at: acted.at.to_string(), note: acted.note.clone() }
    }
}

/// Something that needs attention.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// Its identity.
    id: String,
    /// What it is about: `watchlist_hit`, `crowding`, `wrong_direction`, `tailgating`, `passed_unpermitted`,
    /// `lane_alarm`, `camera_lost`, `node_silent` or `help_wanted`.
    kind: &'static str,
    /// How it stands: `open`, `ended` (over by itself before anybody looked), `acknowledged` or `closed`.
    state: &'static str,
    /// The site.
    site: String,
    /// The gate; nothing where it has none.
    gate: Option<String>,
    /// The node.
    node: String,
    /// Of what: a camera, `gate/zone/group`, a line, a lane, `lane/alarm`, or the name of a list.
    subject: String,
    /// When it was raised.
    at: String,
    /// When it was over by itself; nothing while it is not, and for what only happened.
    ended_at: Option<String>,
    /// More, in words; never a plate. Of a call for help, what the guard wrote.
    detail: String,
    /// The event that raised it, where one did: a plate's is at `/api/v1/plates/{event_id}`.
    event: Option<String>,
    /// Who deals with it.
    acknowledged: Option<AlertAct>,
    /// Who closed it.
    closed: Option<AlertAct>,
    /// What it turned out to be: `confirmed`, `false_alarm` or `other`.
    outcome: Option<&'static str>,
}

impl From<&AlertRow> for Alert {
    fn from(row: &AlertRow) -> Self {
        Self {
            id: row.id.clone(),
            kind: row.kind.as_str(),
            state: row.state().as_str(),
            site: row.site.to_string(),
            gate: row.gate.as_ref().map(ToString::to_string),
            node: row.node.to_string(),
            subject: row.subject.clone(),
            at: row.at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            detail: row.detail.clone(),
            event: (row.seq > 0).then(|| row.id.clone()),
            acknowledged: row.acknowledged.as_ref().map(AlertAct::from),
            closed: row.closed.as_ref().map(|(acted, _)| acted.into()),
            outcome: row.closed.as_ref().map(|(_, outcome)| outcome.as_str()),
        }
    }
}
