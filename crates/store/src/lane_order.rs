//! Guards' orders that were given through the hub: noted before they are sent, with what became of them after.
//!
//! An order and its row in the audit log are one transaction, before anything is sent: a hub that dies then leaves an
//! order of which nobody knows what became, and never one that nobody knows of.

use std::time::Duration;

use domain::{NodeId, UtcTime};
use wire::{LaneName, LaneOrder, OrderAction};

use crate::audit_log::{LogEntry, append, hold};
use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::{ListCursor, Sites};
use crate::row::{moment, named, parsed};

/// An order to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order as it will be sent.
    pub order: LaneOrder,
    /// The account that gives it.
    pub account: String,
    /// What the account calls it: the same again is the same order.
    pub request_key: String,
}

/// How many orders of one account at one lane are taken. What closes a lane is counted apart from what opens it, so that
/// nobody who opened too often is kept from closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRate {
    /// So many.
    pub orders: u32,
    /// Within so long.
    pub within: Duration,
}

/// What became of a new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderNoted {
    /// It is noted, and may be sent.
    New,
    /// The account gave an order of that name before.
    Before(Box<OrderRow>),
    /// Too many; the next is taken at this moment.
    TooMany(UtcTime),
}

/// How an order ended, as far as the hub knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEnd {
    /// The lane has it. What its barrier did is told by the node's events.
    Given,
    /// The node did not give it to the lane.
    Refused,
    /// It was sent and not answered: it may have been carried out.
    Silent,
    /// It never got to the node.
    NotGiven,
}

impl OrderEnd {
    /// The name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::NotGiven => "not_given",
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFate {
    /// How it ended.
    pub end: OrderEnd,
    /// More, in words; empty where there is nothing to say.
    pub detail: String,
    /// Number of the decision that it became.
    pub decision: Option<String>,
    /// When the node answered, by its own clock.
    pub answered_at: Option<UtcTime>,
    /// When the hub knew.
    pub at: UtcTime,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The order as it was sent.
    pub order: LaneOrder,
    /// The account that gave it.
    pub account: String,
    /// What became of it; nothing while nobody knows.
    pub fate: Option<OrderFate>,
}

/// Which orders to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only to this node.
    pub node: Option<NodeId>,
    /// Only to lanes of this name, or to all lanes.
    pub lane: Option<LaneName>,
    /// Only by this account.
    pub account: Option<String>,
    /// Only given at this moment or later.
    pub from: Option<UtcTime>,
    /// Only given before this moment.
    pub to: Option<UtcTime>,
    /// Only what comes after this row, that is: what is older.
    pub before: Option<ListCursor>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Notes an order, with `entry` in the audit log; it may be sent once this returned [`OrderNoted::New`].
    ///
    /// # Errors
    /// When it cannot be noted. Then it must not be sent.
    pub async fn order_begin(
        &self,
        new: &NewOrder,
        rate: OrderRate,
        entry: &LogEntry,
    ) -> Result<OrderNoted, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        // Of two hubs one comes after the other, so that one name is one order and nobody is counted too low.
        hold(&mut tx).await?;
        let held = Query::new("select * from lane_order where account = $1 and request_key = $2");
        let held = held.bind(&new.account).bind(&new.request_key).fetch_optional(&mut tx).await?;
        if let Some(held) = held {
            return Ok(OrderNoted::Before(Box::new(lane_order(&held)?)));
        }
        if let Some(again_at) = too_many(&mut tx, new, rate).await? {
            return Ok(OrderNoted::TooMany(again_at));
        }
        let order = &new.order;
        Query::new(
            "insert into lane_order (id, site, node, lane, action, loosens, answers, reason, ordered_by, account, \
             request_key, issued_at, not_after) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(order.id.to_string())
        .bind(order.site.as_str())
        .bind(order.node.as_str())
        .bind(lane_text(order))
        .bind(order.action.as_str())
        .bind(order.action.loosens())
        .bind(order.answers.as_deref())
        .bind(&order.reason)
        .bind(&order.by)
        .bind(&new.account)
        .bind(&new.request_key)
        .bind(order.issued_at.as_unix_micros())
        .bind(order.not_after.as_unix_micros())
        .execute(&mut tx)
        .await?;
        append(&mut tx, std::slice::from_ref(entry)).await?;
        tx.commit().await?;
        Ok(OrderNoted::New)
    }

