//! Which sites there are, and which of them somebody may see.

use domain::SiteId;

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::row::named;

/// Sites to which a query is limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sites {
    /// Every site.
    #[default]
    All,
    /// These; nothing is given where there is none.
    Only(Vec<SiteId>),
}

impl Sites {
    /// Whether `site` is among them.
    pub fn include(&self, site: &SiteId) -> bool {
        match self {
            Self::All => true,
            Self::Only(sites) => sites.contains(site),
        }
    }

    /// Those that are among both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, sites) | (sites, Self::All) => sites,
            (Self::Only(sites), Self::Only(others)) => {
                Self::Only(sites.into_iter().filter(|site| others.contains(site)).collect())
            }
        }
    }

    /// Limits a query whose text has its `where` already. Rows whose `column` is null are of no site, and given only where
    /// every site is.
    pub(crate) fn push(&self, query: &mut Query, column: &str) {
        match self {
            Self::All => {}
            Self::Only(sites) => match sites.as_slice() {
                [] => {
                    query.push(" and false");
                }
                [site] => {
                    query.push(format_args!(" and {column} = ")).push_bind(site.as_str());
                }
                [first, rest @ ..] => {
                    query.push(format_args!(" and {column} in (")).push_bind(first.as_str());
                    for site in rest {
                        query.push(", ").push_bind(site.as_str());
                    }
                    query.push(")");
                }
            },
        }
    }
}

impl From<Option<SiteId>> for Sites {
    fn from(site: Option<SiteId>) -> Self {
        site.map_or(Self::All, |site| Self::Only(vec![site]))
    }
}

impl Store {
    /// The names of all sites that the hub has heard of: by a node, an invitation, a gate or a policy.
    pub async fn site_names(&self) -> Result<Vec<SiteId>, StoreError> {
        let names = Query::new(
            "select site from node union select site from enrolment union select site from gate_node \
             union select site from policy union select site from policy_draft order by 1",
        );
        names.fetch_texts(&self.inner.db).await?.iter().map(|name| named("a site", name)).collect()
    }
}
