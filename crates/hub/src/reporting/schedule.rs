//! Makes what is scheduled as soon as its span is over.

use std::time::Duration;

use domain::UtcTime;
use report::Period;
use store::{Store, StoreError};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{Order, ReportError, make, schedule_key};
use crate::clock;
use crate::feeds::config::ReportRules;

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How long after its end a span is reported on, so that what was under way has arrived.
const GRACE: Duration = Duration::from_secs(120);

/// After a failure it is tried again so much later.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Makes scheduled reports.
pub(crate) struct Scheduler {
    pub(crate) store: Store,
    pub(crate) rules: ReportRules,
}

impl Scheduler {
    /// Makes reports until the hub stops.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        if self.rules.scheduled.is_empty() {
            return;
        }
        let mut wait = LOOK_EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            let made = tokio::select! {
                made = self.make_due(clock::now()) => made,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            wait = match made {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "a scheduled report cannot be made; trying again later"
                    );
                    RETRY_AFTER
                }
            };
        }
    }

    /// Makes what is due and was not made yet: of each kind the last span that is over, for all sites and each.
    pub(crate) async fn make_due(&self, now: UtcTime) -> Result<(), ReportError> {
        for (period, site, schedule) in due(&self.store, &self.rules, now).await? {
            let order = Order { period, site, made_by: String::new(), schedule: Some(schedule) };
            if let Some(report) = make(&self.store, &self.rules, order, now).await? {
                info!(report = %report.id, "a scheduled report was made");
            }
        }
        Ok(())
    }
}

type Due = (Period, Option<domain::SiteId>, String);

async fn due(store: &Store, rules: &ReportRules, now: UtcTime) -> Result<Vec<Due>, StoreError> {
    let grace = i64::try_from(GRACE.as_micros()).unwrap_or(i64::MAX);
    let settled = UtcTime::from_unix_micros(now.as_unix_micros() - grace).unwrap_or(now);
    let mut found = Vec::new();
    let sites = store.sites_known().await?;
    for kind in &rules.scheduled {
        let period = Period::last_over(*kind, rules.cut, settled);
        for site in std::iter::once(None).chain(sites.iter().cloned().map(Some)) {
            let key = schedule_key(*kind, period, site.as_ref());
            if !store.report_is_made(&key).await? {
                found.push((period, site, key));
            }
        }
    }
    Ok(found)
}
