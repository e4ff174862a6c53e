//! Open sessions.

use domain::UtcTime;

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::moment;

/// Most open sessions of one account; the one that was heard least lately makes way.
const SESSIONS_PER_ACCOUNT_MAX: u32 = 20;

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Hash of the token that the cookie holds.
    pub token_hash: String,
    /// Name under which it is listed.
    pub id: String,
    /// The account.
    pub account: String,
    /// When it was opened.
    pub opened_at: UtcTime,
    /// When its person was heard last.
    pub seen_at: UtcTime,
    /// From which address it was opened.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

fn session(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        token_hash: row.try_get("token_hash")?,
        id: row.try_get("id")?,
        account: row.try_get("account")?,
        opened_at: moment(row.try_get("opened_at")?)?,
        seen_at: moment(row.try_get("seen_at")?)?,
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
    })
}

impl Store {
    /// Opens a session, and forgets all that were opened before `oldest`: they are over whatever was said in them.
    pub async fn session_insert(&self, new: &SessionRow, oldest: UtcTime) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let old = Query::new("delete from session where opened_at < $1").bind(oldest.as_unix_micros());
        old.execute(&mut tx).await?;
        Query::new(
            "insert into session (token_hash, id, account, opened_at, seen_at, address, agent) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&new.token_hash)
        .bind(&new.id)
        .bind(&new.account)
        .bind(new.opened_at.as_unix_micros())
        .bind(new.seen_at.as_unix_micros())
        .bind(&new.address)
        .bind(&new.agent)
        .execute(&mut tx)
        .await?;
        Query::new(
            "delete from session where account = $1 and id not in \
             (select id from session where account = $1 order by seen_at desc, id limit $2)",
        )
        .bind(&new.account)
        .bind(SESSIONS_PER_ACCOUNT_MAX)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// The session whose token has this hash.
    pub async fn session_find(&self, token_hash: &str) -> Result<Option<SessionRow>, StoreError> {
        let query = Query::new("select * from session where token_hash = $1").bind(token_hash);
        query.fetch_optional(&self.inner.db).await?.as_ref().map(session).transpose()
    }

    /// Open sessions of an account, the one that was heard last first. Some may be over by time.
    pub async fn sessions_of(&self, account: &str) -> Result<Vec<SessionRow>, StoreError> {
        let query = Query::new("select * from session where account = $1 order by seen_at desc, id").bind(account);
        query.fetch_all(&self.inner.db).await?.iter().map(session).collect()
    }

    /// Keeps that the person of a session was heard.
    pub async fn session_seen(&self, token_hash: &str, at: UtcTime) -> Result<(), StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("update session set seen_at = $1 where token_hash = $2 and seen_at < $1");
        query.bind(at.as_unix_micros()).bind(token_hash).execute(&mut tx).await?;
        tx.commit().await
    }

    /// Ends one session. Says whether it was open.
    pub async fn session_end(&self, token_hash: &str) -> Result<bool, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("delete from session where token_hash = $1").bind(token_hash);
        let ended = query.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(ended > 0)
    }

    /// Ends the sessions of an account, except the one whose token has the hash `except`. Says how many.
    pub async fn sessions_end(&self, account: &str, except: Option<&str>) -> Result<u64, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("delete from session where account = $1 and token_hash <> $2");
        let ended = query.bind(account).bind(except.unwrap_or("")).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
