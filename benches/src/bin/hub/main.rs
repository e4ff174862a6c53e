//! How fast events get from Mosquitto into the hub's database, with everything that they add up to, beside the bare limit:
//! the same rows inserted into the same database by the fastest plain statement, UNNEST of columns for PostgreSQL and
//! multi-row VALUES for SQLite, in transactions of the same size. Both in one call on the same machine; the ratio is
//! what counts.
//!
//! The broker holds the whole backlog before the hub starts, so that nobody publishes meanwhile; the time runs from the
//! first event in the database to the last.

#![expect(clippy::print_stdout, reason = "a measurement is printed")]

mod bare;
mod broker;
mod large;
mod nodes;
#[path = "../../../../tests/src/postgres.rs"]
#[allow(dead_code, unreachable_pub)]
mod postgres;
mod steady;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use sqlx::{Connection, PgConnection, SqliteConnection};

use broker::Mosquitto;
use nodes::Node;
use postgres::Postgres;
use steady::Load;

/// How often the database is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long the backlog may take to come in.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Parser)]
#[command(about = "Events a second from Mosquitto to committed, over the bare limit of the same rows")]
struct Arguments {
    /// Events.
    #[arg(long, default_value_t = 20_000)]
    events: u64,
    /// Nodes that they come from.
    #[arg(long, default_value_t = 8)]
    nodes: u64,
    /// Only PostgreSQL or only SQLite.
    #[arg(long)]
    only: Option<String>,
    /// Instead: publish so many events a second and see whether the hub keeps up.
    #[arg(long)]
    rate: Option<u64>,
    /// For so many seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Instead: make a log of so many events on PostgreSQL and ask what pages ask.
    #[arg(long)]
    large: Option<u64>,
    /// With --large: keep the database until a line is typed, to look at what is slow.
    #[arg(long)]
    hold: bool,
    /// While somebody follows the live stream: how long an event takes to him.
    #[arg(long)]
    watched: bool,
}

/// The database of one measurement.
enum Database {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Database {
    /// Events in the log.
    async fn events(&mut self) -> Result<u64> {
        let sql = "select cast(coalesce(sum(committed_seq), 0) as bigint) from chain_head";
        let events: i64 = match self {
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await?,
        };
        Ok(u64::try_from(events)?)
    }

    async fn bare(&mut self) -> Result<bare::Bare> {
        match self {
            Self::Postgres(connection) => bare::postgres(connection).await,
            Self::Sqlite(connection) => bare::sqlite(connection).await,
        }
    }
}

/// A running hub, ended with the measurement.
struct Hub(Child);

impl Hub {
    fn start(program: &Path, db: &str, blobs: &Path, port: u16) -> Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), program, db, blobs, port)
    }

    fn start_at(listen: SocketAddr, program: &Path, db: &str, blobs: &Path, port: u16) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["run", "--listen", &listen.to_string(), "--db", db, "--blobs"]).arg(blobs);
        command.args(["--broker", &format!("127.0.0.1:{port}")]).env("RUST_LOG", "warn").stdout(Stdio::null());
        Ok(Self(command.spawn().context("the hub does not start")?))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let program = std::env::current_exe()?.with_file_name("gatehouse-hub");
    ensure!(program.exists(), "{} is missing: cargo build -p hub", program.display());
    let is_wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    if is_wanted("postgresql") {
        match Postgres::start() {
            Some(server) => {
                let folder = tempfile::tempdir()?;
                let url = server.url();
                let open = async || Ok(Database::Postgres(PgConnection::connect(&url).await?));
                if let Some(events) = arguments.large {
                    return ask_large(events, arguments.hold, &program, &server, folder.path()).await;
                }
                measure("PostgreSQL", &arguments, &program, &url, folder.path(), open).await?;
            }
            None => println!("PostgreSQL: not installed"),
        }
    }
    if is_wanted("sqlite") {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("hub.db");
        let open = async || Ok(Database::Sqlite(SqliteConnection::connect(&file.display().to_string()).await?));
        measure("SQLite", &arguments, &program, &file.display().to_string(), folder.path(), open).await?;
    }
    Ok(())
}

