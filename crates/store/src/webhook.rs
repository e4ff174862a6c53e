//! Where events are posted to: the hooks, how far each has got, and what each did not take.

use std::time::Duration;

use domain::{SiteId, UtcTime};
use thiserror::Error;

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, moment, natural, sql_count, to_json};

/// Most hooks; one more is refused.
pub const WEBHOOKS_MAX: u64 = 100;

/// Most events kept that a hook did not take; older ones are forgotten.
pub const DEAD_LETTERS_MAX: u64 = 10_000;

/// A hook.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookRow {
    /// Its identity.
    pub id: String,
    /// The address.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: String,
    /// Kinds of events; all where there is none.
    pub kinds: Vec<String>,
    /// Sites; all where there is none.
    pub sites: Vec<SiteId>,
    /// What allows to tell plates and names.
    pub legal_basis: Option<String>,
    /// Whether it is delivered to.
    pub is_active: bool,
    /// The place in the log up to which it has everything.
    pub cursor: u64,
    /// How often the next event was tried.
    pub attempts: u64,
    /// When it is tried next.
    pub next_at: UtcTime,
    /// Why the last attempt failed; empty where it did not.
    pub last_error: String,
    /// How many were delivered.
    pub delivered: u64,
    /// When it was added.
    pub created_at: UtcTime,
    /// Who added it.
    pub created_by: String,
    /// How many events it did not take.
    pub dead: u64,
}

impl std::fmt::Debug for WebhookRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the secret, and not the address either: it may hold a token.
        f.debug_struct("WebhookRow").field("id", &self.id).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

/// What of a hook may be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// The address.
    pub url: Option<String>,
    /// The secret.
    pub secret: Option<String>,
    /// Kinds of events.
    pub kinds: Option<Vec<String>>,
    /// Sites.
    pub sites: Option<Vec<SiteId>>,
    /// What allows to tell plates and names; an empty text for nothing.
    pub legal_basis: Option<String>,
    /// Whether it is delivered to.
    pub is_active: Option<bool>,
}

/// An event that a hook did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Order of giving up.
    pub id: u64,
    /// The hook.
    pub webhook: String,
    /// Place of the event in the log.
    pub pos: u64,
    /// Its identity.
    pub event: String,
    /// Its kind.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u64,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    pub at: UtcTime,
}

/// Why a hook is not taken.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// There are enough.
    #[error("there are {WEBHOOKS_MAX} webhooks already: delete one first")]
    TooMany,
    /// There is none of that identity.
    #[error("there is no webhook \"{0}\"")]
    Unknown(String),
    /// The database failed.
    #[error("cannot keep the webhook")]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "select id, url, secret, kinds, sites, legal_basis, is_active, cursor, attempts, next_at, \
     last_error, delivered, created_at, created_by, \
     (select count(*) from webhook_dead d where d.webhook = webhook.id) as dead from webhook ";

