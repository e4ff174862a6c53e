//! Several hubs on one broker and one PostgreSQL.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Channel;

use crate::postgres::Postgres;
use crate::support::child::{HubChild, run};
use crate::support::eventually;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};

/// How long the two are killed in turn; `make replica-test` says more.
const SECONDS: &str = "GATEHOUSE_REPLICA_SECONDS";
const SECONDS_USUAL: u64 = 10;

const KILL_EVERY: Duration = Duration::from_secs(3);

const NODES: usize = 4;

/// Events that nodes may be ahead of their receipts: the test is about being killed, not about a backlog.
const AHEAD_MAX: u64 = 1_000;

struct Site {
    database: Postgres,
    broker: Mosquitto,
    blobs: TempDir,
}

impl Site {
    fn start() -> Option<Self> {
        let database = Postgres::start()?;
        Some(Self { database, broker: Mosquitto::start(), blobs: tempfile::tempdir().unwrap() })
    }

    fn hub(&self, number: usize) -> HubChild {
        let id = format!("hub-{number}");
        HubChild::start_replica(&self.database.url(), self.blobs.path(), self.broker.port, &id)
    }

    fn command(&self, words: &[&str]) -> String {
        let (url, blobs) = (self.database.url(), self.blobs.path().display().to_string());
        let files = ["--db", &url, "--blobs", &blobs];
        let output = run(&[words, &files].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    }

    fn add(&self, node: &Node) {
        let (site, key) = (node.site.to_string(), node.key.public().to_string());
        self.command(&["node", "add", "--site", &site, "--node", node.node.as_str(), "--key", &key]);
    }

    fn projections(&self) -> Vec<String> {
        let rows = |table: &&str| {
            self.database
                .ask(&format!("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t"))
        };
        store::PROJECTION_TABLES.iter().chain(&["alert"]).map(rows).collect()
    }
}

#[test]
fn hubs_killed_in_turn_lose_nothing_and_double_nothing() {
    let Some(site) = Site::start() else { return };
    let lasts = std::env::var(SECONDS).map_or(SECONDS_USUAL, |text| text.parse().expect("a number of seconds"));
    // Both bring the schema up to date at once.
    let mut hubs: Vec<_> = std::thread::scope(|scope| {
        let starting = [0, 1].map(|number| {
            let site = &site;
            scope.spawn(move || site.hub(number))
        });
        starting.into_iter().map(|hub| hub.join().unwrap()).collect()
    });
    hubs.iter().for_each(HubChild::wait_until_ready);
    let mut nodes: Vec<_> = (1..=NODES).map(|n| Node::new(&"n".repeat(n))).collect();
    nodes.iter().for_each(|node| site.add(node));
    let publisher = Publisher::connect(site.broker.port);

    let until = Instant::now() + Duration::from_secs(lasts);
    let (mut next_kill, mut kills) = (Instant::now() + KILL_EVERY, 0);
    while Instant::now() < until {
        for node in &mut nodes {
            let events = node.passes(25);
            publisher.publish(&node.topic(Channel::Event), events);
        }
        if Instant::now() >= next_kill {
            let killed = kills % hubs.len();
            hubs[killed].kill();
            hubs[killed] = site.hub(killed);
            kills += 1;
            next_kill = Instant::now() + KILL_EVERY;
        }
        for node in &nodes {
            eventually("receipts", || {
                let confirmed = publisher.receipt(node).map_or(0, |ack| ack.committed_seq);
                (node.seq - confirmed <= AHEAD_MAX).then_some(())
            });
        }
    }
    for node in &nodes {
        publisher.wait_for_receipt(node);
    }

    let told: u64 = nodes.iter().map(|node| node.seq).sum();
    println!("{told} events, {kills} kills");
    assert!(kills > 0 && told > 0);
    let count = |sql: &str| site.database.ask(sql);
    assert_eq!(
        count("select count(*), count(distinct (node, seq)), count(distinct pos) from event"),
        format!("{told}|{told}|{told}")
    );
    assert_eq!(count("select count(*) from event_key"), told.to_string());
    assert_eq!(count("select count(*) from alarm where kind <> 'gap' or closed_at is null"), "0");
    for hub in &hubs {
        hub.wait_until_ready();
        assert_eq!(hub.http.persons_in(), told);
    }
    let live = site.projections();
    let said = site.command(&["rebuild"]);
    assert!(said.contains(&format!("folded {told} events again")), "{said}");
    assert_eq!(site.projections(), live);
    let said = site.command(&["check"]);
    assert!(said.contains(&format!("{told} events looked at, 0 things wrong")), "{said}");
}

#[test]
fn a_watcher_of_one_hub_sees_what_another_took_in() {
    let Some(site) = Site::start() else { return };
    let hubs = [site.hub(0), site.hub(1)];
    hubs.iter().for_each(HubChild::wait_until_ready);
    let mut node = Node::new("n1");
    site.add(&node);
    let mut streams = hubs.each_ref().map(|hub| hub.http.stream("/api/v1/stream", None));
    for stream in &mut streams {
        assert_eq!(stream.next().unwrap().name, "hello");
    }
    let publisher = Publisher::connect(site.broker.port);
    let events = node.passes(20);
    publisher.publish(&node.topic(Channel::Event), events);
    for stream in &mut streams {
        let sent: Vec<_> = (0..20).map(|_| stream.until(|sent| sent.name == "passage")).collect();
        assert!(sent.is_sorted_by_key(|sent| sent.id), "in the order of the log");
        let mut numbers: Vec<_> = sent.iter().map(|sent| sent.data["seq"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, Vec::from_iter(1..=20));
        stream.until(|sent| sent.name == "gate" && sent.data["today"]["person"]["inside"] == 20);
    }
    publisher.wait_for_receipt(&node);
}

#[test]
fn a_database_server_that_is_away_stops_acknowledgements_and_nothing_is_lost() {
    let Some(mut site) = Site::start() else { return };
    let hub = site.hub(0);
    hub.wait_until_ready();
    let mut node = Node::new("n1");
    site.add(&node);
    let publisher = Publisher::connect(site.broker.port);
    let events = node.passes(10);
    publisher.publish(&node.topic(Channel::Event), events);
    let before = publisher.wait_for_receipt(&node);
    for end in [Postgres::stop, Postgres::kill] {
        let held = publisher.receipt(&node);
        end(&mut site.database);
        let events = node.passes(10);
        publisher.publish(&node.topic(Channel::Event), events);
        eventually("the hub says that it is not ready, and why", || {
            let answer = hub.http.ask("/readyz", &[]);
            let said = answer.json();
            let is_told = said["database_error"].as_str().is_some_and(|why| !why.is_empty());
            (answer.status == 503 && said["database"] == false && is_told).then_some(())
        });
        assert_eq!(publisher.receipt(&node), held);
        site.database.start_again();
        publisher.wait_for_receipt(&node);
        hub.wait_until_ready();
    }
    assert_eq!((before.committed_seq, hub.http.persons_in()), (10, 30));
}

#[test]
fn a_server_that_is_no_database_for_a_hub_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let started = |db: &str, blobs: Option<&Path>| {
        let mut words = vec!["run".to_owned(), "--db".to_owned(), db.to_owned()];
        words.extend(["--broker".to_owned(), "127.0.0.1:1".to_owned()]);
        words.extend(blobs.into_iter().flat_map(|blobs| ["--blobs".to_owned(), blobs.display().to_string()]));
        let output = run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let nowhere = format!("postgres://gatehouse@localhost/gatehouse?host={}", folder.path().display());
    let said = started(&nowhere, Some(folder.path()));
    assert!(said.contains("cannot open database") && said.contains("gatehouse@localhost"), "{said}");
    let said = started(&nowhere, None);
    assert!(said.contains("give --blobs FOLDER"), "{said}");
    let said = started("postgres://localhost/gatehouse", Some(folder.path()));
    assert!(said.contains("names no user"), "{said}");
}
