//! Following the hub's policy: a real broker, a small HTTP server on a real socket, real files.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use tokio::task::JoinHandle;
use uplink::Publisher;
use wire::NodeTopic;
use wire::policy::{Bundle, PolicyOutcome, SealedBundle, WantedPolicy};

use crate::support::broker::Broker;
use crate::support::hub::{Hub, Receipts};
use crate::support::policy::{Following, Server, bundle, policy_key};
use crate::support::{clock, identity, open, patient, until};

#[tokio::test]
async fn what_is_wanted_is_fetched_with_a_grant_applied_once_and_kept() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    for version in [1, 2] {
        let message = server.publish(1, &bundle(version));
        following.link.deliver(&message);
        following.link.deliver(&message);
        following.until_running(version).await;
    }
    assert_eq!(*following.applied.lock().unwrap(), [1, 2]);
    let outcomes: Vec<_> =
        following.told.lock().unwrap().iter().map(|c| (c.outcome, c.running.map(|r| r.version))).collect();
    assert_eq!(outcomes, [(PolicyOutcome::Applied, Some(1)), (PolicyOutcome::Applied, Some(2))]);
    following.client.stop().await;
    let server = Server::start();
    drop(following.link);
    let again = Following::start(folder.path(), &server);
    assert_eq!(again.running(), Some(2), "it is in the status before anything is heard");
    again.link.deliver(&server.publish(1, &bundle(2)));
    again.link.deliver(&server.publish(1, &bundle(3)));
    again.until_running(3).await;
    assert_eq!((server.asked().len(), again.applied.lock().unwrap().clone()), (1, vec![3]));
}

#[tokio::test]
async fn an_older_version_a_stranger_s_and_a_forged_one_are_refused_without_asking_the_hub() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    following.link.deliver(&server.publish(1, &bundle(7)));
    following.until_running(7).await;
    following.link.deliver(&server.publish(1, &bundle(6)));
    following.until_refused("version 6 is not above 7").await;
    following.link.deliver(&server.publish(1, &Bundle { rollback_from: Some(6), ..bundle(5) }));
    following.until_refused("may roll back from 6 at most").await;
    following.link.deliver(&server.publish(2, &bundle(9)));
    following.until_refused("not trusted here").await;
    assert_eq!(server.asked().len(), 1, "only what may be taken is fetched");
    following.link.deliver(&server.publish(1, &Bundle { rollback_from: Some(7), ..bundle(5) }));
    following.until_running(5).await;
    assert_eq!(following.refusal(), None);
    following.link.deliver(&server.publish(1, &bundle(7)));
    following.until_refused("version 7 is not above 7").await;
    assert_eq!(*following.applied.lock().unwrap(), [7, 5]);
}

#[tokio::test]
async fn a_flood_of_forgeries_neither_stops_a_download_nor_fills_the_outbox() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    let message = server.publish(1, &bundle(1));
    let path = WantedPolicy::path(&identity().site, 1);
    let (_, body) = server.answers.lock().unwrap().by_path.remove(&path).unwrap();
    following.link.deliver(&message);
    until("a first attempt", || !server.asked().is_empty()).await;
    for number in 0..50 {
        following.link.deliver(format!("{{\"v\":1,\"forged\":{number}}}").as_bytes());
        tokio::task::yield_now().await;
    }
    server.put(&path, 200, &body);
    following.until_running(1).await;
    let refused = following.told.lock().unwrap().iter().filter(|c| c.policy.is_none()).count();
    assert!(refused <= 1, "{refused} events of forgeries");
}

#[tokio::test]
async fn what_the_program_cannot_apply_changes_nothing_and_the_next_one_is_tried() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    following.link.deliver(&server.publish(1, &bundle(1)));
    following.until_running(1).await;
    for (version, fault, says) in [(2, "access.toml: lanes[0] is unknown", "lanes[0]"), (3, "panic", "failed while")] {
        *following.fault.lock().unwrap() = Some(fault.to_owned());
        following.link.deliver(&server.publish(1, &bundle(version)));
        following.until_refused(says).await;
        assert_eq!(following.refusal().unwrap().0, Some(version));
        assert_eq!(following.running(), Some(1));
    }
    *following.fault.lock().unwrap() = None;
    following.link.deliver(&server.publish(1, &bundle(4)));
    following.until_running(4).await;
    assert_eq!((following.refusal(), following.applied.lock().unwrap().clone()), (None, vec![1, 4]));
    following.client.stop().await;
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 4, "nothing is left of what was refused");
}

