//! Alerts with what was done about them, and nodes of which nothing is heard.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::{GateId, NodeId, SiteId, UtcTime};
use projections::{AlertKind, AlertSignal};
use thiserror::Error;
use wire::LaneName;

use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::projection::alerts_insert;
use crate::query::Sites;
use crate::row::{moment, natural, parsed};

/// Longest name of a person or note, in characters.
pub(crate) const ALERT_NOTE_CHARS_MAX: usize = 500;

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// Nobody has looked at it, and it may still hold.
    Open,
    /// It was over by itself before anybody looked at it.
    Ended,
    /// Somebody deals with it.
    Acknowledged,
    /// It is done with.
    Closed,
}

impl AlertState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Ended, Self::Acknowledged, Self::Closed];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    const fn condition(self) -> &'static str {
        match self {
            Self::Open => " and k.id is null and c.id is null and a.ended_at is null",
            Self::Ended => " and k.id is null and c.id is null and a.ended_at is not null",
            Self::Acknowledged => " and k.id is not null and c.id is null",
            Self::Closed => " and c.id is not null",
        }
    }
}

/// What an alert turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertOutcome {
    /// It was what it said.
    Confirmed,
    /// It was not.
    FalseAlarm,
    /// Neither can be said.
    Other,
}

impl AlertOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::FalseAlarm, Self::Other];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FalseAlarm => "false_alarm",
            Self::Other => "other",
        }
    }
}

/// A text that names nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{text}\" is not known: {accepted} is accepted")]
pub struct UnknownAlertName {
    text: String,
    accepted: String,
}

macro_rules! named_alert {
    ($($name:ident)*) => {$(
        impl FromStr for $name {
            type Err = UnknownAlertName;

            fn from_str(text: &str) -> Result<Self, UnknownAlertName> {
                Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| UnknownAlertName {
                    text: text.chars().take(40).collect(),
                    accepted: Self::ALL.map(Self::as_str).join(", "),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

named_alert! { AlertState AlertOutcome }

/// What somebody did about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// Who.
    pub by: String,
    /// More, in words; empty where there is nothing.
    pub note: String,
    /// When.
    pub at: UtcTime,
}

/// Something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its identity: of the event that raised it, or made by the hub.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: Option<GateId>,
    /// The node.
    pub node: NodeId,
    /// Of what: a camera, a zone, a lane, a list.
    pub subject: String,
    /// Number of the event that raised it; 0 where none did.
    pub seq: u64,
    /// When it was raised.
    pub at: UtcTime,
    /// When it was over by itself.
    pub ended_at: Option<UtcTime>,
    /// More, in words.
    pub detail: String,
    /// Who deals with it.
    pub acknowledged: Option<Acted>,
    /// Who closed it, and as what.
    pub closed: Option<(Acted, AlertOutcome)>,
}

impl AlertRow {
    pub(crate) fn raised(signal: &AlertSignal, ended_at: Option<UtcTime>) -> Self {
        Self {
            id: signal.id.to_string(),
            kind: signal.source.kind,
            site: signal.site.clone(),
            gate: signal.gate.clone(),
            node: signal.source.node.clone(),
            subject: signal.source.subject.clone(),
            seq: signal.seq,
            at: signal.at,
            ended_at,
            detail: signal.detail.clone(),
            acknowledged: None,
            closed: None,
        }
    }

    /// How it stands.
    pub const fn state(&self) -> AlertState {
        match (&self.closed, &self.acknowledged, self.ended_at) {
            (Some(_), _, _) => AlertState::Closed,
            (None, Some(_), _) => AlertState::Acknowledged,
            (None, None, Some(_)) => AlertState::Ended,
            (None, None, None) => AlertState::Open,
        }
    }
}

/// Which alerts to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only of this kind.
    pub kind: Option<AlertKind>,
    /// Only in this state.
    pub state: Option<AlertState>,
    /// Only raised at this moment or later.
    pub from: Option<UtcTime>,
    /// Only raised before this moment.
    pub to: Option<UtcTime>,
    /// Only those after this one in the list: its moment and identity.
    pub before: Option<(UtcTime, String)>,
    /// At most so many.
    pub limit: u32,
}

/// What to do about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertAction {
    /// Somebody deals with it from now on.
    Acknowledge,
    /// It is done with.
    Close(AlertOutcome),
}

impl AlertAction {
    const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Close(_) => "close",
        }
    }
}

