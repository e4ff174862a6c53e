//! Policies that were published: kept for good, with who, when and what.

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wire::policy::document::DocumentHash;
use wire::policy::{Addressees, Bundle, BundleHash, DocumentPath, KeyId, SealedBundle};

use crate::db::{On, Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, moment, natural, parsed, to_json};

/// A policy to publish.
#[derive(Debug, Clone, Copy)]
pub struct NewPolicy<'a> {
    /// The bundle.
    pub bundle: &'a Bundle,
    /// The same, signed.
    pub sealed: &'a SealedBundle,
    /// The message that announces it, signed by the same key.
    pub wanted: &'a [u8],
    /// The key.
    pub key: &'a KeyId,
}

/// Why a policy is not published.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// Another one came first.
    #[error(
        "version {version} cannot be published at site \"{site}\": the next one is {next}; another publication came first, so \
         publish again"
    )]
    Taken {
        /// The site.
        site: SiteId,
        /// The number that was tried.
        version: u64,
        /// The number that is free.
        next: u64,
    },
    /// The database failed.
    #[error("cannot publish a policy")]
    Store(#[from] StoreError),
}

/// A document of a published policy, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocument {
    /// Where it lies.
    pub path: DocumentPath,
    /// The hash of its text.
    pub sha256: DocumentHash,
    /// Its length.
    pub bytes: u64,
}

/// A published policy, without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// The site that it is for.
    pub site: SiteId,
    /// Its number.
    pub version: u64,
    /// Hash of the bundle's bytes.
    pub sha256: BundleHash,
    /// The nodes that it is for.
    pub nodes: Addressees,
    /// When it was issued.
    pub issued_at: UtcTime,
    /// Who issued it.
    pub issued_by: String,
    /// When nodes put it in force.
    pub not_before: UtcTime,
    /// The highest version that it may replace.
    pub rollback_from: Option<u64>,
    /// The key that signed it.
    pub key: KeyId,
    /// Its documents.
    pub documents: Vec<PolicyDocument>,
    /// When it was stored.
    pub published_at: UtcTime,
}

/// What a node shall hear on its policy topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRow {
    /// The node's site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Order of publication of the policy.
    pub policy: u64,
    /// The message.
    pub wanted: Vec<u8>,
}

/// Something that is another whenever there may be more to announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyMark {
    policies: i64,
    nodes: i64,
}

/// All columns but the two large ones.
const COLUMNS: &str = "site, version, sha256, nodes, issued_at, issued_by, not_before, rollback_from, key_id, documents, \
    published_at";

impl Store {
    /// The number of a site's next policy: above every one that was published or that was marked as replaced.
    pub async fn policy_next_version(&self, site: &SiteId) -> Result<u64, StoreError> {
        next_version(&self.inner.db, site).await
    }