#[tokio::test]
async fn other_bytes_than_announced_are_never_applied_and_the_right_ones_are_waited_for() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    let message = server.publish(1, &bundle(1));
    let path = WantedPolicy::path(&identity().site, 1);
    let right = server.answers.lock().unwrap().by_path[&path].1.clone();
    let mut flipped = right.clone();
    flipped[60] ^= 1;
    let other = SealedBundle::seal(&policy_key(1), &bundle(2)).unwrap();
    let wrong: [(u16, Vec<u8>, &str); 5] = [
        (200, right[..right.len() - 1].to_vec(), "bytes, not the"),
        (200, [&right[..], b" "].concat(), "bytes, not the"),
        (200, flipped, "the hash"),
        (200, other.as_bytes().to_vec(), "the hash"),
        (302, Vec::new(), "status 302"),
    ];
    following.link.deliver(&message);
    for (status, body, says) in wrong {
        server.put(&path, status, &body);
        let before = server.asked().len();
        until("two more attempts", || server.asked().len() >= before + 2).await;
        assert_eq!(following.running(), None, "{says}");
    }
    following.until_refused("it cannot be fetched").await;
    server.put(&path, 200, &right);
    following.until_running(1).await;
    assert_eq!(following.refusal(), None);
    assert_eq!(*following.applied.lock().unwrap(), [1]);
}

#[tokio::test]
async fn a_bundle_that_is_not_the_announced_one_is_refused_although_both_are_signed() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    let (old, new) = (bundle(1), bundle(2));
    let sealed = SealedBundle::seal(&policy_key(1), &old).unwrap();
    server.put("/old/2", 200, sealed.as_bytes());
    let lie = WantedPolicy { version: new.version, ..WantedPolicy::of(&old, &sealed, "/old/2") };
    following.link.deliver(&lie.seal(&policy_key(1)).unwrap());
    following.until_refused("announced as version 2").await;
    assert_eq!(following.running(), None);
}

#[tokio::test]
async fn a_policy_waits_for_its_time() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    let later = clock()().at.saturating_add(Duration::from_secs(3600));
    following.link.deliver(&server.publish(1, &Bundle { not_before: later, ..bundle(1) }));
    until("it waits", || following.client.watch().borrow().waiting.is_some_and(|w| w.version == 1)).await;
    assert_eq!((following.running(), following.applied.lock().unwrap().len()), (None, 0));
    // A newer one takes its place.
    following.link.deliver(&server.publish(1, &bundle(2)));
    following.until_running(2).await;
    assert_eq!(following.client.watch().borrow().waiting, None);
}

#[tokio::test]
async fn a_damaged_policy_is_told_and_mended() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let following = Following::start(folder.path(), &server);
    for version in [1, 2] {
        following.link.deliver(&server.publish(1, &bundle(version)));
        following.until_running(version).await;
    }
    following.client.stop().await;
    drop(following.link);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let newest = files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).max();
    std::fs::write(newest.unwrap(), b"{}").unwrap();
    let again = Following::start(folder.path(), &server);
    assert_eq!(again.running(), Some(1));
    until("the loss is told", || again.told.lock().unwrap().iter().any(|change| change.outcome == PolicyOutcome::Lost))
        .await;
    assert!(again.refusal().is_some_and(|(version, reason)| version == Some(2) && reason.contains("damaged")));
    again.link.deliver(&server.publish(1, &bundle(2)));
    again.until_running(2).await;
    assert_eq!(again.refusal(), None);
}

/// Publishes retained messages as a hub does, or as somebody who got at the broker.
struct Sender {
    client: AsyncClient,
    task: JoinHandle<()>,
}

impl Sender {
    fn connect(broker: &Broker) -> Self {
        let config = broker.config();
        let mut options = MqttOptions::new("policies", config.host, config.port);
        options.set_clean_start(true).set_max_packet_size(Some(1 << 20));
        let (client, mut events) = AsyncClient::new(options, 16);
        let task = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        Self { client, task }
    }

    async fn want(&self, message: Vec<u8>) {
        let uplink::Identity { site, node, .. } = identity();
        let topic = NodeTopic { site, node, channel: wire::Channel::Policy }.to_string();
        self.client.publish(topic, QoS::AtLeastOnce, true, message).await.unwrap();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_policy_that_was_wanted_before_the_node_came_is_heard_and_told_in_the_status_at_once() {
    let (folder, server, broker) = (tempfile::tempdir().unwrap(), Server::start(), Broker::start());
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let sender = Sender::connect(&broker);
    sender.want(server.publish(1, &bundle(1))).await;
    let following = Following::start(&folder.path().join("policy"), &server);
    let outbox = open(&folder.path().join("outbox.db")).await;
    let link = following.link.clone();
    let publisher = Publisher::start_with_policy(outbox, broker.config(), patient(), "1.2.3", clock(), link);
    following.until_running(1).await;
    let says = |version: u64| {
        move |ledger: &crate::support::hub::Ledger| {
            let status = ledger.statuses.last().and_then(|status| status.policy.clone());
            status.is_some_and(|policy| policy.running.is_some_and(|name| name.version == version))
        }
    };
    // Statuses are otherwise an hour apart here.
    hub.until("the status says 1", says(1)).await;
    sender.want(server.publish(1, &bundle(2))).await;
    hub.until("the status says 2", says(2)).await;
    sender.want(b"who am I".to_vec()).await;
    hub.until("the status tells of a forgery", |ledger| {
        let policy = ledger.statuses.last().and_then(|status| status.policy.clone());
        policy.is_some_and(|policy| policy.refused.is_some() && policy.running.is_some_and(|name| name.version == 2))
    })
    .await;
    publisher.stop().await;
}
