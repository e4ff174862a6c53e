//! Who may sign in: accounts with their roles and second factors. What a role allows is no business of this crate: it
//! keeps names.
//!
//! A change of an account and its row in the audit log are one transaction: neither is ever there without the other.

mod begun;
mod failure;
mod idempotency;
mod key;
mod session;

use std::collections::BTreeSet;

use domain::UtcTime;
use thiserror::Error;

use crate::audit_log::{LogEntry, append};
use crate::db::{Insert, On, Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, moment, natural, to_json};

pub use begun::{BegunRow, SIGN_INS_BEGUN_MAX};
pub use failure::FailureRow;
pub use idempotency::{Claim, IDEMPOTENCY_AGE_MAX, KeptAnswer};
pub use key::ApiKeyRow;
pub use session::SessionRow;

/// Most accounts of one hub.
pub const ACCOUNTS_MAX: u64 = 10_000;

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Name that the hub made up.
    pub id: String,
    /// Name to sign in with, in lower case.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// Language of the pages: `vi` or `en`.
    pub language: String,
    /// The password's hash; nothing where the account signs in elsewhere.
    pub password_hash: Option<String>,
    /// Hashes of the passwords before it, newest first.
    pub password_history: Vec<String>,
    /// When the password was set.
    pub password_at: UtcTime,
    /// Whether somebody else knows the password.
    pub must_change_password: bool,
    /// Who the account is at an identity provider.
    pub external_id: Option<String>,
    /// Since when it may not sign in.
    pub disabled_at: Option<UtcTime>,
    /// When it was made.
    pub created_at: UtcTime,
    /// Who made it.
    pub created_by: String,
    /// When it signed in last.
    pub signed_in_at: Option<UtcTime>,
    /// Number of the last change, from 1.
    pub version: u64,
    /// Its roles, each with a site or `*`.
    pub roles: BTreeSet<(String, String)>,
    /// Its second factor.
    pub totp: Option<TotpRow>,
}

/// The second factor of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpRow {
    /// The shared secret, in digits 0-9 a-f.
    pub secret: String,
    /// When its owner proved to have it.
    pub confirmed_at: Option<UtcTime>,
    /// Number of the step whose code was used last.
    pub used_step: Option<i64>,
}

impl std::fmt::Debug for TotpRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpRow").field("confirmed_at", &self.confirmed_at).finish_non_exhaustive()
    }
}

/// Why an account is not written.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Somebody has that name.
    #[error("there is an account with the name \"{0}\" already: take another name")]
    NameTaken(String),
    /// There are accounts.
    #[error("this hub has accounts already")]
    NotFirst,
    /// No more fit.
    #[error("there are {ACCOUNTS_MAX} accounts already, no more fit")]
    Full,
    /// Somebody changed it meanwhile, or it is gone.
    #[error("the account was changed meanwhile: read it again")]
    Stale,
    /// Nobody else could do what it may do.
    #[error("this is the last account that may sign in and is {0}: give the role to another account first")]
    Last(String),
    /// The database failed.
    #[error("cannot write the account")]
    Store(#[from] StoreError),
}

impl Store {
    /// How many accounts there are.
    pub async fn account_count(&self) -> Result<u64, StoreError> {
        let count = Query::new("select count(*) from account").fetch_number(&self.inner.db).await?;
        natural("a number of accounts", count)
    }

    /// Makes an account, and writes down that it was made.
    pub async fn account_insert(&self, new: &AccountRow, log: &LogEntry) -> Result<(), AccountError> {
        let mut tx = self.begin_accounts().await?;
        let count = Query::new("select count(*) from account").fetch_number(&mut tx).await?;
        if natural("a number of accounts", count)? >= ACCOUNTS_MAX {
            return Err(AccountError::Full);
        }
        insert(&mut tx, new).await?;
        append(&mut tx, std::slice::from_ref(log)).await?;
        Ok(tx.commit().await?)
    }

    /// Makes the first account of all; refused once there is one.
    pub async fn account_insert_first(&self, new: &AccountRow, log: &LogEntry) -> Result<(), AccountError> {
        let mut tx = self.begin_accounts().await?;
        if Query::new("select count(*) from account").fetch_number(&mut tx).await? > 0 {
            return Err(AccountError::NotFirst);
        }
        insert(&mut tx, new).await?;
        append(&mut tx, std::slice::from_ref(log)).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a transaction in which nobody else writes accounts: the end of the audit log is held, so that what is read
    /// now still holds when it is written.
    async fn begin_accounts(&self) -> Result<Tx, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        crate::audit_log::hold(&mut tx).await?;
        Ok(tx)
    }

