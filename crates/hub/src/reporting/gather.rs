//! Gathering what a report says.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{CameraId, CountGroup, Direction, NodeId, ObjectClass, SiteId, UtcTime};
use projections::{Accuracy, AlertKind, AuditedHour, Inside, VISIT_MAX, accuracy, visits};
use report::figures::{AccuracyRow, AlertsRow, DwellRow, GateRow, ORIGIN_COUNT_MIN, UptimeRow, VisitsRow, origins};
use report::{Figures, InOut, Peak, Period, ReportKind, Scope, Stretch};
use store::{
    AlertFate, AlertOutcome, AuditFilter, CountBucket, CountRow, CountsFilter, MOVES_MAX, MoveFilter, OutageRow, Store,
    StoreError,
};
use thiserror::Error;

use crate::feeds::config::ReportRules;

/// How far back audited hours count.
const AUDIT_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);

const MINUTE_US: i64 = 60_000_000;

/// Why the figures of a report cannot be gathered.
#[derive(Debug, Error)]
pub enum GatherError {
    /// The site is not known.
    #[error("site: \"{site}\" is not known: {known} is accepted")]
    UnknownSite {
        /// What was given.
        site: SiteId,
        /// What is accepted.
        known: String,
    },
    /// The span has not begun.
    #[error("at: the span that begins at {0} has not begun yet")]
    NotBegun(UtcTime),
    /// The database failed.
    #[error("cannot read what the report is about")]
    Store(#[from] StoreError),
}

/// What a report about `period` says at `now`.
pub async fn gather(
    store: &Store,
    rules: &ReportRules,
    period: Period,
    site: Option<&SiteId>,
    now: UtcTime,
) -> Result<Figures, GatherError> {
    if period.from() > now {
        return Err(GatherError::NotBegun(period.from()));
    }
    let known = store.sites_known().await?;
    let sites = match site {
        None => known,
        Some(site) if known.contains(site) => vec![site.clone()],
        Some(site) => {
            let known = known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(GatherError::UnknownSite { site: site.clone(), known });
        }
    };
    let before = period.before(rules.cut);
    let hours = hours(store, site, period).await?;
    let sum = |rows: &[CountRow], group| {
        let mut sum = InOut::default();
        rows.iter().filter(|row| row.class.group() == group).for_each(|row| sum.add(row.direction, row.count));
        sum
    };
    let earlier = store.counts(&filter(site, before, CountBucket::Day)).await?;
    let both = |group| (sum(&hours, group), sum(&earlier, group));
    let mut classes: BTreeMap<ObjectClass, InOut> = BTreeMap::new();
    hours.iter().for_each(|row| classes.entry(row.class).or_default().add(row.direction, row.count));
    let (from, to) = (period.from(), period.to().min(now));
    Ok(Figures {
        scope: Scope { province: rules.province.clone(), site: site.map(ToString::to_string) },
        period,
        data_until: now,
        person: both(CountGroup::Person),
        vehicle: both(CountGroup::Vehicle),
        stretches: stretches(&hours, period, rules),
        busiest: (busiest(&hours, CountGroup::Person), busiest(&hours, CountGroup::Vehicle)),
        fullest: fullest(store, &sites, period, now).await?,
        classes: classes.into_iter().collect(),
        gates: gates(store, site, period).await?,
        origins: origins(&store.plate_origins(site, from, to).await?, ORIGIN_COUNT_MIN),
        visits: visits_row(store, site, from, to).await?,
        dwell: dwell(store, site, period).await?,
        alerts: alerts(&store.alert_fates(site, from, to).await?),
        uptime: uptime(store, site, from, to).await?,
        accuracy: accuracies(store, site, period).await?,
    })
}

fn filter(site: Option<&SiteId>, period: Period, bucket: CountBucket) -> CountsFilter {
    let Period { from_minute, to_minute, .. } = period;
    CountsFilter { sites: site.cloned().into(), gate: None, from_minute, to_minute, bucket }
}

async fn hours(store: &Store, site: Option<&SiteId>, period: Period) -> Result<Vec<CountRow>, StoreError> {
    store.counts(&filter(site, period, CountBucket::Hour)).await
}

/// Where each bar of the chart begins: hours of a day, days of a week or month, months of the rest.
fn stretches(hours: &[CountRow], period: Period, rules: &ReportRules) -> Vec<Stretch> {
    let inner = match period.kind {
        ReportKind::Day => None,
        ReportKind::Week | ReportKind::Month => Some(ReportKind::Day),
        ReportKind::HalfYear | ReportKind::Year => Some(ReportKind::Month),
    };
    let moment = |minute: i64| UtcTime::from_unix_micros(minute * MINUTE_US).unwrap_or(UtcTime::UNIX_EPOCH);
    let mut starts = Vec::new();
    let mut minute = period.from_minute;
    while minute < period.to_minute {
        starts.push(minute);
        minute = match inner {
            None => minute + 60,
            Some(kind) => Period::containing(kind, rules.cut, moment(minute)).to_minute,
        };
    }
    let empty = |start: &i64| Stretch { start: moment(*start), person: InOut::default(), vehicle: InOut::default() };
    let mut found: Vec<Stretch> = starts.iter().map(empty).collect();
    for row in hours {
        // A week begins at 15:00, but an hour never lies in two stretches.
        let place = starts.partition_point(|start| *start <= row.start_minute).saturating_sub(1);
        if let Some(stretch) = found.get_mut(place) {
            match row.class.group() {
                CountGroup::Person => stretch.person.add(row.direction, row.count),
                CountGroup::Vehicle => stretch.vehicle.add(row.direction, row.count),
            }
        }
    }
    found
}

fn busiest(hours: &[CountRow], group: CountGroup) -> Option<Peak> {
    let mut sums: BTreeMap<i64, u64> = BTreeMap::new();
    for row in hours.iter().filter(|row| row.class.group() == group && row.direction == Direction::In) {
        *sums.entry(row.start_minute).or_default() += row.count;
    }
    // Of equal hours the first.
    let (minute, count) = sums.into_iter().rev().max_by_key(|(_, count)| *count)?;
    Some(Peak { count, at: UtcTime::from_unix_micros(minute * MINUTE_US).ok()? })
}

/// The most inside all sites together at the end of an hour. Each site begins anew at its reset time.
async fn fullest(
    store: &Store,
    sites: &[SiteId],
    period: Period,
    now: UtcTime,
) -> Result<(Option<Peak>, Option<Peak>), StoreError> {
    let mut inside: [BTreeMap<i64, u64>; 2] = Default::default();
    let hour_count = period.minutes() / 60;
    for site in sites {
        let reset = store.reset_time_of(site, now).await?;
        let rows = hours(store, Some(site), period).await?;
        for (place, group) in CountGroup::ALL.into_iter().enumerate() {
            let mut passed: BTreeMap<i64, InOut> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.class.group() == group) {
                passed.entry(row.start_minute).or_default().add(row.direction, row.count);
            }
            let mut held = Inside::default();
            let mut day = None;
            for hour in 0..hour_count {
                let start = period.from_minute + hour * 60;
                let began = reset.last_minute(UtcTime::from_unix_micros(start * MINUTE_US).unwrap_or(now));
                if day != Some(began) {
                    (day, held) = (Some(began), Inside::default());
                }
                let InOut { entered, left } = passed.get(&start).copied().unwrap_or_default();
                held.step(entered, left);
                *inside[place].entry(start).or_default() += held.count;
            }
        }
    }
    let peak = |sums: &BTreeMap<i64, u64>| {
        let (minute, count) = sums.iter().rev().max_by_key(|(_, count)| **count).filter(|(_, count)| **count > 0)?;
        let end = UtcTime::from_unix_micros((minute + 60) * MINUTE_US).ok()?;
        // The hour that is running has no end yet.
        Some(Peak { count: *count, at: end.min(now) })
    };
    Ok((peak(&inside[0]), peak(&inside[1])))
}

