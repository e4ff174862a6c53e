//! What other hubs on the same database did, told as soon as it is committed.

use domain::NodeId;
use sqlx::postgres::{PgListener, PgNotification};

use crate::db::{Database, Dialect, Query, Tx};
use crate::error::StoreError;
use crate::open::Store;

/// Channel on which every addition to the log is announced.
const LOG: &str = "gatehouse_log";

/// Channel on which nodes are named of which something changed that is not in the log.
const NODE: &str = "gatehouse_node";

/// What happened, by this hub or another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The log became longer. Also given when something may have been missed.
    Log,
    /// Something about a node changed that is not in the log.
    Node(NodeId),
}

/// Where signals come from. Those that came before it was made are not given.
#[derive(Debug)]
pub struct Signals {
    listener: PgListener,
}

impl Store {
    /// Whether other hubs may write to the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.db.dialect(), Dialect::Postgres)
    }

    /// Signals from now on; nothing where only this process writes.
    pub async fn signals(&self) -> Result<Option<Signals>, StoreError> {
        match &self.inner.db {
            Database::Sqlite(_) => Ok(None),
            Database::Postgres(pools) => {
                let mut listener = PgListener::connect_with(&pools.readers).await?;
                listener.listen_all([LOG, NODE]).await?;
                Ok(Some(Signals { listener }))
            }
        }
    }

    /// Tells all hubs on this database that something about a node changed that is not in the log.
    pub async fn signal_node(&self, node: &NodeId) -> Result<(), StoreError> {
        match &self.inner.db {
            Database::Sqlite(_) => Ok(()),
            db @ Database::Postgres(_) => {
                Query::new("select pg_notify($1, $2)").bind(NODE).bind(node.as_str()).execute(db).await.map(drop)
            }
        }
    }
}

impl Signals {
    /// Waits for the next one.
    pub async fn next(&mut self) -> Result<Signal, StoreError> {
        loop {
            let Some(heard) = self.listener.try_recv().await? else { return Ok(Signal::Log) };
            if let Some(signal) = signal(&heard) {
                return Ok(signal);
            }
        }
    }
}

fn signal(heard: &PgNotification) -> Option<Signal> {
    match heard.channel() {
        LOG => Some(Signal::Log),
        NODE => heard.payload().parse().ok().map(Signal::Node),
        _ => None,
    }
}

/// Takes the only place at the end of the log, until the transaction ends, and has the addition announced then. So places
/// are in the order of commit: whoever has read up to one has missed nothing before it.
pub(crate) async fn log_end_take(tx: &mut Tx) -> Result<(), StoreError> {
    match tx.dialect() {
        // Only one transaction writes at a time.
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => Query::new("select pg_advisory_xact_lock($1), pg_notify($2, '')")
            .bind(crate::lock::LOG_END)
            .bind(LOG)
            .execute(tx)
            .await
            .map(drop),
    }
}
