//! Guards' orders to lanes: given, and who gave which, why, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use store::{ListCursor, LogEntry, NewOrder, OrderFilter, OrderNoted, OrderRow, RegisteredNode};
use utoipa::{IntoParams, ToSchema};
use wire::order::OrderError;
use wire::{LaneName, LaneOrder, OrderAction, OrderId};

use crate::accounts::Permission;
use crate::accounts::principal::{Caller, OpenSession};
use crate::api::App;
use crate::api::access::idempotency_key;
use crate::api::body::Body;
use crate::api::lists::is_full;
use crate::api::params::{Params, check_span, rows, sites};
use crate::api::problem::{Problem, later_by, no_randomness};
use crate::clock;
use crate::orders::ANSWER_AFTER_MAX;
use crate::orders::post::{GOOD_FOR, GOOD_FOR_MAX, GuardPost, rate};

/// What may be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderedAction {
    /// Open the lane once.
    Open,
    /// Let somebody pass whatever the policy says; with `answers`, whom that decision referred to the guard.
    Permit,
    /// Let whom `answers` referred to the guard not pass. Nothing moves.
    Refuse,
    /// Hold the lane open.
    Hold,
    /// End a hold and close.
    Close,
    /// Close, and open for nobody.
    LockDown,
    /// Back to normal: no hold, no lock-down, no fire whose input is not active any more.
    Release,
}

impl From<OrderedAction> for OrderAction {
    fn from(action: OrderedAction) -> Self {
        match action {
            OrderedAction::Open => Self::Open,
            OrderedAction::Permit => Self::Permit,
            OrderedAction::Refuse => Self::Refuse,
            OrderedAction::Hold => Self::Hold,
            OrderedAction::Close => Self::Close,
            OrderedAction::LockDown => Self::LockDown,
            OrderedAction::Release => Self::Release,
        }
    }
}

