//! Edge, broker and hub in one process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use edge::config::{BrokerAddress, NodeConfig};
use edge::installation::Installation;
use edge::node::{Node, RunOptions, node_key};
use edge::node_clock::NodeClock;
use hub::LoginConfig;
use hub::broker::BrokerConfig;
use hub::config::HubConfig;
use hub::policy::OrderKeyFile;
use hub::setup::Installer;
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

/// A running hub and its broker, for nodes of the same process.
pub(crate) struct House {
    pub(crate) hub: HubHandle,
    mqtt: SocketAddr,
    order_key: OrderKey,
}

impl House {
    /// Starts the broker, and the hub with its files in `folder`.
    pub(crate) async fn start(
        folder: &Path,
        listen: SocketAddr,
        login: LoginConfig,
        installer: Option<Arc<dyn Installer>>,
    ) -> Result<Self> {
        let mqtt = broker::start()?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the hub's folder \"{}\"", folder.display()))?;
        let mut config = HubConfig::new(folder, BrokerConfig::new(mqtt.ip().to_string(), mqtt.port()));
        config.listen = listen;
        config.login = login;
        // There is one hub; and the embedded broker's shared groups do not survive a member that drops out.
        config.broker.subscription = hub::Subscription::Plain;
        let order_path = folder.join(ORDER_KEY_FILE);
        let order_key = order_key(&order_path)?;
        config.signing.order_key = Some(order_path);
        let hub = hub::start_with(config, installer).await?;
        Ok(Self { hub, mqtt, order_key })
    }

    /// Starts a node that the hub believes.
    pub(crate) async fn node(
        &self,
        mut config: NodeConfig,
        folder: &Path,
        installation: &Installation,
        options: &RunOptions,
    ) -> Result<Node> {
        let believed = RegisteredNode {
            site: config.site.clone(),
            node: config.node.clone(),
            key: node_key(&config)?.public(),
            added_at: NodeClock::start().utc(),
            added_by: "the same process".to_owned(),
        };
        self.hub.store.node_insert(&believed).await?;
        self.hub.ready().await;

        config.broker = Some(BrokerAddress {
            host: self.mqtt.ip().to_string(),
            port: self.mqtt.port(),
            username: None,
            password_file: None,
            ca_file: None,
        });
        config.hub_url = Some(format!("http://{}", self.hub.addr));
        // The guard at this hub's desk and the lanes are of one house. No policy is taken by this key.
        config.trusted_orders = Some(TrustedKeys::new(vec![self.order_key.public()])?);
        Node::start(&config, folder, installation, options).await
    }
}

/// A running site.
pub(crate) struct Appliance {
    pub(crate) hub: HubHandle,
    pub(crate) node: Node,
}

impl Appliance {
    /// Starts the broker, the hub with its files in `data/hub`, and the node, which the hub believes.
    pub(crate) async fn start(
        config: NodeConfig,
        folder: &Path,
        listen: SocketAddr,
        login: LoginConfig,
        installation: &Installation,
        options: &RunOptions,
    ) -> Result<Self> {
        let house = House::start(&config.data.join("hub"), listen, login, None).await?;
        let node = house.node(config, folder, installation, options).await?;
        Ok(Self { hub: house.hub, node })
    }

    /// Says good-bye in the order in which nothing waits for something that is gone.
    pub(crate) async fn stop(self) {
        self.node.close().await;
        self.hub.stop().await;
    }
}
