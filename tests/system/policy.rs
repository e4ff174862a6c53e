//! What the hub wants nodes to work by, from the command line of the real hub through a real Mosquitto to a node that
//! puts it into effect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::{ClockQuality, UtcTime};
use gatehouse_tests::hub::{self, Http};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use tokio::runtime::Runtime;
use uplink::{
    BrokerConfig, ClockReading, Identity, Limits, Outbox, PolicyClient, PolicyClientConfig, PolicyClientHandle,
    PolicyReader, PolicyStore, Publisher, PublisherHandle, WallClock,
};
use wire::NodeKey;
use wire::policy::{Bundle, PolicyChange, PolicyOutcome, TrustedKeys};

const SITE: &str = "cao-nguyen";
const NODE: &str = "node-1";

/// After so long a revoked plate must not open anything any more, on a node that is connected.
const REVOKED_MAX: Duration = Duration::from_secs(5);

pub(crate) fn clock() -> WallClock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let at = UtcTime::from_unix_micros(i64::try_from(since.as_micros()).unwrap()).unwrap();
        ClockReading { at, quality: ClockQuality::MEDIA }
    })
}

/// Makes the hub's key; the public half.
fn keygen(site: &Site, file: &Path) -> String {
    let made = hub::command(&site.hub_folder(), &["policy", "keygen", "--key", file.to_str().unwrap()]);
    assert!(made.status.success(), "{}", made.stderr);
    made.stdout.lines().last().unwrap().to_owned()
}

/// Writes and publishes a list of plates that may enter.
fn publish(site: &Site, key: &Path, plates: &[&str], more: &[&str]) -> u64 {
    let folder = site.path("policy");
    std::fs::create_dir_all(folder.join("lists")).unwrap();
    std::fs::write(folder.join("access.toml"), "default = \"refer\"\n").unwrap();
    std::fs::write(folder.join("lists/residents.csv"), format!("plate\n{}\n", plates.join("\n"))).unwrap();
    let (folder, key) = (folder.display().to_string(), key.display().to_string());
    let mut arguments =
        vec!["policy", "publish", "--site", SITE, "--folder", &folder, "--by", "Trần Thị B", "--key", &key];
    arguments.extend(more);
    let done = hub::command(&site.hub_folder(), &arguments);
    assert!(done.status.success(), "{}", done.stderr);
    let version = done.stdout.split(' ').nth(1).and_then(|version| version.parse().ok());
    version.unwrap_or_else(|| panic!("{}", done.stdout))
}

/// A node that lets in whose plate is on the list.
struct Node {
    runtime: Runtime,
    client: Option<PolicyClientHandle>,
    publisher: Option<PublisherHandle>,
    listed: Arc<Mutex<BTreeSet<String>>>,
    told: Arc<Mutex<Vec<PolicyChange>>>,
}

impl Node {
    fn start(site: &Site, http: &Http, trusted: &str) -> Self {
        let key = NodeKey::from_seed([9; 32]);
        let (site_id, node) = (SITE.parse().unwrap(), NODE.parse().unwrap());
        let identity = Identity { site: site_id, node, key: key.clone() };
        let trusted = TrustedKeys::new(vec![trusted.parse().unwrap()]).unwrap();
        let reader = PolicyReader { site: identity.site.clone(), node: identity.node.clone(), trusted };
        let (listed, told) = (Arc::<Mutex<BTreeSet<String>>>::default(), Arc::<Mutex<Vec<PolicyChange>>>::default());
        let (put, noted) = (Arc::clone(&listed), Arc::clone(&told));
        let apply = move |bundle: &Bundle| {
            let text = bundle.text("lists/residents.csv").ok_or("there is no lists/residents.csv")?;
            *put.lock().unwrap() = text.lines().skip(1).map(str::to_owned).collect();
            Ok(())
        };
        let runtime = Runtime::new().unwrap();
        let (client, publisher) = runtime.block_on(async {
            let store = PolicyStore::open(&site.path("edge/policy"), reader).unwrap();
            if let Some(bundle) = store.running() {
                apply(&bundle).unwrap();
            }
            let config = PolicyClientConfig::new(format!("http://{}", http.0), key, None);
            let report = move |change: &PolicyChange| noted.lock().unwrap().push(change.clone());
            let (client, link) = PolicyClient::start(store, config, clock(), apply, report).unwrap();
            let outbox = Outbox::open(&site.path("edge/outbox.db"), identity).await.unwrap();
            let broker =
                BrokerConfig { host: "127.0.0.1".to_owned(), port: site.broker.port, tls: None, credentials: None };
            let limits = Limits { reconnect_after_max: Duration::from_millis(500), ..Limits::default() };
            (client, Publisher::start_with_policy(outbox, broker, limits, "1.0", clock(), link))
        });
        Self { runtime, client: Some(client), publisher: Some(publisher), listed, told }
    }

    fn lets_in(&self, plate: &str) -> bool {
        self.listed.lock().unwrap().contains(plate)
    }

    fn refused(&self, reason: &str) -> bool {
        let told = self.told.lock().unwrap();
        told.iter().any(|change| change.outcome == PolicyOutcome::Refused && change.reason.contains(reason))
    }

    fn stop(mut self) {
        self.runtime.block_on(async {
            self.publisher.take().unwrap().stop().await;
            self.client.take().unwrap().stop().await;
        });
    }
}

fn believe(site: &Site) {
    hub::node_add(&site.hub_folder(), SITE, NODE, &NodeKey::from_seed([9; 32]).public().to_string());
}