impl Store {
    /// Keeps a new hook. It gets what comes into the log from now on.
    pub async fn webhook_insert(&self, hook: &WebhookRow) -> Result<(), WebhookError> {
        let (kinds, sites) = (to_json("kinds", &hook.kinds)?, to_json("sites", &hook.sites)?);
        let mut tx = self.write_begin().await?;
        let held = Query::new("select count(*) from webhook").fetch_number(&mut tx).await?;
        if natural("a number of webhooks", held)? >= WEBHOOKS_MAX {
            return Err(WebhookError::TooMany);
        }
        Query::new(
            "insert into webhook (id, url, secret, kinds, sites, legal_basis, is_active, cursor, attempts, next_at, \
             last_error, delivered, owner, owned_until, created_at, created_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', 0, '', 0, $9, $10)",
        )
        .bind(hook.id.as_str())
        .bind(hook.url.as_str())
        .bind(hook.secret.as_str())
        .bind(kinds)
        .bind(sites)
        .bind(hook.legal_basis.clone())
        .bind(hook.is_active)
        .bind(sql_count(hook.cursor))
        .bind(hook.created_at.as_unix_micros())
        .bind(hook.created_by.as_str())
        .execute(&mut tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// All hooks, in the order in which they were added.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        let query = Query::new(format!("{COLUMNS} order by created_at, id"));
        query.fetch_all(&self.inner.db).await?.iter().map(webhook).collect()
    }

    /// One hook.
    pub async fn webhook_find(&self, id: &str) -> Result<Option<WebhookRow>, StoreError> {
        let row = Query::new(format!("{COLUMNS} where id = $1")).bind(id).fetch_optional(&self.inner.db).await?;
        row.as_ref().map(webhook).transpose()
    }

    /// Changes a hook. What it was to get next is tried at once.
    pub async fn webhook_change(&self, id: &str, change: &WebhookChange) -> Result<WebhookRow, WebhookError> {
        let mut tx = self.write_begin().await?;
        let mut query = Query::new("update webhook set attempts = 0, next_at = 0");
        if let Some(url) = &change.url {
            query.push(", url = ").push_bind(url.as_str());
        }
        if let Some(secret) = &change.secret {
            query.push(", secret = ").push_bind(secret.as_str());
        }
        if let Some(kinds) = &change.kinds {
            query.push(", kinds = ").push_bind(to_json("kinds", kinds)?);
        }
        if let Some(sites) = &change.sites {
            query.push(", sites = ").push_bind(to_json("sites", sites)?);
        }
        if let Some(basis) = &change.legal_basis {
            query.push(", legal_basis = ").push_bind(Some(basis.clone()).filter(|basis| !basis.is_empty()));
        }
        if let Some(is_active) = change.is_active {
            query.push(", is_active = ").push_bind(is_active);
        }
        query.push(" where id = ").push_bind(id);
        query.execute(&mut tx).await?;
        let row = Query::new(format!("{COLUMNS} where id = $1")).bind(id).fetch_optional(&mut tx).await?;
        let row = row.as_ref().map(webhook).transpose()?.ok_or_else(|| WebhookError::Unknown(id.to_owned()))?;
        tx.commit().await?;
        Ok(row)
    }

    /// Forgets a hook and what it did not take.
    pub async fn webhook_delete(&self, id: &str) -> Result<(), WebhookError> {
        let mut tx = self.write_begin().await?;
        let deleted = Query::new("delete from webhook where id = $1").bind(id).execute(&mut tx).await?;
        tx.commit().await?;
        if deleted == 0 { Err(WebhookError::Unknown(id.to_owned())) } else { Ok(()) }
    }

    /// Takes on a hook that is due for `owner`, so that no other hub delivers to it until `lease` is over. Nothing where
    /// another has it.
    pub async fn webhook_own(
        &self,
        id: &str,
        owner: &str,
        now: UtcTime,
        lease: Duration,
    ) -> Result<Option<WebhookRow>, StoreError> {
        let mut tx = self.write_begin().await?;
        let owned = Query::new(
            "update webhook set owner = $2, owned_until = $4 \
             where id = $1 and is_active and next_at <= $3 and (owner = $2 or owned_until <= $3)",
        )
        .bind(id)
        .bind(owner)
        .bind(now.as_unix_micros())
        .bind(now.saturating_add(lease).as_unix_micros())
        .execute(&mut tx)
        .await?;
        let row = match owned {
            0 => None,
            _ => Query::new(format!("{COLUMNS} where id = $1")).bind(id).fetch_optional(&mut tx).await?,
        };
        tx.commit().await?;
        row.as_ref().map(webhook).transpose()
    }

    /// Leaves a hook to whichever hub comes first. Nothing happens where `owner` has lost it meanwhile.
    pub async fn webhook_release(&self, id: &str, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        let release = Query::new("update webhook set owned_until = 0 where id = $1 and owner = $2");
        release.bind(id).bind(owner).execute(&mut tx).await?;
        tx.commit().await
    }

    /// A hook has everything up to `cursor`, `delivered` more events than before. Nothing happens where `owner` has lost
    /// it meanwhile.
    pub async fn webhook_advance(&self, id: &str, owner: &str, cursor: u64, delivered: u64) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "update webhook set cursor = $3, delivered = delivered + $4, attempts = 0, next_at = 0, last_error = '' \
             where id = $1 and owner = $2 and cursor < $3",
        )
        .bind(id)
        .bind(owner)
        .bind(sql_count(cursor))
        .bind(sql_count(delivered))
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// An attempt failed: the next one is made at `next_at`.
    pub async fn webhook_failed(&self, id: &str, owner: &str, error: &str, next_at: UtcTime) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "update webhook set attempts = attempts + 1, last_error = $3, next_at = $4 where id = $1 and owner = $2",
        )
        .bind(id)
        .bind(owner)
        .bind(error)
        .bind(next_at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Gives up an event, keeps it apart and goes on behind it.
    pub async fn webhook_give_up(&self, owner: &str, letter: &DeadLetterRow) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "insert into webhook_dead (webhook, pos, event, kind, attempts, error, at) values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(letter.webhook.as_str())
        .bind(sql_count(letter.pos))
        .bind(letter.event.as_str())
        .bind(letter.kind.as_str())
        .bind(sql_count(letter.attempts))
        .bind(letter.error.as_str())
        .bind(letter.at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        Query::new(
            "delete from webhook_dead where webhook = $1 and id <= \
             (select max(id) from webhook_dead where webhook = $1) - $2",
        )
        .bind(letter.webhook.as_str())
        .bind(sql_count(DEAD_LETTERS_MAX))
        .execute(&mut tx)
        .await?;
        Query::new(
            "update webhook set cursor = $3, attempts = 0, next_at = 0, last_error = $4 \
             where id = $1 and owner = $2 and cursor < $3",
        )
        .bind(letter.webhook.as_str())
        .bind(owner)
        .bind(sql_count(letter.pos))
        .bind(letter.error.as_str())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// What a hook did not take, newest first, before the letter `before`.
    pub async fn dead_letters(
        &self,
        webhook: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let rows = Query::new(
            "select id, webhook, pos, event, kind, attempts, error, at from webhook_dead \
             where webhook = $1 and id < $2 order by id desc limit $3",
        )
        .bind(webhook)
        .bind(before.map_or(i64::MAX, sql_count))
        .bind(i64::from(limit))
        .fetch_all(&self.inner.db)
        .await?;
        rows.iter().map(dead_letter).collect()
    }

    /// One of those.
    pub async fn dead_letter_find(&self, webhook: &str, id: u64) -> Result<Option<DeadLetterRow>, StoreError> {
        let row = Query::new(
            "select id, webhook, pos, event, kind, attempts, error, at from webhook_dead where webhook = $1 and id = $2",
        )
        .bind(webhook)
        .bind(sql_count(id))
        .fetch_optional(&self.inner.db)
        .await?;
        row.as_ref().map(dead_letter).transpose()
    }

    /// Forgets one of those: it was delivered after all.
    pub async fn dead_letter_delete(&self, webhook: &str, id: u64) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new("delete from webhook_dead where webhook = $1 and id = $2")
            .bind(webhook)
            .bind(sql_count(id))
            .execute(&mut tx)
            .await?;
        Query::new("update webhook set delivered = delivered + 1 where id = $1").bind(webhook).execute(&mut tx).await?;
        tx.commit().await
    }

    /// Gives one of those up for good; false where there is none.
    pub async fn dead_letter_discard(&self, webhook: &str, id: u64) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let delete = Query::new("delete from webhook_dead where webhook = $1 and id = $2");
        let count = delete.bind(webhook).bind(sql_count(id)).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(count > 0)
    }
}

