//! Keys and names that tests of several messages share.

use domain::{NodeId, SiteId};

use crate::policy::{PolicyKey, TrustedKeys};

pub(crate) fn key() -> PolicyKey {
    PolicyKey::from_seed([1; 32])
}

pub(crate) fn trusted() -> TrustedKeys {
    TrustedKeys::new(vec![key().public()]).expect("one key")
}

pub(crate) fn site(name: &str) -> SiteId {
    SiteId::new(name).expect("a slug")
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a slug")
}