    /// Writes an account as it shall be from now on, if nobody changed it since it was read, and writes down that it was.
    /// Gives its new version. The last account that may sign in and has the role `last_of` at every site cannot lose it.
    pub async fn account_update(
        &self,
        account: &AccountRow,
        last_of: &str,
        log: &LogEntry,
    ) -> Result<u64, AccountError> {
        let mut tx = self.begin_accounts().await?;
        let holders = holders(&mut tx, last_of).await?;
        let version = update(&mut tx, account).await?;
        if !holders.is_empty() && self::holders(&mut tx, last_of).await?.is_empty() {
            return Err(AccountError::Last(last_of.to_owned()));
        }
        append(&mut tx, std::slice::from_ref(log)).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// The account with this id.
    pub async fn account_get(&self, id: &str) -> Result<Option<AccountRow>, StoreError> {
        self.account_where("account.id = $1", id).await
    }

    /// The account that signs in with this name.
    pub async fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>, StoreError> {
        self.account_where("account.name = $1", name).await
    }

    /// The account of somebody whom an identity provider knows.
    pub async fn account_by_external_id(&self, external_id: &str) -> Result<Option<AccountRow>, StoreError> {
        self.account_where("account.external_id = $1", external_id).await
    }

    async fn account_where(&self, condition: &'static str, value: &str) -> Result<Option<AccountRow>, StoreError> {
        let mut query = Query::new(SELECT);
        query.push(" where ").push(condition);
        let Some(row) = query.bind(value).fetch_optional(&self.inner.db).await? else { return Ok(None) };
        let mut account = account(&row)?;
        account.roles = roles(&self.inner.db, &account.id).await?;
        Ok(Some(account))
    }

    /// Accounts by name: those after the name `after`, at most `limit`.
    pub async fn accounts(&self, after: &str, limit: u32) -> Result<Vec<AccountRow>, StoreError> {
        let mut query = Query::new(SELECT);
        query.push(" where account.name > $1 order by account.name limit $2");
        let rows = query.bind(after).bind(limit).fetch_all(&self.inner.db).await?;
        let mut accounts = rows.iter().map(account).collect::<Result<Vec<_>, _>>()?;
        for account in &mut accounts {
            account.roles = roles(&self.inner.db, &account.id).await?;
        }
        Ok(accounts)
    }

    /// Keeps the moment of a sign-in, and the code that was used for it, without a new version: nobody edits these. False
    /// where the code was used meanwhile.
    pub async fn account_signed_in(&self, id: &str, at: UtcTime, step: Option<i64>) -> Result<bool, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        if let Some(step) = step {
            let used = Query::new(
                "update totp set used_step = $1 where account = $2 and (used_step is null or used_step < $1)",
            );
            if used.bind(step).bind(id).execute(&mut tx).await? == 0 {
                return Ok(false);
            }
        }
        let query = Query::new("update account set signed_in_at = $1 where id = $2");
        query.bind(at.as_unix_micros()).bind(id).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Ids of the accounts that may sign in and have this role at every site.
async fn holders(tx: &mut Tx, role: &str) -> Result<Vec<String>, StoreError> {
    Query::new(
        "select account.id from account join account_role on account_role.account = account.id \
         where disabled_at is null and role = $1 and site = '*'",
    )
    .bind(role)
    .fetch_texts(tx)
    .await
}

const SELECT: &str = "select account.*, totp.secret, totp.confirmed_at, totp.used_step from account \
                      left join totp on totp.account = account.id";

fn account(row: &Row) -> Result<AccountRow, StoreError> {
    let maybe = |column| row.try_get::<Option<i64>>(column)?.map(moment).transpose();
    let secret: Option<String> = row.try_get("secret")?;
    let (confirmed_at, used_step) = (maybe("confirmed_at")?, row.try_get("used_step")?);
    Ok(AccountRow {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        language: row.try_get("language")?,
        password_hash: row.try_get("password_hash")?,
        password_history: from_json("hashes of passwords", row.try_get("password_history")?)?,
        password_at: moment(row.try_get("password_at")?)?,
        must_change_password: row.try_get("must_change_password")?,
        external_id: row.try_get("external_id")?,
        disabled_at: maybe("disabled_at")?,
        created_at: moment(row.try_get("created_at")?)?,
        created_by: row.try_get("created_by")?,
        signed_in_at: maybe("signed_in_at")?,
        version: natural("a version", row.try_get("version")?)?,
        roles: BTreeSet::new(),
        totp: secret.map(|secret| TotpRow { secret, confirmed_at, used_step }),
    })
}

async fn roles<'a>(on: impl Into<On<'a>>, id: &str) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows = Query::new("select role, site from account_role where account = $1").bind(id).fetch_all(on).await?;
    rows.iter().map(|row| Ok((row.try_get("role")?, row.try_get("site")?))).collect()
}

