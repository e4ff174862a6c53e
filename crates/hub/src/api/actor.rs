//! A caller, limited to the sites where he holds what the route asks for.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::SiteId;
use store::Sites;

use crate::accounts::principal::Caller;
use crate::accounts::{Permission, SiteScope};
use crate::api::access::{Access, find};
use crate::api::problem::Problem;

/// Whoever asks, within one permission.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    caller: Caller,
    scope: SiteScope,
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        let scope = match path.and_then(|path| find(&parts.method, path)).map(|route| route.access) {
            Some(Access::May(permission) | Access::OwnOr(permission)) => caller.sites(permission),
            Some(Access::Public | Access::Machine | Access::SignedIn | Access::Own) | None => SiteScope::none(),
        };
        Ok(Self { caller, scope })
    }
}

impl Actor {
    /// The name that is written down beside what he does.
    pub(crate) fn name(&self) -> String {
        self.caller.name().to_owned()
    }

    /// Whether he may see a site.
    pub(crate) fn sees(&self, site: &SiteId) -> bool {
        self.scope.includes(site)
    }

    /// Whether he may see every site, those of tomorrow among them.
    pub(crate) const fn sees_all(&self) -> bool {
        self.scope.is_all()
    }

    /// The sites that a query may give: his, and of those the one that is asked for.
    pub(crate) fn sites(&self, only: Option<&SiteId>) -> Sites {
        (&self.scope.narrowed(only)).into()
    }

    /// The same caller within another permission, which the route does not ask for; refused where he holds it nowhere.
    pub(crate) fn within(&self, permission: Permission, what: &str) -> Result<Self, Problem> {
        let scope = self.caller.sites(permission);
        if scope.is_none() {
            let detail = format!(
                "{what}: this takes the permission {permission}, which \"{}\" does not hold",
                self.caller.name()
            );
            return Err(Problem::of("forbidden", StatusCode::FORBIDDEN, detail));
        }
        Ok(Self { scope, caller: self.caller.clone() })
    }
}
