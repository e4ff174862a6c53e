//! Entities for an operations centre, from the counts and plates of the last spans.

use std::collections::BTreeMap;

use domain::{CountGroup, Direction, GateId, ObjectClass, SiteId, UtcTime};
use serde_json::Value;
use store::{CountBucket, CountsFilter, ListFilter, PlateFilter, Sites, Store, StoreError};
use wire::ngsi::{Anpr, EntityType, Window, anpr, crowd, traffic};
use wire::plate::PlateOutcome;

use super::config::FeedsConfig;

/// How long a span of counts is, in minutes.
pub(crate) const WINDOW_MINUTES: i64 = 15;

/// Plates of the last so many minutes are told of.
const PLATES_MINUTES: i64 = 60;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) kind: EntityType,
    /// Only of these sites.
    pub(crate) sites: Sites,
    pub(crate) limit: u32,
}

/// The entities at `now`: counts of the last whole quarter of an hour, plates of the last hour.
pub(crate) async fn entities(
    store: &Store,
    config: &FeedsConfig,
    wanted: &Wanted,
    now: UtcTime,
) -> Result<Vec<Value>, StoreError> {
    let to_minute = now.as_unix_minutes().div_euclid(WINDOW_MINUTES) * WINDOW_MINUTES;
    let mut found = match wanted.kind {
        EntityType::CrowdFlowObserved | EntityType::TrafficFlowObserved => {
            flows(store, config, wanted, (to_minute - WINDOW_MINUTES, to_minute), now).await?
        }
        EntityType::AnprFlowObserved => plates(store, config, wanted, now).await?,
    };
    found.truncate(wanted.limit as usize);
    Ok(found)
}

async fn flows(
    store: &Store,
    config: &FeedsConfig,
    wanted: &Wanted,
    (from_minute, to_minute): (i64, i64),
    now: UtcTime,
) -> Result<Vec<Value>, StoreError> {
    let filter =
        CountsFilter { sites: wanted.sites.clone(), gate: None, from_minute, to_minute, bucket: CountBucket::Minute };
    let mut passed: BTreeMap<(SiteId, GateId), BTreeMap<(Direction, ObjectClass), u64>> = BTreeMap::new();
    for row in store.counts_by_gate(&filter).await? {
        *passed.entry((row.site, row.gate)).or_default().entry((row.direction, row.class)).or_default() += row.count;
    }
    let moment = |minute: i64| UtcTime::from_unix_micros(minute * 60_000_000).unwrap_or(now);
    let mut found = Vec::new();
    // Gates at which nothing passed are told of too: nobody is a number.
    for gate in store.gates(None, now).await?.iter().filter(|gate| wanted.sites.include(&gate.site)) {
        let location = config.location(&gate.site, &gate.gate);
        let (from, to) = (moment(from_minute), moment(to_minute));
        let window = Window { site: &gate.site, gate: &gate.gate, location, from, to };
        let here = passed.get(&(gate.site.clone(), gate.gate.clone()));
        let sum = |direction| {
            let all = here.into_iter().flatten();
            let persons = all.filter(|((way, class), _)| *way == direction && class.group() == CountGroup::Person);
            persons.map(|(_, count)| count).sum::<u64>()
        };
        match wanted.kind {
            EntityType::CrowdFlowObserved => {
                let inside = gate.inside.iter().find(|row| row.group == CountGroup::Person);
                let inside = inside.map(|row| row.inside.count);
                found.push(crowd(&window, sum(Direction::In), sum(Direction::Out), inside));
            }
            EntityType::TrafficFlowObserved => {
                let all = here.into_iter().flatten();
                for ((direction, class), count) in all.filter(|((_, class), _)| class.group() == CountGroup::Vehicle) {
                    found.push(traffic(&window, *direction, *class, *count));
                }
            }
            EntityType::AnprFlowObserved => {}
        }
    }
    Ok(found)
}

async fn plates(store: &Store, config: &FeedsConfig, wanted: &Wanted, now: UtcTime) -> Result<Vec<Value>, StoreError> {
    let from = UtcTime::from_unix_micros(now.as_unix_micros() - PLATES_MINUTES * 60_000_000).unwrap_or(now);
    let list = ListFilter { sites: wanted.sites.clone(), limit: wanted.limit, ..ListFilter::default() };
    let rows = store.plates(&PlateFilter { list, from: Some(from), ..PlateFilter::default() }).await?;
    let may_tell = config.ngsi_legal_basis.is_some();
    let mut found = Vec::new();
    for row in &rows {
        let is_plate = match row.outcome {
            PlateOutcome::NotAPlate => false,
            PlateOutcome::Read | PlateOutcome::UnknownKind | PlateOutcome::Unreadable => true,
        };
        let Some(gate) = row.gates.iter().next().filter(|_| is_plate) else { continue };
        // The model asks for a place: a gate without one in the configuration cannot be told of.
        let Some(location) = config.location(&row.site, gate) else { continue };
        found.push(anpr(&Anpr {
            id: row.id,
            site: &row.site,
            node: &row.node,
            camera: &row.camera,
            location,
            at: row.to,
            is_read: row.best.is_some(),
            plate: row.best.as_ref().filter(|_| may_tell).map(|best| (best.display.as_str(), best.confidence)),
            colour: row.colour,
            issuer: row.best.as_ref().and_then(|best| best.issuer.as_deref()),
        }));
    }
    Ok(found)
}
