//! How long was stayed in zones.

use std::collections::BTreeMap;

use domain::{CountGroup, GateId, SiteId, ZoneId};
use projections::{Dwell, Grain};

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::query::CountsFilter;
use crate::row::{named, natural, parsed};

/// Stays in a zone that ended in one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DwellStretch {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// Who stayed.
    pub group: CountGroup,
    /// The first minute of the stretch; of the filter where all of it is one stretch.
    pub start_minute: i64,
    /// The stays by their length.
    pub dwell: Dwell,
}

impl Store {
    /// Stays by zone and stretches of `grain`, all of the filter's span in one where there is none. Hours that lie only
    /// partly in the span are left out.
    pub async fn dwells(&self, filter: &CountsFilter, grain: Option<Grain>) -> Result<Vec<DwellStretch>, StoreError> {
        let mut query = Query::new(
            "select site, gate, zone, count_group, minute, bucket, cast(sum(count) as bigint) as stays \
             from dwell_hour where minute >= ",
        );
        query.push_bind(filter.from_minute).push(" and minute + 60 <= ").push_bind(filter.to_minute);
        filter.sites.push(&mut query, "site");
        if let Some(gate) = &filter.gate {
            query.push(" and gate = ").push_bind(gate.as_str());
        }
        query.push(" group by site, gate, zone, count_group, minute, bucket");
        let mut found: BTreeMap<(SiteId, GateId, ZoneId, CountGroup, i64), Dwell> = BTreeMap::new();
        for row in query.fetch_all(&self.inner.db).await? {
            let minute: i64 = row.try_get("minute")?;
            let start = grain.map_or(filter.from_minute, |grain| grain.start_of(minute));
            let key = (
                parsed("a site id", row.try_get("site")?)?,
                parsed("a gate id", row.try_get("gate")?)?,
                parsed("a zone id", row.try_get("zone")?)?,
                named("a group", row.try_get("count_group")?)?,
                start,
            );
            let bucket = natural("a bucket", row.try_get("bucket")?)?;
            let bucket = u8::try_from(bucket).unwrap_or(u8::MAX);
            found.entry(key).or_default().add(bucket, natural("a count", row.try_get("stays")?)?);
        }
        let stretch = |((site, gate, zone, group, start_minute), dwell)| DwellStretch {
            site,
            gate,
            zone,
            group,
            start_minute,
            dwell,
        };
        Ok(found.into_iter().map(stretch).collect())
    }
}
