//! A small campaign of kills; the large one is `make crash-test`.

use gatehouse_tests::crash::{Campaign, Victim, campaign};

#[test]
fn kills_of_edge_hub_and_broker_lose_nothing_and_double_nothing() {
    let report = campaign(Campaign { kills: 5, seed: 20 }, |_, _| {});
    assert!(report.is_clean(), "\n{report}");
    assert!(Victim::ALL.iter().all(|victim| report.kills[victim].total == 5), "{report}");
    assert!(report.told > 20 && report.stored > report.told, "{report}");
}