/// What the hub's API says of the node's policy.
fn policy(http: &Http) -> serde_json::Value {
    http.list("/api/v1/nodes", "nodes")[0]["policy"].clone()
}

fn key_file(site: &Site) -> PathBuf {
    site.path("hub/policy.key")
}

#[test]
fn a_revoked_plate_stops_working_within_five_seconds_on_a_connected_node() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    believe(&site);
    let trusted = keygen(&site, &key_file(&site));
    let node = Node::start(&site, &http, &trusted);
    let mut took = Vec::new();
    for round in 1..=10 {
        assert_eq!(publish(&site, &key_file(&site), &["30A12345", "51B00001"], &[]), 2 * round - 1);
        eventually("the plate is let in", || node.lets_in("30A12345").then_some(()));
        let began = Instant::now();
        assert_eq!(publish(&site, &key_file(&site), &["51B00001"], &[]), 2 * round);
        eventually("the plate is revoked", || (!node.lets_in("30A12345")).then_some(()));
        took.push(began.elapsed());
        assert!(node.lets_in("51B00001"));
    }
    took.sort_unstable();
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    eprintln!("revoked after {median:?} in the median, {longest:?} at the longest of {}", took.len());
    assert!(longest < REVOKED_MAX, "it took {took:?}");
    eventually("the hub knows what runs", || {
        let policy = policy(&http);
        (policy["version"] == 20 && policy["wanted_version"] == 20 && policy["refused"].is_null()).then_some(())
    });
    let history = hub::command(&site.hub_folder(), &["policy", "history", "--site", SITE]);
    assert_eq!(history.stdout.lines().count(), 20);
    assert!(history.stdout.starts_with("20\t") && history.stdout.contains("by Trần Thị B"), "{}", history.stdout);
    let shown = hub::command(&site.hub_folder(), &["policy", "show", "--site", SITE]);
    assert!(shown.stdout.contains("node node-1\tworks by 20\twanted 20"), "{}", shown.stdout);
    node.stop();
}

#[test]
fn what_was_missed_is_made_up_for_and_what_is_in_force_survives_everything() {
    let mut site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    believe(&site);
    let trusted = keygen(&site, &key_file(&site));
    publish(&site, &key_file(&site), &["30A12345"], &[]);
    // Wanted before the node came.
    let node = Node::start(&site, &http, &trusted);
    eventually("the plate is let in", || node.lets_in("30A12345").then_some(()));
    node.stop();
    publish(&site, &key_file(&site), &["51B00001"], &[]);
    // A broker that loses everything that it had retained.
    site.broker.process().kill();
    std::fs::remove_file(site.path("broker/mosquitto.db")).ok();
    let node = Node::start(&site, &http, &trusted);
    assert!(node.lets_in("30A12345"), "without a broker it works by what it had");
    site.broker.start();
    eventually("the new list is in force", || node.lets_in("51B00001").then_some(()));
    assert!(!node.lets_in("30A12345"));
    // A hub that is away, and comes back with something new.
    hub.process.kill();
    publish(&site, &key_file(&site), &["29C11111"], &["--nodes", NODE]);
    let address = http.0;
    let mut hub = site.hub_at(address);
    hub.ready();
    eventually("the newest list is in force", || node.lets_in("29C11111").then_some(()));
    // Publishing an old version again is a new version.
    let (folder, key) = (site.hub_folder(), key_file(&site).display().to_string());
    let arguments = ["policy", "publish", "--site", SITE, "--again", "1", "--by", "B", "--key", &key];
    let again = hub::command(&folder, &arguments);
    assert!(again.stdout.contains("policy 4 of site"), "{}{}", again.stdout, again.stderr);
    eventually("the first list is in force again", || node.lets_in("30A12345").then_some(()));
    node.stop();
}

#[test]
fn a_stranger_s_policy_is_refused_told_and_raises_an_alarm_until_it_is_put_right() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    believe(&site);
    let trusted = keygen(&site, &key_file(&site));
    publish(&site, &key_file(&site), &["30A12345"], &[]);
    let node = Node::start(&site, &http, &trusted);
    eventually("the plate is let in", || node.lets_in("30A12345").then_some(()));
    let other = site.path("hub/other.key");
    keygen(&site, &other);
    publish(&site, &other, &["51B00001"], &[]);
    eventually("the refusal is told", || node.refused("not trusted here").then_some(()));
    assert!(node.lets_in("30A12345") && !node.lets_in("51B00001"));
    eventually("the hub has an alarm", || (http.open_alarms(NODE) == ["policy_refused"]).then_some(()));
    let shown = policy(&http);
    assert_eq!((shown["version"].as_u64(), shown["wanted_version"].as_u64()), (Some(1), Some(2)));
    assert!(shown["refused"]["reason"].as_str().unwrap().contains("not trusted here"), "{shown}");
    publish(&site, &key_file(&site), &["51B00001"], &[]);
    eventually("the right one is in force", || node.lets_in("51B00001").then_some(()));
    eventually("the alarm is over", || http.open_alarms(NODE).is_empty().then_some(()));
    // Nobody without a node's key reads a policy.
    assert_eq!(http.ask(&format!("/api/v1/sites/{SITE}/policy/1")).unwrap().0, 401);
    let listed = http.list(&format!("/api/v1/sites/{SITE}/policies"), "policies");
    assert_eq!(listed.iter().map(|row| row["version"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(!serde_json::to_string(&listed).unwrap().contains("30A12345"), "no texts");
    node.stop();
}
