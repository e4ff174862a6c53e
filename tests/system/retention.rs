//! What is too old goes whatever happens to the program that deletes it.

use gatehouse_tests::deletion::delete_under_fire;
use gatehouse_tests::found::skip;
use gatehouse_tests::strace;

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_while_it_deletes_finishes_the_next_time_and_writes_each_deletion_down_once() {
    if !strace::works() {
        return skip("strace is not there, or not let");
    }
    let report = delete_under_fire(120, 12, 3).await;
    assert_eq!((report.killed, report.files_left), (12, 0), "{report:?}");
    assert!(report.media > 20, "{report:?}");
    assert_eq!(report.logged.len(), report.media, "{report:?}");
    assert!(report.logged.values().all(|times| *times == 1), "{report:?}");
}