fn webhook(row: &Row) -> Result<WebhookRow, StoreError> {
    Ok(WebhookRow {
        id: row.try_get("id")?,
        url: row.try_get("url")?,
        secret: row.try_get("secret")?,
        kinds: from_json("kinds", row.try_get("kinds")?)?,
        sites: from_json("sites", row.try_get("sites")?)?,
        legal_basis: row.try_get("legal_basis")?,
        is_active: row.try_get("is_active")?,
        cursor: natural("a place in the log", row.try_get("cursor")?)?,
        attempts: natural("a number of attempts", row.try_get("attempts")?)?,
        next_at: moment(row.try_get("next_at")?)?,
        last_error: row.try_get("last_error")?,
        delivered: natural("a number of deliveries", row.try_get("delivered")?)?,
        created_at: moment(row.try_get("created_at")?)?,
        created_by: row.try_get("created_by")?,
        dead: natural("a number of letters", row.try_get("dead")?)?,
    })
}

fn dead_letter(row: &Row) -> Result<DeadLetterRow, StoreError> {
    Ok(DeadLetterRow {
        id: natural("a letter", row.try_get("id")?)?,
        webhook: row.try_get("webhook")?,
        pos: natural("a place in the log", row.try_get("pos")?)?,
        event: row.try_get("event")?,
        kind: row.try_get("kind")?,
        attempts: natural("a number of attempts", row.try_get("attempts")?)?,
        error: row.try_get("error")?,
        at: moment(row.try_get("at")?)?,
    })
}
