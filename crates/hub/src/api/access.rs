//! Who may ask what: one table of all routes, and the guard that asks it before any handler runs.
//!
//! A route that is not in the table is not served: the hub refuses to start with one, and the guard lets nothing through
//! that it does not find. How far a caller sees, a handler asks the [`Caller`]: every query is limited to the sites where
//! the caller holds the route's permission.

mod guard;
mod idempotency;
mod table;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::accounts::principal::Caller;
use crate::api::problem::Problem;

pub(crate) use guard::{COOKIE, Origin, broken, cookie_of, empty, guard};
pub(crate) use idempotency::key as idempotency_key;
pub use table::{Access, who_may};
pub(crate) use table::{TABLE, find, missing};

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The guard puts it there; a route that is public by mistake gives nothing away.
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::of("login_needed", StatusCode::UNAUTHORIZED, "sign in first"))
    }
}
