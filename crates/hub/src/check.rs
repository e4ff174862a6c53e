//! The self-test of a hub: what it needs, each with what to do where it is not well. It leaves everything as it is and may
//! run beside the hub.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::UtcTime;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, Packet};
use rumqttc::v5::{AsyncClient, ConnectionError, Event};
use rustix::fs::statvfs;
use store::Store;
use tokio::time::timeout;

use crate::accounts::oidc::{OidcConfig, Provider};
use crate::authority::{AuthorityFiles, certificate_facts, read_secret};
use crate::broker::BrokerConfig;
use crate::config::{HubConfig, Listening};

/// Free disk that a hub should have.
const DISK_FREE_MIN: u64 = 20_000_000_000;

/// With less, it is about to stop.
const DISK_FREE_BAD: u64 = 2_000_000_000;

/// So long before the end of a server's certificate it is time to renew it.
const RENEW_BEFORE: Duration = Duration::from_secs(60 * 86_400);

/// So long before the end of a node's certificate it should have renewed it: it begins four months before.
const NODE_RENEW_BEFORE: Duration = Duration::from_secs(60 * 86_400);

/// Longest wait for the broker's answer.
const ANSWER_MAX: Duration = Duration::from_secs(12);

/// systemd-timesyncd touches this file once it has set the clock; chrony keeps the other.
const CLOCK_MARKS: [&str; 3] = ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/chronyd.pid"];

/// No hub runs before this was written: an earlier clock is wrong.
const CLOCK_MIN: &str = "2026-01-01T00:00:00Z";

/// Most nodes of one finding that are named.
const NAMED_MAX: usize = 10;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Well.
    Good,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Warning => "warn",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{mark}  {:<20} {}", self.what, self.seen)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "\n      {:<20} → {}", "", self.fix) }
    }
}

#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, verdict: Verdict, what: &str, seen: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Finding { what: what.to_owned(), verdict, seen: seen.into(), fix: fix.into() });
    }

    fn good(&mut self, what: &str, seen: impl Into<String>) {
        self.add(Verdict::Good, what, seen, "");
    }
}

/// Looks at everything that a hub of this configuration needs.
pub async fn check(config: &HubConfig, now: UtcTime) -> Vec<Finding> {
    let mut findings = Findings::default();
    clock(now, &mut findings);
    disk(config, &mut findings);
    let store = database(config, &mut findings).await;
    media(config, &mut findings).await;
    retention(config, store.as_ref(), &mut findings).await;
    broker(&config.broker, &mut findings).await;
    listening(config, &mut findings);
    if let Some(oidc) = &config.login.oidc {
        identity_provider(oidc, &mut findings).await;
    }
    if let Some(authority) = &config.authority {
        certificates(&authority.files, now, &mut findings);
        if let Some(store) = &store {
            nodes(store, now, &mut findings).await;
        }
    } else {
        let fix = "gatehouse-hub authority init, then the tables [authority] and [https]";
        findings.add(Verdict::Warning, "authority", "none: nodes are added by hand, unencrypted", fix);
    }
    if let Some(store) = store {
        store.close().await;
    }
    findings.0
}

fn clock(now: UtcTime, findings: &mut Findings) {
    let least: UtcTime = CLOCK_MIN.parse().expect("a moment");
    if now < least {
        findings.add(
            Verdict::Bad,
            "clock",
            format!("it shows {now}"),
            "set it, and install chrony or systemd-timesyncd",
        );
    } else if CLOCK_MARKS.iter().any(|mark| Path::new(mark).exists()) {
        findings.good("clock", "set by a time service");
    } else {
        let fix = "install chrony or systemd-timesyncd: certificates and grants of nodes are held against this clock";
        findings.add(Verdict::Warning, "clock", "no time service has set it", fix);
    }
}

async fn identity_provider(config: &OidcConfig, findings: &mut Findings) {
    let what = "identity provider";
    match Provider::new(config.clone()).look().await {
        Ok(keys) => findings.good(what, format!("{} answers and publishes {keys} keys", config.issuer)),
        Err(error) => {
            let fix = "passwords still let people in; see issuer, ca_file and the way to it in [login.oidc]";
            findings.add(Verdict::Bad, what, error.to_string(), fix);
        }
    }
}

