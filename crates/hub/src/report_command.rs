//! The command that makes a report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use domain::{SiteId, UtcTime};
use hub::HubConfig;
use hub::feeds::config::ReportRules;
use hub::reporting::{FORMATS, Order, fonts, make};
use report::{Cut, Period, ReportKind};

use crate::Files;

/// Makes a report and keeps it, and writes its documents into a folder.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// day, week (cut on Wednesday at 15:00), month, half_year or year.
    kind: ReportKind,
    /// The site [default: all of them].
    #[arg(long)]
    site: Option<SiteId>,
    /// A moment of the span, such as 2026-11-20T08:00:00Z [default: the last span that is over].
    #[arg(long)]
    at: Option<UtcTime>,
    /// The folder for the documents.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    out: PathBuf,
    /// The name of the province [default: the configuration's].
    #[arg(long)]
    province: Option<String>,
    /// The day on which months are cut, usually 15 or 18 [default: the configuration's, else 15].
    #[arg(long, value_name = "DAY")]
    month_cut: Option<i64>,
    #[command(flatten)]
    files: Files,
}

impl Report {
    fn rules(&self) -> Result<ReportRules> {
        let mut rules = match &self.files.config {
            Some(config) => HubConfig::read(config)?.feeds.reports,
            None => ReportRules::default(),
        };
        if let Some(province) = &self.province {
            rules.province.clone_from(province);
        }
        if let Some(day) = self.month_cut {
            rules.cut = Cut::new(day)?;
        }
        Ok(rules)
    }
}

pub(crate) async fn run(command: Report) -> Result<()> {
    let rules = command.rules()?;
    // Before the database is read: a missing font is soon mended.
    fonts(&rules)?;
    let now = hub::clock::now();
    let period = match command.at {
        Some(at) => Period::containing(command.kind, rules.cut, at),
        None => Period::last_over(command.kind, rules.cut, now),
    };
    let made_by = std::env::var("USER").unwrap_or_else(|_| "command line".to_owned());
    let store = command.files.visit().await?;
    let order = Order { period, site: command.site, made_by, schedule: None };
    let row = make(&store, &rules, order, now).await?.context("the report was made by another hub meanwhile")?;
    for language in ["vi", "en"] {
        for format in FORMATS {
            let found = store.report_document(&row.id, language, format).await?;
            let found = found.context("the report lost a document")?;
            let name = format!("{}-{}.{language}.{format}", row.kind, day(&row));
            write(&command.out.join(name), &found.bytes)?;
        }
    }
    store.close().await;
    Ok(())
}

/// The first day of the span in Vietnam, for a file's name.
fn day(row: &store::ReportRow) -> String {
    let from = UtcTime::from_unix_micros(row.from_minute * 60_000_000).unwrap_or(UtcTime::UNIX_EPOCH);
    let (year, month, day) = from.day_in_vietnam();
    let site = row.site.as_ref().map_or(String::new(), |site| format!("-{site}"));
    format!("{year:04}-{month:02}-{day:02}{site}")
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write \"{}\"", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
