//! A whole site in a temporary folder: a broker, a hub that believes the node, and the node.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::{NodeId, SiteId};
use tempfile::TempDir;
use uplink::{Backlog, Identity, NodeKeyFile, Outbox};

use crate::broker::Broker;
use crate::edge::{self, NODE, Plan, SITE};
use crate::found::Home;
use crate::hub::{self, Hub};
use crate::process::Process;
use crate::strace::Strace;

/// The folders of a site and its broker.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    /// The broker.
    pub broker: Broker,
}

impl Site {
    /// A site whose broker runs.
    pub fn new() -> Self {
        let site = Self::without_broker();
        Self { broker: Broker::up(&site.path("broker")), ..site }
    }

    /// A site whose broker does not run yet.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn without_broker() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for part in ["broker", "hub", "edge"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        let broker = Broker::down(&folder.path().join("broker"));
        Self { folder, broker }
    }

    /// A file or folder of the site.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The hub's folder.
    pub fn hub_folder(&self) -> PathBuf {
        self.path("hub")
    }

    /// Starts the hub.
    pub fn hub(&self) -> Hub {
        Hub::start(&self.hub_folder(), self.broker.port)
    }

    /// The same under a tracer.
    pub fn hub_under(&self, strace: Option<&Strace>) -> Hub {
        Hub::start_under(strace, &self.hub_folder(), self.broker.port)
    }

    /// Starts the hub where it was before.
    pub fn hub_at(&self, listen: SocketAddr) -> Hub {
        Hub::start_at(&self.hub_folder(), self.broker.port, listen)
    }

    /// Writes the node's configuration; it delivers to this site's broker.
    pub fn plan(&self, plan: &Plan, name: &str) -> PathBuf {
        plan.clone().with_broker(self.broker.port).write(&self.path("edge"), name)
    }

    /// Has the hub believe the node.
    pub fn believe(&self, config: &Path) {
        hub::node_add(&self.hub_folder(), SITE, NODE, &edge::key(config));
    }

    /// Starts the node; a copy of its events goes to `events`.
    pub fn node(&self, home: Option<&Home>, config: &Path, events: &Path) -> Process {
        edge::run(home, config, &[("--events", events)])
    }

    /// Starts the node without models under a tracer; a copy of its events goes to `events`.
    pub fn node_under(&self, strace: Option<&Strace>, config: &Path, events: &Path) -> Process {
        edge::run_under(strace, None, config, &[("--events", events)])
    }

    /// What the node's outbox holds. The node must not be running.
    ///
    /// # Panics
    /// Where the outbox cannot be opened.
    pub fn backlog(&self) -> Backlog {
        let data = self.path("edge/data");
        let key = NodeKeyFile::load_or_create(&data.join("node.key")).expect("the node has its key");
        let (site, node) = (SiteId::new(SITE).expect("a slug"), NodeId::new(NODE).expect("a slug"));
        let runtime = tokio::runtime::Runtime::new().expect("a run time");
        runtime.block_on(async {
            let outbox = Outbox::open(&data.join("outbox.db"), Identity { site, node, key }).await;
            let outbox = outbox.expect("the outbox is sound");
            let backlog = outbox.backlog();
            outbox.close().await;
            backlog
        })
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}