async fn gates(store: &Store, site: Option<&SiteId>, period: Period) -> Result<Vec<GateRow>, StoreError> {
    let mut found: BTreeMap<(SiteId, String), (InOut, InOut)> = BTreeMap::new();
    for row in store.counts_by_gate(&filter(site, period, CountBucket::Day)).await? {
        let (person, vehicle) = found.entry((row.site, row.gate.to_string())).or_default();
        match row.class.group() {
            CountGroup::Person => person.add(row.direction, row.count),
            CountGroup::Vehicle => vehicle.add(row.direction, row.count),
        }
    }
    let row = |((site, gate), (person, vehicle)): ((SiteId, String), _)| GateRow {
        site: site.to_string(),
        gate,
        person,
        vehicle,
    };
    Ok(found.into_iter().map(row).collect())
}

async fn visits_row(store: &Store, site: Option<&SiteId>, from: UtcTime, to: UtcTime) -> Result<VisitsRow, StoreError> {
    let moves = store.plate_moves(&MoveFilter { sites: site.cloned().into(), key: None, from, to }).await?;
    if moves.len() > MOVES_MAX as usize {
        // A part of them would pair wrongly; the report leaves the section out.
        return Ok(VisitsRow::default());
    }
    let found = visits(moves, VISIT_MAX);
    let mut lengths: Vec<Duration> = found.iter().filter_map(|visit| visit.length()).collect();
    lengths.sort();
    Ok(VisitsRow {
        entries: found.len() as u64,
        matched: lengths.len() as u64,
        p50: quantile(&lengths, 0.5),
        p90: quantile(&lengths, 0.9),
    })
}

