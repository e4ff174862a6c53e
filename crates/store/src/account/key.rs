//! Keys for programs.

use domain::UtcTime;

use crate::audit_log::{LogEntry, append};
use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::moment;

/// A key for a program.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// The part of the key that names it.
    pub id: String,
    /// Hash of the part that must stay secret.
    pub secret_hash: String,
    /// What it is for.
    pub name: String,
    /// Its roles and where they hold, as JSON.
    pub grants: String,
    /// When it was made.
    pub created_at: UtcTime,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself.
    pub expires_at: Option<UtcTime>,
    /// When it was used last, to the hour.
    pub used_at: Option<UtcTime>,
    /// When it was taken back.
    pub revoked_at: Option<UtcTime>,
}

impl std::fmt::Debug for ApiKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

fn api_key(row: &Row) -> Result<ApiKeyRow, StoreError> {
    let maybe = |column| row.try_get::<Option<i64>>(column)?.map(moment).transpose();
    Ok(ApiKeyRow {
        id: row.try_get("id")?,
        secret_hash: row.try_get("secret_hash")?,
        name: row.try_get("name")?,
        grants: row.try_get("grants")?,
        created_at: moment(row.try_get("created_at")?)?,
        created_by: row.try_get("created_by")?,
        expires_at: maybe("expires_at")?,
        used_at: maybe("used_at")?,
        revoked_at: maybe("revoked_at")?,
    })
}

impl Store {
    /// Makes a key, and writes down that it was made.
    pub async fn api_key_insert(&self, new: &ApiKeyRow, log: &LogEntry) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        Query::new(
            "insert into api_key (id, secret_hash, name, grants, created_at, created_by, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&new.id)
        .bind(&new.secret_hash)
        .bind(&new.name)
        .bind(&new.grants)
        .bind(new.created_at.as_unix_micros())
        .bind(&new.created_by)
        .bind(new.expires_at.map(UtcTime::as_unix_micros))
        .execute(&mut tx)
        .await?;
        append(&mut tx, std::slice::from_ref(log)).await?;
        tx.commit().await
    }

    /// The key of this name, whether it holds or not.
    pub async fn api_key_find(&self, id: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        let query = Query::new("select * from api_key where id = $1").bind(id);
        query.fetch_optional(&self.inner.db).await?.as_ref().map(api_key).transpose()
    }

    /// Keys, the newest first, at most `limit`.
    pub async fn api_keys(&self, limit: u32) -> Result<Vec<ApiKeyRow>, StoreError> {
        let query = Query::new("select * from api_key order by created_at desc, id limit $1").bind(limit);
        query.fetch_all(&self.inner.db).await?.iter().map(api_key).collect()
    }

    /// Takes a key back, and writes down that it was. Says whether it held.
    pub async fn api_key_revoke(&self, id: &str, at: UtcTime, log: &LogEntry) -> Result<bool, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("update api_key set revoked_at = $1 where id = $2 and revoked_at is null");
        if query.bind(at.as_unix_micros()).bind(id).execute(&mut tx).await? == 0 {
            return Ok(false);
        }
        append(&mut tx, std::slice::from_ref(log)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps when a key was used.
    pub async fn api_key_used(&self, id: &str, at: UtcTime) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("update api_key set used_at = $1 where id = $2");
        query.bind(at.as_unix_micros()).bind(id).execute(&mut tx).await?;
        tx.commit().await
    }
}
