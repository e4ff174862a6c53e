//! The commands about counts: how many are inside, and hours counted by hand.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use domain::{CountGroup, Direction, GateId, LineId, SiteId, UtcTime};
use hub::counting::{import_audits, parse_direction, parse_group, parse_hour};
use projections::{Accuracy, AuditedHour, ResetTime, accuracy};
use store::{
    Area, AuditFilter, AuditHead, AuditRow, CorrectionRow, InsideRow, NewAudit, NewCorrection, NewReset, Sites, Store,
};

use crate::Files;

/// Most entries that are listed.
const LISTED_MAX: u32 = 500;

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The site.
    #[arg(long)]
    site: SiteId,
    /// The gate [default: the whole site].
    #[arg(long)]
    gate: Option<GateId>,
}

impl Place {
    fn area(self) -> Area {
        Area { site: self.site, gate: self.gate }
    }
}

/// How many are inside.
#[derive(Debug, Subcommand)]
pub(crate) enum Occupancy {
    /// Shows how many are inside, since when, and how many of those who left are unexplained.
    Show {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        files: Files,
    },
    /// Says how many are inside; who and why stand in the ledger for good. Counts until the next reset.
    Correct {
        #[command(flatten)]
        place: Place,
        /// What was counted: person or vehicle.
        #[arg(long, default_value = "person", value_parser = parse_group)]
        group: CountGroup,
        /// How many are inside.
        #[arg(long, value_name = "N")]
        to: u64,
        /// Who says so.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Since when it holds, such as 2026-12-01T08:30:00+07:00 [default: now].
        #[arg(long)]
        at: Option<UtcTime>,
        #[command(flatten)]
        files: Files,
    },
    /// Says when each day the count begins anew with nobody inside; a site's time is that of all its gates without one of
    /// their own. Midnight where nothing was said.
    Reset {
        #[command(flatten)]
        place: Place,
        /// The time by the clocks of Vietnam, HH:MM.
        #[arg(long)]
        time: ResetTime,
        /// Who says so.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        files: Files,
    },
    /// Lists corrections and reset times, the newest first.
    History {
        #[command(flatten)]
        files: Files,
    },
}

/// Hours counted by hand, and the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Enters how many passed a line one way in one hour, counted by hand. Entered again, the newest entry counts.
    Add(Box<Add>),
    /// Enters a sheet of hours (CSV), all of it or nothing: columns site, gate, line, direction, hour, counted and by, and
    /// if you like group and note.
    Import {
        /// The sheet.
        file: PathBuf,
        #[command(flatten)]
        files: Files,
    },
    /// Lists audited hours beside what the machine counted, and what they say of the error of its counts.
    List {
        /// Only of this site.
        #[arg(long)]
        site: Option<SiteId>,
        /// Only of gates of this name.
        #[arg(long)]
        gate: Option<GateId>,
        #[command(flatten)]
        files: Files,
    },
    /// Checks the audit log, which is about who read and changed what: names the first row that is not what it was.
    Verify {
        /// A head that was written down earlier, NUMBER:HASH, as the hub writes it into its own log.
        #[arg(long)]
        expect: Option<AuditHead>,
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The site.
    #[arg(long)]
    site: SiteId,
    /// The gate.
    #[arg(long)]
    gate: GateId,
    /// The counting line.
    #[arg(long)]
    line: LineId,
    /// in or out.
    #[arg(long, value_parser = parse_direction)]
    direction: Direction,
    /// person or vehicle [default: what the line counts, where it is only one of them].
    #[arg(long, value_parser = parse_group)]
    group: Option<CountGroup>,
    /// The hour, such as 2026-11-20T08:00, by the clocks of Vietnam.
    #[arg(long, value_parser = parse_hour)]
    hour: UtcTime,
    /// How many passed.
    #[arg(long, value_name = "N")]
    counted: u64,
    /// Who counted.
    #[arg(long)]
    by: String,
    /// What to know about it.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    files: Files,
}

pub(crate) async fn run_occupancy(command: Occupancy) -> Result<()> {
    let now = hub::clock::now();
    match command {
        Occupancy::Show { place, files } => {
            let (store, area) = (files.visit().await?, place.area());
            let rows = store.insides(&area, now).await?;
            rows.iter().for_each(|row| println!("{}", inside_line(row)));
            store.close().await;
        }
        Occupancy::Correct { place, group, to, by, reason, at, files } => {
            let store = files.visit().await?;
            let new = NewCorrection { area: place.area(), group, count: to, at: at.unwrap_or(now), by, reason };
            let row = store.correction_insert(&new, now).await?;
            println!("{}", correction_line(&row));
            store.close().await;
        }
        Occupancy::Reset { place, time, by, reason, files } => {
            let store = files.visit().await?;
            let new = NewReset { area: place.area(), time, by, reason };
            store.reset_insert(&new, now).await?;
            println!("{}: the count begins anew at {time} each day", new.area);
            store.close().await;
        }
        Occupancy::History { files } => {
            let store = files.visit().await?;
            for row in store.corrections(&Sites::All, LISTED_MAX).await? {
                println!("{}", correction_line(&row));
            }
            for row in store.resets(LISTED_MAX).await? {
                let entry = &row.entry;
                let (area, time, by) = (&entry.area, entry.time, &entry.by);
                println!("{}\t{area}\tbegins anew at {time}\tby {by}\t{}", row.entered_at, entry.reason);
            }
            store.close().await;
        }
    }
    Ok(())
}

