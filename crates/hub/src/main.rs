//! `gatehouse-hub`: takes in the events of all nodes and shows them.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod account_command;
mod authority_command;
mod counting_command;
mod log_command;
mod media_command;
mod operation_command;
mod order_command;
mod pass_command;
mod policy_command;
mod report_command;
mod view_key_command;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use account_command::{Account, ApiKey};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use counting_command::{Audit, Occupancy};
use domain::{NodeId, SiteId};
use hub::config::{LISTEN, parse_address};
use hub::{BrokerConfig, HubConfig, Listening, Subscription};
use log_command::Log;
use media_command::{Media, Retention};
use order_command::{Order, OrderKey};
use pass_command::Pass;
use policy_command::Policy;
use report_command::Report;
use store::{BlobsAt, Location, RegisteredNode, Store};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use view_key_command::ViewKey;
use wire::NodePublicKey;

/// What one thread reads and another writes away is a sixth of the hub's work with the allocator of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Takes in the events of all nodes and shows what they add up to.
#[derive(Debug, Parser)]
#[command(name = "gatehouse-hub", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the hub until SIGTERM or SIGINT.
    Run(Run),
    /// The hub's own certificate authority.
    #[command(subcommand)]
    Authority(authority_command::Authority),
    /// Writes the configuration of a Mosquitto broker: TLS, a certificate for each client, and who may say what.
    BrokerConfig(authority_command::BrokerConfigArgs),
    /// Says which nodes are believed.
    #[command(subcommand)]
    Node(Box<Node>),
    /// Publishes what nodes shall work by, and shows what was published.
    #[command(subcommand)]
    Policy(Box<Policy>),
    /// Gives a guard's order to a node and waits for its answer: open a lane, hold it, close it, lock it down. Who and why
    /// stand in the log. Needs the secret policy key.
    Order(Box<Order>),
    /// How many are inside: shows it, corrects it, and says when each day it begins anew; also beside a running hub.
    #[command(subcommand)]
    Occupancy(Box<Occupancy>),
    /// Hours counted by hand, and how far the machine's counts can be trusted; also beside a running hub.
    #[command(subcommand)]
    Audit(Box<Audit>),
    /// Prints the description of the HTTP API (OpenAPI 3.1, JSON).
    Openapi,
    /// Who may sign in: also for whoever forgot the last password. Beside a running hub or without one.
    #[command(subcommand)]
    Account(Box<Account>),
    /// Keys for programs.
    #[command(subcommand)]
    ApiKey(Box<ApiKey>),
    /// Makes a report of a day, week, month, half-year or year as PDF and XLSX in Vietnamese and English; also beside a
    /// running hub.
    Report(Box<Report>),
    /// The months of the log on a PostgreSQL server: shows them, drops old ones.
    #[command(subcommand)]
    Log(Box<Log>),
    /// Pictures and clips: looks at every one, takes over those of a folder.
    #[command(subcommand)]
    Media(Box<Media>),
    /// What is kept for how long: shows the rules, deletes what is too old, checks the deletion log; also beside a running
    /// hub.
    #[command(subcommand)]
    Retention(Box<Retention>),
    /// The key that signs visitors' passes.
    #[command(subcommand)]
    Pass(Box<Pass>),
    /// The key that signs the orders of guards at the console, and nothing else.
    #[command(subcommand)]
    OrderKey(Box<OrderKey>),
    /// The key that asks nodes for pictures of their cameras, and nothing else.
    #[command(subcommand)]
    ViewKey(Box<ViewKey>),
    /// Folds the whole log again. A hub with a database file must not be running; hubs on a server wait until it is done.
    Rebuild(Files),
    /// Looks at everything that a hub needs and says what to mend: clock, disk, database, broker, certificates, keys; then
    /// reads the whole database: signatures, hashes, chains, heads. Also beside a running hub.
    Check(operation_command::Check),
    /// Copies everything that a hub knows into a folder; also beside a running hub.
    Backup(operation_command::Backup),
    /// Puts a backup back. The hub must not be running.
    Restore(operation_command::Restore),
}

