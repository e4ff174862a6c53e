//! The command by which a guard orders something at a lane, and the one that makes the key for it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::NodeId;
use hub::config::parse_address;
use hub::policy::{OrderKeyFile, PolicyKeyFile};
use hub::{BrokerConfig, HubConfig, orders};
use wire::order::{LIFE_MAX, OrderOutcome};
use wire::{LaneName, LaneOrder, OrderAction, OrderId};

use crate::Files;
use crate::policy_command::KeyPath;

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Open the lane once.
    Open,
    /// Let somebody pass whatever the policy says; with --decision, whom that decision referred to the guard.
    Permit,
    /// Let whom --decision referred to the guard not pass.
    Refuse,
    /// Hold the lane open.
    Hold,
    /// End a hold and close.
    Close,
    /// Close, and open for nobody.
    LockDown,
    /// Back to normal: no hold, no lock-down, no fire whose input is not active any more.
    Release,
}

impl Action {
    const fn on_wire(self) -> OrderAction {
        match self {
            Self::Open => OrderAction::Open,
            Self::Permit => OrderAction::Permit,
            Self::Refuse => OrderAction::Refuse,
            Self::Hold => OrderAction::Hold,
            Self::Close => OrderAction::Close,
            Self::LockDown => OrderAction::LockDown,
            Self::Release => OrderAction::Release,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrderKey {
    /// Makes the secret key that signs orders, and shows the public half for the nodes' configuration.
    Keygen {
        /// The key's file, which the hub's configuration names in `[signing]` as `order_key_file`.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

pub(crate) fn run_key(command: &OrderKey) -> Result<()> {
    match command {
        OrderKey::Keygen { key: path } => {
            let key = OrderKeyFile::create(path)?;
            println!(
                "order key {} is in {}; nodes take its orders by this line among order_keys",
                key.id(),
                path.display()
            );
            println!("{}", key.public());
            Ok(())
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Order {
    /// What to do.
    #[arg(value_enum)]
    action: Action,
    /// The node whose lane it is.
    #[arg(long)]
    node: NodeId,
    /// The lane; lock-down and release may go without, and are for all lanes of the node then.
    #[arg(long)]
    lane: Option<LaneName>,
    /// Number of the referred decision that a permit or a refusal answers, such as 3.17.
    #[arg(long, value_name = "NUMBER")]
    decision: Option<String>,
    /// Who orders it. It stands in the log.
    #[arg(long)]
    by: String,
    /// Why. It stands in the log.
    #[arg(long)]
    reason: String,
    /// For how many seconds the order is good; a node that hears it later refuses it.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=LIFE_MAX.as_secs()))]
    good_for: u64,
    /// The MQTT broker [default: that of --config].
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address)]
    broker: Option<(String, u16)>,
    #[command(flatten)]
    key: KeyPath,
    #[command(flatten)]
    files: Files,
}

pub(crate) async fn run(command: Order) -> Result<()> {
    let Order { action, node, lane, decision, by, reason, good_for, broker, key, files } = command;
    let mut config = files.config.as_deref().map(HubConfig::read).transpose()?.map(|config| config.broker);
    if let Some((host, port)) = broker {
        let own = config.get_or_insert_with(|| BrokerConfig::new(host.as_str(), port));
        (own.host, own.port) = (host, port);
    }
    let broker = config.context("give --config FILE or --broker HOST:PORT")?;
    let key = wire::OrderKey::from(PolicyKeyFile::read(&key.path(&files)?)?);
    let store = files.visit().await?;
    let known = store.node_list().await?.into_iter().find(|known| known.node == node);
    store.close().await;
    let known = known.with_context(|| format!("node \"{node}\" is not believed here: `node list` shows who is"))?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).context("the system gives no random numbers")?;
    let issued_at = hub::clock::now();
    let order = LaneOrder {
        id: OrderId::from_random(random),
        site: known.site,
        node,
        lane,
        action: action.on_wire(),
        answers: decision,
        by,
        reason,
        issued_at,
        not_after: issued_at.saturating_add(Duration::from_secs(good_for)),
    };
    let answer = orders::give(&broker, &order, &key, &known.key).await?;
    match answer.outcome {
        OrderOutcome::Given => {
            let decision = answer.decision.map_or(String::new(), |number| format!(", decision {number}"));
            println!("node {} has the order{decision}; what the barrier does stands in the log", order.node);
            Ok(())
        }
        OrderOutcome::Refused => bail!("node {} refuses the order: {}", order.node, answer.reason),
    }
}