/// Why nothing was done about an alert.
#[derive(Debug, Error)]
pub enum AlertError {
    /// There is none of that identity.
    #[error("there is no alert \"{0}\"")]
    Unknown(String),
    /// It was done before, or comes too late.
    #[error("the alert was {was} by {by} at {at}")]
    Already {
        /// What was done.
        was: &'static str,
        /// Who did it.
        by: String,
        /// When.
        at: UtcTime,
    },
    /// A text is missing or too long.
    #[error("{field}: give {accepted} in at most {ALERT_NOTE_CHARS_MAX} characters")]
    Text {
        /// The field.
        field: &'static str,
        /// What is accepted.
        accepted: &'static str,
    },
    /// The database failed.
    #[error("cannot enter it")]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "select a.id as id, a.kind as kind, a.site as site, a.gate as gate, a.node as node, \
     a.subject as subject, a.seq as seq, a.at as at, a.ended_at as ended_at, a.detail as detail, \
     k.by_whom as taken_by, k.note as taken_note, k.at as taken_at, \
     c.by_whom as closed_by, c.note as closed_note, c.at as closed_at, c.outcome as outcome \
     from alert a left join alert_action k on k.alert = a.id and k.action = 'acknowledge' \
     left join alert_action c on c.alert = a.id and c.action = 'close' where ";

impl Store {
    /// Alerts, newest first.
    pub async fn alerts_raised(&self, filter: &AlertFilter) -> Result<Vec<AlertRow>, StoreError> {
        let mut query = Query::new(format!("{COLUMNS} true"));
        filter.sites.push(&mut query, "a.site");
        if let Some(kind) = filter.kind {
            query.push(" and a.kind = ").push_bind(kind.as_str());
        }
        if let Some(from) = filter.from {
            query.push(" and a.at >= ").push_bind(from.as_unix_micros());
        }
        if let Some(to) = filter.to {
            query.push(" and a.at < ").push_bind(to.as_unix_micros());
        }
        if let Some((at, id)) = &filter.before {
            query.push(" and (a.at, a.id) < (").push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id.as_str()).push(")");
        }
        query.push(filter.state.map_or("", AlertState::condition));
        query.push(" order by a.at desc, a.id desc limit ").push_bind(i64::from(filter.limit));
        query.fetch_all(&self.inner.db).await?.iter().map(alert).collect()
    }

    /// One alert.
    pub async fn alert_find(&self, id: &str) -> Result<Option<AlertRow>, StoreError> {
        let row = Query::new(format!("{COLUMNS} a.id = $1")).bind(id).fetch_optional(&self.inner.db).await?;
        row.as_ref().map(alert).transpose()
    }

    /// Acknowledges or closes an alert, once. What is closed can no longer be acknowledged.
    pub async fn alert_act(&self, id: &str, action: AlertAction, acted: &Acted) -> Result<AlertRow, AlertError> {
        let is_long = |text: &str| text.chars().count() > ALERT_NOTE_CHARS_MAX;
        if acted.by.trim().is_empty() || is_long(&acted.by) {
            return Err(AlertError::Text { field: "by", accepted: "who it is" });
        }
        if is_long(&acted.note) {
            return Err(AlertError::Text { field: "note", accepted: "what there is to say" });
        }
        let mut tx = self.write_begin().await?;
        let found = Query::new(format!("{COLUMNS} a.id = $1")).bind(id).fetch_optional(&mut tx).await?;
        let mut row = found.as_ref().map(alert).transpose()?.ok_or_else(|| AlertError::Unknown(id.to_owned()))?;
        let already = |was, acted: &Acted| AlertError::Already { was, by: acted.by.clone(), at: acted.at };
        if let Some((acted, _)) = &row.closed {
            return Err(already("closed", acted));
        }
        let outcome = match (action, &row.acknowledged) {
            (AlertAction::Acknowledge, Some(acted)) => return Err(already("acknowledged", acted)),
            (AlertAction::Acknowledge, None) => None,
            (AlertAction::Close(outcome), _) => Some(outcome),
        };
        Query::new(
            "insert into alert_action (alert, action, outcome, by_whom, note, at) values ($1, $2, $3, $4, $5, $6) \
             on conflict (alert, action) do nothing",
        )
        .bind(id)
        .bind(action.name())
        .bind(outcome.map(|outcome| outcome.as_str().to_owned()))
        .bind(acted.by.as_str())
        .bind(acted.note.as_str())
        .bind(acted.at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        match outcome {
            None => row.acknowledged = Some(acted.clone()),
            Some(outcome) => row.closed = Some((acted.clone(), outcome)),
        }
        Ok(row)
    }

    /// Raises a guard's call for help at a lane; where one is open there that nobody took on, that one stands.
    pub async fn help_call(&self, call: &HelpCall) -> Result<AlertRow, StoreError> {
        let mut tx = self.write_begin().await?;
        let open = Query::new(format!(
            "{COLUMNS} a.node = $1 and a.kind = 'help_wanted' and a.subject = $2 \
             and not exists (select 1 from alert_action d where d.alert = a.id)"
        ));
        let open = open.bind(call.node.as_str()).bind(call.lane.as_str()).fetch_optional(&mut tx).await?;
        if let Some(open) = open {
            return alert(&open);
        }
        let raised = AlertRow {
            id: format!("help-{}-{}-{}", call.node, call.lane, call.at.as_unix_micros()),
            kind: AlertKind::HelpWanted,
            site: call.site.clone(),
            gate: None,
            node: call.node.clone(),
            subject: call.lane.to_string(),
            seq: 0,
            at: call.at,
            ended_at: None,
            detail: call.reason.clone(),
            acknowledged: None,
            closed: None,
        };
        alerts_insert(&mut tx, std::slice::from_ref(&raised)).await?;
        tx.commit().await?;
        Ok(raised)
    }

    /// Raises an alert for each node that nothing was heard of for `silence`, and ends those of nodes that are heard
    /// again. Returns what changed. A node tells its status twice a minute while it is there.
    pub async fn silent_nodes_mark(&self, now: UtcTime, silence: Duration) -> Result<Vec<AlertRow>, StoreError> {
        let mut tx = self.write_begin().await?;
        let rows = Query::new(
            "select n.node as node, n.site as site, s.state as state, s.received_at as heard, \
             (select max(a.at) from alert a where a.node = n.node and a.kind = 'node_silent' and a.ended_at is null) \
             as silent_since from node n join node_status s on s.node = n.node",
        )
        .fetch_all(&mut tx)
        .await?;
        let mut raised = Vec::new();
        let mut changed = Vec::new();
        for row in &rows {
            let node: NodeId = parsed("a node id", row.try_get("node")?)?;
            let state: String = row.try_get("state")?;
            let heard = moment(row.try_get("heard")?)?;
            let silent_since: Option<i64> = row.try_get("silent_since")?;
            let is_away = state == "offline";
            let is_late = now.since(heard) > silence;
            match silent_since {
                None if is_late => raised.push(silent(&node, parsed("a site id", row.try_get("site")?)?, heard)),
                Some(since) if !is_away && !is_late => {
                    changed.extend(heard_again(&mut tx, &node, since, heard).await?);
                }
                Some(_) | None => {}
            }
        }
        alerts_insert(&mut tx, &raised).await?;
        tx.commit().await?;
        changed.extend(raised);
        Ok(changed)
    }
}

/// A guard's call for help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpCall {
    /// The site.
    pub site: SiteId,
    /// The node of the lane.
    pub node: NodeId,
    /// The lane.
    pub lane: LaneName,
    /// Why, in the guard's words.
    pub reason: String,
    /// When.
    pub at: UtcTime,
}

