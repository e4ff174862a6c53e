//! Makes what is scheduled as soon as its span is over.

use std::time::Duration;

use domain::{SiteId, UtcTime};
use report::{Period, ReportKind};
use store::{ReportScheduleRow, ReportScope, Store, StoreError};
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

/// A report that is not there so long after its moment is late: one failure does not make it so.
const LATE_AFTER: Duration = Duration::from_secs(900);

/// Reports that are made whenever their span is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// How long the span is.
    pub(crate) kind: ReportKind,
    /// What they are about.
    pub(crate) scope: ReportScope,
    /// Who set it and when; nothing where the configuration says so.
    pub(crate) set: Option<(String, UtcTime)>,
}

impl Schedule {
    /// The last span that is over at `now`, where it is one of this schedule's: what people set begins with the span
    /// that ends next, and the configuration's with the one before.
    fn last_over(&self, rules: &ReportRules, now: UtcTime) -> Option<Period> {
        let period = Period::last_over(self.kind, rules.cut, now);
        let is_ours = self.set.as_ref().is_none_or(|(_, since)| period.to() > *since);
        is_ours.then_some(period)
    }

    /// What its reports are about, one each.
    fn subjects(&self, sites: &[SiteId]) -> Vec<Option<SiteId>> {
        match &self.scope {
            ReportScope::All => vec![None],
            ReportScope::Each => sites.iter().cloned().map(Some).collect(),
            ReportScope::Site(site) => vec![Some(site.clone())],
        }
    }

    /// The span that is reported on next, and the moment when that is done.
    pub(crate) fn next(&self, rules: &ReportRules, now: UtcTime) -> (Period, UtcTime) {
        let period = Period::containing(self.kind, rules.cut, earlier(now, GRACE));
        (period, later(period.to(), GRACE))
    }

    /// Whether a report of the last span should be there, and is not.
    pub(crate) async fn is_late(&self, store: &Store, rules: &ReportRules, now: UtcTime) -> Result<bool, StoreError> {
        let settled = earlier(now, GRACE);
        let is_time = |period: Period| period.to() <= earlier(settled, LATE_AFTER);
        if !self.last_over(rules, settled).is_some_and(is_time) {
            return Ok(false);
        }
        let sites = store.sites_known().await?;
        Ok(!missing(store, rules, self, &sites, settled).await?.is_empty())
    }
}

/// Everything that is scheduled: by the configuration, and then by people what the configuration does not say already.
pub(crate) async fn schedules(store: &Store, rules: &ReportRules) -> Result<Vec<Schedule>, StoreError> {
    let configured = |kind: &ReportKind| {
        [ReportScope::All, ReportScope::Each].map(|scope| Schedule { kind: *kind, scope, set: None })
    };
    let mut all: Vec<_> = rules.scheduled.iter().flat_map(configured).collect();
    for ReportScheduleRow { kind, scope, set_by, set_at } in store.report_schedules().await? {
        // A kind that this version does not know is of a later one.
        let Ok(kind) = kind.parse::<ReportKind>() else { continue };
        if !all.iter().any(|one| (one.kind, &one.scope) == (kind, &scope)) {
            all.push(Schedule { kind, scope, set: Some((set_by, set_at)) });
        }
    }
    all.sort_by(|a, b| (a.kind, &a.scope).cmp(&(b.kind, &b.scope)));
    Ok(all)
}

/// Makes scheduled reports.
pub(crate) struct Scheduler {
    pub(crate) store: Store,
    pub(crate) rules: ReportRules,
}