#[derive(Debug, Args)]
struct Run {
    /// Configuration file (TOML); the other options go before what it says.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Database: a file, or postgres://USER@HOST/NAME (its password in the configuration's `db_password_file`, or in
    /// PGPASSWORD).
    #[arg(long)]
    db: Option<Location>,
    /// Folder of media.
    #[arg(long)]
    blobs: Option<PathBuf>,
    /// Address to serve HTTP on; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Allows an address that other machines reach without TLS: passwords and cookies travel readable for all.
    #[arg(long)]
    plain_http: bool,
    /// The MQTT broker.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address)]
    broker: Option<(String, u16)>,
    /// The name under which the broker keeps this hub's session.
    #[arg(long)]
    client_id: Option<String>,
    /// Ask for all events instead of sharing them with other hubs, for a broker without shared subscriptions.
    #[arg(long)]
    plain_subscription: bool,
}

#[derive(Debug, Args)]
struct Files {
    /// Configuration file (TOML) that names the database.
    #[arg(long, required_unless_present = "db")]
    config: Option<PathBuf>,
    /// Database: a file, or postgres://USER@HOST/NAME (its password in the configuration's `db_password_file`, or in
    /// PGPASSWORD).
    #[arg(long)]
    db: Option<Location>,
    /// Folder of media [default: "blobs" beside the database].
    #[arg(long)]
    blobs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Node {
    /// Believes a node from now on; also beside a running hub.
    Add {
        /// The site that it may speak for.
        #[arg(long)]
        site: SiteId,
        /// Its name, which no other node of any site has.
        #[arg(long)]
        node: NodeId,
        /// Its public key, as the node shows it.
        #[arg(long, allow_hyphen_values = true)]
        key: NodePublicKey,
        #[command(flatten)]
        files: Files,
    },
    /// Gives a one-time code by which a machine becomes a node; also beside a running hub.
    Invite(authority_command::Invite),
    /// Believes a node no more: events, uploads, certificate and connection; also beside a running hub.
    Revoke(authority_command::Revoke),
    /// Lists the nodes that are believed.
    List {
        #[command(flatten)]
        files: Files,
    },
}

impl Run {
    fn config(self) -> Result<HubConfig> {
        let mut config = match (&self.config, &self.db, &self.broker) {
            (Some(path), _, _) => HubConfig::read(path)?,
            (None, Some(db), Some((host, port))) => {
                let broker = BrokerConfig::new(host, *port);
                let blobs = self.blobs.clone().map_or_else(|| beside(db), Ok)?;
                HubConfig { blobs: (&blobs).into(), db: db.clone(), ..HubConfig::new(Path::new(""), broker) }
            }
            (None, _, _) => bail!("give --config FILE, or --db FILE and --broker HOST:PORT"),
        };
        if let Some(db) = self.db {
            config.db = db;
        }
        if let Some(blobs) = self.blobs {
            config.blobs.folder = blobs;
        }
        if let Some((host, port)) = self.broker {
            (config.broker.host, config.broker.port) = (host, port);
        }
        if let Some(client_id) = self.client_id {
            config.broker.client_id = client_id;
        }
        if self.plain_subscription {
            config.broker.subscription = Subscription::Plain;
        }
        config.listen = self.listen.unwrap_or(if self.config.is_some() { config.listen } else { LISTEN });
        if self.plain_http {
            config.listening = Listening::PlainHttp;
        }
        Ok(config)
    }
}

fn beside(db: &Location) -> Result<PathBuf> {
    match db.file() {
        Some(file) => Ok(file.with_file_name("blobs")),
        None => bail!("give --blobs FOLDER: beside a database on a server there is no folder"),
    }
}

impl Files {
    fn database(&self) -> Result<Location> {
        match (&self.db, &self.config) {
            (Some(db), _) => Ok(db.clone()),
            (None, Some(config)) => Ok(HubConfig::read(config)?.db),
            (None, None) => bail!("give --config FILE or --db FILE"),
        }
    }

    fn paths(self) -> Result<(Location, BlobsAt)> {
        match (self.db, &self.config) {
            (Some(db), _) => {
                let blobs = self.blobs.map_or_else(|| beside(&db), Ok)?;
                Ok((db, (&blobs).into()))
            }
            (None, Some(config)) => {
                let mut config = HubConfig::read(config)?;
                if let Some(folder) = self.blobs {
                    config.blobs.folder = folder;
                }
                Ok((config.db, config.blobs))
            }
            (None, None) => bail!("give --config FILE or --db FILE"),
        }
    }

    async fn open(self) -> Result<Store> {
        let (db, blobs) = self.paths()?;
        Ok(Store::open(&db, &blobs).await?)
    }

