//! Letting people and programs in: signing in, knowing them again with each request, and signing out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::UtcTime;
use store::{AccountRow, FailureRow, LogEntry, SessionRow, Store, StoreError, TotpRow};
use thiserror::Error;

use crate::accounts::LoginConfig;
use crate::accounts::audit::{AuditWriter, NotWritten};
use crate::accounts::lockout::{Counted, Failures};
use crate::accounts::make::{NAME_CHARS_MAX, grants_of, name_read};
use crate::accounts::password::{self, HashError};
use crate::accounts::principal::{Caller, Duty, Entrance, OpenSession, nobody};
use crate::accounts::rate::{Asker, RateLimiter};
use crate::accounts::role::Role;
use crate::accounts::scope::{Grant, Grants};
use crate::accounts::session::{Kind, Span, later};
use crate::accounts::setup::SetupCode;
use crate::accounts::token::{ApiKey, SessionToken, is_same, random_hex};
use crate::accounts::totp::TotpSecret;
use crate::broker::Secret;
use crate::clock;

/// Characters kept of what a browser calls itself.
const AGENT_CHARS_MAX: usize = 200;

/// A key's last use is written down at most so often.
const KEY_USED_EVERY: Duration = Duration::from_secs(3_600);

/// Why somebody is not let in.
#[derive(Debug, Error)]
pub(crate) enum SignInError {
    #[error("the name or the password is wrong")]
    PasswordWrong,
    #[error("give the six digits of the authenticator as well")]
    TotpNeeded,
    #[error("the six digits are wrong, or were used already: wait for the next ones")]
    TotpWrong,
    #[error("too many wrong passwords: try again in {} s", .0.as_secs().max(1))]
    Locked(Duration),
    #[error("this account was disabled: ask whoever manages the accounts")]
    Disabled,
    #[error(transparent)]
    Failed(#[from] LoginFailure),
}

/// What broke while somebody was being let in.
#[derive(Debug, Error)]
pub(crate) enum LoginFailure {
    #[error("the database cannot answer")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("the machine gives no random bytes")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
    #[error("the account is damaged: {0}")]
    Damaged(String),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What somebody types to get in.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) name: String,
    pub(crate) password: Secret,
    pub(crate) totp: Option<String>,
}

/// What a request shows.
#[derive(Debug)]
pub(crate) enum Shown {
    Session(SessionToken),
    ApiKey(ApiKey),
}

/// Lets people and programs in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Reception {
    pub(crate) store: Store,
    pub(crate) config: Arc<LoginConfig>,
    pub(crate) audit: AuditWriter,
    pub(crate) limiter: Arc<RateLimiter>,
    /// The code of the first start, while there is no account.
    pub(crate) setup: Option<Arc<SetupCode>>,
}

impl Reception {
    /// Takes one request of an asker; where he asks too often, says how long to wait.
    pub(crate) fn take(&self, asker: Asker) -> Result<(), Duration> {
        self.limiter.take(asker, Instant::now())
    }

    /// Opens a session for whoever knows the password, and the six digits where they are asked for. Every outcome is
    /// written down.
    pub(crate) async fn sign_in(
        &self,
        credentials: Credentials,
        address: IpAddr,
        agent: &str,
    ) -> Result<Caller, SignInError> {
        // One character more than a name has, so that what is too long stays no name; the log keeps no more of it.
        let name: String = credentials.name.trim().to_lowercase().chars().take(NAME_CHARS_MAX + 1).collect();
        let entry = |outcome: &str, account: Option<&AccountRow>| LogEntry {
            at: clock::now(),
            actor: match account {
                Some(account) => {
                    store::LogActor { kind: "account", id: account.id.clone(), name: account.name.clone() }
                }
                None => nobody(&name),
            },
            address: address.to_string(),
            action: "session.opened".to_owned(),
            site: None,
            subject: name.clone(),
            purpose: None,
            outcome: outcome.to_owned(),
        };
        match self.admit(&name, credentials, address).await {
            Ok(account) => {
                let caller = self.open(account, address, agent).await?;
                let account = caller.session().map(|session| &session.account);
                self.audit.record(entry("done", account)).await.map_err(LoginFailure::from)?;
                Ok(caller)
            }
            Err(error) => {
                let outcome = match &error {
                    SignInError::PasswordWrong => "password_wrong",
                    SignInError::TotpNeeded => "totp_needed",
                    SignInError::TotpWrong => "totp_wrong",
                    SignInError::Locked(_) => "locked",
                    SignInError::Disabled => "disabled",
                    SignInError::Failed(_) => "failed",
                };
                self.audit.record(entry(outcome, None)).await.map_err(LoginFailure::from)?;
                Err(error)
            }
        }
    }