impl Scheduler {
    /// Makes reports until the hub stops.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        loop {
            let made = tokio::select! {
                made = self.make_due(clock::now()) => made,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            let wait = match made {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "a scheduled report cannot be made; trying again later"
                    );
                    RETRY_AFTER
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Makes what is due and was not made yet. One that cannot be made holds up none of the others.
    async fn make_due(&self, now: UtcTime) -> Result<(), ReportError> {
        let mut failed = None;
        for Due { period, site, key } in due(&self.store, &self.rules, now).await? {
            let order = Order { period, site, made_by: String::new(), schedule: Some(key) };
            match make(&self.store, &self.rules, order, now).await {
                Ok(Some(report)) => info!(report = %report.id, "a scheduled report was made"),
                // Another hub made it meanwhile.
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// A report that is to be made.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    period: Period,
    site: Option<SiteId>,
    key: String,
}

async fn due(store: &Store, rules: &ReportRules, now: UtcTime) -> Result<Vec<Due>, StoreError> {
    let settled = earlier(now, GRACE);
    let sites = store.sites_known().await?;
    let mut found: Vec<Due> = Vec::new();
    for schedule in schedules(store, rules).await? {
        for due in missing(store, rules, &schedule, &sites, settled).await? {
            // A site may be meant by itself and as one of all.
            if !found.contains(&due) {
                found.push(due);
            }
        }
    }
    Ok(found)
}

/// What of a schedule's last span before `at` is not there.
async fn missing(
    store: &Store,
    rules: &ReportRules,
    schedule: &Schedule,
    sites: &[SiteId],
    at: UtcTime,
) -> Result<Vec<Due>, StoreError> {
    let mut found = Vec::new();
    let Some(period) = schedule.last_over(rules, at) else { return Ok(found) };
    for site in schedule.subjects(sites) {
        let key = schedule_key(schedule.kind, period, site.as_ref());
        if !store.report_is_settled(&key).await? {
            found.push(Due { period, site, key });
        }
    }
    Ok(found)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn earlier(at: UtcTime, span: Duration) -> UtcTime {
    UtcTime::from_unix_micros(at.as_unix_micros().saturating_sub(micros(span))).unwrap_or(at)
}

fn later(at: UtcTime, span: Duration) -> UtcTime {
    UtcTime::from_unix_micros(at.as_unix_micros().saturating_add(micros(span))).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use store::{ReportDocument, ReportRow};

    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&folder.path().join("hub.db"), &folder.path().join("blobs")).await.expect("it opens")
    }

    async fn set(store: &Store, kind: ReportKind, scope: ReportScope, since: &str) {
        let row = ReportScheduleRow { kind: kind.to_string(), scope, set_by: "lan".to_owned(), set_at: at(since) };
        assert!(store.report_schedule_add(&row).await.expect("it is kept"));
    }

    async fn keys(store: &Store, rules: &ReportRules, now: &str) -> Vec<String> {
        due(store, rules, at(now)).await.expect("it is read").into_iter().map(|due| due.key).collect()
    }

    #[tokio::test]
    async fn what_people_set_begins_with_the_span_that_ends_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, rules) = (store(&folder).await, ReportRules::default());
        // Wednesday, 18 November 2026: the week ends at 15:00 in Vietnam, 08:00 UTC.
        set(&store, ReportKind::Week, ReportScope::All, "2026-11-18T07:00:00Z").await;
        let week = schedules(&store, &rules).await.expect("it is read").remove(0);
        let (period, made_at) = week.next(&rules, at("2026-11-18T07:30:00Z"));
        assert_eq!((period.to(), made_at), (at("2026-11-18T08:00:00Z"), at("2026-11-18T08:02:00Z")));
        assert!(keys(&store, &rules, "2026-11-18T08:01:59Z").await.is_empty(), "what was under way may still arrive");
        assert_eq!(week.next(&rules, at("2026-11-18T08:01:59Z")).1, made_at);
        let found = keys(&store, &rules, "2026-11-18T08:02:00Z").await;
        let key = format!("week/{}/", period.from_minute);
        assert_eq!(found, [key.as_str()]);
        assert_eq!(week.next(&rules, at("2026-11-18T08:02:00Z")).1, at("2026-11-25T08:02:00Z"));
        for (now, is_late) in [("2026-11-18T08:16:59Z", false), ("2026-11-18T08:17:00Z", true)] {
            assert_eq!(week.is_late(&store, &rules, at(now)).await.expect("it is read"), is_late, "{now}");
        }

        let row = ReportRow {
            id: "made".to_owned(),
            kind: "week".to_owned(),
            site: None,
            from_minute: period.from_minute,
            to_minute: period.to_minute,
            data_until: made_at,
            made_by: String::new(),
            schedule: Some(key),
        };
        assert!(store.report_insert(&row, &[ReportDocument::new("vi", "pdf", vec![1])]).await.expect("it is kept"));
        assert!(keys(&store, &rules, "2026-11-20T00:00:00Z").await.is_empty());
        assert!(!week.is_late(&store, &rules, at("2026-11-20T00:00:00Z")).await.expect("it is read"));
    }

    #[tokio::test]
    async fn the_configuration_goes_first_and_nothing_is_made_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        let rules = ReportRules { scheduled: vec![ReportKind::Day], ..ReportRules::default() };
        let site = SiteId::new("den-hung").expect("a name");
        set(&store, ReportKind::Day, ReportScope::All, "2026-11-18T07:00:00Z").await;
        set(&store, ReportKind::Day, ReportScope::Site(site), "2026-11-18T07:00:00Z").await;
        let all = schedules(&store, &rules).await.expect("it is read");
        let told: Vec<_> = all.iter().map(|one| (one.scope.as_str(), one.set.is_some())).collect();
        assert_eq!(told, [("all", false), ("each", false), ("site", true)]);
        // The configuration's reach back to the day before; what somebody set does not.
        let found = keys(&store, &rules, "2026-11-18T08:00:00Z").await;
        assert!(matches!(&found[..], [one] if one.starts_with("day/") && one.ends_with('/')), "{found:?}");
        assert_eq!(keys(&store, &rules, "2026-11-18T17:02:00Z").await.len(), 2, "midnight in Vietnam is over");
    }
}