    async fn visit(self) -> Result<Store> {
        let (db, blobs) = self.paths()?;
        Ok(Store::visit(&db, &blobs).await?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gatehouse-hub: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Run(run) => run_hub(run.config()?).await,
        Command::Authority(authority) => authority_command::run_authority(authority),
        Command::BrokerConfig(args) => authority_command::run_broker_config(args),
        Command::Node(node) => run_node(*node).await,
        Command::Openapi => {
            println!("{}", hub::api::document_text());
            Ok(())
        }
        Command::Policy(policy) => policy_command::run(*policy).await,
        Command::Order(order) => order_command::run(*order).await,
        Command::Occupancy(occupancy) => counting_command::run_occupancy(*occupancy).await,
        Command::Audit(audit) => counting_command::run_audit(*audit).await,
        Command::Log(log) => log_command::run(*log).await,
        Command::Account(account) => account_command::run_account(*account).await,
        Command::ApiKey(key) => account_command::run_api_key(*key).await,
        Command::Report(report) => report_command::run(*report).await,
        Command::Rebuild(files) => {
            let rebuilt = files.open().await?.rebuild().await?;
            println!("folded {} events again, {} of them of a kind that is not known", rebuilt.events, rebuilt.unread);
            if rebuilt.forgotten > 0 {
                println!("{} rows of it were deleted before, and are deleted again", rebuilt.forgotten);
            }
            Ok(())
        }
        Command::Media(media) => media_command::run_media(*media).await,
        Command::Retention(retention) => media_command::run_retention(*retention).await,
        Command::Pass(pass) => pass_command::run(*pass),
        Command::OrderKey(command) => order_command::run_key(&command),
        Command::ViewKey(command) => view_key_command::run(&command),
        Command::Check(check) => operation_command::run_check(check).await,
        Command::Backup(args) => operation_command::run_backup(args).await,
        Command::Restore(args) => operation_command::run_restore(args).await,
    }
}

async fn run_node(command: Node) -> Result<()> {
    match command {
        Node::Add { site, node, key, files } => {
            let store = files.visit().await?;
            let added_by = std::env::var("USER").unwrap_or_else(|_| "command line".to_owned());
            let new = RegisteredNode { site, node, key, added_at: hub::clock::now(), added_by };
            store.node_insert(&new).await?;
            println!("node {} of site {} is believed with key {}", new.node, new.site, new.key);
            store.close().await;
            Ok(())
        }
        Node::Invite(args) => authority_command::invite(args).await,
        Node::Revoke(args) => authority_command::revoke(args).await,
        Node::List { files } => {
            let store = files.visit().await?;
            let revoked = store.revocations().await?;
            for node in store.node_list().await? {
                let ended = revoked.iter().find(|ended| ended.node == node.node);
                let ended = ended.map_or_else(String::new, |ended| format!("\tREVOKED {} by {}", ended.at, ended.by));
                println!(
                    "{}\t{}\t{}\tadded {} by {}{ended}",
                    node.site, node.node, node.key, node.added_at, node.added_by
                );
            }
            store.close().await;
            Ok(())
        }
    }
}

async fn run_hub(config: HubConfig) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let scheme = if config.https.is_some() { "https" } else { "http" };
    let hub = hub::start(config).await?;
    println!("listening on {scheme}://{}", hub.addr);
    if let Some(setup) = hub.setup() {
        // Whoever waited for the address may read no further.
        let _ = writeln!(
            std::io::stdout(),
            "there is no account yet: open {scheme}://{}/ and give the code {}\nthe code is kept in {}",
            hub.addr,
            setup.reveal(),
            setup.path().display()
        );
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    hub.stop().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_begins_with_a_hyphen_is_a_key() {
        let keys = (0..=u8::MAX).map(|seed| wire::NodeKey::from_seed([seed; 32]).public().to_string());
        let key = keys.into_iter().find(|key| key.starts_with('-')).expect("one in 64 does");
        let typed = ["gatehouse-hub", "node", "add", "--site", "s", "--node", "n", "--key", &key, "--db", "hub.db"];
        let Command::Node(node) = Cli::try_parse_from(typed).expect("it is read").command else { panic!("node add") };
        let Node::Add { key: read, .. } = *node else { panic!("add") };
        assert_eq!(read.to_string(), key);
    }
}