fn disk(config: &HubConfig, findings: &mut Findings) {
    let folders = [("blobs", Some(config.blobs.folder.clone())), ("database", config.db.file().map(Path::to_owned))];
    for (name, path) in folders {
        let Some(path) = path else { continue };
        let what = format!("disk of {name}");
        // The nearest that is there: the hub makes the rest.
        let there = path.ancestors().find(|path| path.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_owned);
        match statvfs(&there) {
            Err(error) => findings.add(Verdict::Bad, &what, format!("{}: {error}", there.display()), "is it mounted?"),
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                let seen = format!("{:.1} GB free at {}", free as f64 / 1e9, there.display());
                let fix = "make room, or give it a larger disk: a hub that cannot write confirms nothing";
                match free {
                    0..DISK_FREE_BAD => findings.add(Verdict::Bad, &what, seen, fix),
                    DISK_FREE_BAD..DISK_FREE_MIN => findings.add(Verdict::Warning, &what, seen, fix),
                    DISK_FREE_MIN.. => findings.good(&what, seen),
                }
            }
        }
    }
}

async fn database(config: &HubConfig, findings: &mut Findings) -> Option<Store> {
    if let Some(file) = config.db.file()
        && !file.exists()
    {
        let fix = "nothing, before the hub's first start; else the path in the configuration is wrong";
        findings.add(Verdict::Warning, "database", format!("\"{}\" is not there yet", file.display()), fix);
        return None;
    }
    match Store::visit(config.db.clone(), &config.blobs).await {
        Err(error) => {
            let fix = "check the address, user and password, and that the server runs";
            findings.add(Verdict::Bad, "database", in_words(&error), fix);
            None
        }
        Ok(store) => {
            match store.event_last_pos().await {
                Ok(events) => findings.good("database", format!("{}: event {events} is the newest", config.db)),
                Err(error) => {
                    let fix = "the schema is of another release: start the hub of this release once, alone";
                    findings.add(Verdict::Bad, "database", in_words(&error), fix);
                }
            }
            Some(store)
        }
    }
}

/// Writes something where media are kept, reads it back and removes it.
async fn media(config: &HubConfig, findings: &mut Findings) {
    let blobs = &config.blobs;
    let place = blobs.bucket.as_ref().map_or_else(|| blobs.folder.display().to_string(), ToString::to_string);
    match blobs.probe().await {
        Ok(()) => findings.good("media", format!("{place} is written, read and deleted from")),
        Err(error) => {
            let fix = "see blobs in the configuration; pictures wait on the nodes until it works";
            findings.add(Verdict::Bad, "media", in_words(&error), fix);
        }
    }
}

async fn retention(config: &HubConfig, store: Option<&Store>, findings: &mut Findings) {
    let Some(rules) = &config.retention else {
        let fix = "a table [retention]: personal data is to be deleted when it is not needed any more";
        return findings.add(Verdict::Warning, "retention", "nothing is ever deleted", fix);
    };
    let days = rules.iter().map(|rule| match rule.days {
        Some(days) => format!("{} {days} d", rule.class.as_str()),
        None => format!("{} for ever", rule.class.as_str()),
    });
    findings.good("retention", days.collect::<Vec<_>>().join(", "));
    if let Some(store) = store
        && let Ok(waiting @ 1..) = store.blobs_to_remove().await
    {
        let fix = "is the hub running, and does it reach its media? It tries again each hour";
        findings.add(Verdict::Warning, "retention", format!("{waiting} deleted media still have their bytes"), fix);
    }
}

async fn broker(broker: &BrokerConfig, findings: &mut Findings) {
    let place = broker.place();
    // Under another name, so that a running hub is not thrown out.
    let own = BrokerConfig { client_id: format!("{}-check", broker.client_id), ..broker.clone() };
    let mut options = own.options();
    options.set_clean_start(true).set_session_expiry_interval(None).set_manual_acks(false);
    let (client, mut events) = AsyncClient::new(options, 1);
    let welcomed = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(ack))) if ack.code == ConnectReturnCode::Success => return Ok(()),
                Ok(Event::Incoming(Packet::ConnAck(ack))) => return Err(format!("it refuses the hub: {:?}", ack.code)),
                Ok(_) => {}
                Err(ConnectionError::ConnectionRefused(code)) => return Err(format!("it refuses the hub: {code:?}")),
                Err(error) => return Err(in_words(&error)),
            }
        }
    };
    let fix = "check address and port, certificate or password, and that the broker runs";
    match timeout(ANSWER_MAX, welcomed).await {
        Err(_) => findings.add(Verdict::Bad, "broker", format!("{place} does not answer"), fix),
        Ok(Err(why)) => findings.add(Verdict::Bad, "broker", format!("{place}: {why}"), fix),
        Ok(Ok(())) => {
            if client.try_disconnect().is_ok() {
                // How this connection ends does not matter.
                let _ = timeout(Duration::from_secs(1), events.poll()).await;
            }
            match broker.tls {
                Some(_) => findings.good("broker", format!("{place} lets the hub in, encrypted")),
                None => {
                    let fix = "nothing, on this machine; else gatehouse-hub broker-config";
                    findings.add(Verdict::Warning, "broker", format!("{place} lets the hub in, unencrypted"), fix);
                }
            }
        }
    }
}

