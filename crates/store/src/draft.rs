//! Policies in the making: the documents of each site's draft, and every change that was made to them.

use domain::{SiteId, UtcTime};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wire::policy::bundle::DOCUMENTS_MAX;
use wire::policy::{Document, DocumentPath};

use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, natural, parsed};

/// A document of a draft, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// Where it lies.
    pub path: DocumentPath,
    /// The hash of its text, in hexadecimal digits: what a change names.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// When it was last changed.
    pub changed_at: UtcTime,
    /// By whom.
    pub changed_by: String,
}

/// A change of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftChange {
    /// Its number; a higher one is later.
    pub id: u64,
    /// The document.
    pub path: DocumentPath,
    /// When.
    pub at: UtcTime,
    /// Who.
    pub by: String,
    /// The text before; nothing where there was no document.
    pub before: Option<String>,
    /// The text after; nothing where it was removed.
    pub after: Option<String>,
}

/// What a change expects to find, so that nobody overwrites what he has not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whatever there is.
    Any,
    /// No document.
    Absent,
    /// The text with this hash.
    Text(String),
}

/// Why a draft is not changed.
#[derive(Debug, Error)]
pub enum DraftError {
    /// Somebody else was first.
    #[error("\"{path}\" was changed meanwhile{}: read it again and repeat the change", by.as_ref().map_or(String::new(), |by| format!(" by {by}")))]
    Changed {
        /// The document.
        path: DocumentPath,
        /// By whom, where it is there.
        by: Option<String>,
    },
    /// There is none.
    #[error("the draft has no document \"{0}\"")]
    Missing(DocumentPath),
    /// There are too many.
    #[error("the draft has {DOCUMENTS_MAX} documents, which is as many as a policy takes")]
    TooMany,
    /// The database failed.
    #[error("cannot change the draft")]
    Store(#[from] StoreError),
}

impl Store {
    /// The documents of a site's draft, by their paths.
    pub async fn draft(&self, site: &SiteId) -> Result<Vec<DraftRow>, StoreError> {
        let rows = Query::new(
            "select path, sha256, bytes, changed_at, changed_by from policy_draft where site = $1 order by path",
        );
        rows.bind(site.as_str()).fetch_all(&self.inner.db).await?.iter().map(draft).collect()
    }

    /// The same with their texts.
    pub async fn draft_documents(&self, site: &SiteId) -> Result<Vec<(DocumentPath, String)>, StoreError> {
        let rows = Query::new("select path, text from policy_draft where site = $1 order by path");
        let rows = rows.bind(site.as_str()).fetch_all(&self.inner.db).await?;
        rows.iter().map(|row| Ok((parsed("a path", row.try_get("path")?)?, row.try_get("text")?))).collect()
    }

    /// One document with its text.
    pub async fn draft_document(
        &self,
        site: &SiteId,
        path: &DocumentPath,
    ) -> Result<Option<(DraftRow, String)>, StoreError> {
        let found = Query::new("select * from policy_draft where site = $1 and path = $2");
        let found = found.bind(site.as_str()).bind(path.as_str()).fetch_optional(&self.inner.db).await?;
        found.map(|row| Ok((draft(&row)?, row.try_get("text")?))).transpose()
    }