    async fn admit(&self, name: &str, given: Credentials, address: IpAddr) -> Result<AccountRow, SignInError> {
        let account = self.store.account_by_name(name).await?;
        self.prove(name, account.as_ref(), given.password, address).await?;
        let account = account.ok_or(SignInError::PasswordWrong)?;
        if account.disabled_at.is_some() {
            return Err(SignInError::Disabled);
        }
        let now = clock::now();
        let mut step = None;
        if let Some(totp) = account.totp.as_ref().filter(|totp| totp.confirmed_at.is_some()) {
            let Some(code) = given.totp.filter(|code| !code.trim().is_empty()) else {
                return Err(SignInError::TotpNeeded);
            };
            step = secret_of(totp)?.step_of(&code, unix_s(now), totp.used_step);
            if step.is_none() {
                self.failed(name, Some(&account), address).await?;
                return Err(SignInError::TotpWrong);
            }
        }
        if !self.store.account_signed_in(&account.id, now, step).await? {
            return Err(SignInError::TotpWrong);
        }
        self.store.sign_in_forgiven(kind_name(Counted::Account), name).await?;
        self.store.address_refunded(&address.to_string(), name).await?;
        Ok(account)
    }

    /// Whether `password` is the one of the account with this name; as slow, and as locked, for a name that nobody has.
    pub(crate) async fn prove(
        &self,
        name: &str,
        account: Option<&AccountRow>,
        password: Secret,
        address: IpAddr,
    ) -> Result<(), SignInError> {
        let now = clock::now();
        for (kind, subject) in [(Counted::Account, name.to_owned()), (Counted::Address, address.to_string())] {
            let failures = self.store.sign_in_failures(kind_name(kind), &subject).await?;
            if let Some(wait) = failures.and_then(|row| failures_of(row).wait(kind, now)) {
                return Err(SignInError::Locked(wait));
            }
        }
        let kept = account.and_then(|account| account.password_hash.clone());
        if password::is_right(password, kept).await.map_err(LoginFailure::from)? {
            return Ok(());
        }
        self.failed(name, account, address).await?;
        Err(SignInError::PasswordWrong)
    }

    /// Counts one more failure, of the account and of the address.
    async fn failed(&self, name: &str, account: Option<&AccountRow>, address: IpAddr) -> Result<(), StoreError> {
        let now = clock::now();
        let after = |before: Option<FailureRow>| {
            let Failures { count, last_at } = Failures::after(before.map(failures_of), now);
            FailureRow { count, last_at }
        };
        // What cannot be a name is nobody's, as everybody may know: it is not kept.
        if name_read(name).is_ok() {
            self.store.sign_in_failed(kind_name(Counted::Account), name, after).await?;
        }
        let account = account.map(|account| account.name.as_str());
        self.store.address_failed(&address.to_string(), account, after).await?;
        Ok(())
    }

    /// Until when an account is locked; nothing where it is not.
    pub(crate) async fn locked_until(&self, name: &str, now: UtcTime) -> Result<Option<UtcTime>, StoreError> {
        let failures = self.store.sign_in_failures(kind_name(Counted::Account), name).await?;
        Ok(failures.and_then(|row| failures_of(row).wait(Counted::Account, now)).map(|wait| later(now, wait)))
    }

    /// Opens a session for an account that was let in.
    pub(crate) async fn open(&self, account: AccountRow, address: IpAddr, agent: &str) -> Result<Caller, LoginFailure> {
        let now = clock::now();
        let token = SessionToken::random()?;
        let row = SessionRow {
            token_hash: token.kept(),
            id: random_hex::<8>()?,
            account: account.id.clone(),
            opened_at: now,
            seen_at: now,
            address: address.to_string(),
            agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect(),
        };
        let absolute = i64::try_from(self.config.sessions.absolute.as_micros()).unwrap_or(i64::MAX);
        let oldest = UtcTime::from_unix_micros(now.as_unix_micros().saturating_sub(absolute));
        self.store.session_insert(&row, oldest.unwrap_or(UtcTime::UNIX_EPOCH)).await?;
        self.caller_of(account, row, token, address)
    }