impl From<OrderAction> for OrderedAction {
    fn from(action: OrderAction) -> Self {
        match action {
            OrderAction::Open => Self::Open,
            OrderAction::Permit => Self::Permit,
            OrderAction::Refuse => Self::Refuse,
            OrderAction::Hold => Self::Hold,
            OrderAction::Close => Self::Close,
            OrderAction::LockDown => Self::LockDown,
            OrderAction::Release => Self::Release,
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    /// It is on its way, or its node is being waited for.
    UnderWay,
    /// The lane has it. What its barrier then does is told by the node's events.
    Given,
    /// The node did not give it to the lane: `detail` says why.
    Refused,
    /// It was sent and not answered: it may have been carried out.
    Silent,
    /// It did not get to the node and will not: nothing moved.
    NotGiven,
    /// The hub ended while it waited, and cannot say: it may have been carried out.
    Unknown,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    /// Its identity, a UUID, by which the node knows it.
    id: String,
    /// The site.
    site: String,
    /// The node whose lane it is.
    node: String,
    /// The lane; nothing for all lanes of the node.
    lane: Option<String>,
    /// What was ordered.
    action: OrderedAction,
    /// Number of the referred decision that it answers.
    answers: Option<String>,
    /// Why.
    reason: String,
    /// Who ordered it, as the node and its events name him.
    by: String,
    /// The account's id.
    account: String,
    /// When it was signed.
    issued_at: String,
    /// After this moment the node does not carry it out.
    not_after: String,
    /// What became of it.
    state: OrderState,
    /// More about that, in words; empty where there is nothing to say.
    detail: String,
    /// Number of the decision that it became, at its node.
    decision: Option<String>,
    /// When the node answered, by its own clock.
    answered_at: Option<String>,
    /// When the hub knew.
    settled_at: Option<String>,
}

/// Orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Orders {
    /// The newest first.
    orders: Vec<Order>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
}

/// An order to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderWanted {
    /// The node whose lane it is.
    #[schema(value_type = String)]
    node: NodeId,
    /// The lane. `lock_down` and `release` may go without, and are for all lanes of the node then.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    lane: Option<LaneName>,
    /// What to do.
    action: OrderedAction,
    /// Number of the referred decision that a `permit` or `refuse` answers.
    #[serde(default)]
    answers: Option<String>,
    /// Why, 1 to 500 characters on one line. It stands in the log of the node, the hub and the audit.
    reason: String,
    /// For how many seconds the order is good, 1 to 60; 10 where it is not given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60, default = 10)]
    good_for_s: Option<u64>,
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only to this node.
    #[param(value_type = Option<String>)]
    node: Option<NodeId>,
    /// Only to lanes of this name, and to all lanes at once.
    #[param(value_type = Option<String>)]
    lane: Option<LaneName>,
    /// Only by the account with this id.
    account: Option<String>,
    /// Only given at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only given before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

fn shown(row: OrderRow, now: UtcTime) -> Order {
    let OrderRow { order, account, fate } = row;
    let state = match fate.as_ref().map(|fate| fate.end) {
        Some(store::OrderEnd::Given) => OrderState::Given,
        Some(store::OrderEnd::Refused) => OrderState::Refused,
        Some(store::OrderEnd::Silent) => OrderState::Silent,
        Some(store::OrderEnd::NotGiven) => OrderState::NotGiven,
        // Twice as long as it is waited for: the word may still be on its way into the database.
        None if now <= order.not_after.saturating_add(ANSWER_AFTER_MAX * 2) => OrderState::UnderWay,
        None => OrderState::Unknown,
    };
    Order {
        id: order.id.to_string(),
        site: order.site.to_string(),
        node: order.node.to_string(),
        lane: order.lane.map(|lane| lane.to_string()),
        action: order.action.into(),
        answers: order.answers,
        reason: order.reason,
        by: order.by,
        account,
        issued_at: order.issued_at.to_string(),
        not_after: order.not_after.to_string(),
        state,
        detail: fate.as_ref().map(|fate| fate.detail.clone()).unwrap_or_default(),
        decision: fate.as_ref().and_then(|fate| fate.decision.clone()),
        answered_at: fate.as_ref().and_then(|fate| fate.answered_at).map(|at| at.to_string()),
        settled_at: fate.map(|fate| fate.at.to_string()),
    }
}

/// Orders to lanes, newest first: who gave which, why, and what became of it.
#[utoipa::path(get, path = "/api/v1/orders", tag = "access", params(OrderParams),
    responses((status = 200, body = Orders), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn orders(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<OrderParams>,
) -> Result<Json<Orders>, Problem> {
    let OrderParams { site, node, lane, account, from, to, limit, before } = params;
    check_span(from, to)?;
    let before = before.map(|before| before.parse::<ListCursor>()).transpose();
    let before = before.map_err(|error| Problem::bad_request(format!("before: {error}")))?;
    let sites = sites(&caller, Permission::OrdersRead, site.as_ref());
    let filter = OrderFilter { sites, node, lane, account, from, to, before, limit: rows(limit)? };
    let (now, rows) = (clock::now(), app.store.orders(&filter).await?);
    let next = rows.last().filter(|_| is_full(rows.len(), filter.limit));
    let next = next.map(|row| ListCursor::new(row.order.issued_at, row.order.id).to_string());
    Ok(Json(Orders { orders: rows.into_iter().map(|row| shown(row, now)).collect(), next }))
}

/// Orders something at a lane, and answers once the node did, or did not within the time for which the order is good. Read
/// `state`: an order that was taken here may have been refused there. It needs the header `Idempotency-Key`: the same key
/// again gives the same order's state and sends nothing.
#[utoipa::path(post, path = "/api/v1/orders", tag = "access", request_body = OrderWanted,
    params(("Idempotency-Key" = String, Header, description = "What the caller calls this order, 1 to 100 visible ASCII \
        characters")),
    responses(
        (status = 200, description = "It was given before under the same Idempotency-Key", body = Order),
        (status = 201, description = "It was sent, or tried to be: `state` says what became of it", body = Order),
        (status = 400, body = Problem),
        (status = 404, description = "No such node at a site of the caller", body = Problem),
        (status = 409, description = "The node is believed no more", body = Problem),
        (status = 422, description = "The Idempotency-Key stands for another order", body = Problem),
        (status = 429, description = "Too many orders of this account at this lane", body = Problem),
        (status = 501, description = "The hub holds no order key", body = Problem),
        (status = 503, description = "It was not sent", body = Problem),
    ))]
pub(crate) async fn order(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(wanted): Body<OrderWanted>,
) -> Result<Response, Problem> {
    let session = person(&caller)?;
    let post = app.guard_post.clone().ok_or_else(no_key)?;
    let request_key = idempotency_key(&headers)?.ok_or_else(|| {
        let detail = "idempotency-key: missing: name the order, so that one that is sent again is not given again";
        Problem::of("idempotency_key_needed", StatusCode::BAD_REQUEST, detail)
    })?;
    let node = believed(&app, &caller, &wanted.node).await?;
    let order = signed_by(session, wanted, node.site.clone())?;
    let entry = entry(&caller, &order);
    let new = NewOrder { order: order.clone(), account: session.account.id.clone(), request_key };
    let room = post.room().ok_or_else(|| Problem::later("too many orders at the same time: this one was not sent"))?;
    match app.store.order_begin(&new, rate(order.action), &entry).await? {
        OrderNoted::New => {}
        OrderNoted::Before(held) => return again(*held, &order),
        OrderNoted::TooMany(at) => {
            return Err(later_by("too many orders of this account at this lane", at.since(order.issued_at)));
        }
    }
    let sent = tokio::spawn(GuardPost::send(Arc::clone(&post), order.clone(), node.key, entry, room));
    // It fails with a bug of ours only; what was noted stands.
    let fate =
        sent.await.map_err(|_| Problem::later("the hub failed after the order was sent: it may be carried out"))?;
    let row = OrderRow { order, account: new.account, fate: Some(fate) };
    Ok((StatusCode::CREATED, Json(shown(row, clock::now()))).into_response())
}

