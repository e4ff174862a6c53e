//! Wrong passwords in a row, of accounts and addresses.

use domain::UtcTime;

use crate::db::{Query, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, natural};

/// Rows kept of addresses, and of names; beyond it those whose last failure is longest ago are forgotten.
const ROWS_MAX: u32 = 100_000;

/// Wrong passwords in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureRow {
    /// So many.
    pub count: u32,
    /// The last one.
    pub last_at: UtcTime,
}

impl Store {
    /// The failures of a `kind` (`account` or `address`) and its name.
    pub async fn sign_in_failures(&self, kind: &str, subject: &str) -> Result<Option<FailureRow>, StoreError> {
        let query = Query::new("select count, last_at from sign_in_failure where kind = $1 and subject = $2");
        let Some(row) = query.bind(kind).bind(subject).fetch_optional(&self.inner.db).await? else { return Ok(None) };
        let count = natural("a number of failures", row.try_get("count")?)?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Some(FailureRow { count, last_at: moment(row.try_get("last_at")?)? }))
    }

    /// Keeps what stands after a failure: `next` says it from what stood before, while nobody else writes.
    pub async fn sign_in_failed(
        &self,
        kind: &str,
        subject: &str,
        next: impl FnOnce(Option<FailureRow>) -> FailureRow,
    ) -> Result<FailureRow, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let after = fail(&mut tx, kind, subject, next).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// The same for an address, with the account whose password was wrong, where there is such an account: see
    /// [`Store::address_refunded`].
    pub async fn address_failed(
        &self,
        address: &str,
        account: Option<&str>,
        next: impl FnOnce(Option<FailureRow>) -> FailureRow,
    ) -> Result<FailureRow, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let after = fail(&mut tx, "address", address, next).await?;
        if after.count <= 1 {
            // Counted anew: what was an account's share of the old count is none of this one.
            let shares = Query::new("delete from address_failure where address = $1");
            shares.bind(address).execute(&mut tx).await?;
        }
        if let Some(account) = account {
            Query::new(
                "insert into address_failure (address, account, count) values ($1, $2, 1) \
                 on conflict (address, account) do update set count = address_failure.count + 1",
            )
            .bind(address)
            .bind(account)
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Takes those failures off an address that were this account's, and says how many. Those of other names stay: whoever
    /// has one account of his own cannot buy guesses at others with it.
    pub async fn address_refunded(&self, address: &str, account: &str) -> Result<u32, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        // Holds the row first, as a failure does, so that the two never wait for each other.
        let hold = "update sign_in_failure set last_at = last_at where kind = 'address' and subject = $1";
        Query::new(hold).bind(address).execute(&mut tx).await?;
        let share = Query::new("delete from address_failure where address = $1 and account = $2 returning count");
        let Some(row) = share.bind(address).bind(account).fetch_optional(&mut tx).await? else { return Ok(0) };
        let share: i64 = row.try_get("count")?;
        let none_left = "delete from sign_in_failure where kind = 'address' and subject = $1 and count <= $2";
        Query::new(none_left).bind(address).bind(share).execute(&mut tx).await?;
        let fewer = "update sign_in_failure set count = count - $2 where kind = 'address' and subject = $1";
        Query::new(fewer).bind(address).bind(share).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(u32::try_from(share).unwrap_or(u32::MAX))
    }

    /// Forgets the failures of a `kind` and its name. Says whether there were any.
    pub async fn sign_in_forgiven(&self, kind: &str, subject: &str) -> Result<bool, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        let query = Query::new("delete from sign_in_failure where kind = $1 and subject = $2");
        let forgiven = query.bind(kind).bind(subject).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(forgiven > 0)
    }
}

async fn fail(
    tx: &mut Tx,
    kind: &str,
    subject: &str,
    next: impl FnOnce(Option<FailureRow>) -> FailureRow,
) -> Result<FailureRow, StoreError> {
    // Holds the row, or makes it, so that of two failures at once both count.
    let hold = Query::new(
        "insert into sign_in_failure (kind, subject, count, last_at) values ($1, $2, 1, 0) \
         on conflict (kind, subject) do update set last_at = sign_in_failure.last_at returning count, last_at",
    );
    let row = hold.bind(kind).bind(subject).fetch_one(&mut *tx).await?;
    let last_at: i64 = row.try_get("last_at")?;
    let count = u32::try_from(row.try_get::<i64>("count")?).unwrap_or(u32::MAX);
    let before = (last_at != 0).then(|| Ok::<_, StoreError>(FailureRow { count, last_at: moment(last_at)? }));
    let after = next(before.transpose()?);
    Query::new("update sign_in_failure set count = $1, last_at = $2 where kind = $3 and subject = $4")
        .bind(after.count)
        .bind(after.last_at.as_unix_micros())
        .bind(kind)
        .bind(subject)
        .execute(&mut *tx)
        .await?;
    let forgotten = Query::new(
        "delete from sign_in_failure where kind = $1 and last_at < coalesce((select last_at from \
         sign_in_failure where kind = $1 order by last_at desc limit 1 offset $2), 0)",
    );
    if forgotten.bind(kind).bind(ROWS_MAX).execute(&mut *tx).await? > 0 && kind == "address" {
        let shares = "delete from address_failure where address not in \
                      (select subject from sign_in_failure where kind = 'address')";
        Query::new(shares).execute(tx).await?;
    }
    Ok(after)
}