async fn insert(tx: &mut Tx, new: &AccountRow) -> Result<(), AccountError> {
    let inserted = Query::new(
        "insert into account (id, name, display_name, language, password_hash, password_history, password_at, \
         must_change_password, external_id, disabled_at, created_at, created_by, signed_in_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1) on conflict (name) do nothing",
    )
    .bind(&new.id)
    .bind(&new.name)
    .bind(&new.display_name)
    .bind(&new.language)
    .bind(new.password_hash.clone())
    .bind(to_json("hashes of passwords", &new.password_history)?)
    .bind(new.password_at.as_unix_micros())
    .bind(new.must_change_password)
    .bind(new.external_id.clone())
    .bind(new.disabled_at.map(UtcTime::as_unix_micros))
    .bind(new.created_at.as_unix_micros())
    .bind(&new.created_by)
    .bind(new.signed_in_at.map(UtcTime::as_unix_micros))
    .execute(&mut *tx)
    .await?;
    if inserted == 0 {
        return Err(AccountError::NameTaken(new.name.clone()));
    }
    Ok(parts_write(tx, new).await?)
}

async fn update(tx: &mut Tx, account: &AccountRow) -> Result<u64, AccountError> {
    let version = account.version + 1;
    let sql = |version: u64| i64::try_from(version).unwrap_or(i64::MAX);
    let updated = Query::new(
        "update account set display_name = $1, language = $2, password_hash = $3, password_history = $4, \
         password_at = $5, must_change_password = $6, external_id = $7, disabled_at = $8, version = $9 \
         where id = $10 and version = $11",
    )
    .bind(&account.display_name)
    .bind(&account.language)
    .bind(account.password_hash.clone())
    .bind(to_json("hashes of passwords", &account.password_history)?)
    .bind(account.password_at.as_unix_micros())
    .bind(account.must_change_password)
    .bind(account.external_id.clone())
    .bind(account.disabled_at.map(UtcTime::as_unix_micros))
    .bind(sql(version))
    .bind(&account.id)
    .bind(sql(account.version))
    .execute(&mut *tx)
    .await?;
    if updated == 0 {
        return Err(AccountError::Stale);
    }
    parts_write(tx, account).await?;
    Ok(version)
}

/// Roles and the second factor.
async fn parts_write(tx: &mut Tx, account: &AccountRow) -> Result<(), StoreError> {
    Query::new("delete from account_role where account = $1").bind(&account.id).execute(&mut *tx).await?;
    let mut rows = Insert::new("insert into account_role (account, role, site)", "");
    for (role, site) in &account.roles {
        rows.row().push_bind(&account.id).push_bind(role).push_bind(site);
    }
    rows.execute(&mut *tx).await?;
    match &account.totp {
        None => {
            Query::new("delete from totp where account = $1").bind(&account.id).execute(tx).await?;
        }
        Some(totp) => {
            // Another secret begins with no code used; the same one keeps what was used meanwhile.
            Query::new(
                "insert into totp (account, secret, confirmed_at, used_step) values ($1, $2, $3, $4) \
                 on conflict (account) do update set used_step = case when totp.secret = excluded.secret \
                 and totp.used_step > coalesce(excluded.used_step, 0) then totp.used_step else excluded.used_step end, \
                 secret = excluded.secret, confirmed_at = excluded.confirmed_at",
            )
            .bind(&account.id)
            .bind(&totp.secret)
            .bind(totp.confirmed_at.map(UtcTime::as_unix_micros))
            .bind(totp.used_step)
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}
