//! Invitations by which machines become nodes, and the certificates that nodes have.

use domain::{NodeId, SiteId, UtcTime};
use thiserror::Error;
use wire::NodePublicKey;
use wire::enrolment::CodeHash;

use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::node::{RegisteredNode, registered};
use crate::open::Store;
use crate::row::{moment, parsed};

/// Most invitations that are open at the same time; a further one is refused until some are used or expire.
pub const INVITATIONS_OPEN_MAX: i64 = 5_000;

/// Most certificates of one node within a day; a good one needs one in months.
pub const CERTIFICATES_PER_DAY_MAX: i64 = 20;

const DAY_US: i64 = 86_400_000_000;

/// An invitation to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// Its name: 16 hexadecimal digits.
    pub id: String,
    /// The hash of its code's secret.
    pub code_hash: CodeHash,
    /// The site that the node will speak for.
    pub site: SiteId,
    /// The name that the node will have.
    pub node: NodeId,
    /// Who invites it.
    pub invited_by: String,
    /// When.
    pub invited_at: UtcTime,
    /// Until when the code is good.
    pub expires_at: UtcTime,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its name.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Who invited it.
    pub invited_by: String,
    /// When.
    pub invited_at: UtcTime,
    /// Until when the code is good.
    pub expires_at: UtcTime,
    /// The machine that used it and when.
    pub claimed: Option<(UtcTime, NodePublicKey)>,
    /// Who took it back and when.
    pub withdrawn: Option<(UtcTime, String)>,
}

/// Why a node is not invited.
#[derive(Debug, Error)]
pub enum InviteError {
    /// The name belongs to a node of another site.
    #[error("node: \"{node}\" is there already, at site \"{site}\": names are good over all sites, so give another")]
    OtherSite {
        /// The name.
        node: NodeId,
        /// The site of the node that has it.
        site: SiteId,
    },
    /// The node is believed no more.
    #[error("node: \"{0}\" was revoked, and its name with it: give the machine another name")]
    Revoked(NodeId),
    /// Too many are open.
    #[error("there are {INVITATIONS_OPEN_MAX} open invitations: withdraw some, or wait until they expire")]
    TooMany,
    /// The database failed.
    #[error("cannot invite a node")]
    Store(#[from] StoreError),
}

/// Why a code is not taken.
#[derive(Debug, Error)]
pub enum ClaimError {
    /// Nobody gave it.
    #[error("the enrolment code is not known here: was it given by this hub?")]
    Unknown,
    /// It is too late.
    #[error("the enrolment code was good until {0}: ask for a new one")]
    Expired(UtcTime),
    /// Somebody took it back, perhaps by giving a newer one.
    #[error("the enrolment code was taken back: ask for a new one")]
    Withdrawn,
    /// Another machine was first.
    #[error(
        "the enrolment code was used at {at} by a machine with another key: a code is good for one machine; if that was \
         not you, have the node revoked"
    )]
    Used {
        /// When.
        at: UtcTime,
    },
    /// The name belongs to another machine.
    #[error(
        "node \"{node}\" is there already with the key {key}: a name stands for one key for good; restore the machine's \
         node.key from a backup, or ask for a code for another name"
    )]
    OtherKey {
        /// The name.
        node: NodeId,
        /// The key of the machine that has it.
        key: Box<NodePublicKey>,
    },
    /// The name belongs to a node of another site.
    #[error("node \"{node}\" is there already, at site \"{site}\"")]
    OtherSite {
        /// The name.
        node: NodeId,
        /// The site of the node that has it.
        site: SiteId,
    },
    /// The node is believed no more.
    #[error("node \"{0}\" was revoked: ask for a code for another name")]
    Revoked(NodeId),
    /// The database failed.
    #[error("cannot enrol the machine")]
    Store(#[from] StoreError),
}

/// Why a certificate is not renewed.
#[derive(Debug, Error)]
pub enum RenewError {
    /// The node has had many lately.
    #[error("node \"{0}\" has had {CERTIFICATES_PER_DAY_MAX} certificates within a day: come back tomorrow")]
    TooOften(NodeId),
    /// The database failed.
    #[error("cannot renew a certificate")]
    Store(#[from] StoreError),
}

/// What a certificate was signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuedFor {
    /// A new node.
    Enrolment,
    /// A node that had one.
    Renewal,
}

impl IssuedFor {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enrolment => "enrolment",
            Self::Renewal => "renewal",
        }
    }
}

