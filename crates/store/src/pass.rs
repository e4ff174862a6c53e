//! Visitors' passes: which were issued for what and by whom, and which are good no more. The text of a pass is not kept:
//! whoever has it has the pass.

use domain::{SiteId, UtcTime};
use thiserror::Error;

use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, moment, parsed, to_json};

/// Longest name or reason, in characters.
pub const PASS_TEXT_CHARS_MAX: usize = 200;

/// A pass as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRow {
    /// Its number, a UUID in lower case.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The category of whoever carries it.
    pub category: String,
    /// The lanes that it is for; of no lane and no zone, wherever its category may go.
    pub lanes: Vec<String>,
    /// The zones that it is for.
    pub zones: Vec<String>,
    /// From when.
    pub not_before: UtcTime,
    /// Until when.
    pub not_after: UtcTime,
    /// Whether it is good for one entry only.
    pub uses: PassUses,
    /// Whether somebody of the site must come along.
    pub escort: bool,
    /// Who visits, for people; empty where nobody said.
    pub visitor: String,
    /// Whom or why, for people; empty where nobody said.
    pub purpose: String,
    /// Who issued it.
    pub issued_by: String,
    /// When.
    pub issued_at: UtcTime,
    /// Who revoked it, when, and why.
    pub revoked: Option<(String, UtcTime, String)>,
}

/// How often a pass is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassUses {
    /// For one entry.
    Once,
    /// For any number.
    Many,
}

impl PassUses {
    /// The name used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Many => "many",
        }
    }
}

/// Why a pass is not revoked.
#[derive(Debug, Error)]
pub enum PassError {
    /// A text is missing or too long.
    #[error("{field}: {least} to {PASS_TEXT_CHARS_MAX} characters on one line are accepted")]
    Text {
        /// Which.
        field: &'static str,
        /// The fewest characters.
        least: usize,
    },
    /// There is none.
    #[error("the site has no pass \"{0}\"")]
    Unknown(String),
    /// It was revoked before.
    #[error("pass {id} was revoked at {at} by {by}")]
    Already {
        /// The pass.
        id: String,
        /// When.
        at: UtcTime,
        /// By whom.
        by: String,
    },
    /// The database failed.
    #[error("cannot change the passes")]
    Store(#[from] StoreError),
}

fn check(field: &'static str, text: &str, least: usize) -> Result<(), PassError> {
    let letters = text.trim().chars().count();
    if letters < least || letters > PASS_TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(PassError::Text { field, least });
    }
    Ok(())
}

impl Store {
    /// Notes a pass. It is noted before anybody gets it.
    pub async fn pass_insert(&self, new: &PassRow) -> Result<(), PassError> {
        check("visitor", &new.visitor, 0)?;
        check("purpose", &new.purpose, 0)?;
        let mut tx = self.write_begin().await?;
        Query::new(
            "insert into visitor_pass (id, site, category, lanes, zones, not_before, not_after, uses, escort, visitor, \
             purpose, issued_by, issued_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(&new.id)
        .bind(new.site.as_str())
        .bind(&new.category)
        .bind(to_json("lanes", &new.lanes)?)
        .bind(to_json("zones", &new.zones)?)
        .bind(new.not_before.as_unix_micros())
        .bind(new.not_after.as_unix_micros())
        .bind(new.uses.as_str())
        .bind(new.escort)
        .bind(new.visitor.trim())
        .bind(new.purpose.trim())
        .bind(&new.issued_by)
        .bind(new.issued_at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A site's passes, the newest first, at most `limit`.
    pub async fn passes(&self, site: &SiteId, limit: u32) -> Result<Vec<PassRow>, StoreError> {
        let rows = Query::new("select * from visitor_pass where site = $1 order by issued_at desc, id limit $2");
        let rows = rows.bind(site.as_str()).bind(i64::from(limit)).fetch_all(&self.inner.db).await?;
        rows.iter().map(pass).collect()
    }

    /// Revokes a pass. Nodes hear of it with the next policy.
    pub async fn pass_revoke(
        &self,
        site: &SiteId,
        id: &str,
        reason: &str,
        by: &str,
        at: UtcTime,
    ) -> Result<(), PassError> {
        check("reason", reason, 1)?;
        let mut tx = self.write_begin().await?;
        let row = held(&mut tx, site, id).await?;
        if let Some((by, at, _)) = row.revoked {
            return Err(PassError::Already { id: row.id, at, by });
        }
        Query::new("update visitor_pass set revoked_by = $1, revoked_at = $2, revoked_reason = $3 where id = $4")
            .bind(by)
            .bind(at.as_unix_micros())
            .bind(reason.trim())
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A site's revoked passes that would still be good: what nodes must be told to deny.
    pub async fn passes_revoked(&self, site: &SiteId, now: UtcTime) -> Result<Vec<PassRow>, StoreError> {
        let rows = Query::new(
            "select * from visitor_pass where site = $1 and revoked_at is not null and not_after > $2 order by id",
        );
        let rows = rows.bind(site.as_str()).bind(now.as_unix_micros()).fetch_all(&self.inner.db).await?;
        rows.iter().map(pass).collect()
    }
}

async fn held(tx: &mut Tx, site: &SiteId, id: &str) -> Result<PassRow, PassError> {
    let found = Query::new("select * from visitor_pass where site = $1 and id = $2").bind(site.as_str()).bind(id);
    let found = found.fetch_optional(tx).await?;
    let row = found.ok_or_else(|| PassError::Unknown(id.chars().take(40).collect()))?;
    Ok(pass(&row)?)
}

fn pass(row: &Row) -> Result<PassRow, StoreError> {
    let uses = match row.try_get::<&str>("uses")? {
        "once" => PassUses::Once,
        "many" => PassUses::Many,
        other => return Err(StoreError::Row { what: "how often", text: other.chars().take(80).collect() }),
    };
    let revoked_at = row.try_get::<Option<i64>>("revoked_at")?.map(moment).transpose()?;
    let revoked = match (row.try_get("revoked_by")?, revoked_at, row.try_get("revoked_reason")?) {
        (Some(by), Some(at), Some(reason)) => Some((by, at, reason)),
        _ => None,
    };
    Ok(PassRow {
        id: row.try_get("id")?,
        site: parsed("a site id", row.try_get("site")?)?,
        category: row.try_get("category")?,
        lanes: from_json("lanes", row.try_get("lanes")?)?,
        zones: from_json("zones", row.try_get("zones")?)?,
        not_before: moment(row.try_get("not_before")?)?,
        not_after: moment(row.try_get("not_after")?)?,
        uses,
        escort: row.try_get("escort")?,
        visitor: row.try_get("visitor")?,
        purpose: row.try_get("purpose")?,
        issued_by: row.try_get("issued_by")?,
        issued_at: moment(row.try_get("issued_at")?)?,
        revoked,
    })
}