fn inside_line(row: &InsideRow) -> String {
    let InsideRow { area, group, base, inside, .. } = row;
    let from = match &row.correction {
        Some(correction) => format!("corrected to {} by {}", base.count, correction.entry.by),
        None => format!("reset of {}", row.reset),
    };
    format!(
        "{area}\t{group}\t{} inside\tsince {} ({from})\t{} in, {} out\t{} unexplained",
        inside.count, base.at, inside.entered, inside.left, inside.unexplained
    )
}

fn correction_line(row: &CorrectionRow) -> String {
    let entry = &row.entry;
    format!(
        "{}\t{}\t{}\tfrom {} to {}\tby {}\t{}",
        entry.at, entry.area, entry.group, row.before, entry.count, entry.by, entry.reason
    )
}

pub(crate) async fn run_audit(command: Audit) -> Result<()> {
    let now = hub::clock::now();
    match command {
        Audit::Add(add) => {
            let Add { site, gate, line, direction, group, hour, counted, by, note, files } = *add;
            let store = files.visit().await?;
            let new = NewAudit { site, gate, line, direction, group, hour, counted, by, note };
            if let Err(mut errors) = store.audits_insert(&[new], now).await {
                // One was given, so there is one error.
                return Err(errors.0.pop().map_or_else(|| errors.into(), |(_, error)| error.into()));
            }
            let rows = store.audits(&AuditFilter::default()).await?;
            if let Some(row) = rows.iter().max_by_key(|row| row.id) {
                println!("{}", audit_line(row));
            }
            store.close().await;
        }
        Audit::Import { file, files } => {
            let store = files.visit().await?;
            let sheet = File::open(&file).with_context(|| format!("cannot read \"{}\"", file.display()))?;
            let entered = import_audits(&store, sheet, now).await;
            let entered = entered.with_context(|| format!("the sheet \"{}\" is not taken", file.display()))?;
            println!("{entered} hours are entered");
            store.close().await;
        }
        Audit::Verify { expect, files } => crate::account_command::verify(files, expect).await?,
        Audit::List { site, gate, files } => {
            let store = files.visit().await?;
            list(&store, AuditFilter { sites: site.into(), gate, from: None }).await?;
            store.close().await;
        }
    }
    Ok(())
}

async fn list(store: &Store, filter: AuditFilter) -> Result<()> {
    let rows = store.audits(&filter).await?;
    rows.iter().for_each(|row| println!("{}", audit_line(row)));
    let mut counts: std::collections::BTreeMap<_, Vec<AuditedHour>> = std::collections::BTreeMap::new();
    for row in rows {
        let key = (row.site, row.gate, row.line, row.group, row.direction);
        counts.entry(key).or_default().push(row.counts);
    }
    for ((site, gate, line, group, direction), hours) in counts {
        println!("{site}\t{gate}\t{line}\t{group} {direction}\t{}", accuracy_text(accuracy(&hours)));
    }
    Ok(())
}

fn audit_line(row: &AuditRow) -> String {
    let AuditedHour { by_hand, by_machine } = row.counts;
    format!(
        "{}\t{}\t{}\t{}\t{} {}\t{by_hand} by hand, {by_machine} by the machine\tby {}\t{}",
        row.hour, row.site, row.gate, row.line, row.group, row.direction, row.by, row.note
    )
}

fn accuracy_text(accuracy: Accuracy) -> String {
    match accuracy {
        Accuracy::NotAudited => "not audited".to_owned(),
        Accuracy::TooFew(audited) => format!(
            "{} hours and {} passages are too few: {} hours and {} passages by hand are needed",
            audited.hours,
            audited.by_hand,
            projections::accuracy::HOURS_MIN,
            projections::accuracy::PASSAGES_MIN
        ),
        Accuracy::Known(audited, error) => format!(
            "error {:+.1} % (95 %: {:+.1} to {:+.1} %) over {} hours",
            error.bias * 100.0,
            error.low * 100.0,
            error.high * 100.0,
            audited.hours
        ),
    }
}