/// The length that `share` of the sorted `lengths` do not exceed.
fn quantile(lengths: &[Duration], share: f64) -> Option<Duration> {
    let rank = (share * lengths.len() as f64).ceil() as usize;
    lengths.get(rank.max(1) - 1).copied()
}

async fn dwell(store: &Store, site: Option<&SiteId>, period: Period) -> Result<Vec<DwellRow>, StoreError> {
    let found = store.dwells(&filter(site, period, CountBucket::Hour), None).await?;
    let row = |stretch: store::DwellStretch| {
        Some(DwellRow {
            site: stretch.site.to_string(),
            gate: stretch.gate.to_string(),
            zone: stretch.zone.to_string(),
            group: stretch.group,
            count: stretch.dwell.count(),
            p50: stretch.dwell.quantile(0.5)?,
            p90: stretch.dwell.quantile(0.9)?,
        })
    };
    Ok(found.into_iter().filter_map(row).collect())
}

fn alerts(fates: &[AlertFate]) -> Vec<AlertsRow> {
    let of = |kind: AlertKind| {
        let all: Vec<_> = fates.iter().filter(|fate| fate.kind == kind).collect();
        let with = |outcome| all.iter().filter(|fate| fate.outcome == Some(outcome)).count() as u64;
        let mut waits: Vec<_> =
            all.iter().filter_map(|fate| fate.acknowledged_at.map(|taken| taken.since(fate.at))).collect();
        waits.sort();
        AlertsRow {
            kind,
            raised: all.len() as u64,
            acknowledged: waits.len() as u64,
            confirmed: with(AlertOutcome::Confirmed),
            false_alarms: with(AlertOutcome::FalseAlarm),
            closed_otherwise: with(AlertOutcome::Other),
            acknowledged_after: quantile(&waits, 0.5),
        }
    };
    AlertKind::ALL.into_iter().map(of).filter(|row| row.raised > 0).collect()
}

async fn uptime(
    store: &Store,
    site: Option<&SiteId>,
    from: UtcTime,
    to: UtcTime,
) -> Result<Vec<UptimeRow>, StoreError> {
    let mut away: BTreeMap<(NodeId, Option<CameraId>), Vec<OutageRow>> = BTreeMap::new();
    for outage in store.outages(from, to).await? {
        away.entry((outage.node.clone(), outage.camera.clone())).or_default().push(outage);
    }
    let devices = store.devices(site).await?;
    Ok(devices
        .into_iter()
        .map(|(site, node, camera)| {
            let none = Vec::new();
            let outages = away.get(&(node.clone(), camera.clone())).unwrap_or(&none);
            let (share, longest) = worked(outages, from, to);
            UptimeRow {
                site: site.to_string(),
                node: node.to_string(),
                camera: camera.map(|camera| camera.to_string()),
                share,
                outages: outages.len() as u64,
                longest,
            }
        })
        .collect())
}

