//! Who asks, once the hub knows.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{SiteId, UtcTime};
use store::{AccountRow, LogActor, LogEntry};

use crate::accounts::rate::Asker;
use crate::accounts::role::{Permission, Role};
use crate::accounts::scope::{Grants, SiteScope};
use crate::accounts::token::SessionToken;

/// What a session must see to before it may do anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Duty {
    /// Set a password that nobody else knows.
    Password,
    /// Set up a second factor.
    Totp,
}

/// A session of an account.
#[derive(Debug)]
pub(crate) struct OpenSession {
    pub(crate) account: AccountRow,
    pub(crate) token: SessionToken,
    pub(crate) id: String,
    pub(crate) expires_at: UtcTime,
    pub(crate) duties: Vec<Duty>,
}

/// How somebody got in.
#[derive(Debug)]
pub(crate) enum Entrance {
    Session(Box<OpenSession>),
    ApiKey { id: String, name: String },
}

/// Who asks. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entrance: Entrance,
    grants: Grants,
    address: IpAddr,
}

impl Caller {
    pub(crate) fn new(entrance: Entrance, grants: Grants, address: IpAddr) -> Self {
        Self(Arc::new(Inner { entrance, grants, address }))
    }

    /// The sites at which the caller holds `permission`. Nothing is held while a duty is open.
    pub(crate) fn sites(&self, permission: Permission) -> SiteScope {
        match &self.0.entrance {
            Entrance::Session(session) if !session.duties.is_empty() => SiteScope::none(),
            Entrance::Session(_) | Entrance::ApiKey { .. } => self.0.grants.scope(permission),
        }
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        !self.sites(permission).is_none()
    }

    /// What is held anywhere.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        Permission::ALL.into_iter().filter(|permission| self.may(*permission)).collect()
    }

    pub(crate) fn roles(&self) -> Vec<Role> {
        self.0.grants.roles().into_iter().collect()
    }

    /// Every site where any role holds.
    pub(crate) fn all_sites(&self) -> SiteScope {
        self.0.grants.sites()
    }

    pub(crate) fn session(&self) -> Option<&OpenSession> {
        match &self.0.entrance {
            Entrance::Session(session) => Some(session),
            Entrance::ApiKey { .. } => None,
        }
    }

    pub(crate) fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    /// Whether the caller is the account with this id.
    pub(crate) fn is_account(&self, id: &str) -> bool {
        self.session().is_some_and(|session| session.account.id == id)
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.0.address
    }

    /// Whose requests are counted together.
    pub(crate) fn asker(&self) -> Asker {
        match &self.0.entrance {
            Entrance::Session(session) => Asker::Account(session.account.id.clone()),
            Entrance::ApiKey { id, .. } => Asker::ApiKey(id.clone()),
        }
    }

    /// A name of the caller that no other caller has.
    pub(crate) fn key(&self) -> String {
        match &self.0.entrance {
            Entrance::Session(session) => format!("account:{}", session.account.id),
            Entrance::ApiKey { id, .. } => format!("api_key:{id}"),
        }
    }

    /// The name for people.
    pub(crate) fn name(&self) -> &str {
        match &self.0.entrance {
            Entrance::Session(session) => &session.account.name,
            Entrance::ApiKey { name, .. } => name,
        }
    }

    pub(crate) fn actor(&self) -> LogActor {
        match &self.0.entrance {
            Entrance::Session(session) => {
                LogActor { kind: "account", id: session.account.id.clone(), name: session.account.name.clone() }
            }
            Entrance::ApiKey { id, name } => LogActor { kind: "api_key", id: id.clone(), name: name.clone() },
        }
    }

    /// A row of the audit log by this caller.
    pub(crate) fn entry(&self, at: UtcTime, action: impl Into<String>, subject: impl Into<String>) -> LogEntry {
        LogEntry {
            at,
            actor: self.actor(),
            address: self.0.address.to_string(),
            action: action.into(),
            site: None,
            subject: subject.into(),
            purpose: None,
            outcome: "done".to_owned(),
        }
    }

    /// Whether the caller may see something of this site by `permission`.
    pub(crate) fn sees(&self, permission: Permission, site: &SiteId) -> bool {
        self.sites(permission).includes(site)
    }
}

/// Somebody whom the hub does not know.
pub(crate) fn nobody(name: &str) -> LogActor {
    LogActor { kind: "nobody", id: String::new(), name: name.to_owned() }
}
