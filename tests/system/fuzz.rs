//! The first tries of `make fuzz`, so that each change meets them.

use gatehouse_tests::fuzz::{Until, api, envelope};

#[test]
fn messages_that_are_almost_right_are_refused_and_the_log_of_honest_nodes_stays_whole() {
    let report = envelope::envelopes(7, Until::Tries(4_000));
    assert!(report.is_clean(), "{report}");
    // Enough of each got through to mean something.
    let refused = report.fates.keys().filter(|fate| fate.starts_with("refused")).count();
    assert!(refused >= 4 && report.fates["stored"] >= 100, "{report}");
}

#[test]
fn requests_that_are_almost_right_get_an_answer_with_a_reason() {
    let report = api::requests(7, Until::Tries(1_500));
    assert!(report.is_clean(), "{report}");
    assert!(report.fates["200"] >= 50 && report.fates["400"] >= 50, "{report}");
}
