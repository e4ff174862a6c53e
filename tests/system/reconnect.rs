//! Many nodes find their broker at the same moment.

use gatehouse_tests::reconnect::{Reconnect, reconnect};

#[test]
fn thirty_nodes_that_come_back_at_once_bring_every_event_once() {
    let report = reconnect(Reconnect { nodes: 30, hours: 24, passages_a_day: 60, seed: 7 });
    assert!(report.is_clean(), "{report}");
}
