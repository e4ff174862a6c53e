//! Hours without a broker; the days are `make offline-test`.

use gatehouse_tests::offline::{Offline, offline};

#[test]
fn what_happened_without_a_broker_arrives_once_and_in_order_although_the_node_was_killed() {
    let report = offline(Offline { hours: 3, passages_a_day: 2_000, starts: 3, seed: 7 });
    assert!(report.is_clean(), "\n{report}");
    assert_eq!((report.passages.0, report.pictures), (250, 250), "{report}");
    assert!(report.backlog >= 500 + u64::from(report.starts), "{report}");
}
