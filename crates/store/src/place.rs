//! Where sites and gates are, for the map: coordinates, plans, and gates on plans.

use domain::{GateId, SiteId, UtcTime};
use sha2::{Digest, Sha256};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, natural, parsed, sql_count};

/// Where a site lies.
#[derive(Debug, Clone, PartialEq)]
pub struct SitePlace {
    /// The site.
    pub site: SiteId,
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
}

/// A picture of a site, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePlan {
    /// The site.
    pub site: SiteId,
    /// What its bytes are: `image/png`, `image/jpeg` or `image/webp`.
    pub media_type: String,
    /// Its width.
    pub width_px: u64,
    /// Its height.
    pub height_px: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// When it was last changed.
    pub changed_at: UtcTime,
    /// By whom.
    pub changed_by: String,
}

/// Where a gate stands on its site's plan, and how many may be behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct GatePlace {
    /// The gate.
    pub gate: GateId,
    /// Shares of the plan's width and height from its upper left corner, each 0 to 1; nothing where it is not on the plan.
    pub at: Option<(f64, f64)>,
    /// Most persons that may be inside by this gate.
    pub person_max: Option<u64>,
    /// Most vehicles that may be inside by this gate.
    pub vehicle_max: Option<u64>,
}

impl Store {
    /// Where sites lie, by name; those of which somebody said.
    pub async fn site_places(&self) -> Result<Vec<SitePlace>, StoreError> {
        let rows = Query::new("select site, latitude, longitude from site_place order by site");
        let place = |row: &Row| {
            Ok(SitePlace {
                site: parsed("a site", row.try_get("site")?)?,
                latitude: row.try_get("latitude")?,
                longitude: row.try_get("longitude")?,
            })
        };
        rows.fetch_all(&self.inner.db).await?.iter().map(place).collect()
    }

    /// Says where a site lies; nothing takes it off the map.
    pub async fn site_place_set(
        &self,
        site: &SiteId,
        place: Option<(f64, f64)>,
        by: &str,
        at: UtcTime,
    ) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        match place {
            None => {
                Query::new("delete from site_place where site = $1").bind(site.as_str()).execute(&mut tx).await?;
            }
            Some((latitude, longitude)) => {
                Query::new(
                    "insert into site_place (site, latitude, longitude, changed_at, changed_by) values ($1, $2, $3, $4, $5) \
                     on conflict (site) do update set latitude = excluded.latitude, longitude = excluded.longitude, \
                     changed_at = excluded.changed_at, changed_by = excluded.changed_by",
                )
                .bind(site.as_str())
                .bind(latitude)
                .bind(longitude)
                .bind(at.as_unix_micros())
                .bind(by)
                .execute(&mut tx)
                .await?;
            }
        }
        tx.commit().await
    }

    /// The plans that there are, by site.
    pub async fn site_plans(&self) -> Result<Vec<SitePlan>, StoreError> {
        let rows = Query::new(
            "select site, media_type, width_px, height_px, sha256, changed_at, changed_by from site_plan order by site",
        );
        rows.fetch_all(&self.inner.db).await?.iter().map(plan).collect()
    }

    /// A site's plan with its bytes.
    pub async fn site_plan(&self, site: &SiteId) -> Result<Option<(SitePlan, Vec<u8>)>, StoreError> {
        let row = Query::new("select * from site_plan where site = $1").bind(site.as_str());
        let row = row.fetch_optional(&self.inner.db).await?;
        row.map(|row| Ok((plan(&row)?, row.try_get("bytes")?))).transpose()
    }

    /// Keeps a site's plan, in place of the one before.
    pub async fn site_plan_set(
        &self,
        site: &SiteId,
        media_type: &str,
        (width_px, height_px): (u64, u64),
        bytes: Vec<u8>,
        by: &str,
        at: UtcTime,
    ) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "insert into site_plan (site, media_type, width_px, height_px, sha256, bytes, changed_at, changed_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (site) do update set media_type = excluded.media_type, \
             width_px = excluded.width_px, height_px = excluded.height_px, sha256 = excluded.sha256, \
             bytes = excluded.bytes, changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        )
        .bind(site.as_str())
        .bind(media_type)
        .bind(sql_count(width_px))
        .bind(sql_count(height_px))
        .bind(hex::encode(Sha256::digest(&bytes)))
        .bind(bytes)
        .bind(at.as_unix_micros())
        .bind(by)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Forgets a site's plan and takes its gates off it; says whether there was one. Limits of gates stay.
    pub async fn site_plan_delete(&self, site: &SiteId) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let gates = Query::new("update gate_place set x = null, y = null where site = $1");
        gates.bind(site.as_str()).execute(&mut tx).await?;
        let delete = Query::new("delete from site_plan where site = $1").bind(site.as_str());
        let count = delete.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(count > 0)
    }

    /// Gates on plans and their limits, by site and name.
    pub async fn gate_places(&self) -> Result<Vec<(SiteId, GatePlace)>, StoreError> {
        let rows = Query::new("select site, gate, x, y, person_max, vehicle_max from gate_place order by site, gate");
        rows.fetch_all(&self.inner.db).await?.iter().map(gate_place).collect()
    }

    /// Says where the gates of a site stand and what their limits are, in place of what was said before.
    pub async fn gate_places_set(&self, site: &SiteId, gates: &[GatePlace]) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new("delete from gate_place where site = $1").bind(site.as_str()).execute(&mut tx).await?;
        for place in gates {
            Query::new(
                "insert into gate_place (site, gate, x, y, person_max, vehicle_max) values ($1, $2, $3, $4, $5, $6)",
            )
            .bind(site.as_str())
            .bind(place.gate.as_str())
            .bind(place.at.map(|(x, _)| x))
            .bind(place.at.map(|(_, y)| y))
            .bind(place.person_max.map(sql_count))
            .bind(place.vehicle_max.map(sql_count))
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await
    }
}

fn plan(row: &Row) -> Result<SitePlan, StoreError> {
    Ok(SitePlan {
        site: parsed("a site", row.try_get("site")?)?,
        media_type: row.try_get("media_type")?,
        width_px: natural("a width", row.try_get("width_px")?)?,
        height_px: natural("a height", row.try_get("height_px")?)?,
        sha256: row.try_get("sha256")?,
        changed_at: moment(row.try_get("changed_at")?)?,
        changed_by: row.try_get("changed_by")?,
    })
}

fn gate_place(row: &Row) -> Result<(SiteId, GatePlace), StoreError> {
    let limit = |column| row.try_get::<Option<i64>>(column)?.map(|count| natural("a limit", count)).transpose();
    let place = GatePlace {
        gate: parsed("a gate", row.try_get("gate")?)?,
        at: row.try_get::<Option<f64>>("x")?.zip(row.try_get("y")?),
        person_max: limit("person_max")?,
        vehicle_max: limit("vehicle_max")?,
    };
    Ok((parsed("a site", row.try_get("site")?)?, place))
}