    /// Adds what became of an order, with `entry` in the audit log. The first word stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn order_end(&self, id: wire::OrderId, fate: &OrderFate, entry: &LogEntry) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        hold(&mut tx).await?;
        let written = Query::new(
            "update lane_order set outcome = $1, outcome_detail = $2, decision = $3, answered_at = $4, settled_at = $5 \
             where id = $6 and outcome is null",
        )
        .bind(fate.end.as_str())
        .bind(&fate.detail)
        .bind(fate.decision.as_deref())
        .bind(fate.answered_at.map(UtcTime::as_unix_micros))
        .bind(fate.at.as_unix_micros())
        .bind(id.to_string())
        .execute(&mut tx)
        .await?;
        if written > 0 {
            append(&mut tx, std::slice::from_ref(entry)).await?;
        }
        tx.commit().await
    }

    /// Orders, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn orders(&self, filter: &OrderFilter) -> Result<Vec<OrderRow>, StoreError> {
        let mut query = Query::new("select * from lane_order where true");
        filter.sites.push(&mut query, "site");
        if let Some(node) = &filter.node {
            query.push(" and node = ").push_bind(node.as_str().to_owned());
        }
        if let Some(lane) = &filter.lane {
            query.push(" and lane in ('', ").push_bind(lane.as_str().to_owned()).push(")");
        }
        if let Some(account) = &filter.account {
            query.push(" and account = ").push_bind(account.clone());
        }
        if let Some(from) = filter.from {
            query.push(" and issued_at >= ").push_bind(from.as_unix_micros());
        }
        if let Some(to) = filter.to {
            query.push(" and issued_at < ").push_bind(to.as_unix_micros());
        }
        if let Some(before) = &filter.before {
            let (at, id) = before.parts();
            query.push(" and (issued_at, id) < (").push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id.to_owned()).push(")");
        }
        query.push(" order by issued_at desc, id desc limit ").push_bind(i64::from(filter.limit));
        query.fetch_all(&self.inner.db).await?.iter().map(lane_order).collect()
    }
}

/// When the next order is taken, where there were too many of the kind.
async fn too_many(tx: &mut Tx, new: &NewOrder, rate: OrderRate) -> Result<Option<UtcTime>, StoreError> {
    let order = &new.order;
    let within_us = i64::try_from(rate.within.as_micros()).unwrap_or(i64::MAX);
    // The oldest of the last so many: with it still inside the span, the next one would be one too many.
    let counted = Query::new(
        "select issued_at from lane_order where account = $1 and node = $2 and lane = $3 and loosens = $4 \
         order by issued_at desc limit 1 offset $5",
    )
    .bind(&new.account)
    .bind(order.node.as_str())
    .bind(lane_text(order))
    .bind(order.action.loosens())
    .bind(i64::from(rate.orders.saturating_sub(1)));
    let Some(row) = counted.fetch_optional(tx).await? else { return Ok(None) };
    let oldest: i64 = row.try_get("issued_at")?;
    let again_at = oldest.saturating_add(within_us);
    // A clock that was set back keeps nobody out for longer than the span.
    let now = order.issued_at.as_unix_micros();
    if again_at <= now || oldest > now { Ok(None) } else { moment(again_at).map(Some) }
}

fn lane_text(order: &LaneOrder) -> &str {
    order.lane.as_ref().map_or("", |lane| lane.as_str())
}

fn lane_order(row: &Row) -> Result<OrderRow, StoreError> {
    let lane: &str = row.try_get("lane")?;
    let text = |name| row.try_get::<Option<&str>>(name).map(|text| text.map(str::to_owned));
    let order = LaneOrder {
        id: named("an order's id", row.try_get("id")?)?,
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        lane: if lane.is_empty() { None } else { Some(parsed("a lane", lane)?) },
        action: named::<OrderAction>("an order's action", row.try_get("action")?)?,
        answers: text("answers")?,
        by: row.try_get("ordered_by")?,
        reason: row.try_get("reason")?,
        issued_at: moment(row.try_get("issued_at")?)?,
        not_after: moment(row.try_get("not_after")?)?,
    };
    let fate = match row.try_get::<Option<&str>>("outcome")? {
        None => None,
        Some(end) => Some(OrderFate {
            end: named("an order's outcome", end)?,
            detail: row.try_get("outcome_detail")?,
            decision: text("decision")?,
            answered_at: row.try_get::<Option<i64>>("answered_at")?.map(moment).transpose()?,
            at: moment(row.try_get("settled_at")?)?,
        }),
    };
    Ok(OrderRow { order, account: row.try_get("account")?, fate })
}
