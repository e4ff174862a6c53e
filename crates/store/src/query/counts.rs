//! Passages per stretch of time.

use std::collections::BTreeMap;

use domain::{Direction, GateId, ObjectClass};
use projections::day::LOCAL_OFFSET_MINUTES;
use projections::{Grain, pieces};

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::row::{named, natural};

/// How long a stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountBucket {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day from midnight to midnight in Asia/Ho_Chi_Minh.
    Day,
}

impl CountBucket {
    /// Its length in minutes.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 24 * 60,
        }
    }
}

/// Which passages to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountsFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only of gates of this name.
    pub gate: Option<GateId>,
    /// The first minute since 1970.
    pub from_minute: i64,
    /// The minute after the last.
    pub to_minute: i64,
    /// Stretches of this length.
    pub bucket: CountBucket,
}

/// How many of a class went one way in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountRow {
    /// The first minute of the stretch, since 1970.
    pub start_minute: i64,
    /// Which way.
    pub direction: Direction,
    /// What passed.
    pub class: ObjectClass,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Passages per stretch, direction and class, in that order; stretches without passages are left out. Whole hours and
    /// days are read from their sums.
    pub async fn counts(&self, filter: &CountsFilter) -> Result<Vec<CountRow>, StoreError> {
        let width = filter.bucket.minutes();
        let mut sums: BTreeMap<(i64, &str, &str), CountRow> = BTreeMap::new();
        for piece in pieces(filter.from_minute, filter.to_minute, grain(filter.bucket)) {
            // Minutes before 1970 do not occur: the API refuses them, so that division rounds down.
            let mut query = Query::new("select (minute + ");
            query.push_bind(LOCAL_OFFSET_MINUTES).push(") / ").push_bind(width);
            // Both ways in one row: to group by the direction too takes nearly twice as long.
            query.push(" as stretch, class, cast(sum(count) filter (where direction = 'in') as bigint) as entered, ");
            query.push("cast(sum(count) filter (where direction = 'out') as bigint) as went from ");
            query.push(table(piece.grain)).push(" where minute >= ").push_bind(piece.from_minute);
            query.push(" and minute < ").push_bind(piece.to_minute);
            filter.sites.push(&mut query, "site");
            if let Some(gate) = &filter.gate {
                query.push(" and gate = ").push_bind(gate.as_str());
            }
            query.push(" group by stretch, class");
            for row in query.fetch_all(&self.inner.db).await? {
                let stretch: i64 = row.try_get("stretch")?;
                let start_minute = stretch * width - LOCAL_OFFSET_MINUTES;
                let class: ObjectClass = named("a class", row.try_get("class")?)?;
                for (direction, column) in [(Direction::In, "entered"), (Direction::Out, "went")] {
                    let Some(passages) = row.try_get::<Option<i64>>(column)? else { continue };
                    let found = CountRow { start_minute, direction, class, count: 0 };
                    let held = sums.entry((start_minute, direction.as_str(), class.as_str())).or_insert(found);
                    held.count = held.count.saturating_add(natural("a count", passages)?);
                }
            }
        }
        Ok(sums.into_values().collect())
    }
}

/// The coarsest sums that stretches of a bucket may be made of.
pub(super) const fn grain(bucket: CountBucket) -> Grain {
    match bucket {
        CountBucket::Minute => Grain::Minute,
        CountBucket::Hour => Grain::Hour,
        CountBucket::Day => Grain::Day,
    }
}

/// The table that holds sums of a grain.
pub(super) const fn table(grain: Grain) -> &'static str {
    match grain {
        Grain::Minute => "count_minute",
        Grain::Hour => "count_hour",
        Grain::Day => "count_day",
    }
}
