//! Holds: why events, with their rows and media, are kept although their time is over. A person sets one, with a reason,
//! on the events of a case or on single ones, and releases it. It is never forgotten.

use domain::{SiteId, UtcTime};

use crate::db::{Insert, Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::row::{moment, parsed};

/// Most events of one hold.
pub const HOLD_EVENTS_MAX: usize = 500;

/// What to keep, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Its identity, made up by whoever sets it.
    pub id: String,
    /// The site of the events.
    pub site: SiteId,
    /// The case, by its number or name.
    pub case: Option<String>,
    /// Identities of the events; at most [`HOLD_EVENTS_MAX`].
    pub events: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: UtcTime,
}

/// How a hold ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldEnd {
    /// When.
    pub at: UtcTime,
    /// Who released it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// What it is.
    pub hold: NewHold,
    /// How it ended; nothing while it holds.
    pub ended: Option<HoldEnd>,
}

fn hold_row(row: &Row, events: Vec<String>) -> Result<HoldRow, StoreError> {
    let ended_at: Option<i64> = row.try_get("released_at")?;
    let ended = match ended_at {
        Some(at) => {
            Some(HoldEnd { at: moment(at)?, by: row.try_get("released_by")?, reason: row.try_get("release_reason")? })
        }
        None => None,
    };
    let hold = NewHold {
        id: row.try_get("id")?,
        site: parsed("a site", row.try_get("site")?)?,
        case: row.try_get("case_name")?,
        events,
        reason: row.try_get("reason")?,
        by: row.try_get("set_by")?,
        at: moment(row.try_get("set_at")?)?,
    };
    Ok(HoldRow { hold, ended })
}

impl Store {
    /// Sets a hold: from the next transaction on nothing of these events is deleted.
    pub async fn hold_insert(&self, new: &NewHold) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new("insert into hold (id, site, case_name, reason, set_by, set_at) values ($1, $2, $3, $4, $5, $6)")
            .bind(&new.id)
            .bind(new.site.as_str())
            .bind(new.case.as_deref())
            .bind(&new.reason)
            .bind(&new.by)
            .bind(new.at.as_unix_micros())
            .execute(&mut tx)
            .await?;
        let mut events = Insert::new("insert into hold_event (hold, event)", " on conflict (hold, event) do nothing");
        for event in &new.events {
            events.row().push_bind(&new.id).push_bind(event);
        }
        events.execute(&mut tx).await?;
        tx.commit().await
    }

    /// Releases a hold; nothing where there is none, or it was released before.
    pub async fn hold_release(&self, id: &str, end: &HoldEnd) -> Result<Option<HoldRow>, StoreError> {
        let mut tx = self.write_begin().await?;
        let sql = "update hold set released_by = $1, released_at = $2, release_reason = $3 \
                   where id = $4 and released_at is null";
        let query = Query::new(sql).bind(&end.by).bind(end.at.as_unix_micros()).bind(&end.reason).bind(id);
        let released = query.execute(&mut tx).await?;
        tx.commit().await?;
        if released == 0 { Ok(None) } else { self.hold_get(id).await }
    }

    /// The hold of that identity.
    pub async fn hold_get(&self, id: &str) -> Result<Option<HoldRow>, StoreError> {
        let row = Query::new("select * from hold where id = $1").bind(id).fetch_optional(&self.inner.db).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(hold_row(&row, self.hold_events(id).await?)?))
    }

    /// Holds, the newest first; with `active` only those that hold.
    pub async fn holds(&self, sites: &Sites, active: Option<UtcTime>, limit: u32) -> Result<Vec<HoldRow>, StoreError> {
        let mut query = Query::new("select * from hold where ");
        query.push_bind(active.map_or(i64::MIN, UtcTime::as_unix_micros));
        query.push(" < coalesce(released_at, ").push_bind(i64::MAX).push(")");
        sites.push(&mut query, "site");
        query.push(" order by set_at desc, id limit ").push_bind(limit);
        let mut holds = Vec::new();
        for row in query.fetch_all(&self.inner.db).await? {
            let id: String = row.try_get("id")?;
            holds.push(hold_row(&row, self.hold_events(&id).await?)?);
        }
        Ok(holds)
    }

    async fn hold_events(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let sql = "select event from hold_event where hold = $1 order by event";
        Query::new(sql).bind(id).fetch_texts(&self.inner.db).await
    }
}
