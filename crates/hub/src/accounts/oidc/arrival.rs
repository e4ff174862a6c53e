//! Letting in whoever the provider vouches for: finding or making the account, and opening its session.

use std::net::IpAddr;

use store::{AccountError, AccountRow, LogActor};
use tracing::warn;

use super::OidcError;
use super::claims::Identity;
use crate::accounts::Role;
use crate::accounts::make::{By, MakeError, NewAccount, Order, account_make, rows_of};
use crate::accounts::principal::{Caller, nobody};
use crate::accounts::reception::{LoginFailure, Reception};
use crate::accounts::role::conflict;
use crate::accounts::scope::Grants;
use crate::clock;

/// Somebody whom the provider vouches for, at the door.
pub(crate) struct Arrival<'a> {
    pub(crate) reception: &'a Reception,
    pub(crate) address: IpAddr,
    pub(crate) agent: &'a str,
}

impl Arrival<'_> {
    /// Opens a session for whoever `identity` is. Every outcome is written down.
    pub(crate) async fn let_in(&self, identity: &Identity) -> Result<Caller, OidcError> {
        match self.admit(identity).await {
            Ok(account) => {
                let store = &self.reception.store;
                store.account_signed_in(&account.id, clock::now(), None).await?;
                let issuer = identity.external_id.split(' ').next().unwrap_or_default();
                let subject = format!("{} {issuer}", account.name);
                let caller = self.reception.open(account, self.address, self.agent).await?;
                let entry = caller.entry(clock::now(), "session.opened", subject);
                self.reception.audit.record(entry).await.map_err(LoginFailure::from)?;
                Ok(caller)
            }
            Err(error) => Err(self.refused(&identity.name, error).await),
        }
    }

    /// Writes down that somebody is not let in, and gives the reason back; where it cannot be written, that is the reason.
    pub(crate) async fn refused(&self, name: &str, error: OidcError) -> OidcError {
        let by = By { actor: nobody(name), address: self.address.to_string() };
        let mut entry = by.entry("session.opened", name);
        entry.outcome = error.outcome();
        match self.reception.audit.record(entry).await {
            Ok(()) => error,
            Err(unwritten) => OidcError::Failed(unwritten.into()),
        }
    }

    async fn admit(&self, identity: &Identity) -> Result<AccountRow, OidcError> {
        let store = &self.reception.store;
        // What changes of an account is the provider's word, not its owner's.
        let actor = LogActor { kind: "program", id: String::new(), name: "identity provider".to_owned() };
        let by = &By { actor, address: self.address.to_string() };
        // Otherwise whoever comes first from the provider would shut the door that the setup code opens.
        if store.account_count().await? == 0 {
            return Err(OidcError::NoAccounts);
        }
        let known = store.account_by_external_id(&identity.external_id).await?;
        if known.as_ref().is_some_and(|account| account.disabled_at.is_some()) {
            return Err(OidcError::Disabled);
        }
        let roles = identity.grants.roles();
        let refusal = match conflict(&roles) {
            Some(reason) => Some(OidcError::Conflict(reason)),
            None if roles.is_empty() => Some(OidcError::NoRole),
            None => None,
        };
        if let Some(refusal) = refusal {
            if let Some(account) = known.filter(|account| !account.roles.is_empty()) {
                self.stripped(account, by).await?;
            }
            return Err(refusal);
        }
        if !identity.has_second_factor && !self.reception.config.totp_for.is_disjoint(&roles) {
            return Err(OidcError::SecondFactor);
        }
        match known {
            Some(account) => self.brought_up_to_date(account, identity, by).await,
            None => self.made(identity, by).await,
        }
    }

    async fn made(&self, identity: &Identity, by: &By) -> Result<AccountRow, OidcError> {
        let new = NewAccount {
            name: identity.name.clone(),
            display_name: identity.display_name.clone(),
            language: identity.language.to_owned(),
            password: None,
            must_change_password: false,
            external_id: Some(identity.external_id.clone()),
            grants: identity.grants.clone(),
        };
        let error = match account_make(&self.reception.store, new, Order::Later, by).await {
            Ok(account) => return Ok(account),
            Err(error) => error,
        };
        // The same person may have come by two windows at once.
        let by_other = self.reception.store.account_by_external_id(&identity.external_id).await?;
        by_other.filter(|account| account.disabled_at.is_none()).ok_or_else(|| {
            warn!(
                error = &error as &dyn std::error::Error,
                "no account can be made for somebody of the identity provider"
            );
            OidcError::Make(error)
        })
    }

    /// The account with the roles and the name that the provider says by now. Sessions with other roles end.
    async fn brought_up_to_date(
        &self,
        mut account: AccountRow,
        identity: &Identity,
        by: &By,
    ) -> Result<AccountRow, OidcError> {
        let roles = rows_of(&identity.grants);
        let has_other_roles = account.roles != roles;
        if !has_other_roles && account.display_name == identity.display_name {
            return Ok(account);
        }
        account.roles = roles;
        account.display_name.clone_from(&identity.display_name);
        self.changed(account, &identity.grants, has_other_roles, by).await
    }

    /// Takes every role from somebody to whom the provider gives none any more.
    async fn stripped(&self, mut account: AccountRow, by: &By) -> Result<(), OidcError> {
        account.roles.clear();
        self.changed(account, &Grants::default(), true, by).await.map(drop)
    }

    async fn changed(
        &self,
        mut account: AccountRow,
        grants: &Grants,
        ends_sessions: bool,
        by: &By,
    ) -> Result<AccountRow, OidcError> {
        let store = &self.reception.store;
        let written = serde_json::to_string(&grants.written()).unwrap_or_default();
        let subject = format!("{} {} grants {written}", account.id, account.name);
        let entry = by.entry("account.changed", &subject);
        match store.account_update(&account, Role::SecurityAdmin.as_str(), &entry).await {
            Ok(version) => account.version = version,
            Err(error) => {
                if matches!(error, AccountError::Last(_)) {
                    // The role stays, so that the hub has somebody who can give it to another; who is in is out.
                    store.sessions_end(&account.id, None).await?;
                }
                warn!(error = &error as &dyn std::error::Error, "what the identity provider says cannot be written");
                return Err(OidcError::Make(MakeError::from(error)));
            }
        }
        if ends_sessions {
            store.sessions_end(&account.id, None).await?;
        }
        Ok(account)
    }
}
