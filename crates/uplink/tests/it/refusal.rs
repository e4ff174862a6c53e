//! Brokers that do not want what the node has.

use std::fs;

use uplink::publisher::Refusal;

use crate::support::broker::Broker;
use crate::support::hub::{Hub, Receipts};
use crate::support::{events, nervous, open, patient, publish, until_confirmed, until_state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_does_not_authorise_events_is_visible_and_tried_again() {
    let mut broker = Broker::down("allow_anonymous true\nacl_file FOLDER/acl\n");
    fs::write(broker.folder().join("acl"), "topic read #\ntopic write gatehouse/v1/s1/n1/status\n").unwrap();
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=5)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), nervous());
    let refused = |state: &uplink::PublisherState| state.refused == Some(Refusal::NotAuthorised);
    assert!(until_state(&publisher, "the refusal", refused).await.connected);
    assert_eq!(outbox.backlog().rows, 5);

    fs::write(broker.folder().join("acl"), "topic readwrite #\n").unwrap();
    broker.kill();
    broker.up();
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_denies_the_subscription_to_receipts_is_visible() {
    // Mosquitto's access file lets everybody subscribe; its plugin for access rules, in the same package, does not.
    let plugin =
        fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path().join("mosquitto_dynamic_security.so"));
    let plugin = plugin.into_iter().find(|path| path.exists()).expect("mosquitto's plugins: run deploy/setup.sh");
    let plugin = format!("plugin {}\nplugin_opt_config_file FOLDER/rights.json\n", plugin.display());
    let mut broker = Broker::down(&format!("allow_anonymous true\n{plugin}"));
    let rights = "{\"publishClientSend\": true, \"publishClientReceive\": true, \"subscribe\": false}";
    let rights = format!("{{\"defaultACLAccess\": {rights}, \"clients\": [], \"groups\": [], \"roles\": []}}");
    fs::write(broker.folder().join("rights.json"), rights).unwrap();
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let publisher = publish(&outbox, broker.config(), patient());
    until_state(&publisher, "the refusal", |state| state.refused == Some(Refusal::ReceiptsDenied)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_that_do_not_arrive_are_visible_until_they_do() {
    // The node may subscribe to its receipts and publish its events, and never gets a receipt.
    let mut broker = Broker::down("allow_anonymous true\nacl_file FOLDER/acl\n");
    let acl = |ack: &str| format!("topic readwrite gatehouse/v1/s1/n1/event\ntopic {ack} gatehouse/v1/s1/n1/ack\n");
    fs::write(broker.folder().join("acl"), acl("write")).unwrap();
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=5)).await.unwrap();
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let publisher = publish(&outbox, broker.config(), nervous());
    until_state(&publisher, "silence", |state| state.receipts_overdue && state.unconfirmed == 5).await;
    assert!(hub.ledger().is_complete(5));
    fs::write(broker.folder().join("acl"), acl("readwrite")).unwrap();
    broker.kill();
    broker.up();
    until_confirmed(&publisher).await;
    until_state(&publisher, "the end of silence", |state| !state.receipts_overdue).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_lets_nobody_in_is_named_with_its_reason() {
    let mut broker = Broker::down("allow_anonymous false\n");
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let publisher = publish(&outbox, broker.config(), nervous());
    let state = until_state(&publisher, "an error", |state| state.last_error.is_some()).await;
    let error = state.last_error.unwrap();
    assert!(error.contains("NotAuthorized") && error.starts_with("broker 127.0.0.1:"), "{error}");
}