/// The questions of pages to a log of so many events.
async fn ask_large(events: u64, hold: bool, program: &Path, server: &Postgres, folder: &Path) -> Result<()> {
    const NODES: u64 = 200;
    let (url, blobs) = (server.url(), folder.join("blobs"));
    let broker = Mosquitto::start()?;
    let mut nodes: Vec<_> = (0..NODES).map(Node::new).collect();
    add(&nodes, program, &url, &blobs)?;
    let key = steady::reader_key(program, &url, &blobs)?;
    let start = |listen| Hub::start_at(listen, program, &url, &blobs, broker.port);
    large::ask(events, &url, &server.url_of_superuser(), &broker, &mut nodes, start, &key).await?;
    if hold {
        println!("the database is at {} until a line is typed", server.url_of_superuser());
        std::io::stdin().read_line(&mut String::new())?;
    }
    Ok(())
}

/// Has the hub believe the nodes.
fn add(nodes: &[Node], program: &Path, db: &str, blobs: &Path) -> Result<()> {
    for node in nodes {
        let done = Command::new(program)
            .args(["node", "add", "--site", node.site.as_str(), "--node", node.node.as_str()])
            .args(["--key", &node.key.public().to_string(), "--db", db, "--blobs"])
            .arg(blobs)
            .output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

async fn measure(
    name: &str,
    arguments: &Arguments,
    program: &Path,
    db: &str,
    folder: &Path,
    open: impl AsyncFn() -> Result<Database>,
) -> Result<()> {
    let blobs: PathBuf = folder.join("blobs");
    let broker = Mosquitto::start()?;
    let mut nodes: Vec<_> = (0..arguments.nodes).map(Node::new).collect();
    add(&nodes, program, db, &blobs)?;
    if let Some(rate) = arguments.rate {
        let key = steady::reader_key(program, db, &blobs)?;
        let load = Load { rate, lasts: Duration::from_secs(arguments.seconds), is_watched: arguments.watched };
        let start = |listen| Hub::start_at(listen, program, db, &blobs, broker.port);
        return steady::keep_up(name, &load, &broker, &mut nodes, start, &key, &mut open().await?).await;
    }
    // The broker keeps the session, and with it everything that is published while the hub is away.
    let hub = Hub::start(program, db, &blobs, broker.port)?;
    broker.wait_for_subscription()?;
    drop(hub);
    let each = arguments.events / arguments.nodes;
    let told = broker.publish(&mut nodes, each).await?;

    let mut database = open().await?;
    let hub = Hub::start(program, db, &blobs, broker.port)?;
    let waits = Instant::now();
    let (mut began, mut first) = (None, 0);
    let took = loop {
        let events = database.events().await?;
        if began.is_none() && events > 0 {
            (began, first) = (Some(Instant::now()), events);
        }
        if events == told {
            break began.map_or(Duration::ZERO, |began| began.elapsed());
        }
        ensure!(waits.elapsed() < PATIENCE, "only {events} of {told} events came in");
        tokio::time::sleep(LOOK_EVERY).await;
    };
    drop(hub);
    let hub_rate = (told - first) as f64 / took.as_secs_f64();
    let bare = database.bare().await?;
    let bare_rate = bare.events as f64 / bare.took.as_secs_f64();
    println!(
        "{name}: {hub_rate:.0} events/s from Mosquitto to committed ({} events in {:.2} s); bare limit {bare_rate:.0} events/s \
         ({} rows in {:.2} s); ratio {:.2}",
        told - first,
        took.as_secs_f64(),
        bare.rows,
        bare.took.as_secs_f64(),
        hub_rate / bare_rate
    );
    Ok(())
}
