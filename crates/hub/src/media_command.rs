//! `gatehouse-hub media` and `gatehouse-hub retention`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use hub::retention::{RetentionRule, delete_due};
use hub::{HubConfig, clock};
use store::{AuditHead, AuditVerdict, MediumState, Store};

use crate::Files;

/// What can be done with pictures and clips.
#[derive(Debug, Subcommand)]
pub(crate) enum Media {
    /// Reads every medium that an event names and holds it against its hash; also beside a running hub.
    Check {
        #[command(flatten)]
        files: Files,
    },
    /// Puts the media of a folder, such as the one before there was a bucket, where they are kept now; also beside a running
    /// hub. The folder stays as it is.
    Import {
        /// The folder.
        #[arg(long)]
        from: PathBuf,
        #[command(flatten)]
        files: Files,
    },
}

/// What can be done with what is too old.
#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Shows the rules, and the oldest of each class.
    Show {
        #[command(flatten)]
        files: Files,
    },
    /// Deletes now what is too old by the rules, as a running hub does each hour.
    Run {
        #[command(flatten)]
        files: Files,
    },
    /// Reads the whole deletion log and names the first row that is not what it was.
    Verify {
        /// A head that was written down earlier, NUMBER:HASH.
        #[arg(long)]
        expect: Option<AuditHead>,
        #[command(flatten)]
        files: Files,
    },
}

pub(crate) async fn run_media(command: Media) -> Result<()> {
    match command {
        Media::Check { files } => {
            let store = files.visit().await?;
            let tell = |found: &store::MediumFound| {
                let what = match found.state {
                    MediumState::NotCome => "has not come",
                    MediumState::Missing => "MISSING",
                    MediumState::Damaged => "DAMAGED",
                };
                println!("{}\t{what}\tnode {}\tevent {}", found.sha256, found.node, found.event);
            };
            let checked = store.media_check(tell).await;
            store.close().await;
            let checked = checked?;
            println!(
                "{} media are named by events: {} are there and right, {} have not come, {} are missing or damaged",
                checked.named, checked.right, checked.not_come, checked.wrong
            );
            if checked.wrong > 0 { bail!("{} media are missing or damaged", checked.wrong) } else { Ok(()) }
        }
        Media::Import { from, files } => {
            let store = files.visit().await?;
            let imported = store.media_import(&from).await;
            store.close().await;
            let imported = imported?;
            println!(
                "{} media were taken over, {} were there already, {} files are not known and were left",
                imported.written, imported.held, imported.unknown
            );
            Ok(())
        }
    }
}

pub(crate) async fn run_retention(command: Retention) -> Result<()> {
    match command {
        Retention::Show { files } => {
            let (store, rules) = with_rules(files).await?;
            let states = store.retention_states().await;
            let (waiting, head) = (store.blobs_to_remove().await, store.deletion_log_head().await);
            store.close().await;
            for state in states? {
                let rule = rules.iter().find(|rule| rule.class == state.class).and_then(|rule| rule.days);
                let rule = rule.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
                let oldest = state.oldest.map_or_else(|| "none there".to_owned(), |at| format!("oldest {at}"));
                println!("{}\t{rule}\t{oldest}", state.class.as_str());
            }
            println!("{} deleted media still have their bytes; the deletion log ends at {}", waiting?, head?);
            Ok(())
        }
        Retention::Run { files } => {
            let (store, rules) = with_rules(files).await?;
            let who = std::env::var("USER").unwrap_or_else(|_| "command line".to_owned());
            let by = format!("gatehouse-hub retention run, {who}");
            let deleted = delete_due(&store, &rules, &by, clock::now(), || false).await;
            store.close().await;
            let deleted = deleted?;
            for (class, count) in &deleted.counts {
                println!("{}\t{count} deleted", class.as_str());
            }
            println!("the bytes of {} media were removed", deleted.blobs);
            if deleted.is_busy { bail!("a hub deletes just now: the rest is its") } else { Ok(()) }
        }
        Retention::Verify { expect, files } => {
            let store = files.visit().await?;
            let verified = store.deletion_log_verify(expect.as_ref()).await;
            store.close().await;
            let verified = verified?;
            match verified.verdict {
                AuditVerdict::Whole => {
                    println!("{} rows, each as it was written; the log ends at {}", verified.rows, verified.head);
                    Ok(())
                }
                AuditVerdict::Broken { seq, what } => bail!("row {seq} of the deletion log: {what}"),
            }
        }
    }
}

async fn with_rules(files: Files) -> Result<(Store, Vec<RetentionRule>)> {
    let path = files.config.as_deref().context("give --config FILE: the rules stand in its table [retention]")?;
    let rules = HubConfig::read(path)?.retention;
    let rules = rules.context("the configuration has no table [retention]: nothing is ever deleted")?;
    Ok((files.visit().await?, rules))
}
