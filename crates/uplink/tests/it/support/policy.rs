//! A hub that serves policies over HTTP, and a client that follows them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uplink::{PolicyClient, PolicyClientConfig, PolicyClientHandle, PolicyLink, PolicyReader, PolicyStore};
use wire::policy::grant::READ_GRANT_HEADER;
use wire::policy::{
    Addressees, Bundle, Document, DocumentPath, PolicyChange, PolicyKey, PolicyOutcome, ReadGrant, SealedBundle,
    TrustedKeys, WantedPolicy,
};

use super::{clock, identity, key, until};

pub(crate) fn policy_key(seed: u8) -> PolicyKey {
    PolicyKey::from_seed([seed; 32])
}

pub(crate) fn reader() -> PolicyReader {
    let trusted = TrustedKeys::new(vec![policy_key(1).public()]).unwrap();
    PolicyReader { site: identity().site, node: identity().node, trusted }
}

pub(crate) fn bundle(version: u64) -> Bundle {
    let document = Document::new(DocumentPath::new("a.toml").unwrap(), format!("x = {version}\n")).unwrap();
    Bundle {
        version,
        site: identity().site,
        nodes: Addressees::All,
        issued_at: clock()().at,
        issued_by: "test".to_owned(),
        not_before: clock()().at,
        rollback_from: None,
        documents: vec![document],
    }
}

/// What a hub would answer and announce.
#[derive(Default)]
pub(crate) struct Answers {
    /// Status and body by path.
    pub(crate) by_path: BTreeMap<String, (u16, Vec<u8>)>,
    pub(crate) asked: Vec<String>,
}

/// Serves bundles to whoever has the node's grant.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) answers: Arc<Mutex<Answers>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap().to_string(), answers: Arc::default() };
        let answers = Arc::clone(&server.answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines: Vec<String> =
                    BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)).map(str::to_owned) else {
                    continue;
                };
                let (status, body) = {
                    let mut answers = answers.lock().unwrap();
                    answers.asked.push(path.clone());
                    answers.by_path.get(&path).cloned().unwrap_or((404, Vec::new()))
                };
                let status = if is_granted(&lines, &path) { status } else { 401 };
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        server
    }

    pub(crate) fn put(&self, path: &str, status: u16, body: &[u8]) {
        self.answers.lock().unwrap().by_path.insert(path.to_owned(), (status, body.to_vec()));
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.answers.lock().unwrap().asked.clone()
    }

    /// Serves `bundle` as signed by the key of `seed`; the message that announces it.
    pub(crate) fn publish(&self, seed: u8, bundle: &Bundle) -> Vec<u8> {
        let sealed = SealedBundle::seal(&policy_key(seed), bundle).unwrap();
        let path = WantedPolicy::path(&bundle.site, bundle.version);
        self.put(&path, 200, sealed.as_bytes());
        WantedPolicy::of(bundle, &sealed, path).seal(&policy_key(seed)).unwrap()
    }
}

fn is_granted(lines: &[String], path: &str) -> bool {
    let version = path.rsplit('/').next().and_then(|version| version.parse().ok()).unwrap_or(0);
    let header = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case(READ_GRANT_HEADER).then_some(value)
    });
    let grant = header.and_then(ReadGrant::from_header);
    grant.is_some_and(|grant| grant.is_valid(&key().public(), &identity().site, version))
}

/// A client with what it did.
pub(crate) struct Following {
    pub(crate) client: PolicyClientHandle,
    pub(crate) link: PolicyLink,
    pub(crate) applied: Arc<Mutex<Vec<u64>>>,
    pub(crate) told: Arc<Mutex<Vec<PolicyChange>>>,
    /// What `apply` answers, while it is not `None`.
    pub(crate) fault: Arc<Mutex<Option<String>>>,
}

impl Following {
    pub(crate) fn start(folder: &Path, server: &Server) -> Self {
        let store = PolicyStore::open(folder, reader()).unwrap();
        let config = PolicyClientConfig {
            retry_after: Duration::from_millis(20),
            retry_after_max: Duration::from_millis(50),
            ..PolicyClientConfig::new(format!("http://{}/", server.address), key(), None)
        };
        let (applied, told) = (Arc::<Mutex<Vec<u64>>>::default(), Arc::<Mutex<Vec<PolicyChange>>>::default());
        let fault = Arc::<Mutex<Option<String>>>::default();
        let (numbers, changes, faults) = (Arc::clone(&applied), Arc::clone(&told), Arc::clone(&fault));
        let apply = move |bundle: &Bundle| {
            let fault = faults.lock().unwrap().clone();
            match fault.as_deref() {
                None => {
                    numbers.lock().unwrap().push(bundle.version);
                    Ok(())
                }
                Some("panic") => panic!("a fault of the program"),
                Some(why) => Err(why.to_owned()),
            }
        };
        let report = move |change: &PolicyChange| changes.lock().unwrap().push(change.clone());
        let (client, link) = PolicyClient::start(store, config, clock(), apply, report).unwrap();
        Self { client, link, applied, told, fault }
    }

    pub(crate) fn running(&self) -> Option<u64> {
        self.client.watch().borrow().running.map(|name| name.version)
    }

    pub(crate) fn refusal(&self) -> Option<(Option<u64>, String)> {
        let status = self.client.watch().borrow().clone();
        status.refused.map(|refused| (refused.version, refused.reason))
    }

    pub(crate) async fn until_running(&self, version: u64) {
        until(&format!("version {version}"), || self.running() == Some(version)).await;
    }

    /// Waits until a refusal says `what`; an event says the same.
    pub(crate) async fn until_refused(&self, what: &str) {
        until(what, || self.refusal().is_some_and(|(_, reason)| reason.contains(what))).await;
        until("the event", || {
            let told = self.told.lock().unwrap();
            told.iter().any(|change| change.outcome == PolicyOutcome::Refused && change.reason.contains(what))
        })
        .await;
    }
}
