//! Sign-ins that were begun at an identity provider and are not finished yet.

use domain::UtcTime;

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;

/// Most sign-ins that are kept open; beyond it the oldest are forgotten, and whoever comes back with one begins again.
pub const SIGN_INS_BEGUN_MAX: u32 = 10_000;

/// What a sign-in was begun with.
#[derive(Clone, PartialEq, Eq)]
pub struct BegunRow {
    /// Hash of what the provider sends back: 64 digits 0-9 a-f.
    pub state_hash: String,
    /// Hash of what only the browser keeps that began, alike.
    pub binding_hash: String,
    /// What the provider's token must say.
    pub nonce: String,
    /// What proves to the provider that the code was asked for here.
    pub verifier: String,
}

impl std::fmt::Debug for BegunRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BegunRow").field("state_hash", &self.state_hash).finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a sign-in that begins at `at`, and forgets those that began before `oldest`.
    pub async fn sign_in_begin(&self, begun: &BegunRow, at: UtcTime, oldest: UtcTime) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let over = Query::new("delete from sign_in_begun where begun_at < $1");
        over.bind(oldest.as_unix_micros()).execute(&mut tx).await?;
        Query::new(
            "delete from sign_in_begun where begun_at <= coalesce((select begun_at from sign_in_begun \
             order by begun_at desc limit 1 offset $1), -1)",
        )
        .bind(SIGN_INS_BEGUN_MAX - 1)
        .execute(&mut tx)
        .await?;
        Query::new(
            "insert into sign_in_begun (state_hash, binding_hash, nonce, verifier, begun_at) \
             values ($1, $2, $3, $4, $5)",
        )
        .bind(&begun.state_hash)
        .bind(&begun.binding_hash)
        .bind(&begun.nonce)
        .bind(&begun.verifier)
        .bind(at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Takes out the sign-in that was begun with both hashes, not before `oldest`. Nobody takes it a second time, and
    /// whoever has only one of the two leaves it as it is.
    pub async fn sign_in_finish(
        &self,
        state_hash: &str,
        binding_hash: &str,
        oldest: UtcTime,
    ) -> Result<Option<BegunRow>, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new(
            "delete from sign_in_begun where state_hash = $1 and binding_hash = $2 returning nonce, verifier, begun_at",
        );
        let row = query.bind(state_hash).bind(binding_hash).fetch_optional(&mut tx).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        if row.try_get::<i64>("begun_at")? < oldest.as_unix_micros() {
            return Ok(None);
        }
        Ok(Some(BegunRow {
            state_hash: state_hash.to_owned(),
            binding_hash: binding_hash.to_owned(),
            nonce: row.try_get("nonce")?,
            verifier: row.try_get("verifier")?,
        }))
    }
}
