//! Signing in at an identity provider, such as the national sign-on: OpenID Connect Core 1.0, authorisation code with PKCE.
//!
//! The browser is sent to the provider and comes back with a code; the hub changes the code for an ID token at the
//! provider itself, checks the token's signature by the provider's published keys ([`token`]), and maps its claims to
//! roles and sites by its own configuration ([`claims`]). What must come back unchanged is kept in the database and taken
//! out once, by the browser that began ([`begun`]). Whoever then comes in gets a session like everybody else's
//! ([`arrival`]).
//!
//! An account is somebody's by the provider's issuer and subject, never by a name or an address of mail: those are what
//! the provider lets people write.

mod arrival;
mod begun;
mod claims;
mod provider;
mod token;

use std::collections::BTreeSet;
use std::path::PathBuf;

use thiserror::Error;
use url::Url;

use crate::accounts::Role;
use crate::accounts::make::MakeError;
use crate::accounts::reception::LoginFailure;
use crate::accounts::scope::{Grant, GrantsError};
use crate::broker::Secret;

pub(crate) use arrival::Arrival;
pub(crate) use begun::{BEGUN_MAX, Begun};
pub(crate) use claims::identity;
pub(crate) use provider::{Provider, authorities, is_safe, word};
pub use token::TokenFault;

/// An identity provider, and what its claims mean here.
#[derive(Debug, Clone, PartialEq)]
pub struct OidcConfig {
    /// The provider's issuer, exactly as it writes itself: its discovery document is below it.
    pub issuer: String,
    /// The name under which the provider knows this hub.
    pub client_id: String,
    /// The secret that the provider gave to this hub; none for a public client, which PKCE alone protects.
    pub client_secret: Option<Secret>,
    /// Where the provider sends browsers back to: this hub's `/api/v1/oidc/callback`, as browsers see it.
    pub redirect_url: Url,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// What the page calls the provider.
    pub label: String,
    /// The claim that gives an account its name.
    pub name_claim: String,
    /// The claim that names a person for people.
    pub display_name_claim: String,
    /// The authority that signed the provider's certificate, where it is none that everybody knows; in PEM.
    pub ca: Option<(PathBuf, Vec<u8>)>,
    /// Whether the provider has to ask for a proof each time, though it still knows the browser.
    pub is_asked_each_time: bool,
    /// Whether what the token leaves out is asked for at the provider's address for user information.
    pub asks_user_info: bool,
    /// How the provider tells that a second factor was shown; nothing where it does not.
    pub second_factor: Option<ClaimIs>,
    /// Which claims give which roles. Whoever gets none is not let in.
    pub grants: Vec<ClaimGrant>,
}

/// A claim that is, or holds, one of these.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimIs {
    /// The claim; a path with dots leads into objects, as in `realm_access.roles`.
    pub claim: String,
    /// What it must be, or hold where it is a list: any of these.
    pub values: BTreeSet<String>,
}

/// A claim that gives a role.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimGrant {
    /// The claim.
    pub when: ClaimIs,
    /// The role and where it holds.
    pub grant: Grant,
    /// A claim that names the sites where it holds, in place of those of `grant`: a text or a list of texts.
    pub sites_claim: Option<String>,
}

impl OidcConfig {
    /// Roles that the provider's word can give.
    pub fn roles(&self) -> BTreeSet<Role> {
        self.grants.iter().map(|grant| grant.grant.role).collect()
    }
}

/// Why somebody who comes from the provider is not let in.
#[derive(Debug, Error)]
pub(crate) enum OidcError {
    #[error("the provider says: {0}")]
    RefusedThere(String),
    #[error("this is not a sign-in that was begun in this browser, or it took too long, or it was finished before")]
    NotBegun,
    #[error("the provider does not take the code: it is of another sign-in, over, or was used before")]
    Code,
    #[error("the provider cannot be asked: {0}")]
    Provider(String),
    #[error("too many sign-ins at the provider are under way")]
    Busy,
    #[error("the provider's token is not taken: {0}")]
    Token(#[from] TokenFault),
    #[error("the provider's token has no claim \"{0}\" that is a text")]
    Claim(String),
    #[error("nothing that the provider says of this person gives a role here")]
    NoRole,
    #[error("what the provider says of this person gives roles that do not go together: {0}")]
    Conflict(&'static str),
    #[error("what the provider says of this person cannot be taken: {0}")]
    Grants(#[from] GrantsError),
    #[error("a role of this person takes a second factor, and the provider does not say that one was shown")]
    SecondFactor,
    #[error("this account was disabled")]
    Disabled,
    #[error("the first account of the hub is made on the hub")]
    NoAccounts,
    #[error("the account cannot be written")]
    Make(#[source] MakeError),
    #[error(transparent)]
    Failed(#[from] LoginFailure),
}

impl From<store::StoreError> for OidcError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl OidcError {
    /// What the page is told: a word of this list and nothing of what the provider or somebody else wrote.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::RefusedThere(_) => "refused_there",
            Self::NotBegun | Self::Code => "not_begun",
            Self::Provider(_) | Self::Busy => "provider_away",
            Self::Token(_) | Self::Claim(_) | Self::Grants(_) => "token_refused",
            Self::NoRole => "no_role",
            Self::Conflict(_) => "roles_conflict",
            Self::SecondFactor => "second_factor",
            Self::Disabled => "disabled",
            Self::NoAccounts => "no_accounts",
            Self::Make(_) | Self::Failed(_) => "failed",
        }
    }

    /// What the audit log is told.
    pub(crate) fn outcome(&self) -> String {
        match self {
            Self::Token(fault) => format!("token_refused: {fault}"),
            Self::Claim(_) | Self::Grants(_) | Self::RefusedThere(_) => format!("{}: {self}", self.word()),
            Self::Code => "code_refused".to_owned(),
            Self::NotBegun
            | Self::Provider(_)
            | Self::Busy
            | Self::NoRole
            | Self::Conflict(_)
            | Self::SecondFactor
            | Self::Disabled
            | Self::NoAccounts
            | Self::Make(_)
            | Self::Failed(_) => self.word().to_owned(),
        }
    }
}
