//! Making accounts and keys, and setting passwords: for the API, the command line, and programs that hold a store.

use std::collections::BTreeSet;

use domain::UtcTime;
use store::{AccountError, AccountRow, ApiKeyRow, LogActor, LogEntry, Store, StoreError};
use thiserror::Error;

use crate::accounts::password::{self, HISTORY_MAX, HashError, PasswordFault};
use crate::accounts::role::{Role, conflict};
use crate::accounts::scope::{Grant, Grants, GrantsError};
use crate::accounts::token::{ApiKey, random_hex};
use crate::broker::Secret;
use crate::clock;

/// Characters of a name to sign in with.
pub(crate) const NAME_CHARS_MAX: usize = 64;

/// Characters of a name for people.
pub(crate) const DISPLAY_NAME_CHARS_MAX: usize = 100;

/// Languages of the pages.
pub(crate) const LANGUAGES: [&str; 2] = ["vi", "en"];

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Name to sign in with.
    pub name: String,
    /// Name for people; the name to sign in with where it is empty.
    pub display_name: String,
    /// `vi` or `en`.
    pub language: String,
    /// The password; nothing where the account signs in elsewhere.
    pub password: Option<Secret>,
    /// Whether its owner has to set another password before anything else.
    pub must_change_password: bool,
    /// Who it is at an identity provider, where it signs in there.
    pub external_id: Option<String>,
    /// What it may be, and where.
    pub grants: Grants,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may be, and where.
    pub grants: Grants,
    /// When it ends by itself.
    pub expires_at: Option<UtcTime>,
}

/// Why an account or key is not made or changed.
#[derive(Debug, Error)]
pub enum MakeError {
    /// The name cannot be one.
    #[error(
        "name: \"{0}\" is no name to sign in with: 2 to {NAME_CHARS_MAX} of a-z, 0-9, '.', '-', '_' and '@' are accepted"
    )]
    Name(String),
    /// A text is too long or holds control characters.
    #[error("{field}: give 1 to {max} characters in one line")]
    Text {
        /// The field.
        field: &'static str,
        /// Most characters.
        max: usize,
    },
    /// Not a language.
    #[error("language: \"{0}\" is not known: vi or en is accepted")]
    Language(String),
    /// The password is not taken.
    #[error("password: {0}")]
    Password(#[from] PasswordFault),
    /// Roles that one account must not hold together.
    #[error("roles: {0}")]
    Conflict(&'static str),
    /// A role that a key must not have.
    #[error("roles: a key cannot be {0}: that takes a person who signs in")]
    KeyRole(Role),
    /// No roles.
    #[error("roles: give at least one")]
    NoRoles,
    /// It has no password here, and gets none.
    #[error("password: this account signs in at the identity provider and has no password here")]
    Elsewhere,
    /// A moment that is over.
    #[error("expires_at: {0} is over")]
    Over(UtcTime),
    /// The account cannot be written.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password cannot be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No randomness.
    #[error("the machine gives no random bytes")]
    Random(#[from] getrandom::Error),
}

/// Who makes or changes something, and from where.
#[derive(Debug, Clone)]
pub struct By {
    /// Who.
    pub actor: LogActor,
    /// From which address.
    pub address: String,
}

impl By {
    /// A program on the hub's own machine, such as the command line under a user's name.
    pub fn program(name: &str) -> Self {
        let actor = LogActor { kind: "program", id: String::new(), name: name.to_owned() };
        Self { actor, address: "this machine".to_owned() }
    }

    /// A row of the audit log by this one.
    pub fn entry(&self, action: &str, subject: &str) -> LogEntry {
        LogEntry {
            at: clock::now(),
            actor: self.actor.clone(),
            address: self.address.clone(),
            action: action.to_owned(),
            site: None,
            subject: subject.to_owned(),
            purpose: None,
            outcome: "done".to_owned(),
        }
    }
}

/// Whether an account is one of many or the one with which everything begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first of all: it may hold the roles of both administrators, because somebody must begin.
    First,
    /// Any other.
    Later,
}

pub(crate) fn name_read(name: &str) -> Result<String, MakeError> {
    let name = name.trim().to_lowercase();
    let is_name = (2..=NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'@'));
    if is_name { Ok(name) } else { Err(MakeError::Name(name)) }
}

pub(crate) fn text_read(field: &'static str, text: &str, max: usize) -> Result<String, MakeError> {
    let text = text.trim();
    let is_good = !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control);
    if is_good { Ok(text.to_owned()) } else { Err(MakeError::Text { field, max }) }
}

pub(crate) fn language_read(language: &str) -> Result<String, MakeError> {
    if LANGUAGES.contains(&language) { Ok(language.to_owned()) } else { Err(MakeError::Language(language.to_owned())) }
}

/// How the store keeps roles.
pub(crate) fn rows_of(grants: &Grants) -> BTreeSet<(String, String)> {
    let written = grants.written().into_iter();
    written.flat_map(|Grant { role, sites }| sites.into_iter().map(move |site| (role.to_string(), site))).collect()
}

/// What the store keeps, read back. A role that this version does not know gives nothing.
pub(crate) fn grants_of(account: &AccountRow) -> Result<Grants, GrantsError> {
    let known = account.roles.iter().filter_map(|(role, site)| Some((role.parse().ok()?, site.clone())));
    Grants::new(known.map(|(role, site)| Grant { role, sites: vec![site] }))
}

