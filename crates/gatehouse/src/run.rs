//! A real site: by a configuration that somebody wrote, or by a folder whose configuration the page makes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use edge::config::NodeConfig;
use edge::installation::Installation;
use edge::node::{Node, RunOptions};
use edge::watchdog::Watchdog;
use hub::LoginConfig;
use hub::setup::Stage;
use hub::start::HubHandle;

use crate::appliance::{Appliance, House};
use crate::install::{Folder, Setup};

/// The folder below the user's own for data, where nobody names one.
const FOLDER: &str = "gatehouse";

/// Runs a site by its configuration until asked to stop.
pub(crate) async fn by_config(config: &Path, listen: SocketAddr, installation: &Installation) -> Result<ExitCode> {
    let folder = config.parent().unwrap_or(Path::new("."));
    let config = load(config)?;
    let mut site =
        Appliance::start(config, folder, listen, LoginConfig::default(), installation, &RunOptions::default()).await?;
    let watchdog = Watchdog::start(site.node.pulse());
    greet(&site.hub);
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

fn load(config: &Path) -> Result<NodeConfig> {
    let config = NodeConfig::load(config)?;
    ensure!(
        config.broker.is_none() && config.hub_url.is_none(),
        "the configuration has [broker] or [hub], but this program brings both: use gatehouse-edge, or take them out"
    );
    Ok(config)
}

fn greet(hub: &HubHandle) {
    println!("Gatehouse: http://{}/", hub.addr);
    if let Some(setup) = hub.setup() {
        println!(
            "There is no account yet. The page asks for the code {}, kept in {}",
            setup.reveal(),
            setup.path().display()
        );
    }
}

/// Where a site is kept when nobody says where: the folder of this user's data.
pub(crate) fn usual_folder() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let data = named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
    Ok(data.context("neither XDG_DATA_HOME nor HOME is set: say where with --data FOLDER")?.join(FOLDER))
}

/// Whether a node is well.
type IsAlive = Box<dyn Fn() -> bool + Send>;

/// What the service manager is told of a node that comes and goes: a house without one is well.
#[derive(Default, Clone)]
struct Pulse(Arc<Mutex<Option<IsAlive>>>);

impl Pulse {
    fn of(&self, node: Option<&Node>) {
        let pulse = node.map(|node| Box::new(node.pulse()) as IsAlive);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pulse;
    }

    fn is_alive(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_none_or(|alive| alive())
    }
}

/// Runs the site of a data folder until asked to stop. Where nothing is configured there, hub and page run alone, and the
/// page makes the configuration; each time it does, the node is started anew.
pub(crate) async fn by_folder(data: &Path, listen: SocketAddr, installation: &Installation) -> Result<ExitCode> {
    let folder = Folder::open(data)?;
    let config = folder.has_config()?.then(|| load(&folder.config_file())).transpose()?;
    let hub_folder = config.as_ref().map_or(folder.path(), |config| &config.data).join("hub");
    let (setup, mut wanted) = Setup::new(folder, installation.clone(), config);
    let setup = Arc::new(setup);
    let stopped = edge::node::stop_signal()?;
    tokio::pin!(stopped);
    let house = House::start(&hub_folder, listen, LoginConfig::default(), Some(setup.clone())).await?;
    let pulse = Pulse::default();
    let own = pulse.clone();
    let watchdog = Watchdog::start(move || own.is_alive());
    greet(&house.hub);
    println!("Everything is kept in {}", setup.folder().path().display());
    let mut next = wanted.borrow_and_update().clone();
    if next.is_none() {
        println!("No gate is set up yet: open the page, it leads you through.");
    }
    let mut node: Option<Node> = None;
    loop {
        if let Some(config) = next.take() {
            setup.tell(Stage::Starting);
            pulse.of(None);
            if let Some(before) = node.take() {
                end(before).await;
            }
            let started = house.node(config, setup.folder().path(), installation, &RunOptions::default()).await;
            node = match started {
                Ok(node) => {
                    pulse.of(Some(&node));
                    setup.tell(Stage::Running);
                    Some(node)
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the node cannot be started");
                    setup.tell(Stage::Failed(format!("{error:#}")));
                    None
                }
            };
        }
        tokio::select! {
            () = &mut stopped => break,
            changed = wanted.changed() => {
                // The sender lives as long as the set-up.
                if changed.is_ok() {
                    next = wanted.borrow_and_update().clone();
                }
            }
            ended = watched(&mut node) => {
                let reason = ended.err().map_or_else(|| "every video is over".to_owned(), |error| format!("{error:#}"));
                setup.tell(Stage::Failed(reason));
                pulse.of(None);
                if let Some(before) = node.take() {
                    end(before).await;
                }
            }
        }
    }
    watchdog.stopping();
    if let Some(node) = node {
        end(node).await;
    }
    house.hub.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Ends when every camera has; never where there is no node.
async fn watched(node: &mut Option<Node>) -> Result<()> {
    match node {
        Some(node) => node.watched().await,
        None => std::future::pending().await,
    }
}

async fn end(mut node: Node) {
    node.stop_cameras();
    // Whatever failed has been logged.
    let _ = node.watched().await;
    node.close().await;
}