    /// Publishes a policy: from now on nodes are told of it.
    pub async fn policy_insert(&self, new: &NewPolicy<'_>, at: UtcTime) -> Result<(), PolicyError> {
        let NewPolicy { bundle, sealed, wanted, key } = new;
        let mut tx = self.write_begin().await?;
        let next = next_version(&mut tx, &bundle.site).await?;
        if bundle.version < next {
            return Err(PolicyError::Taken { site: bundle.site.clone(), version: bundle.version, next });
        }
        let nodes = match &bundle.nodes {
            Addressees::All => None,
            Addressees::Named(nodes) => Some(to_json("names of nodes", nodes)?),
        };
        let documents: Vec<_> = bundle
            .documents
            .iter()
            .map(|document| PolicyDocument {
                path: document.path().clone(),
                sha256: document.sha256(),
                bytes: document.text().len() as u64,
            })
            .collect();
        Query::new(
            "insert into policy (site, version, sha256, nodes, issued_at, issued_by, not_before, rollback_from, key_id, \
             documents, bundle, wanted, published_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(bundle.site.as_str())
        .bind(sql(bundle.version))
        .bind(sealed.hash().to_string())
        .bind(nodes)
        .bind(bundle.issued_at.as_unix_micros())
        .bind(&bundle.issued_by)
        .bind(bundle.not_before.as_unix_micros())
        .bind(bundle.rollback_from.map(sql))
        .bind(key.to_string())
        .bind(to_json("documents", &documents)?)
        .bind(sealed.as_bytes())
        .bind(*wanted)
        .bind(at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A site's policies, the newest first, without their texts.
    pub async fn policy_history(&self, site: &SiteId, limit: u32) -> Result<Vec<PolicyRow>, StoreError> {
        let sql = format!("select {COLUMNS} from policy where site = $1 order by id desc limit $2");
        let rows = Query::new(sql).bind(site.as_str()).bind(limit);
        rows.fetch_all(&self.inner.db).await?.iter().map(policy).collect()
    }

    /// A policy and its bundle as it was signed.
    pub async fn policy_bundle(&self, site: &SiteId, version: u64) -> Result<Option<(PolicyRow, Vec<u8>)>, StoreError> {
        let Ok(version) = i64::try_from(version) else { return Ok(None) };
        let sql = format!("select {COLUMNS}, bundle from policy where site = $1 and version = $2");
        let row = Query::new(sql).bind(site.as_str()).bind(version);
        match row.fetch_optional(&self.inner.db).await? {
            Some(row) => Ok(Some((policy(&row)?, row.try_get("bundle")?))),
            None => Ok(None),
        }
    }

    /// Changes whenever [`Store::policies_wanted`] may give something else. Cheap, to be asked often.
    pub async fn policies_mark(&self) -> Result<PolicyMark, StoreError> {
        let row = Query::new(
            "select (select coalesce(max(id), 0) from policy) as policies, (select count(*) from node) as nodes",
        )
        .fetch_one(&self.inner.db)
        .await?;
        Ok(PolicyMark { policies: row.try_get("policies")?, nodes: row.try_get("nodes")? })
    }

    /// What each believed node shall work by: the newest policy of its site that is for it. Nodes without one are left
    /// out.
    pub async fn policies_wanted(&self) -> Result<Vec<WantedRow>, StoreError> {
        let is_for_node = self.inner.db.dialect().json_list_has("other.nodes", "node.node");
        let rows = Query::new(format!(
            "select node.site, node.node, policy.id, policy.wanted from node \
             join policy on policy.id = (select max(other.id) from policy other where other.site = node.site and \
             (other.nodes is null or {is_for_node}))",
        ))
        .fetch_all(&self.inner.db)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(WantedRow {
                    site: parsed("a site id", row.try_get("site")?)?,
                    node: parsed("a node id", row.try_get("node")?)?,
                    policy: natural("a number", row.try_get("id")?)?,
                    wanted: row.try_get("wanted")?,
                })
            })
            .collect()
    }
}

async fn next_version<'a>(on: impl Into<On<'a>>, site: &SiteId) -> Result<u64, StoreError> {
    // What it may replace is never lower than its own number.
    let reached = Query::new("select coalesce(max(coalesce(rollback_from, version)), 0) from policy where site = $1")
        .bind(site.as_str())
        .fetch_number(on)
        .await?;
    Ok(natural("a version", reached)? + 1)
}

/// A version as SQL holds it.
fn sql(version: u64) -> i64 {
    i64::try_from(version).expect("a checked bundle's numbers are below 2^53")
}

fn policy(row: &Row) -> Result<PolicyRow, StoreError> {
    let nodes: Option<&str> = row.try_get("nodes")?;
    let rollback_from: Option<i64> = row.try_get("rollback_from")?;
    Ok(PolicyRow {
        site: parsed("a site id", row.try_get("site")?)?,
        version: natural("a version", row.try_get("version")?)?,
        sha256: parsed("a hash", row.try_get("sha256")?)?,
        nodes: nodes.map_or(Ok(Addressees::All), |nodes| from_json("names of nodes", nodes))?,
        issued_at: moment(row.try_get("issued_at")?)?,
        issued_by: row.try_get("issued_by")?,
        not_before: moment(row.try_get("not_before")?)?,
        rollback_from: rollback_from.map(|from| natural("a version", from)).transpose()?,
        key: parsed("a key's name", row.try_get("key_id")?)?,
        documents: from_json("documents", row.try_get("documents")?)?,
        published_at: moment(row.try_get("published_at")?)?,
    })
}