fn listening(config: &HubConfig, findings: &mut Findings) {
    let listen = config.listen;
    match (&config.https, config.listening) {
        (Some(https), _) => match https.acceptor() {
            Ok(_) => findings.good("https", format!("{listen}")),
            Err(error) => findings.add(Verdict::Bad, "https", in_words(&error), "gatehouse-hub authority renew"),
        },
        (None, Listening::LoopbackOnly) => findings.good("http", format!("{listen}, for this machine only")),
        (None, Listening::BehindTls) => findings.good("http", format!("{listen}, behind a proxy that encrypts")),
        (None, Listening::PlainHttp) => findings.add(
            Verdict::Warning,
            "http",
            format!("{listen}, unencrypted"),
            "a table [https], or a proxy in front that encrypts",
        ),
    }
}

fn certificates(files: &AuthorityFiles, now: UtcTime, findings: &mut Findings) {
    let renew = "gatehouse-hub authority renew";
    let anew = "plan a new authority: every node has to be enrolled again before this one ends";
    for (what, path, fix) in [
        ("authority of servers", files.servers(), anew),
        ("authority of nodes", files.nodes(), anew),
        ("hub's certificate", files.hub(), renew),
        ("broker's certificate", files.broker(), "gatehouse-hub authority renew, then broker-config"),
        ("hub's own for broker", files.client(), renew),
    ] {
        match certificate_facts(&path) {
            Err(error) => findings.add(Verdict::Bad, what, in_words(&error), "restore it from a backup"),
            Ok(facts) if now >= facts.not_after => {
                findings.add(Verdict::Bad, what, format!("it was good until {}", facts.not_after), fix);
            }
            Ok(facts) if now < facts.not_before => {
                findings.add(
                    Verdict::Bad,
                    what,
                    format!("it is good from {}", facts.not_before),
                    "is the clock right?",
                );
            }
            Ok(facts) if facts.not_after.since(now) < RENEW_BEFORE => {
                findings.add(Verdict::Warning, what, format!("good until {}", facts.not_after), fix);
            }
            Ok(facts) => findings.good(what, format!("good until {}", facts.not_after)),
        }
    }
    for (key, is_needed) in [
        (files.nodes_key(), true),
        (files.hub_key(), true),
        (files.client_key(), true),
        // It may be kept elsewhere between two renewals.
        (files.servers_key(), false),
    ] {
        let what = "secret key";
        match read_secret(&key) {
            Ok(_) => findings.good(what, format!("{} is its owner's only", key.display())),
            Err(_) if !is_needed && !key.exists() => {
                findings.good(what, format!("{} is kept elsewhere", key.display()))
            }
            Err(error) => findings.add(Verdict::Bad, what, in_words(&error), "chmod 600, chown to the hub's user"),
        }
    }
}

async fn nodes(store: &Store, now: UtcTime, findings: &mut Findings) {
    let (newest, revoked) = match (store.certificates_newest().await, store.revocations().await) {
        (Ok(newest), Ok(revoked)) => (newest, revoked),
        (Err(error), _) | (_, Err(error)) => {
            return findings.add(Verdict::Bad, "nodes", in_words(&error), "see the database above");
        }
    };
    let late: Vec<_> = newest
        .iter()
        .filter(|row| row.not_after.since(now) < NODE_RENEW_BEFORE)
        .filter(|row| revoked.iter().all(|revoked| revoked.node != row.node))
        .map(|row| format!("{} (until {})", row.node, row.not_after))
        .collect();
    if late.is_empty() {
        findings.good("nodes", format!("{} have certificates, {} nodes are revoked", newest.len(), revoked.len()));
    } else {
        let named = late.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        let fix = "are they connected? When a certificate is over: a new code, and gatehouse-edge enrol --again";
        findings.add(Verdict::Warning, "nodes", format!("{} do not renew: {named}", late.len()), fix);
    }
}

/// An error with its causes on one line.
fn in_words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