fn silent(node: &NodeId, site: SiteId, heard: UtcTime) -> AlertRow {
    AlertRow {
        id: format!("node-silent-{node}-{}", heard.as_unix_micros()),
        kind: AlertKind::NodeSilent,
        site,
        gate: None,
        node: node.clone(),
        subject: node.to_string(),
        seq: 0,
        at: heard,
        ended_at: None,
        detail: String::new(),
        acknowledged: None,
        closed: None,
    }
}

async fn heard_again(tx: &mut Tx, node: &NodeId, since: i64, heard: UtcTime) -> Result<Vec<AlertRow>, StoreError> {
    let ended = heard.as_unix_micros().max(since);
    Query::new("update alert set ended_at = $1 where node = $2 and kind = 'node_silent' and ended_at is null")
        .bind(ended)
        .bind(node.as_str())
        .execute(&mut *tx)
        .await?;
    let rows = Query::new(format!("{COLUMNS} a.node = $1 and a.kind = 'node_silent' and a.ended_at = $2"))
        .bind(node.as_str())
        .bind(ended)
        .fetch_all(&mut *tx)
        .await?;
    rows.iter().map(alert).collect()
}

fn alert(row: &Row) -> Result<AlertRow, StoreError> {
    let gate: Option<String> = row.try_get("gate")?;
    let ended_at: Option<i64> = row.try_get("ended_at")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    let closed = match (acted(row, ["closed_by", "closed_note", "closed_at"])?, outcome) {
        (Some(acted), Some(outcome)) => Some((acted, parsed("an outcome", &outcome)?)),
        (Some(_) | None, _) => None,
    };
    Ok(AlertRow {
        id: row.try_get("id")?,
        kind: parsed("a kind of alert", row.try_get("kind")?)?,
        site: parsed("a site id", row.try_get("site")?)?,
        gate: gate.map(|gate| parsed("a gate id", &gate)).transpose()?,
        node: parsed("a node id", row.try_get("node")?)?,
        subject: row.try_get("subject")?,
        seq: natural("an event number", row.try_get("seq")?)?,
        at: moment(row.try_get("at")?)?,
        ended_at: ended_at.map(moment).transpose()?,
        detail: row.try_get("detail")?,
        acknowledged: acted(row, ["taken_by", "taken_note", "taken_at"])?,
        closed,
    })
}

fn acted(row: &Row, [by, note, at]: [&str; 3]) -> Result<Option<Acted>, StoreError> {
    let Some(by) = row.try_get::<Option<String>>(by)? else { return Ok(None) };
    let note: Option<String> = row.try_get(note)?;
    let at: Option<i64> = row.try_get(at)?;
    Ok(Some(Acted { by, note: note.unwrap_or_default(), at: moment(at.unwrap_or_default())? }))
}
