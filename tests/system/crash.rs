//! A small campaign of kills; the large one is `make crash-test`.

use gatehouse_tests::crash::{Campaign, Victim, campaign};
use gatehouse_tests::found::skip;
use gatehouse_tests::strace;

#[test]
fn kills_of_edge_hub_and_broker_lose_nothing_and_double_nothing() {
    let report = campaign(Campaign { points: 25, seed: 20 }, |_, _| {});
    assert!(report.is_clean(), "\n{report}");
    let total = |victim| report.kills[&victim].total;
    assert_eq!(Victim::ALL.map(total).iter().sum::<u32>(), 25, "{report}");
    assert!(Victim::ALL.into_iter().all(|victim| total(victim) > 3), "{report}");
    assert!(report.told > 20 && report.stored > report.told, "{report}");
    if !strace::works() {
        return skip("kills at system calls and inside flushes: strace is not installed, or may not trace");
    }
    let edge = report.kills[&Victim::Edge];
    assert!(edge.at_call > 0 && edge.in_flush > 0, "{report}");
}
