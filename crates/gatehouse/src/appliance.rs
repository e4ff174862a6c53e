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
use hub::policy::{KeyFileError, OrderKeyFile, PassKeyFile, ViewKeyFile};
use hub::setup::Installer;
use hub::start::HubHandle;
use store::RegisteredNode;
use wire::policy::TrustedKeys;
use wire::{OrderKey, PassKey, PassKeys, ViewKey};

use crate::broker;

/// The hub's keys, beside its database: of guards' orders, of visitors' passes, of requests for pictures. Three files, so
/// that each can be taken out, or given to a hub of its own one day, without the others.
const ORDER_KEY_FILE: &str = "order.key";
const PASS_KEY_FILE: &str = "pass.key";
const VIEW_KEY_FILE: &str = "view.key";

/// The key in this file, made where there is none.
fn key_in<K>(
    path: &Path,
    read: impl FnOnce(&Path) -> Result<K, KeyFileError>,
    create: impl FnOnce(&Path) -> Result<K, KeyFileError>,
) -> Result<K> {
    let exists = path.try_exists().with_context(|| format!("cannot look for \"{}\"", path.display()))?;
    Ok(if exists { read(path)? } else { create(path)? })
}

/// A running hub and its broker, for nodes of the same process.
pub(crate) struct House {
    pub(crate) hub: HubHandle,
    mqtt: SocketAddr,
    order_key: OrderKey,
    pass_key: PassKey,
    view_key: ViewKey,
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
        let [order_path, pass_path, view_path] =
            [ORDER_KEY_FILE, PASS_KEY_FILE, VIEW_KEY_FILE].map(|file| folder.join(file));
        let order_key = key_in(&order_path, OrderKeyFile::read, OrderKeyFile::create)?;
        let pass_key = key_in(&pass_path, PassKeyFile::read, PassKeyFile::create)?;
        let view_key = key_in(&view_path, ViewKeyFile::read, ViewKeyFile::create)?;
        config.signing.order_key = Some(order_path);
        config.signing.pass_key = Some(pass_path);
        config.signing.view_key = Some(view_path);
        let hub = hub::start_with(config, installer).await?;
        Ok(Self { hub, mqtt, order_key, pass_key, view_key })
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
        // This hub and the lanes and cameras are of one house. No policy is taken by these keys.
        config.trusted_orders = Some(TrustedKeys::new(vec![self.order_key.public()])?);
        config.trusted_views = Some(TrustedKeys::new(vec![self.view_key.public()])?);
        if let Some(access) = &mut config.access {
            let own = self.pass_key.public();
            let others = access.pass_keys.iter().filter(|key| **key != own).cloned();
            access.pass_keys = PassKeys::new(others.chain([own.clone()]).collect())?;
        }
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