/// The share of a span that was not in any of `outages`, which stand in the order of their beginnings, and the longest
/// of these within it.
fn worked(outages: &[OutageRow], from: UtcTime, to: UtcTime) -> (f64, Duration) {
    let (mut lost, mut longest, mut upto) = (Duration::ZERO, Duration::ZERO, from);
    for outage in outages {
        let end = outage.to.unwrap_or(to).min(to);
        longest = longest.max(end.since(outage.from.max(from)));
        lost += end.since(outage.from.max(upto));
        upto = upto.max(end);
    }
    let all = to.since(from).as_secs_f64();
    (if all > 0.0 { (1.0 - lost.as_secs_f64() / all).clamp(0.0, 1.0) } else { 1.0 }, longest)
}

async fn accuracies(store: &Store, site: Option<&SiteId>, period: Period) -> Result<Vec<AccuracyRow>, StoreError> {
    let from = period.to().as_unix_micros() - i64::try_from(AUDIT_AGE_MAX.as_micros()).unwrap_or(i64::MAX);
    let from = UtcTime::from_unix_micros(from).ok();
    let rows = store.audits(&AuditFilter { sites: site.cloned().into(), gate: None, from }).await?;
    let mut hours: BTreeMap<(SiteId, String, CountGroup, Direction), Vec<AuditedHour>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.hour < period.to()) {
        let key = (row.site.clone(), row.gate.to_string(), row.group, row.direction);
        hours.entry(key).or_default().push(row.counts);
    }
    let row = |((site, gate, group, direction), hours): ((SiteId, String, _, _), Vec<AuditedHour>)| {
        let error = match accuracy(&hours) {
            Accuracy::Known(_, error) => Some(error),
            Accuracy::NotAudited | Accuracy::TooFew(_) => None,
        };
        AccuracyRow { site: site.to_string(), gate, group, direction, hours: hours.len(), error }
    };
    Ok(hours.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use report::Cut;

    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    fn outage(from: &str, to: Option<&str>) -> OutageRow {
        OutageRow { node: NodeId::new("n1").expect("a slug"), camera: None, from: at(from), to: to.map(at) }
    }

    #[test]
    fn outages_count_once_and_only_within_the_span() {
        let (from, to) = (at("2026-11-20T00:00:00Z"), at("2026-11-20T10:00:00Z"));
        let away = [
            outage("2026-11-19T20:00:00Z", Some("2026-11-20T01:00:00Z")),
            outage("2026-11-20T03:00:00Z", Some("2026-11-20T05:00:00Z")),
            outage("2026-11-20T04:00:00Z", Some("2026-11-20T04:30:00Z")),
            outage("2026-11-20T09:00:00Z", None),
        ];
        let (share, longest) = worked(&away, from, to);
        assert!((share - 0.6).abs() < 1e-9, "{share}");
        assert_eq!(longest, Duration::from_secs(2 * 3_600));
        assert_eq!(worked(&[], from, to), (1.0, Duration::ZERO));
    }

    #[test]
    fn a_week_has_a_bar_for_each_day_with_the_wednesday_cut_in_two() {
        let rules = ReportRules::default();
        let period = Period::containing(ReportKind::Week, Cut::default(), at("2026-11-20T00:00:00Z"));
        let row = |start: &str, count| CountRow {
            start_minute: at(start).as_unix_minutes(),
            direction: Direction::In,
            class: ObjectClass::Person,
            count,
        };
        let rows = [row("2026-11-18T08:00:00Z", 5), row("2026-11-18T17:00:00Z", 7), row("2026-11-25T07:00:00Z", 11)];
        let found = stretches(&rows, period, &rules);
        let counts: Vec<_> = found.iter().map(|stretch| stretch.person.entered).collect();
        assert_eq!(counts, [5, 7, 0, 0, 0, 0, 0, 11]);
        assert_eq!(busiest(&rows, CountGroup::Person).map(|peak| peak.count), Some(11));
        let year = Period::containing(ReportKind::Year, Cut::default(), at("2026-11-20T00:00:00Z"));
        assert_eq!(stretches(&[], year, &rules).len(), 12);
    }

    #[test]
    fn quantiles_of_few_are_among_them() {
        let seconds = |numbers: &[u64]| numbers.iter().map(|s| Duration::from_secs(*s)).collect::<Vec<_>>();
        assert_eq!(quantile(&seconds(&[1, 2, 3, 4]), 0.5), Some(Duration::from_secs(2)));
        assert_eq!(quantile(&seconds(&[7]), 0.9), Some(Duration::from_secs(7)));
        assert_eq!(quantile(&[], 0.9), None);
    }
}
