//! Who may do what, and that it is written down.
//!
//! What is decided here needs no database and no network where that is possible: [`role`] and [`scope`] say who may do
//! what and where, [`password`], [`totp`], [`lockout`] and [`session`] how somebody gets in and how long he stays,
//! [`token`] what he shows, [`rate`] how often he may ask, [`origin`] where from, [`oidc`] who is let in on another's word. [`reception`] puts them together over
//! the store; the API asks it about every request (`api::access`).

pub mod lockout;
pub mod oidc;
pub mod origin;
pub mod password;
pub mod rate;
pub mod role;
pub mod scope;
pub mod session;
pub mod setup;
pub mod token;
pub mod totp;

pub(crate) mod audit;
pub(crate) mod principal;
pub(crate) mod reception;

pub(crate) mod make;

use std::collections::BTreeSet;

pub use make::{
    By, Knower, MakeError, NewAccount, NewKey, Order, account_enable, account_make, account_unlock, api_key_make,
    password_set, random_password,
};
pub use role::{Permission, Role};
pub use scope::{Grant, Grants, GrantsError, SiteScope};

use oidc::OidcConfig;
use origin::Proxies;
use rate::Rates;
use session::SessionRules;

/// How people and programs get in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoginConfig {
    /// When sessions end.
    pub sessions: SessionRules,
    /// How often anybody may ask.
    pub rates: Rates,
    /// Accounts with one of these roles need a second factor before they may do anything.
    pub totp_for: BTreeSet<Role>,
    /// Proxies that are believed when they say for whom they ask.
    pub proxies: Proxies,
    /// The identity provider at which people may sign in too.
    pub oidc: Option<OidcConfig>,
}
