//! Guards' orders from the hub, given to the node's lanes.

use std::time::{Duration, Instant};

use access::LaneId;
use anyhow::Result;
use uplink::{OrderClient, OrderClientConfig, OrderClientHandle, OrderLink, SeenOrders, WallClock};
use wire::{LaneOrder, NodeKey, OrderAction};

use crate::access::{AccessHandle, GuardOrder, OrderKind, OrderRefused};
use crate::config::NodeConfig;

/// Takes orders from now on; nothing where the node has no lanes, or trusts no key of a hub.
pub(crate) fn take_orders(
    config: &NodeConfig,
    key: &NodeKey,
    access: Option<&AccessHandle>,
    clock: WallClock,
) -> Result<Option<(OrderClientHandle, OrderLink)>> {
    let (Some(trusted), Some(access)) = (&config.trusted_orders, access) else { return Ok(None) };
    let seen = SeenOrders::open(&config.data.join("orders"), clock().at)?;
    let (site, node) = (config.site.clone(), config.node.clone());
    let own = OrderClientConfig { site, node, key: key.clone(), trusted: trusted.clone() };
    let (carrying, refusing) = (access.clone(), access.clone());
    let carry = move |order: &LaneOrder, left: Duration| {
        let done = carrying.order(guard_order(order, Instant::now() + left));
        done.map(|done| done.decision.map(|number| number.to_string())).map_err(|why| why.to_string())
    };
    let refuse = move |order: &LaneOrder, fault: &uplink::OrderFault| {
        let why = OrderRefused::NotTaken { name: fault.as_str(), why: fault.to_string() };
        refusing.refuse(guard_order(order, Instant::now()), why);
    };
    Ok(Some(OrderClient::start(own, seen, clock, carry, refuse)))
}

fn guard_order(order: &LaneOrder, until: Instant) -> GuardOrder {
    let kind = match (order.action, &order.answers) {
        (OrderAction::Open, _) => OrderKind::Open,
        (OrderAction::Permit, Some(decision)) => OrderKind::Answer { decision: decision.clone() },
        (OrderAction::Permit, None) => OrderKind::Override { subjects: Vec::new() },
        // Without a decision it does not pass the check of the message, and waits for nothing.
        (OrderAction::Refuse, decision) => OrderKind::Refuse { decision: decision.clone().unwrap_or_default() },
        (OrderAction::Hold, _) => OrderKind::Hold,
        (OrderAction::Close, _) => OrderKind::Close,
        (OrderAction::LockDown, _) => OrderKind::LockDown,
        (OrderAction::Release, _) => OrderKind::Release,
    };
    let lane = order.lane.as_ref();
    let lane = lane.map(|lane| LaneId::new(lane.as_str()).expect("a lane's name and its id are the same slugs"));
    GuardOrder { lane, kind, by: order.by.clone(), reason: order.reason.clone(), until }
}
