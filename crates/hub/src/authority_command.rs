//! The commands about certificates, the broker's configuration, and who becomes a node.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::{NodeId, SiteId};
use hub::authority::{AuthorityFiles, NodeAuthority, ServerNames, certificate_facts, init, renew};
use hub::broker_files::{self, BrokerPlan, HUB_PORT, NODE_PORT};
use hub::enrolment::{self, write_revoked};
use hub::{HubConfig, clock};

use crate::Files;

#[derive(Debug, Subcommand)]
pub(crate) enum Authority {
    /// Makes the hub's own certificate authorities, and certificates for hub and broker.
    Init(Names),
    /// Makes new certificates for hub and broker by the authority that nodes trust already; the hub takes them up by itself.
    Renew(Names),
    /// Shows the certificates, until when they are good, and the fingerprint by which nodes know the authority.
    Show {
        /// The authority's folder.
        #[arg(long)]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Names {
    /// The authority's folder.
    #[arg(long)]
    folder: PathBuf,
    /// A name or address by which nodes and people reach the hub; may be given several times.
    #[arg(long = "hub", value_name = "NAME")]
    hub: Vec<String>,
    /// A name or address by which nodes and hubs reach the broker; may be given several times.
    #[arg(long = "broker", value_name = "NAME")]
    broker: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BrokerConfigArgs {
    /// Where to write the files; the broker reads them there.
    #[arg(long)]
    out: PathBuf,
    /// The authority's folder.
    #[arg(long)]
    folder: PathBuf,
    /// Where the broker keeps its sessions.
    #[arg(long, default_value = "/var/lib/mosquitto")]
    data: PathBuf,
    /// Port for nodes.
    #[arg(long, default_value_t = NODE_PORT)]
    node_port: u16,
    /// Port for hubs.
    #[arg(long, default_value_t = HUB_PORT)]
    hub_port: u16,
    /// Listen on this address only.
    #[arg(long)]
    bind: Option<IpAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// The site that the node will speak for.
    #[arg(long)]
    site: SiteId,
    /// The name that it will have, which no other node of any site has.
    #[arg(long)]
    node: NodeId,
    /// How long the code is good, in minutes, 5 to 43200.
    #[arg(long, default_value_t = 24 * 60)]
    valid_minutes: u64,
    /// Who invites it [default: the user of this machine].
    #[arg(long)]
    by: Option<String>,
    /// Configuration file (TOML) with a table [authority].
    #[arg(long)]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The node.
    #[arg(long)]
    node: NodeId,
    /// Why; it stands in the alarm.
    #[arg(long)]
    reason: String,
    /// Who decides it [default: the user of this machine].
    #[arg(long)]
    by: Option<String>,
    #[command(flatten)]
    files: Files,
}

fn somebody(by: Option<String>) -> String {
    by.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "command line".to_owned())
}

pub(crate) fn run_authority(command: Authority) -> Result<()> {
    match command {
        Authority::Init(Names { folder, hub, broker }) => {
            if hub.is_empty() || broker.is_empty() {
                bail!("give --hub NAME and --broker NAME: how nodes reach them");
            }
            let files = init(&folder, &ServerNames { hub, broker }, clock::now())?;
            show(&files)?;
            println!(
                "keep {} and {} secret and in your backups; the running hub needs the second only",
                files.servers_key().display(),
                files.nodes_key().display()
            );
            Ok(())
        }
        Authority::Renew(Names { folder, hub, broker }) => {
            let files = AuthorityFiles::new(&folder);
            // The names stay as they are where none are given.
            let names = |given: Vec<String>, path: PathBuf| -> Result<Vec<String>> {
                if given.is_empty() { Ok(certificate_facts(&path)?.names) } else { Ok(given) }
            };
            let names = ServerNames { hub: names(hub, files.hub())?, broker: names(broker, files.broker())? };
            renew(&files, &names, clock::now())?;
            show(&files)?;
            println!("the broker's certificate goes to the broker with `gatehouse-hub broker-config`");
            Ok(())
        }
        Authority::Show { folder } => show(&AuthorityFiles::new(&folder)),
    }
}

fn show(files: &AuthorityFiles) -> Result<()> {
    for (what, path) in [
        ("authority of servers", files.servers()),
        ("authority of nodes", files.nodes()),
        ("hub", files.hub()),
        ("broker", files.broker()),
        ("hub to broker", files.client()),
    ] {
        let facts = certificate_facts(&path)?;
        let names = if facts.names.is_empty() { facts.name } else { facts.names.join(", ") };
        println!("{what}\t{names}\tgood until {}\t{}", facts.not_after, path.display());
    }
    println!("nodes know it by the fingerprint {}", certificate_facts(&files.servers())?.print);
    Ok(())
}

pub(crate) fn run_broker_config(args: BrokerConfigArgs) -> Result<()> {
    let BrokerConfigArgs { out, folder, data, node_port, hub_port, bind } = args;
    let absolute = |path: &PathBuf| std::path::absolute(path).context("the working folder is gone");
    let plan = BrokerPlan { folder: absolute(&out)?, data: absolute(&data)?, node_port, hub_port, bind };
    let authority = AuthorityFiles::new(&absolute(&folder)?);
    for path in broker_files::write(&out, &plan, &authority)? {
        println!("{}", path.display());
    }
    let folder = plan.folder.display();
    println!(
        "Now, as root:\n  chown -R mosquitto: {folder}\n  cp {folder}/mosquitto.conf /etc/mosquitto/mosquitto.conf\n  \
         cp {folder}/gatehouse-broker-reload.* /etc/systemd/system/\n  systemctl daemon-reload\n  systemctl enable --now \
         gatehouse-broker-reload.path\n  systemctl restart mosquitto\nHubs connect to port {hub_port} with \
         certificate_file = \"{0}\", key_file = \"{1}\" and ca_file = \"{2}\".",
        authority.client().display(),
        authority.client_key().display(),
        authority.servers().display()
    );
    Ok(())
}

pub(crate) async fn invite(args: Invite) -> Result<()> {
    let Invite { site, node, valid_minutes, by, config } = args;
    let config = HubConfig::read(&config)?;
    let authority = config.authority.context("the configuration has no table [authority]")?;
    let print = certificate_facts(&authority.files.servers())?.print;
    let store = store::Store::visit(&config.db, &config.blobs).await?;
    let good = Duration::from_secs(valid_minutes.saturating_mul(60));
    let invited = enrolment::invite(&store, print, (site, node), &somebody(by), good, clock::now()).await;
    store.close().await;
    let invited = invited?;
    println!("{}", invited.code);
    eprintln!(
        "good until {} and once, at the machine that becomes node {} of site {}:\n  gatehouse-edge enrol --config \
         /etc/gatehouse/edge.toml --hub {} --code {}",
        invited.kept.expires_at, invited.kept.node, invited.kept.site, authority.hub_url, invited.code
    );
    Ok(())
}

pub(crate) async fn revoke(args: Revoke) -> Result<()> {
    let Revoke { node, reason, by, files } = args;
    let authority = match &files.config {
        Some(config) => HubConfig::read(config)?.authority,
        None => None,
    };
    let store = files.visit().await?;
    let revoked = enrolment::revoke(&store, node.clone(), &somebody(by), &reason, clock::now()).await;
    // Also where it was revoked before: perhaps the list could not be written then.
    let written = match &authority {
        Some(authority) => {
            let issuer = NodeAuthority::open(&authority.files)?;
            Some(write_revoked(&store, &issuer, &authority.crl_copies, clock::now()).await)
        }
        None => None,
    };
    store.close().await;
    revoked?;
    println!("node {node} is believed no more; a running hub throws it off the broker within a second");
    match written {
        Some(written) => {
            written?;
            println!("its certificates are on the list that brokers read");
        }
        None => println!("its certificates are not on a list: give --config FILE with a table [authority]"),
    }
    Ok(())
}