/// Whoever opens a barrier is a person with a name.
fn person(caller: &Caller) -> Result<&OpenSession, Problem> {
    caller.session().ok_or_else(|| {
        let detail = "orders are given by persons: sign in with an account, a key is not taken";
        Problem::of("forbidden", StatusCode::FORBIDDEN, detail)
    })
}

fn no_key() -> Problem {
    let detail = "this hub holds no order key: make one with `gatehouse-hub order-key keygen`, give its configuration a table \
                  [signing] with order_key_file, and the nodes its public half as order_keys";
    Problem::of("no_order_key", StatusCode::NOT_IMPLEMENTED, detail)
}

/// The node, where the caller may give orders at its site and it is believed.
async fn believed(app: &App, caller: &Caller, node: &NodeId) -> Result<RegisteredNode, Problem> {
    let known = app.store.node_get(node).await?.filter(|known| caller.sees(Permission::OrdersWrite, &known.site));
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no node \"{node}\" at your sites"));
    let known = known.ok_or_else(missing)?;
    match app.store.revocation_of(node).await? {
        None => Ok(known),
        Some(gone) => {
            let detail = format!("node \"{node}\" is believed no more since {}: nothing is ordered there", gone.at);
            Err(Problem::of("node_revoked", StatusCode::CONFLICT, detail))
        }
    }
}

fn signed_by(session: &OpenSession, wanted: OrderWanted, site: SiteId) -> Result<LaneOrder, Problem> {
    let good_for = Duration::from_secs(wanted.good_for_s.unwrap_or(GOOD_FOR.as_secs()));
    if good_for.is_zero() || good_for > GOOD_FOR_MAX {
        let detail =
            format!("good_for_s: {} is out of range: 1 to {} is accepted", good_for.as_secs(), GOOD_FOR_MAX.as_secs());
        return Err(Problem::bad_request(detail));
    }
    let reason = wanted.reason.trim().to_owned();
    if reason.chars().any(char::is_control) {
        return Err(Problem::bad_request("reason: one line is accepted"));
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(no_randomness)?;
    let account = &session.account;
    let issued_at = clock::now();
    let order = LaneOrder {
        id: OrderId::from_random(random),
        site,
        node: wanted.node,
        lane: wanted.lane,
        action: wanted.action.into(),
        answers: wanted.answers,
        by: if account.display_name == account.name {
            account.name.clone()
        } else {
            format!("{} ({})", account.display_name, account.name)
        },
        reason,
        issued_at,
        not_after: issued_at.saturating_add(good_for),
    };
    match order.check() {
        Ok(()) => Ok(order),
        Err(OrderError::BadMember { member, accepted }) => {
            Err(Problem::bad_request(format!("{member}: {} is accepted", accepted.trim_end_matches(','))))
        }
        Err(error) => Err(Problem::bad_request(error.to_string())),
    }
}

/// The row of the audit log from before anything is sent.
fn entry(caller: &Caller, order: &LaneOrder) -> LogEntry {
    let lane = order.lane.as_ref().map_or("*", |lane| lane.as_str());
    let subject = format!("{}/{lane} {}", order.node, order.id);
    LogEntry {
        site: Some(order.site.clone()),
        purpose: Some(order.reason.clone()),
        outcome: "to_be_sent".to_owned(),
        ..caller.entry(order.issued_at, format!("order.{}", order.action.as_str()), subject)
    }
}

/// What became of an order that was given before under the same key.
fn again(held: OrderRow, order: &LaneOrder) -> Result<Response, Problem> {
    let what = |order: &LaneOrder| {
        (order.node.clone(), order.lane.clone(), order.action, order.answers.clone(), order.reason.clone())
    };
    if what(&held.order) != what(order) {
        let detail = "idempotency-key: it stands for another order: take a new one";
        return Err(Problem::of("idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let mut response = Json(shown(held, clock::now())).into_response();
    let name = HeaderName::from_static("idempotency-replayed");
    response.headers_mut().insert(name, HeaderValue::from_static("true"));
    Ok(response)
}
