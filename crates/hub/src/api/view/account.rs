//! Accounts, sessions and keys as the API shows them.

use domain::UtcTime;
use serde::Serialize;
use store::{AccountRow, ApiKeyRow, AuditLogRow, AuditVerdict, AuditVerified, SessionRow};
use utoipa::ToSchema;

use crate::accounts::principal::{Caller, Duty, OpenSession};
use crate::accounts::{Grant, Permission, Role};

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Its id.
    id: String,
    /// Name to sign in with.
    name: String,
    /// Name for people.
    display_name: String,
    /// Language of the pages: `vi` or `en`.
    language: String,
}

/// A session: who is signed in, and what he may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// The account.
    account: Me,
    /// Its roles.
    roles: Vec<Role>,
    /// Sites where any of them holds; `*` for every one.
    sites: Vec<String>,
    /// What may be done somewhere. Empty while a duty is open.
    permissions: Vec<Permission>,
    /// What must be seen to before anything else.
    duties: Vec<Duty>,
    /// Whether the account has a second factor.
    has_totp: bool,
    /// What writes send in the header `x-csrf-token`.
    csrf: String,
    /// When the session ends unless its person is heard.
    expires_at: String,
}

impl Session {
    pub(crate) fn new(caller: &Caller, session: &OpenSession) -> Self {
        let AccountRow { id, name, display_name, language, totp, .. } = &session.account;
        Self {
            account: Me {
                id: id.clone(),
                name: name.clone(),
                display_name: display_name.clone(),
                language: language.clone(),
            },
            roles: caller.roles(),
            sites: caller.all_sites().names(),
            permissions: caller.permissions(),
            duties: session.duties.clone(),
            has_totp: totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()),
            csrf: session.token.csrf(),
            expires_at: session.expires_at.to_string(),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    /// Its id.
    id: String,
    /// Name to sign in with.
    name: String,
    /// Name for people.
    display_name: String,
    /// Language of the pages: `vi` or `en`.
    language: String,
    /// What it may be, and where.
    grants: Vec<Grant>,
    /// Whether it may sign in.
    enabled: bool,
    /// Since when it may not.
    disabled_at: Option<String>,
    /// Whether it has a password; one that signs in elsewhere has none.
    has_password: bool,
    /// Whether it signs in at the identity provider, which says its roles each time anew.
    signs_in_elsewhere: bool,
    /// Until when it is locked after wrong passwords; nothing where it is not.
    locked_until: Option<String>,
    /// Whether it has a second factor.
    has_totp: bool,
    /// Whether it has to set another password.
    must_change_password: bool,
    /// When its password was set.
    password_at: String,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// When it signed in last.
    signed_in_at: Option<String>,
    /// Number of its last change; as `ETag` what a change must name in `If-Match`.
    version: u64,
}

impl Account {
    pub(crate) fn new(row: &AccountRow, grants: Vec<Grant>, locked_until: Option<UtcTime>) -> Self {
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            display_name: row.display_name.clone(),
            language: row.language.clone(),
            grants,
            enabled: row.disabled_at.is_none(),
            disabled_at: row.disabled_at.map(|at| at.to_string()),
            has_password: row.password_hash.is_some(),
            signs_in_elsewhere: row.external_id.is_some(),
            locked_until: locked_until.map(|at| at.to_string()),
            has_totp: row.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()),
            must_change_password: row.must_change_password,
            password_at: row.password_at.to_string(),
            created_at: row.created_at.to_string(),
            created_by: row.created_by.clone(),
            signed_in_at: row.signed_in_at.map(|at| at.to_string()),
            version: row.version,
        }
    }
}

/// An open session of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenedSession {
    /// Its name.
    id: String,
    /// Whether it is the one that asks.
    is_this: bool,
    /// When it was opened.
    opened_at: String,
    /// When its person was heard last.
    seen_at: String,
    /// From which address it was opened.
    address: String,
    /// What the browser calls itself.
    agent: String,
}

impl OpenedSession {
    pub(crate) fn new(row: &SessionRow, caller: &Caller) -> Self {
        Self {
            id: row.id.clone(),
            is_this: caller.session().is_some_and(|session| session.id == row.id),
            opened_at: row.opened_at.to_string(),
            seen_at: row.seen_at.to_string(),
            address: row.address.clone(),
            agent: row.agent.clone(),
        }
    }
}

/// A key for a program, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// The part of the key that names it.
    id: String,
    /// What it is for.
    name: String,
    /// What it may be, and where.
    grants: Vec<Grant>,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// When it ends by itself.
    expires_at: Option<String>,
    /// When it was used last, to the hour.
    used_at: Option<String>,
    /// When it was taken back.
    revoked_at: Option<String>,
}

impl From<&ApiKeyRow> for ApiKey {
    fn from(row: &ApiKeyRow) -> Self {
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            // What this version cannot read gives nothing either.
            grants: serde_json::from_str(&row.grants).unwrap_or_default(),
            created_at: row.created_at.to_string(),
            created_by: row.created_by.clone(),
            expires_at: row.expires_at.map(|at| at.to_string()),
            used_at: row.used_at.map(|at| at.to_string()),
            revoked_at: row.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// A row of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLogEntry {
    /// Place in the chain.
    seq: u64,
    /// When.
    at: String,
    /// What kind of actor: `account`, `api_key`, `program` or `nobody`.
    actor_kind: String,
    /// Its id.
    actor_id: String,
    /// Its name at that time.
    actor: String,
    /// From which address.
    address: String,
    /// What was done: method and path of the API, or a name such as `session.opened`.
    action: String,
    /// At which site, where it was about one.
    site: Option<String>,
    /// To whom or what: an id, or what was searched for.
    subject: String,
    /// For what, by the actor's word.
    purpose: Option<String>,
    /// How it ended: `done`, an HTTP status, or why it was refused.
    outcome: String,
    /// The row's hash.
    hash: String,
}

impl From<AuditLogRow> for AuditLogEntry {
    fn from(row: AuditLogRow) -> Self {
        let AuditLogRow {
            seq,
            at,
            actor_kind,
            actor_id,
            actor,
            address,
            action,
            site,
            subject,
            purpose,
            outcome,
            hash,
            ..
        } = row;
        let at = at.to_string();
        Self { seq, at, actor_kind, actor_id, actor, address, action, site, subject, purpose, outcome, hash }
    }
}

/// Whether the audit log is what it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLogCheck {
    /// Whether every row is there and as it was written.
    whole: bool,
    /// Rows that were read.
    rows: u64,
    /// Place of the first row that is not what it was.
    broken_seq: Option<u64>,
    /// What is wrong there.
    what: Option<String>,
    /// The end of the chain, `NUMBER:HASH`: written down elsewhere, it shows later whether the chain was rewritten.
    head: String,
}

impl From<AuditVerified> for AuditLogCheck {
    fn from(verified: AuditVerified) -> Self {
        let (broken_seq, what) = match verified.verdict {
            AuditVerdict::Whole => (None, None),
            AuditVerdict::Broken { seq, what } => (Some(seq), Some(what)),
        };
        let head = verified.head.to_string();
        Self { whole: broken_seq.is_none(), rows: verified.rows, broken_seq, what, head }
    }
}