    fn caller_of(
        &self,
        account: AccountRow,
        row: SessionRow,
        token: SessionToken,
        address: IpAddr,
    ) -> Result<Caller, LoginFailure> {
        let grants = grants_of(&account).map_err(|error| LoginFailure::Damaged(error.to_string()))?;
        let expires_at = self.config.sessions.expires_at(span(&row), kind(&grants));
        let has_totp = account.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some());
        // Whoever signs in elsewhere has shown his second factor there (`oidc::arrival`).
        let wants_totp = account.password_hash.is_some() && !self.config.totp_for.is_disjoint(&grants.roles());
        let mut duties = Vec::new();
        if account.must_change_password {
            duties.push(Duty::Password);
        }
        if wants_totp && !has_totp {
            duties.push(Duty::Totp);
        }
        let session = OpenSession { account, token, id: row.id, expires_at, duties };
        Ok(Caller::new(Entrance::Session(Box::new(session)), grants, address))
    }

    /// Who shows this; nothing where it is nobody, or no longer.
    pub(crate) async fn know(
        &self,
        shown: &Shown,
        address: IpAddr,
        presence: Presence,
    ) -> Result<Option<Caller>, LoginFailure> {
        match shown {
            Shown::Session(token) => self.know_session(token, address, presence).await,
            Shown::ApiKey(key) => self.know_key(key, address).await,
        }
    }

    async fn know_session(
        &self,
        token: &SessionToken,
        address: IpAddr,
        presence: Presence,
    ) -> Result<Option<Caller>, LoginFailure> {
        let now = clock::now();
        let Some(mut row) = self.store.session_find(&token.kept()).await? else { return Ok(None) };
        let account = self.store.account_get(&row.account).await?.filter(|account| account.disabled_at.is_none());
        let Some(account) = account else { return Ok(None) };
        let grants = grants_of(&account).map_err(|error| LoginFailure::Damaged(error.to_string()))?;
        let (rules, kind) = (&self.config.sessions, kind(&grants));
        if rules.is_over(span(&row), kind, now) {
            self.store.session_end(&row.token_hash).await?;
            return Ok(None);
        }
        if presence == Presence::Person {
            if rules.is_worth_noting(span(&row), kind, now) {
                noted(self.store.session_seen(&row.token_hash, now).await);
            }
            row.seen_at = row.seen_at.max(now);
        }
        self.caller_of(account, row, token.clone(), address).map(Some)
    }

    async fn know_key(&self, key: &ApiKey, address: IpAddr) -> Result<Option<Caller>, LoginFailure> {
        let now = clock::now();
        let Some(row) = self.store.api_key_find(key.id()).await? else { return Ok(None) };
        let is_over = row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= now);
        if is_over || !is_same(&row.secret_hash, &key.kept()) {
            return Ok(None);
        }
        if row.used_at.is_none_or(|used| now.since(used) >= KEY_USED_EVERY) {
            noted(self.store.api_key_used(&row.id, now).await);
        }
        let damaged = |error: String| LoginFailure::Damaged(format!("API key {}: {error}", row.id));
        let written: Vec<Grant> = serde_json::from_str(&row.grants).map_err(|error| damaged(error.to_string()))?;
        let grants = Grants::new(written).map_err(|error| damaged(error.to_string()))?;
        Ok(Some(Caller::new(Entrance::ApiKey { id: row.id, name: row.name }, grants, address)))
    }

    /// The same caller as things stand now; nothing where he would not be let in any more.
    pub(crate) async fn know_again(&self, caller: &Caller) -> Result<Option<Caller>, LoginFailure> {
        match caller.entrance() {
            Entrance::Session(session) => self.know_session(&session.token, caller.address(), Presence::Program).await,
            Entrance::ApiKey { id, .. } => {
                let now = clock::now();
                let row = self.store.api_key_find(id).await?;
                let holds = row.is_some_and(|row| row.revoked_at.is_none() && row.expires_at.is_none_or(|at| at > now));
                Ok(holds.then(|| caller.clone()))
            }
        }
    }
}

/// When somebody was here last is only a courtesy: a database that cannot write still answers.
fn noted(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::debug!(error = &error as &dyn std::error::Error, "it is not noted who was here");
    }
}

/// Whether a person made a request, or the page by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Person,
    Program,
}

pub(crate) fn secret_of(totp: &TotpRow) -> Result<TotpSecret, LoginFailure> {
    TotpSecret::from_hex(&totp.secret).map_err(|error| LoginFailure::Damaged(error.to_string()))
}

pub(crate) fn unix_s(at: UtcTime) -> u64 {
    u64::try_from(at.as_unix_micros() / 1_000_000).unwrap_or(0)
}

fn span(row: &SessionRow) -> Span {
    Span { opened_at: row.opened_at, seen_at: row.seen_at }
}

fn kind(grants: &Grants) -> Kind {
    if grants.roles().into_iter().any(Role::is_admin) { Kind::Admin } else { Kind::User }
}

const fn kind_name(kind: Counted) -> &'static str {
    match kind {
        Counted::Account => "account",
        Counted::Address => "address",
    }
}

fn failures_of(row: FailureRow) -> Failures {
    Failures { count: row.count, last_at: row.last_at }
}
