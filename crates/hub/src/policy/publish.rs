//! Numbering, signing and storing a policy.

use std::collections::BTreeSet;

use domain::{NodeId, SiteId, UtcTime};
use store::{NewPolicy, PolicyError, Store, StoreError};
use thiserror::Error;
use wire::policy::{
    Addressees, Bundle, BundleError, Document, KeyId, PolicyKey, PolicyName, SealedBundle, WantedError, WantedPolicy,
};

/// What to publish.
#[derive(Debug, Clone)]
pub struct Request {
    /// The site that it is for.
    pub site: SiteId,
    /// The nodes that it is for.
    pub nodes: Addressees,
    /// Who publishes it.
    pub by: String,
    /// When nodes put it in force; at once where nothing is given.
    pub not_before: Option<UtcTime>,
    /// The highest version on a node that it may replace although its own number is lower.
    pub rollback_from: Option<u64>,
    /// The documents, in the order of their paths.
    pub documents: Vec<Document>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The policy.
    pub name: PolicyName,
    /// The key that signed it.
    pub key: KeyId,
    /// Nodes that will refuse it, because they work by a higher version, which they told last: the database may have been
    /// restored from a backup.
    pub ahead: Vec<(NodeId, u64)>,
}

/// Why nothing was published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// A node of that name is not believed at the site.
    #[error("nodes: \"{node}\" is not a node of site \"{site}\": {known} are accepted")]
    UnknownNode {
        /// The name.
        node: NodeId,
        /// The site.
        site: SiteId,
        /// The names that are known.
        known: String,
    },
    /// Nobody would hear of it.
    #[error("site \"{0}\" has no node: add one with `gatehouse-hub node add`, or correct the name")]
    NoNodes(SiteId),
    /// A rollback that nothing needs.
    #[error("rollback_from: {from} is below {next}, the site's next version, which replaces it without that mark")]
    NeedlessRollback {
        /// What was given.
        from: u64,
        /// The version that the policy gets.
        next: u64,
    },
    /// It is not a bundle.
    #[error("the policy cannot be signed")]
    Bundle(#[from] BundleError),
    /// It cannot be announced.
    #[error("the policy cannot be announced")]
    Wanted(#[from] WantedError),
    /// It cannot be stored.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The database failed.
    #[error("cannot read what the site has")]
    Store(#[from] StoreError),
}

/// Publishes a policy under the site's next number. A running hub on the same database tells the nodes within a second.
pub async fn publish(
    store: &Store,
    key: &PolicyKey,
    request: Request,
    now: UtcTime,
) -> Result<Published, PublishError> {
    let Request { site, nodes, by, not_before, rollback_from, documents } = request;
    let known = store.nodes().await?.into_iter().filter(|row| row.node.site == site).collect::<Vec<_>>();
    let names: BTreeSet<_> = known.iter().map(|row| row.node.node.clone()).collect();
    if names.is_empty() {
        return Err(PublishError::NoNodes(site));
    }
    if let Addressees::Named(wanted) = &nodes
        && let Some(node) = wanted.difference(&names).next()
    {
        let known = names.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ");
        return Err(PublishError::UnknownNode { node: node.clone(), site, known });
    }
    let next = store.policy_next_version(&site).await?;
    if let Some(from) = rollback_from.filter(|from| *from < next) {
        return Err(PublishError::NeedlessRollback { from, next });
    }
    let bundle = Bundle {
        version: next,
        site,
        nodes,
        issued_at: now,
        issued_by: by,
        not_before: not_before.unwrap_or(now),
        rollback_from,
        documents,
    };
    let sealed = SealedBundle::seal(key, &bundle)?;
    let wanted = WantedPolicy::of(&bundle, &sealed, WantedPolicy::path(&bundle.site, next)).seal(key)?;
    let id = key.id();
    store.policy_insert(&NewPolicy { bundle: &bundle, sealed: &sealed, wanted: &wanted, key: &id }, now).await?;
    let reach = rollback_from.unwrap_or(next);
    let ahead = known.into_iter().filter(|row| bundle.nodes.include(&row.node.node)).filter_map(|row| {
        let running = row.policy?.status.running?.version;
        (running > reach || (running == next && rollback_from.is_none())).then_some((row.node.node, running))
    });
    Ok(Published { name: sealed.name(&bundle), key: id, ahead: ahead.collect() })
}
