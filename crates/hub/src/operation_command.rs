//! The commands that look after a hub: self-test, backup and restore.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use hub::backup::{Existing, Source, backup, restore};
use hub::check::{Verdict, check};
use hub::{HubConfig, clock};
use store::{Store, Verified};

use crate::Files;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Does not read the whole database.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The folder of the backup, which is made.
    #[arg(long)]
    out: PathBuf,
    /// Copies the secret keys of the configuration's [authority] and the policy key besides: whoever has the backup then
    /// is the hub.
    #[arg(long)]
    with_secrets: bool,
    #[command(flatten)]
    files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The folder of the backup.
    #[arg(long)]
    from: PathBuf,
    /// Puts the backup in the place of the database that is there: a file is moved aside, a server's tables are replaced.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    files: Files,
}

pub(crate) async fn run_check(Check { quick, files }: Check) -> Result<()> {
    let mut bad = 0;
    if let Some(path) = &files.config {
        let config = HubConfig::read(path)?;
        let findings = check(&config, clock::now()).await;
        for finding in &findings {
            println!("{finding}");
        }
        bad = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    }
    // A look at a database that is not there would make it.
    let is_there = files.database()?.file().is_none_or(std::path::Path::exists);
    if !quick && bad == 0 && is_there {
        tell(&files.visit().await?.verify().await?)?;
    }
    if bad > 0 { bail!("{bad} things do not work") } else { Ok(()) }
}

fn tell(verified: &Verified) -> Result<()> {
    for finding in &verified.findings {
        println!("{}: {}", finding.place, finding.what);
    }
    println!("{} events looked at, {} things wrong", verified.events, verified.findings_total);
    if verified.findings_total > 0 { bail!("the database is not sound") } else { Ok(()) }
}

pub(crate) async fn run_backup(Backup { out, with_secrets, files }: Backup) -> Result<()> {
    let mut secrets = Vec::new();
    if with_secrets {
        let config = files.config.as_deref().map(HubConfig::read).transpose()?;
        secrets.extend(config.and_then(|config| config.authority).map(|authority| authority.files.folder));
        secrets.extend(files.database()?.file().map(|db| db.with_file_name("policy.key")));
    }
    let (db, blobs) = files.paths()?;
    let store = Store::visit(db.clone(), &blobs).await?;
    let made = backup(&store, &Source { db, blobs, secrets }, &out, clock::now()).await;
    store.close().await;
    let made = made?;
    println!(
        "backup of {} in {}: events up to {}, {} media, {} bytes; check it at any time with: cd {1} && sha256sum -c \
         manifest.sha256",
        made.made_at,
        out.display(),
        made.newest_event,
        made.blobs,
        made.bytes
    );
    if let Some(bucket) = &made.media_in {
        println!("the media are in {bucket} and not in this backup: keep copies of them there, such as by versions");
    }
    Ok(())
}

pub(crate) async fn run_restore(Restore { from, replace, files }: Restore) -> Result<()> {
    let (db, blobs) = files.paths()?;
    let existing = if replace { Existing::Replace } else { Existing::Keep };
    let restored = restore(&from, &db, &blobs, existing, clock::now()).await?;
    println!(
        "restored the backup of {} into {db}: events up to {}, {} media put back",
        restored.header.made_at, restored.header.newest_event, restored.blobs
    );
    if let Some(bucket) = &restored.header.media_in {
        println!("its media were in {bucket}, and not in the backup: see gatehouse-hub media check");
    }
    if let Some(aside) = &restored.moved_to {
        println!("the database that was there is {} now", aside.display());
    }
    if restored.has_secrets {
        println!("secret keys are in {}: put them back by hand where they are missing", from.join("secrets").display());
    }
    println!(
        "nodes send again what they still have and the backup lacks. A policy that was published after the backup has a \
         number that this hub gives again: publish with --rollback-from, as a warning will say"
    );
    tell(&restored.verified)
}
