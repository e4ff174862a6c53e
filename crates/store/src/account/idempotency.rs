//! Answers to writes that may be sent again: the second time the writer gets the first answer, and nothing is done.

use std::time::Duration;

use domain::UtcTime;

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::from_json;

/// How long an answer is kept.
pub const IDEMPOTENCY_AGE_MAX: Duration = Duration::from_secs(24 * 3_600);

/// A write that is not answered after so long was cut off with its hub: it may be tried again.
const WORK_MAX: Duration = Duration::from_secs(120);

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Headers that are kept.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub body: Vec<u8>,
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing so far: the write is the caller's to do.
    Mine,
    /// Another write.
    Other,
    /// The same write, which is being worked on.
    Working,
    /// The same write, which was done.
    Done(KeptAnswer),
}

impl Store {
    /// Takes a key of `principal` for the write with this fingerprint, unless it stands for one already.
    pub async fn idempotency_claim(
        &self,
        principal: &str,
        key: &str,
        fingerprint: &str,
        now: UtcTime,
    ) -> Result<Claim, StoreError> {
        let ago = |age: Duration| now.as_unix_micros() - i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let mut tx = self.inner.db.begin().await?;
        Query::new("delete from idempotency_key where at < $1 or (status is null and at < $2)")
            .bind(ago(IDEMPOTENCY_AGE_MAX))
            .bind(ago(WORK_MAX))
            .execute(&mut tx)
            .await?;
        let mine = Query::new(
            "insert into idempotency_key (principal, key, fingerprint, at) values ($1, $2, $3, $4) \
             on conflict (principal, key) do nothing",
        );
        let mine = mine.bind(principal).bind(key).bind(fingerprint).bind(now.as_unix_micros()).execute(&mut tx).await?;
        let row = Query::new("select * from idempotency_key where principal = $1 and key = $2")
            .bind(principal)
            .bind(key)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        if mine > 0 {
            return Ok(Claim::Mine);
        }
        if row.try_get::<&str>("fingerprint")? != fingerprint {
            return Ok(Claim::Other);
        }
        let Some(status) = row.try_get::<Option<i64>>("status")? else { return Ok(Claim::Working) };
        Ok(Claim::Done(KeptAnswer {
            status: u16::try_from(status).unwrap_or(500),
            headers: from_json("headers", row.try_get("headers")?)?,
            body: row.try_get("body")?,
        }))
    }

    /// Keeps the answer to a write whose key was taken.
    pub async fn idempotency_keep(&self, principal: &str, key: &str, answer: &KeptAnswer) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        Query::new("update idempotency_key set status = $1, headers = $2, body = $3 where principal = $4 and key = $5")
            .bind(u32::from(answer.status))
            .bind(crate::row::to_json("headers", &answer.headers)?)
            .bind(answer.body.clone())
            .bind(principal)
            .bind(key)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Gives a key back whose write did nothing, so that it may be sent again.
    pub async fn idempotency_release(&self, principal: &str, key: &str) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("delete from idempotency_key where principal = $1 and key = $2 and status is null");
        query.bind(principal).bind(key).execute(&mut tx).await?;
        tx.commit().await
    }
}
