//! The commands about policies.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::{NodeId, SiteId, UtcTime};
use hub::policy::{PolicyKeyFile, Request, publish, read_folder};
use store::{PolicyRow, Store};
use wire::policy::{Addressees, Bundle, TrustedKeys};

use crate::Files;

/// Most policies that `history` shows.
const HISTORY_MAX: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Makes the secret key that signs policies, and shows the public half for the nodes' configuration.
    Keygen {
        #[command(flatten)]
        key: KeyPath,
        #[command(flatten)]
        files: Files,
    },
    /// Signs the documents of a folder and has the nodes of a site work by them; also beside a running hub.
    Publish(Publish),
    /// Shows a policy: who, when, what, and where it runs.
    Show {
        /// The site.
        #[arg(long)]
        site: SiteId,
        /// Its number [default: the newest].
        #[arg(long)]
        version: Option<u64>,
        /// Prints this document's text instead.
        #[arg(long, value_name = "PATH")]
        document: Option<String>,
        #[command(flatten)]
        key: KeyPath,
        #[command(flatten)]
        files: Files,
    },
    /// Lists the policies of a site, the newest first. None is ever deleted.
    History {
        /// The site.
        #[arg(long)]
        site: SiteId,
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyPath {
    /// The key's file [default: "policy.key" beside the database].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The site that it is for.
    #[arg(long)]
    site: SiteId,
    /// The folder of documents.
    #[arg(long, required_unless_present = "again", conflicts_with = "again")]
    folder: Option<PathBuf>,
    /// Publishes the documents of this earlier version again, under the next number.
    #[arg(long, value_name = "VERSION")]
    again: Option<u64>,
    /// Who publishes it.
    #[arg(long)]
    by: String,
    /// The nodes that it is for, with commas [default: all of the site].
    #[arg(long, value_delimiter = ',')]
    nodes: Vec<NodeId>,
    /// When nodes put it in force, such as 2026-12-01T00:00:00Z [default: at once].
    #[arg(long)]
    not_before: Option<UtcTime>,
    /// Lets it replace versions up to this one although its own number is lower: for a hub whose database was restored
    /// from a backup.
    #[arg(long, value_name = "VERSION")]
    rollback_from: Option<u64>,
    #[command(flatten)]
    key: KeyPath,
    #[command(flatten)]
    files: Files,
}

impl KeyPath {
    pub(crate) fn path(&self, files: &Files) -> Result<PathBuf> {
        match &self.key {
            Some(path) => Ok(path.clone()),
            None => match files.database()?.file() {
                Some(file) => Ok(file.with_file_name("policy.key")),
                None => bail!("give --key FILE: beside a database on a server there is no folder"),
            },
        }
    }
}

pub(crate) async fn run(command: Policy) -> Result<()> {
    match command {
        Policy::Keygen { key, files } => {
            let path = key.path(&files)?;
            let key = PolicyKeyFile::create(&path)?;
            println!("policy key {} is in {}; nodes trust it by", key.id(), path.display());
            println!("{}", key.public());
            Ok(())
        }
        Policy::Publish(command) => run_publish(command).await,
        Policy::Show { site, version, document, key, files } => {
            let path = key.path(&files)?;
            let store = files.visit().await?;
            let shown = show(&store, &site, version, document.as_deref(), path).await;
            store.close().await;
            shown
        }
        Policy::History { site, files } => {
            let store = files.visit().await?;
            for row in store.policy_history(&site, HISTORY_MAX).await? {
                println!("{}", line(&row));
            }
            store.close().await;
            Ok(())
        }
    }
}

async fn run_publish(command: Publish) -> Result<()> {
    let Publish { site, folder, again, by, nodes, not_before, rollback_from, key, files } = command;
    let key = PolicyKeyFile::read(&key.path(&files)?)?;
    let store = files.visit().await?;
    let documents = match (&folder, again) {
        (Some(folder), _) => read_folder(folder)?,
        (None, Some(version)) => {
            let found = store.policy_bundle(&site, version).await?;
            let (_, bytes) = found.with_context(|| format!("site \"{site}\" has no policy {version}"))?;
            let trusted = TrustedKeys::new(vec![key.public()])?;
            let opened = Bundle::open(&bytes, &trusted);
            opened.with_context(|| format!("policy {version} is not published again"))?.documents
        }
        (None, None) => bail!("give --folder DIR or --again VERSION"),
    };
    let nodes = if nodes.is_empty() { Addressees::All } else { Addressees::Named(BTreeSet::from_iter(nodes)) };
    let count = documents.len();
    let request = Request { site: site.clone(), nodes, by, not_before, rollback_from, documents };
    let published = publish(&store, &key, request, hub::clock::now()).await?;
    store.close().await;
    println!(
        "policy {} of site {site} is published: {count} documents, sha256 {}, key {}",
        published.name.version, published.name.sha256, published.key
    );
    for (node, version) in published.ahead {
        eprintln!(
            "warning: node {node} works by version {version} and will refuse this one: publish again with \
             --rollback-from {version}, if this hub's database was restored from a backup"
        );
    }
    Ok(())
}

async fn show(store: &Store, site: &SiteId, version: Option<u64>, document: Option<&str>, key: PathBuf) -> Result<()> {
    let newest = store.policy_history(site, 1).await?.first().map(|row| row.version);
    let version = version.or(newest).with_context(|| format!("site \"{site}\" has no policy"))?;
    let found = store.policy_bundle(site, version).await?;
    let (row, bytes) = found.with_context(|| format!("site \"{site}\" has no policy {version}"))?;
    if let Some(path) = document {
        let trusted = TrustedKeys::new(vec![PolicyKeyFile::read(&key)?.public()])?;
        let bundle = Bundle::open(&bytes, &trusted)?;
        let text = bundle.text(path).with_context(|| format!("policy {version} has no document \"{path}\""))?;
        print!("{text}");
        return Ok(());
    }
    println!("{}", line(&row));
    for document in &row.documents {
        println!("  {}\t{} bytes\t{}", document.path, document.bytes, document.sha256);
    }
    for node in store.nodes().await?.into_iter().filter(|node| node.node.site == *site) {
        let status = node.policy.map(|policy| policy.status).unwrap_or_default();
        let running = status.running.map_or("none".to_owned(), |running| running.version.to_string());
        let wanted = node.policy_wanted.map_or("none".to_owned(), |wanted| wanted.to_string());
        let refused = status.refused.map_or(String::new(), |refused| format!("\trefused: {}", refused.reason));
        println!("  node {}\tworks by {running}\twanted {wanted}{refused}", node.node.node);
    }
    Ok(())
}

fn line(row: &PolicyRow) -> String {
    let nodes = match &row.nodes {
        Addressees::All => "all nodes".to_owned(),
        Addressees::Named(nodes) => nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(","),
    };
    let from = row.rollback_from.map_or(String::new(), |from| format!("\trollback from {from}"));
    format!(
        "{}\t{}\tby {}\tfor {nodes}\tfrom {}\tkey {}\tsha256 {}{from}",
        row.version, row.issued_at, row.issued_by, row.not_before, row.key, row.sha256
    )
}
