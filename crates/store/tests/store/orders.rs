//! Guards' orders: noted once before they are sent, with what became of them after.

use std::time::Duration;

use store::{
    AuditLogFilter, ListCursor, LogActor, LogEntry, NewOrder, OrderEnd, OrderFate, OrderFilter, OrderNoted, OrderRate,
    Sites,
};
use wire::{LaneName, LaneOrder, OrderAction, OrderId};

use crate::support::{Home, at, on_both};

const RATE: OrderRate = OrderRate { orders: 2, within: Duration::from_secs(60) };

fn order(id: u8, issued: i64, action: OrderAction) -> LaneOrder {
    LaneOrder {
        id: OrderId::from_random([id; 16]),
        site: "den-hung".parse().unwrap(),
        node: "n1".parse().unwrap(),
        lane: Some(LaneName::new("car-in").unwrap()),
        action,
        answers: (action == OrderAction::Permit).then(|| "1.7".to_owned()),
        by: "Trần Thị B (lan)".to_owned(),
        reason: "xe cứu thương".to_owned(),
        issued_at: at(issued),
        not_after: at(issued + 10),
    }
}

fn new(id: u8, issued: i64, action: OrderAction) -> NewOrder {
    NewOrder { order: order(id, issued, action), account: "id-1".to_owned(), request_key: format!("key-{id}") }
}

fn entry(order: &NewOrder, outcome: &str) -> LogEntry {
    LogEntry {
        at: order.order.issued_at,
        actor: LogActor { kind: "account", id: order.account.clone(), name: "lan".to_owned() },
        address: "203.0.113.9".to_owned(),
        action: "order.open".to_owned(),
        site: Some(order.order.site.clone()),
        subject: order.order.id.to_string(),
        purpose: Some(order.order.reason.clone()),
        outcome: outcome.to_owned(),
    }
}

fn fate(end: OrderEnd, seconds: i64) -> OrderFate {
    let answered_at = matches!(end, OrderEnd::Given | OrderEnd::Refused).then(|| at(seconds));
    OrderFate { end, detail: "vì sao".to_owned(), decision: Some("1.8".to_owned()), answered_at, at: at(seconds) }
}

fn all() -> OrderFilter {
    OrderFilter { sites: Sites::All, limit: 50, ..OrderFilter::default() }
}

on_both! {
    async fn an_order_is_noted_once_with_the_audit_log_and_gets_one_fate(home: Home) {
        let store = home.open().await;
        let first = new(1, 0, OrderAction::Permit);
        assert_eq!(store.order_begin(&first, RATE, &entry(&first, "to_be_sent")).await.unwrap(), OrderNoted::New);
        let again = NewOrder { request_key: first.request_key.clone(), ..new(2, 1, OrderAction::Permit) };
        let noted = store.order_begin(&again, RATE, &entry(&again, "to_be_sent")).await.unwrap();
        let OrderNoted::Before(held) = noted else { panic!("{noted:?}") };
        assert_eq!((&held.order, held.account.as_str(), &held.fate), (&first.order, "id-1", &None));
        // Another account may call an order the same.
        let other = NewOrder { account: "id-2".to_owned(), ..again };
        assert_eq!(store.order_begin(&other, RATE, &entry(&other, "to_be_sent")).await.unwrap(), OrderNoted::New);

        store.order_end(first.order.id, &fate(OrderEnd::Given, 2), &entry(&first, "given")).await.unwrap();
        store.order_end(first.order.id, &fate(OrderEnd::Silent, 9), &entry(&first, "silent")).await.unwrap();
        let held = store.orders(&OrderFilter { account: Some("id-1".to_owned()), ..all() }).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].fate, Some(fate(OrderEnd::Given, 2)), "the first word stays");
        let log = store.audit_log(&AuditLogFilter { limit: 9, ..AuditLogFilter::default() }).await.unwrap();
        let outcomes: Vec<_> = log.iter().rev().map(|row| row.outcome.as_str()).collect();
        assert_eq!(outcomes, ["to_be_sent", "to_be_sent", "given"]);
        assert_eq!(log[0].purpose.as_deref(), Some("xe cứu thương"));
    }

    async fn too_many_orders_of_a_kind_wait_and_another_kind_lane_or_account_does_not(home: Home) {
        let store = home.open().await;
        let begin = async |new: NewOrder| store.order_begin(&new, RATE, &entry(&new, "to_be_sent")).await.unwrap();
        for (id, issued) in [(1, 0), (2, 10)] {
            assert_eq!(begin(new(id, issued, OrderAction::Open)).await, OrderNoted::New);
        }
        assert_eq!(begin(new(3, 20, OrderAction::Hold)).await, OrderNoted::TooMany(at(60)));
        assert_eq!(begin(new(4, 20, OrderAction::LockDown)).await, OrderNoted::New, "closing is counted apart");
        let mut elsewhere = new(5, 20, OrderAction::Open);
        elsewhere.order.lane = Some(LaneName::new("car-out").unwrap());
        assert_eq!(begin(elsewhere).await, OrderNoted::New);
        let other = NewOrder { account: "id-2".to_owned(), ..new(6, 20, OrderAction::Open) };
        assert_eq!(begin(other).await, OrderNoted::New);
        assert_eq!(begin(new(7, 60, OrderAction::Open)).await, OrderNoted::New);
        assert_eq!(begin(new(8, 61, OrderAction::Open)).await, OrderNoted::TooMany(at(70)));
        // What was refused is not there, and a clock that was set back keeps nobody out.
        assert_eq!(store.orders(&all()).await.unwrap().len(), 6);
        assert_eq!(begin(new(9, -500, OrderAction::Open)).await, OrderNoted::New);
    }

    async fn orders_are_found_by_site_lane_and_page(home: Home) {
        let store = home.open().await;
        for id in 1..=5 {
            let mut one = new(id, i64::from(id) * 100, OrderAction::Release);
            match id {
                2 => one.order.lane = Some(LaneName::new("car-out").unwrap()),
                3 => one.order.lane = None,
                4 => one.order.site = "cho".parse().unwrap(),
                _ => {}
            }
            let noted = store.order_begin(&one, RATE, &entry(&one, "to_be_sent")).await.unwrap();
            assert_eq!(noted, OrderNoted::New);
        }
        let found = async |filter: OrderFilter| -> Vec<i64> {
            let rows = store.orders(&filter).await.unwrap();
            rows.iter().map(|row| row.order.issued_at.since(at(0)).as_secs() as i64 / 100).collect()
        };
        assert_eq!(found(all()).await, [5, 4, 3, 2, 1]);
        let sites = Sites::Only(vec!["cho".parse().unwrap()]);
        assert_eq!(found(OrderFilter { sites, ..all() }).await, [4]);
        let lane = Some(LaneName::new("car-out").unwrap());
        assert_eq!(found(OrderFilter { lane, ..all() }).await, [3, 2], "an order for all lanes is for this one too");
        assert_eq!(found(OrderFilter { from: Some(at(200)), to: Some(at(400)), ..all() }).await, [3, 2]);
        let page = store.orders(&OrderFilter { limit: 2, ..all() }).await.unwrap();
        let last = ListCursor::new(page[1].order.issued_at, page[1].order.id).to_string();
        let before = Some(last.parse().unwrap());
        assert_eq!(found(OrderFilter { before, limit: 2, ..all() }).await, [3, 2]);
    }
}
