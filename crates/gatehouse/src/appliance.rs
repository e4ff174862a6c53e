//! Edge, broker and hub in one process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use edge::config::{BrokerAddress, NodeConfig};
use edge::installation::Installation;
use edge::node::{Node, RunOptions, node_key};
use edge::node_clock::NodeClock;
use edge::watchdog::Watchdog;
use hub::LoginConfig;
use hub::broker::BrokerConfig;
use hub::config::HubConfig;
use hub::policy::OrderKeyFile;
use hub::start::HubHandle;
use store::RegisteredNode;
use wire::OrderKey;
use wire::policy::TrustedKeys;

use crate::broker;

/// The hub's key of guards' orders, beside its database.
const ORDER_KEY_FILE: &str = "order.key";

/// The key in this file, made where there is none.
fn order_key(path: &Path) -> Result<OrderKey> {
    let exists = path.try_exists().with_context(|| format!("cannot look for \"{}\"", path.display()))?;
    Ok(if exists { OrderKeyFile::read(path)? } else { OrderKeyFile::create(path)? })
}

/// A running site.
pub(crate) struct Appliance {
    pub(crate) hub: HubHandle,
    pub(crate) node: Node,
}

impl Appliance {
    /// Starts the broker, the hub with its files in `data/hub`, and the node, which the hub believes.
    pub(crate) async fn start(
        mut config: NodeConfig,
        folder: &Path,
        listen: SocketAddr,
        login: LoginConfig,
        installation: &Installation,
        options: &RunOptions,
    ) -> Result<Self> {
        let mqtt = broker::start()?;
        let hub_folder = config.data.join("hub");
        std::fs::create_dir_all(&hub_folder)
            .with_context(|| format!("cannot create the hub's folder \"{}\"", hub_folder.display()))?;
        let mut hub_config = HubConfig::new(&hub_folder, BrokerConfig::new(mqtt.ip().to_string(), mqtt.port()));
        hub_config.listen = listen;
        hub_config.login = login;
        // There is one hub; and the embedded broker's shared groups do not survive a member that drops out.
        hub_config.broker.subscription = hub::Subscription::Plain;
        let order_path = hub_folder.join(ORDER_KEY_FILE);
        let order_key = order_key(&order_path)?;
        hub_config.signing.order_key = Some(order_path);
        let hub = hub::start::start(hub_config).await?;
        let believed = RegisteredNode {
            site: config.site.clone(),
            node: config.node.clone(),
            key: node_key(&config)?.public(),
            added_at: NodeClock::start().utc(),
            added_by: "the same process".to_owned(),
        };
        hub.store.node_insert(&believed).await?;
        hub.ready().await;

        config.broker = Some(BrokerAddress {
            host: mqtt.ip().to_string(),
            port: mqtt.port(),
            username: None,
            password_file: None,
            ca_file: None,
        });
        config.hub_url = Some(format!("http://{}", hub.addr));
        // The guard at this hub's desk and the lanes are of one house. No policy is taken by this key.
        config.trusted_orders = Some(TrustedKeys::new(vec![order_key.public()])?);
        let node = Node::start(&config, folder, installation, options).await?;
        Ok(Self { hub, node })
    }

    /// Says good-bye in the order in which nothing waits for something that is gone.
    pub(crate) async fn stop(self) {
        self.node.close().await;
        self.hub.stop().await;
    }
}

/// Runs a real site until asked to stop.
pub(crate) async fn run(config: &Path, listen: SocketAddr, installation: &Installation) -> Result<ExitCode> {
    let folder = config.parent().unwrap_or(Path::new("."));
    let config = NodeConfig::load(config)?;
    ensure!(
        config.broker.is_none() && config.hub_url.is_none(),
        "the configuration has [broker] or [hub], but this program brings both: use gatehouse-edge, or take them out"
    );
    let mut site =
        Appliance::start(config, folder, listen, LoginConfig::default(), installation, &RunOptions::default()).await?;
    let watchdog = Watchdog::start(site.node.pulse());
    println!("Gatehouse: http://{}/", site.hub.addr);
    if let Some(setup) = site.hub.setup() {
        println!(
            "There is no account yet. The page asks for the code {}, kept in {}",
            setup.reveal(),
            setup.path().display()
        );
    }
    let watched = tokio::select! {
        watched = site.node.watched() => watched,
        () = edge::node::stop_signal()? => {
            site.node.stop_cameras();
            site.node.watched().await
        }
    };
    watchdog.stopping();
    site.stop().await;
    watched.map(|()| ExitCode::SUCCESS)
}