/// Makes an account; refused where there is one of that name, or where it is to be the first and is not.
pub async fn account_make(store: &Store, new: NewAccount, order: Order, by: &By) -> Result<AccountRow, MakeError> {
    let name = name_read(&new.name)?;
    let display_name = if new.display_name.trim().is_empty() { &name } else { &new.display_name };
    let display_name = text_read("display_name", display_name, DISPLAY_NAME_CHARS_MAX)?;
    let language = language_read(&new.language)?;
    if let Some(reason) = conflict(&new.grants.roles()).filter(|_| order == Order::Later) {
        return Err(MakeError::Conflict(reason));
    }
    let password_hash = match new.password {
        Some(password) => {
            password::check(password.reveal(), &name)?;
            Some(password::hash(password).await?)
        }
        None => None,
    };
    let now = clock::now();
    let account = AccountRow {
        id: random_hex::<8>()?,
        name,
        display_name,
        language,
        password_hash,
        password_history: Vec::new(),
        password_at: now,
        must_change_password: new.must_change_password,
        external_id: new.external_id,
        disabled_at: None,
        created_at: now,
        created_by: by.actor.name.clone(),
        signed_in_at: None,
        version: 1,
        roles: rows_of(&new.grants),
        totp: None,
    };
    let roles = serde_json::to_string(&new.grants.written()).unwrap_or_default();
    let entry = by.entry("account.made", &format!("{} {} {roles}", account.id, account.name));
    match order {
        Order::First => store.account_insert_first(&account, &entry).await?,
        Order::Later => store.account_insert(&account, &entry).await?,
    }
    Ok(account)
}

/// Whether the owner of a new password is the only one who knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knower {
    /// Only the owner.
    Owner,
    /// Whoever set it, too: the owner has to set another one.
    Others,
}

/// Sets an account's password, and ends its sessions except the one whose token has the hash `except`. Gives the account's
/// new version.
pub async fn password_set(
    store: &Store,
    mut account: AccountRow,
    password: Secret,
    knower: Knower,
    except: Option<&str>,
    by: &By,
) -> Result<u64, MakeError> {
    if account.external_id.is_some() {
        // It would be a way in that the provider cannot close, with the roles that it gave last.
        return Err(MakeError::Elsewhere);
    }
    password::check(password.reveal(), &account.name)?;
    for kept in account.password_hash.iter().chain(&account.password_history) {
        if password::is_right(password.clone(), Some(kept.clone())).await? {
            return Err(PasswordFault::Before.into());
        }
    }
    let hash = password::hash(password).await?;
    account.password_history.splice(0..0, account.password_hash.replace(hash));
    // The present one is one of those that are not taken again.
    account.password_history.truncate(HISTORY_MAX - 1);
    account.password_at = clock::now();
    account.must_change_password = knower == Knower::Others;
    let entry = by.entry("account.password_set", &format!("{} {}", account.id, account.name));
    let version = store.account_update(&account, Role::SecurityAdmin.as_str(), &entry).await?;
    store.sessions_end(&account.id, except).await?;
    store.sign_in_forgiven("account", &account.name).await?;
    Ok(version)
}

/// A password that nobody chose: 20 letters and digits in groups, 100 bits.
pub fn random_password() -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes)?;
    let chars: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(chars.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// Lets an account sign in, or no more, and ends its sessions where it may not.
pub async fn account_enable(store: &Store, mut account: AccountRow, may: bool, by: &By) -> Result<(), MakeError> {
    account.disabled_at = (!may).then(|| account.disabled_at.unwrap_or_else(clock::now));
    let what = if may { "enabled" } else { "disabled" };
    let entry = by.entry("account.changed", &format!("{} {} {what}", account.id, account.name));
    store.account_update(&account, Role::SecurityAdmin.as_str(), &entry).await?;
    if !may {
        store.sessions_end(&account.id, None).await?;
    }
    Ok(())
}

/// Forgets the wrong passwords of an account, so that it may be tried again at once.
pub async fn account_unlock(store: &Store, account: &AccountRow, by: &By) -> Result<bool, StoreError> {
    let had = store.sign_in_forgiven("account", &account.name).await?;
    let entry = by.entry("account.unlocked", &format!("{} {}", account.id, account.name));
    store.audit_log_append(&[entry]).await?;
    Ok(had)
}

/// Makes a key for a program. It is shown once, by the caller; the hub keeps a hash.
pub async fn api_key_make(store: &Store, new: NewKey, by: &By) -> Result<(ApiKey, ApiKeyRow), MakeError> {
    let name = text_read("name", &new.name, DISPLAY_NAME_CHARS_MAX)?;
    let roles = new.grants.roles();
    if roles.is_empty() {
        return Err(MakeError::NoRoles);
    }
    // A key that could make accounts would be an account without a second factor.
    if let Some(role) = roles.iter().find(|role| **role == Role::SecurityAdmin) {
        return Err(MakeError::KeyRole(*role));
    }
    if let Some(reason) = conflict(&roles) {
        return Err(MakeError::Conflict(reason));
    }
    let now = clock::now();
    if let Some(at) = new.expires_at.filter(|at| *at <= now) {
        return Err(MakeError::Over(at));
    }
    let key = ApiKey::random()?;
    let grants = serde_json::to_string(&new.grants.written()).expect("roles and sites are text");
    let row = ApiKeyRow {
        id: key.id().to_owned(),
        secret_hash: key.kept(),
        name,
        grants,
        created_at: now,
        created_by: by.actor.name.clone(),
        expires_at: new.expires_at,
        used_at: None,
        revoked_at: None,
    };
    let entry = by.entry("api_key.made", &format!("{} {} {}", row.id, row.name, row.grants));
    store.api_key_insert(&row, &entry).await?;
    Ok((key, row))
}
