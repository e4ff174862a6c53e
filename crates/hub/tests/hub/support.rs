//! A broker, a hub and nodes for the tests.

pub mod child;
pub mod http;
pub mod mosquitto;
pub mod node;
pub mod provider_simulator;
pub mod proxy;
pub mod receiver;
pub mod secured;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use hub::accounts::{By, Grants, NewKey, Role, api_key_make};
use hub::{BrokerConfig, HubConfig, HubHandle, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use http::Http;
use mosquitto::Mosquitto;
use node::Node;

/// How long anything may take before the test fails. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until the answer is there.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "never came: {what}");
        // tidy: sleep is the pause between two looks
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

pub fn config(folder: &TempDir, broker: BrokerConfig) -> HubConfig {
    HubConfig { listen: "127.0.0.1:0".parse().unwrap(), ..HubConfig::new(folder.path(), broker) }
}

/// A new key with these roles everywhere; it lives as long as the tests.
pub async fn key(store: &Store, roles: impl IntoIterator<Item = Role>) -> &'static str {
    let new = NewKey { name: "tests".to_owned(), grants: Grants::everywhere(roles), expires_at: None };
    let (key, _) = api_key_make(store, new, &By::program("tests")).await.unwrap();
    key.reveal().leak()
}

/// A hub in this process.
pub struct Hub {
    pub folder: TempDir,
    pub handle: HubHandle,
    pub http: Http,
    pub runtime: Runtime,
}

impl Hub {
    pub fn start(broker: BrokerConfig) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), broker, |_| {})
    }

    /// One whose files are in `folder`, with what `change` makes of its configuration.
    pub fn start_in(folder: TempDir, broker: BrokerConfig, change: impl FnOnce(&mut HubConfig)) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut config = config(&folder, broker);
        change(&mut config);
        let handle = runtime.block_on(hub::start(config)).unwrap();
        let key = runtime.block_on(key(&handle.store, [Role::GateOperator, Role::SystemAdmin]));
        Self { folder, http: Http(handle.addr, key), handle, runtime }
    }

    /// One that is connected to its broker.
    pub fn ready(broker: &Mosquitto) -> Self {
        let hub = Self::start(broker.config());
        hub.wait_until_ready();
        hub
    }

    /// One that is connected to its broker, with what `change` makes of its configuration.
    pub fn ready_with(broker: &Mosquitto, change: impl FnOnce(&mut HubConfig)) -> Self {
        let hub = Self::start_in(tempfile::tempdir().unwrap(), broker.config(), change);
        hub.wait_until_ready();
        hub
    }

    pub fn wait_until_ready(&self) {
        let ready = async { tokio::time::timeout(PATIENCE, self.handle.ready()).await };
        self.runtime.block_on(ready).expect("the hub gets ready");
    }

    pub fn add(&self, node: &Node) {
        self.runtime.block_on(self.handle.store.node_insert(&node.registration())).unwrap();
    }

    pub fn stop(self) -> TempDir {
        self.runtime.block_on(self.handle.stop());
        self.folder
    }
}