/// A node's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// The node.
    pub node: NodeId,
    /// When it was signed.
    pub issued_at: UtcTime,
    /// Until when it is good.
    pub not_after: UtcTime,
}

impl Store {
    /// Stores an invitation. Those before for the same name are taken back: the newest code counts.
    pub async fn invitation_insert(&self, new: &NewInvitation) -> Result<(), InviteError> {
        let mut tx = self.write_begin().await?;
        if let Some(held) = node_of(&mut tx, &new.node).await? {
            if held.site != new.site {
                return Err(InviteError::OtherSite { node: held.node, site: held.site });
            }
            if is_revoked(&mut tx, &new.node).await? {
                return Err(InviteError::Revoked(held.node));
            }
        }
        let at = new.invited_at.as_unix_micros();
        Query::new(
            "update enrolment set withdrawn_at = $1, withdrawn_by = $2 \
             where node = $3 and claimed_at is null and withdrawn_at is null",
        )
        .bind(at)
        .bind(&new.invited_by)
        .bind(new.node.as_str())
        .execute(&mut tx)
        .await?;
        let open = Query::new(
            "select count(*) from enrolment where claimed_at is null and withdrawn_at is null and expires_at > $1",
        );
        if open.bind(at).fetch_number(&mut tx).await? >= INVITATIONS_OPEN_MAX {
            return Err(InviteError::TooMany);
        }
        Query::new(
            "insert into enrolment (id, code_hash, site, node, invited_by, invited_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&new.id)
        .bind(new.code_hash.to_string())
        .bind(new.site.as_str())
        .bind(new.node.as_str())
        .bind(&new.invited_by)
        .bind(at)
        .bind(new.expires_at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The newest invitations of a site, at most `limit`.
    pub async fn invitations(&self, site: &SiteId, limit: u32) -> Result<Vec<InvitationRow>, StoreError> {
        let rows = Query::new("select * from enrolment where site = $1 order by invited_at desc, id limit $2")
            .bind(site.as_str())
            .bind(i64::from(limit))
            .fetch_all(&self.inner.db)
            .await?;
        rows.iter().map(invitation).collect()
    }

    /// The invitation with that code.
    pub async fn invitation_find(&self, code: &CodeHash) -> Result<Option<InvitationRow>, StoreError> {
        let found = Query::new("select * from enrolment where code_hash = $1").bind(code.to_string());
        found.fetch_optional(&self.inner.db).await?.as_ref().map(invitation).transpose()
    }

    /// Takes an invitation back. Says whether it was open until now.
    pub async fn invitation_withdraw(
        &self,
        site: &SiteId,
        id: &str,
        by: &str,
        at: UtcTime,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let changed = Query::new(
            "update enrolment set withdrawn_at = $1, withdrawn_by = $2 \
             where id = $3 and site = $4 and claimed_at is null and withdrawn_at is null",
        )
        .bind(at.as_unix_micros())
        .bind(by)
        .bind(id)
        .bind(site.as_str())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Uses a code for the machine with `key`: from now on it is a node with that certificate. The same machine may do
    /// it again as long as the code is good, because its first answer may have been lost.
    pub async fn invitation_claim(
        &self,
        code: &CodeHash,
        key: &NodePublicKey,
        certificate: &CertificateRow,
        at: UtcTime,
    ) -> Result<(), ClaimError> {
        let mut tx = self.write_begin().await?;
        // The first that writes has it; a second one waits here for the first one's end.
        let is_first = Query::new(
            "update enrolment set claimed_at = $1, claimed_key = $2 where code_hash = $3 and claimed_at is null \
             and withdrawn_at is null and expires_at > $1",
        )
        .bind(at.as_unix_micros())
        .bind(key.to_string())
        .bind(code.to_string())
        .execute(&mut tx)
        .await?;
        let found = Query::new("select * from enrolment where code_hash = $1").bind(code.to_string());
        let row = found.fetch_optional(&mut tx).await?.as_ref().map(invitation).transpose()?;
        let row = row.ok_or(ClaimError::Unknown)?;
        if is_first == 0 {
            refuse_unless_again(&row, key, at)?;
        }
        let added_by = row.invited_by.clone();
        let new = RegisteredNode { site: row.site, node: row.node, key: key.clone(), added_at: at, added_by };
        self.node_put(&mut tx, &new).await?;
        certificate_write(&mut tx, certificate, IssuedFor::Enrolment).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn node_put(&self, tx: &mut Tx, new: &RegisteredNode) -> Result<(), ClaimError> {
        match node_of(tx, &new.node).await? {
            Some(held) if held.site != new.site => Err(ClaimError::OtherSite { node: held.node, site: held.site }),
            Some(held) if held.key != new.key => Err(ClaimError::OtherKey { node: held.node, key: Box::new(held.key) }),
            Some(held) if is_revoked(tx, &held.node).await? => Err(ClaimError::Revoked(held.node)),
            Some(_) => Ok(()),
            None => Ok(crate::node::write(tx, new).await?),
        }
    }

    /// Notes a certificate by which a node follows on the one that it has.
    pub async fn certificate_renew(&self, certificate: &CertificateRow) -> Result<(), RenewError> {
        let mut tx = self.write_begin().await?;
        let since = certificate.issued_at.as_unix_micros() - DAY_US;
        let lately = Query::new("select count(*) from node_certificate where node = $1 and issued_at > $2")
            .bind(certificate.node.as_str())
            .bind(since);
        if lately.fetch_number(&mut tx).await? >= CERTIFICATES_PER_DAY_MAX {
            return Err(RenewError::TooOften(certificate.node.clone()));
        }
        certificate_write(&mut tx, certificate, IssuedFor::Renewal).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The newest certificate of each node.
    pub async fn certificates_newest(&self) -> Result<Vec<CertificateRow>, StoreError> {
        let rows = Query::new(
            "select c.* from node_certificate c where not exists (select 1 from node_certificate o where o.node = c.node \
             and (o.issued_at > c.issued_at or (o.issued_at = c.issued_at and o.serial > c.serial))) order by c.node",
        );
        rows.fetch_all(&self.inner.db).await?.iter().map(certificate).collect()
    }
}

fn refuse_unless_again(row: &InvitationRow, key: &NodePublicKey, at: UtcTime) -> Result<(), ClaimError> {
    if row.withdrawn.is_some() {
        return Err(ClaimError::Withdrawn);
    }
    match &row.claimed {
        Some((claimed_at, by)) if by != key => Err(ClaimError::Used { at: *claimed_at }),
        Some(_) | None if at >= row.expires_at => Err(ClaimError::Expired(row.expires_at)),
        Some(_) | None => Ok(()),
    }
}

async fn certificate_write(tx: &mut Tx, new: &CertificateRow, issued_for: IssuedFor) -> Result<(), StoreError> {
    Query::new(
        "insert into node_certificate (serial, node, issued_for, issued_at, not_after) values ($1, $2, $3, $4, $5)",
    )
    .bind(&new.serial)
    .bind(new.node.as_str())
    .bind(issued_for.as_str())
    .bind(new.issued_at.as_unix_micros())
    .bind(new.not_after.as_unix_micros())
    .execute(tx)
    .await?;
    Ok(())
}

async fn node_of(tx: &mut Tx, node: &NodeId) -> Result<Option<RegisteredNode>, StoreError> {
    let found = Query::new("select * from node where node = $1").bind(node.as_str()).fetch_optional(tx).await?;
    found.as_ref().map(registered).transpose()
}

async fn is_revoked(tx: &mut Tx, node: &NodeId) -> Result<bool, StoreError> {
    let found = Query::new("select node from node_revocation where node = $1").bind(node.as_str());
    Ok(found.fetch_optional(tx).await?.is_some())
}

fn invitation(row: &Row) -> Result<InvitationRow, StoreError> {
    let at = |column| row.try_get::<Option<i64>>(column)?.map(moment).transpose();
    let key = row.try_get::<Option<&str>>("claimed_key")?.map(|key| parsed("a public key", key)).transpose()?;
    Ok(InvitationRow {
        id: row.try_get("id")?,
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        invited_by: row.try_get("invited_by")?,
        invited_at: moment(row.try_get("invited_at")?)?,
        expires_at: moment(row.try_get("expires_at")?)?,
        claimed: at("claimed_at")?.zip(key),
        withdrawn: at("withdrawn_at")?.zip(row.try_get("withdrawn_by")?),
    })
}

pub(crate) fn certificate(row: &Row) -> Result<CertificateRow, StoreError> {
    Ok(CertificateRow {
        serial: row.try_get("serial")?,
        node: parsed("a node id", row.try_get("node")?)?,
        issued_at: moment(row.try_get("issued_at")?)?,
        not_after: moment(row.try_get("not_after")?)?,
    })
}