    /// Puts a document into the draft, in place of the one that is `expected`.
    pub async fn draft_put(
        &self,
        site: &SiteId,
        document: &Document,
        expected: &Expected,
        by: &str,
        at: UtcTime,
    ) -> Result<(), DraftError> {
        let mut tx = self.write_begin().await?;
        let before = held(&mut tx, site, document.path()).await?;
        check(document.path(), before.as_ref(), expected)?;
        if before.is_none() {
            let count = Query::new("select count(*) from policy_draft where site = $1").bind(site.as_str());
            if natural("a number", count.fetch_number(&mut tx).await?)? >= DOCUMENTS_MAX as u64 {
                return Err(DraftError::TooMany);
            }
        }
        write(&mut tx, site, document, before.map(|(_, text)| text), by, at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a document out of the draft.
    pub async fn draft_delete(
        &self,
        site: &SiteId,
        path: &DocumentPath,
        expected: &Expected,
        by: &str,
        at: UtcTime,
    ) -> Result<(), DraftError> {
        let mut tx = self.write_begin().await?;
        let before = held(&mut tx, site, path).await?;
        check(path, before.as_ref(), expected)?;
        let (_, text) = before.ok_or_else(|| DraftError::Missing(path.clone()))?;
        remove(&mut tx, site, path, text, by, at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes the draft hold exactly these documents, such as those of an earlier policy.
    pub async fn draft_replace(
        &self,
        site: &SiteId,
        documents: &[Document],
        by: &str,
        at: UtcTime,
    ) -> Result<(), DraftError> {
        let mut tx = self.write_begin().await?;
        let rows = Query::new("select path, text from policy_draft where site = $1 order by path").bind(site.as_str());
        let mut before = std::collections::BTreeMap::new();
        for row in rows.fetch_all(&mut tx).await? {
            before.insert(parsed::<DocumentPath>("a path", row.try_get("path")?)?, row.try_get::<String>("text")?);
        }
        for document in documents {
            let held = before.remove(document.path());
            if held.as_deref() != Some(document.text()) {
                write(&mut tx, site, document, held, by, at).await?;
            }
        }
        for (path, text) in before {
            remove(&mut tx, site, &path, text, by, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The changes of a site's draft below `before`, the newest first, at most `limit`; only of one document where a path
    /// is given.
    pub async fn draft_changes(
        &self,
        site: &SiteId,
        path: Option<&DocumentPath>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<DraftChange>, StoreError> {
        let below = before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
        let mut query = Query::new("select * from policy_change where site = $1 and id < $2");
        query = query.bind(site.as_str()).bind(below);
        if let Some(path) = path {
            query.push(" and path = ").push_bind(path.as_str());
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        query.fetch_all(&self.inner.db).await?.iter().map(change).collect()
    }
}

/// The hash by which a change names a text.
pub fn text_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

async fn held(tx: &mut Tx, site: &SiteId, path: &DocumentPath) -> Result<Option<(DraftRow, String)>, StoreError> {
    let found = Query::new("select * from policy_draft where site = $1 and path = $2");
    let found = found.bind(site.as_str()).bind(path.as_str()).fetch_optional(tx).await?;
    found.map(|row| Ok((draft(&row)?, row.try_get("text")?))).transpose()
}

fn check(path: &DocumentPath, held: Option<&(DraftRow, String)>, expected: &Expected) -> Result<(), DraftError> {
    let fits = match (expected, held) {
        (Expected::Any, _) | (Expected::Absent, None) => true,
        (Expected::Text(hash), Some((row, _))) => row.sha256 == *hash,
        (Expected::Absent, Some(_)) | (Expected::Text(_), None) => false,
    };
    let by = held.map(|(row, _)| row.changed_by.clone());
    if fits { Ok(()) } else { Err(DraftError::Changed { path: path.clone(), by }) }
}

async fn write(
    tx: &mut Tx,
    site: &SiteId,
    document: &Document,
    before: Option<String>,
    by: &str,
    at: UtcTime,
) -> Result<(), StoreError> {
    Query::new(
        "insert into policy_draft (site, path, text, sha256, bytes, changed_at, changed_by) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (site, path) do update set text = excluded.text, \
         sha256 = excluded.sha256, bytes = excluded.bytes, changed_at = excluded.changed_at, \
         changed_by = excluded.changed_by",
    )
    .bind(site.as_str())
    .bind(document.path().as_str())
    .bind(document.text())
    .bind(text_hash(document.text()))
    .bind(i64::try_from(document.text().len()).unwrap_or(i64::MAX))
    .bind(at.as_unix_micros())
    .bind(by)
    .execute(&mut *tx)
    .await?;
    note(tx, site, document.path(), before, Some(document.text().to_owned()), by, at).await
}

async fn remove(
    tx: &mut Tx,
    site: &SiteId,
    path: &DocumentPath,
    before: String,
    by: &str,
    at: UtcTime,
) -> Result<(), StoreError> {
    let delete = Query::new("delete from policy_draft where site = $1 and path = $2");
    delete.bind(site.as_str()).bind(path.as_str()).execute(&mut *tx).await?;
    note(tx, site, path, Some(before), None, by, at).await
}

async fn note(
    tx: &mut Tx,
    site: &SiteId,
    path: &DocumentPath,
    before: Option<String>,
    after: Option<String>,
    by: &str,
    at: UtcTime,
) -> Result<(), StoreError> {
    Query::new(
        "insert into policy_change (site, path, changed_at, changed_by, before, after) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(site.as_str())
    .bind(path.as_str())
    .bind(at.as_unix_micros())
    .bind(by)
    .bind(before)
    .bind(after)
    .execute(tx)
    .await?;
    Ok(())
}

fn draft(row: &Row) -> Result<DraftRow, StoreError> {
    Ok(DraftRow {
        path: parsed("a path", row.try_get("path")?)?,
        sha256: row.try_get("sha256")?,
        bytes: natural("a length", row.try_get("bytes")?)?,
        changed_at: moment(row.try_get("changed_at")?)?,
        changed_by: row.try_get("changed_by")?,
    })
}

fn change(row: &Row) -> Result<DraftChange, StoreError> {
    Ok(DraftChange {
        id: natural("a number", row.try_get("id")?)?,
        path: parsed("a path", row.try_get("path")?)?,
        at: moment(row.try_get("changed_at")?)?,
        by: row.try_get("changed_by")?,
        before: row.try_get("before")?,
        after: row.try_get("after")?,
    })
}
