//! `gatehouse-hub log`: the months of the log.

use anyhow::Result;
use clap::Subcommand;
use store::Month;

use crate::Files;

/// What can be done with the months of the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Shows the months that the log holds and those that were dropped; also beside a running hub.
    List {
        #[command(flatten)]
        files: Files,
    },
    /// Drops old months for good and writes that down; also beside running hubs. Counts and lists stay, but the log can
    /// never be folded again as a whole.
    Drop {
        /// The first month that stays, such as 2025-01.
        #[arg(long, value_name = "MONTH")]
        before: Month,
        /// Who says so.
        #[arg(long)]
        by: String,
        #[command(flatten)]
        files: Files,
    },
}

pub(crate) async fn run(command: Log) -> Result<()> {
    match command {
        Log::List { files } => {
            let store = files.visit().await?;
            if !store.is_shared() {
                println!("a database file keeps its log as one table");
            }
            for month in store.log_dropped().await? {
                println!("{}\tdropped {} by {}\t{} events", month.month, month.dropped_at, month.by, month.events);
            }
            for month in store.log_months().await? {
                println!("{}\tthere\t{} events", month.month, month.events);
            }
            store.close().await;
        }
        Log::Drop { before, by, files } => {
            let store = files.visit().await?;
            let dropped = store.log_drop_before(before, &by, hub::clock::now()).await?;
            for month in &dropped {
                println!("dropped {} with {} events", month.month, month.events);
            }
            println!("{} months were dropped", dropped.len());
            store.close().await;
        }
    }
    Ok(())
}
