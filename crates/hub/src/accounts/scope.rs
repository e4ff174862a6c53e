//! Where a role holds: at every site or at named ones, and what follows for each permission.

use std::collections::{BTreeMap, BTreeSet};

use domain::SiteId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::accounts::role::{Permission, Role};

/// Most roles and sites that one account or key may be given together.
pub const GRANTS_MAX: usize = 500;

/// Sites that somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteScope {
    /// Every site, those of tomorrow among them.
    All,
    /// These; none where it is empty.
    Only(BTreeSet<SiteId>),
}

impl SiteScope {
    /// No site.
    pub const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether `site` is among them.
    pub fn includes(&self, site: &SiteId) -> bool {
        match self {
            Self::All => true,
            Self::Only(sites) => sites.contains(site),
        }
    }

    /// Whether it is no site at all.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(sites) if sites.is_empty())
    }

    /// Whether every site is among them.
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Of these sites only `site`, where one is named.
    #[must_use]
    pub fn narrowed(&self, site: Option<&SiteId>) -> Self {
        match site {
            None => self.clone(),
            Some(site) if self.includes(site) => Self::Only(BTreeSet::from([site.clone()])),
            Some(_) => Self::none(),
        }
    }

    fn join(&mut self, other: &Self) {
        match (self, other) {
            (Self::All, _) => {}
            (scope @ Self::Only(_), Self::All) => *scope = Self::All,
            (Self::Only(sites), Self::Only(more)) => sites.extend(more.iter().cloned()),
        }
    }

    /// `*`, or the names of the sites.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::All => vec![EVERYWHERE.to_owned()],
            Self::Only(sites) => sites.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&SiteScope> for store::Sites {
    fn from(scope: &SiteScope) -> Self {
        match scope {
            SiteScope::All => Self::All,
            SiteScope::Only(sites) => Self::Only(sites.iter().cloned().collect()),
        }
    }
}

/// What stands for every site.
pub const EVERYWHERE: &str = "*";

/// The roles of an account or key, each with where it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<Role, SiteScope>);

/// One role and where it holds, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Names of sites, or `*` for every one.
    pub sites: Vec<String>,
}

/// Why roles are not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantsError {
    /// A role without a site holds nowhere.
    #[error("{0}: give the sites where it holds, or \"*\" for every one")]
    Nowhere(Role),
    /// A name is no site's.
    #[error("{role}: \"{name}\" is no site: {why}, or \"*\" for every one")]
    Site {
        /// The role.
        role: Role,
        /// What was given.
        name: String,
        /// Why.
        why: String,
    },
    /// Too many.
    #[error("{0} roles and sites are too many: {GRANTS_MAX} are accepted")]
    TooMany(usize),
    /// The role is about the whole hub.
    #[error("{0} is about the hub as a whole: \"*\" is accepted")]
    Whole(Role),
}

impl Grants {
    /// From what was written. A role that stands there twice holds at the sites of both.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, GrantsError> {
        let mut read = BTreeMap::new();
        let mut count = 0;
        for Grant { role, sites } in grants {
            count += sites.len().max(1);
            if sites.is_empty() {
                return Err(GrantsError::Nowhere(role));
            }
            let scope: &mut SiteScope = read.entry(role).or_insert_with(SiteScope::none);
            for name in sites {
                if name == EVERYWHERE {
                    scope.join(&SiteScope::All);
                    continue;
                }
                let site = name.parse::<SiteId>();
                let site =
                    site.map_err(|error| GrantsError::Site { role, name: name.clone(), why: error.to_string() })?;
                if role.permissions().iter().all(|permission| permission.is_of_the_whole()) {
                    return Err(GrantsError::Whole(role));
                }
                scope.join(&SiteScope::Only(BTreeSet::from([site])));
            }
        }
        if count > GRANTS_MAX {
            return Err(GrantsError::TooMany(count));
        }
        Ok(Self(read))
    }

    /// These roles at every site.
    pub fn everywhere(roles: impl IntoIterator<Item = Role>) -> Self {
        Self(roles.into_iter().map(|role| (role, SiteScope::All)).collect())
    }

    /// The roles.
    pub fn roles(&self) -> BTreeSet<Role> {
        self.0.keys().copied().collect()
    }

    /// Each role with where it holds.
    pub fn written(&self) -> Vec<Grant> {
        self.0.iter().map(|(role, scope)| Grant { role: *role, sites: scope.names() }).collect()
    }

    /// Every site where any role holds.
    pub fn sites(&self) -> SiteScope {
        let mut all = SiteScope::none();
        self.0.values().for_each(|scope| all.join(scope));
        all
    }

    /// The sites at which `permission` is held; none where it is not.
    pub fn scope(&self, permission: Permission) -> SiteScope {
        let mut held = SiteScope::none();
        for (role, scope) in &self.0 {
            if role.permissions().contains(&permission) && (scope.is_all() || !permission.is_of_the_whole()) {
                held.join(scope);
            }
        }
        held
    }

    /// Whether `permission` is held anywhere.
    pub fn allow(&self, permission: Permission) -> bool {
        !self.scope(permission).is_none()
    }

    /// What is held anywhere.
    pub fn permissions(&self) -> Vec<Permission> {
        Permission::ALL.into_iter().filter(|permission| self.allow(*permission)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, sites: &[&str]) -> Grant {
        Grant { role, sites: sites.iter().map(|site| (*site).to_owned()).collect() }
    }

    fn site(name: &str) -> SiteId {
        name.parse().expect("a site")
    }

    #[test]
    fn each_permission_holds_where_the_roles_hold_that_give_it() {
        let grants = Grants::new([grant(Role::Viewer, &["a"]), grant(Role::GateOperator, &["b"])]).expect("they are");
        let scope = grants.scope(Permission::FiguresRead);
        assert!(scope.includes(&site("a")) && scope.includes(&site("b")) && !scope.includes(&site("c")));
        let scope = grants.scope(Permission::PlatesRead);
        assert!(!scope.includes(&site("a")) && scope.includes(&site("b")));
        assert!(!grants.allow(Permission::AccountsRead));
        assert_eq!(grants.sites().names(), ["a", "b"]);
        assert!(scope.narrowed(Some(&site("a"))).is_none());
        assert_eq!(scope.narrowed(Some(&site("b"))).names(), ["b"]);
        assert_eq!(SiteScope::All.narrowed(Some(&site("b"))).names(), ["b"]);
    }

    #[test]
    fn what_is_about_the_whole_hub_is_not_given_by_half_a_role() {
        assert_eq!(Grants::new([grant(Role::SecurityAdmin, &["a"])]), Err(GrantsError::Whole(Role::SecurityAdmin)));
        // An auditor of one site would read the log of all.
        let grants = Grants::new([grant(Role::Auditor, &["a"])]).expect("policies of one site are of that site");
        assert!(!grants.allow(Permission::AuditLogRead) && grants.allow(Permission::PoliciesRead));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (grants, says) in [
            (vec![grant(Role::Viewer, &[])], "give the sites"),
            (vec![grant(Role::Viewer, &["Hà Nội"])], "a-z"),
            (vec![grant(Role::Viewer, &vec!["a"; GRANTS_MAX + 1])], "too many"),
        ] {
            let error = Grants::new(grants).expect_err("it cannot be meant").to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let grants = Grants::new([grant(Role::Viewer, &["b", "a"]), grant(Role::SystemAdmin, &["*", "a"])]);
        let grants = grants.expect("they are");
        assert_eq!(Grants::new(grants.written()), Ok(grants.clone()));
        assert_eq!(grants.written()[1].sites, ["*"]);
    }
}
