//! How machines become nodes, keep their certificates, and are thrown out.
//!
//! Whoever may invites a node: that gives a one-time code. The machine sends it with the key that will sign its events and
//! a request for a certificate; [`Enrolment::claim`] checks both and answers with everything that a node needs. Its
//! certificate is renewed over the one that it has. [`revoke`] ends all of it at once: events, uploads, certificate and
//! connection.
//!
//! Start reading at [`invite`] and [`Enrolment`].

mod attempts;
pub(crate) mod bouncer;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use store::{
    CertificateRow, ClaimError, InviteError, NewInvitation, RenewError, Revocation, RevokeError, Store, StoreError,
};
use thiserror::Error;
use wire::enrolment::{
    AuthorityPrint, BrokerPlace, CLOCK_APART_MAX_S, CODE_SECRET_BYTES, EnrolmentAnswer, EnrolmentCode,
    EnrolmentRequest, InvalidCode, RenewalAnswer,
};

use crate::authority::{AuthorityError, AuthorityFiles, NodeAuthority, RevokedCertificate};
use attempts::Attempts;

/// How long a code is good where nothing else is said.
pub const CODE_GOOD: Duration = Duration::from_secs(24 * 3600);

/// The shortest time for which a code is good.
pub const CODE_GOOD_MIN: Duration = Duration::from_secs(5 * 60);

/// The longest time for which a code is good.
pub const CODE_GOOD_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a hub needs to enrol nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityConfig {
    /// The authorities.
    pub files: AuthorityFiles,
    /// The address of this hub, as nodes are told it.
    pub hub_url: String,
    /// Where the broker is, as nodes are told it.
    pub broker: BrokerPlace,
    /// Files that the list of revoked certificates is written to besides, for a broker of this machine.
    pub crl_copies: Vec<PathBuf>,
}

/// An invitation, with the code that is shown this once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What is kept of it.
    pub kept: NewInvitation,
    /// The code.
    pub code: EnrolmentCode,
}

/// Why nobody is invited.
#[derive(Debug, Error)]
pub enum InvitationError {
    /// Good for too short or too long a time.
    #[error("valid_minutes: {0} is out of range: 5 to 43200, which is 30 days, is accepted")]
    Validity(u64),
    /// The store refuses.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The system has no randomness to give.
    #[error("cannot draw a code")]
    NoRandomness(#[source] getrandom::Error),
}

/// Invites a node.
pub async fn invite(
    store: &Store,
    authority: AuthorityPrint,
    (site, node): (SiteId, NodeId),
    by: &str,
    good: Duration,
    now: UtcTime,
) -> Result<Invitation, InvitationError> {
    if !(CODE_GOOD_MIN..=CODE_GOOD_MAX).contains(&good) {
        return Err(InvitationError::Validity(good.as_secs() / 60));
    }
    let mut secret = [0; CODE_SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(InvitationError::NoRandomness)?;
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(InvitationError::NoRandomness)?;
    let code = EnrolmentCode::new(secret, authority);
    let kept = NewInvitation {
        id: hex::encode(id),
        code_hash: code.hash(),
        site,
        node,
        invited_by: by.to_owned(),
        invited_at: now,
        expires_at: now.saturating_add(good),
    };
    store.invitation_insert(&kept).await?;
    Ok(Invitation { kept, code })
}

/// Why a machine does not become a node.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// Too many wrong codes lately.
    #[error("too many codes were tried: come back in a minute")]
    TooOften,
    /// No code.
    #[error("code: {0}")]
    Code(#[from] InvalidCode),
    /// A code of another hub.
    #[error("code: it was given by a hub with another authority ({theirs}; this one has {ours})")]
    OtherHub {
        /// The fingerprint in the code.
        theirs: AuthorityPrint,
        /// Ours.
        ours: AuthorityPrint,
    },
    /// The machine does not own the key.
    #[error("proof: the request is not signed by the key that it names, for this code and this hub")]
    Proof,
    /// The machine's clock is wrong.
    #[error(
        "at: the machine's clock shows {theirs}, the hub's {ours}: certificates need both to be right within \
         {CLOCK_APART_MAX_S} s, so set the clock that is wrong"
    )]
    Clock {
        /// The machine's.
        theirs: UtcTime,
        /// The hub's.
        ours: UtcTime,
    },
    /// The code does not do.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The certificate is not signed.
    #[error("csr: {0}")]
    Request(AuthorityError),
    /// The authority fails.
    #[error(transparent)]
    Authority(AuthorityError),
}

/// Why a node gets no new certificate.
#[derive(Debug, Error)]
pub enum RenewalError {
    /// It is not believed, or not any more.
    #[error("node \"{0}\" is not known here, or was revoked")]
    NotBelieved(NodeId),
    /// The certificate is not signed.
    #[error("csr: {0}")]
    Request(AuthorityError),
    /// The authority fails.
    #[error(transparent)]
    Authority(AuthorityError),
    /// Too many lately.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// The database failed.
    #[error("cannot renew a certificate")]
    Store(#[from] StoreError),
}

/// What a running hub enrols nodes with.
#[derive(Debug)]
pub struct Enrolment {
    authority: NodeAuthority,
    config: AuthorityConfig,
    attempts: Mutex<Attempts>,
}

impl Enrolment {
    /// Opens the authority of nodes.
    pub fn open(config: AuthorityConfig) -> Result<Self, AuthorityError> {
        let authority = NodeAuthority::open(&config.files)?;
        Ok(Self { authority, config, attempts: Mutex::default() })
    }

    /// The authority.
    pub fn authority(&self) -> &NodeAuthority {
        &self.authority
    }

    /// Where nodes reach the hub.
    pub fn hub_url(&self) -> &str {
        &self.config.hub_url
    }

    /// Makes the machine at `from` a node.
    pub async fn claim(
        &self,
        store: &Store,
        request: &EnrolmentRequest,
        from: IpAddr,
        now: UtcTime,
    ) -> Result<EnrolmentAnswer, EnrolError> {
        if !self.attempts(|attempts| attempts.may_try(from, now)) {
            return Err(EnrolError::TooOften);
        }
        let claimed = self.claim_unlimited(store, request, now).await;
        if let Err(EnrolError::Claim(ClaimError::Unknown) | EnrolError::Code(_) | EnrolError::Proof) = &claimed {
            self.attempts(|attempts| attempts.failed(from, now));
        }
        claimed
    }

    fn attempts<T>(&self, with: impl FnOnce(&mut Attempts) -> T) -> T {
        with(&mut self.attempts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn claim_unlimited(
        &self,
        store: &Store,
        request: &EnrolmentRequest,
        now: UtcTime,
    ) -> Result<EnrolmentAnswer, EnrolError> {
        let code: EnrolmentCode = request.code.parse()?;
        let ours = self.authority.print();
        if code.authority() != ours {
            return Err(EnrolError::OtherHub { theirs: code.authority(), ours });
        }
        if !request.is_proven(&code) {
            return Err(EnrolError::Proof);
        }
        let found = store.invitation_find(&code.hash()).await.map_err(ClaimError::from)?;
        let invited = found.ok_or(ClaimError::Unknown)?;
        if now.since(request.at).max(request.at.since(now)).as_secs() > CLOCK_APART_MAX_S {
            return Err(EnrolError::Clock { theirs: request.at, ours: now });
        }
        let issued = self.authority.issue(&request.csr, &invited.site, &invited.node, now);
        let issued = issued.map_err(|error| match error {
            AuthorityError::Request { .. } => EnrolError::Request(error),
            error @ (AuthorityError::Exists { .. }
            | AuthorityError::Name { .. }
            | AuthorityError::Read { .. }
            | AuthorityError::Write { .. }
            | AuthorityError::Exposed { .. }
            | AuthorityError::Damaged { .. }
            | AuthorityError::Sign { .. }
            | AuthorityError::NoRandomness(_)) => EnrolError::Authority(error),
        })?;
        let certificate = CertificateRow {
            serial: issued.serial,
            node: invited.node.clone(),
            issued_at: now,
            not_after: issued.not_after,
        };
        store.invitation_claim(&code.hash(), &request.key, &certificate, now).await?;
        tracing::info!(site = %invited.site, node = %invited.node, by = %invited.invited_by, "a node was enrolled");
        Ok(EnrolmentAnswer {
            site: invited.site,
            node: invited.node,
            certificate: issued.pem,
            not_after: issued.not_after,
            authority: self.authority.servers_pem().to_owned(),
            broker: self.config.broker.clone(),
            hub: self.config.hub_url.clone(),
        })
    }

    /// A new certificate for a node that has shown the one that it has.
    pub async fn renew(
        &self,
        store: &Store,
        node: &NodeId,
        csr: &str,
        now: UtcTime,
    ) -> Result<RenewalAnswer, RenewalError> {
        let not_believed = || RenewalError::NotBelieved(node.clone());
        let known = store.node_get(node).await?.ok_or_else(not_believed)?;
        if store.revocation_of(node).await?.is_some() {
            return Err(not_believed());
        }
        let issued = self.authority.issue(csr, &known.site, node, now).map_err(|error| match error {
            AuthorityError::Request { .. } => RenewalError::Request(error),
            error @ (AuthorityError::Exists { .. }
            | AuthorityError::Name { .. }
            | AuthorityError::Read { .. }
            | AuthorityError::Write { .. }
            | AuthorityError::Exposed { .. }
            | AuthorityError::Damaged { .. }
            | AuthorityError::Sign { .. }
            | AuthorityError::NoRandomness(_)) => RenewalError::Authority(error),
        })?;
        let certificate =
            CertificateRow { serial: issued.serial, node: node.clone(), issued_at: now, not_after: issued.not_after };
        store.certificate_renew(&certificate).await?;
        tracing::info!(site = %known.site, %node, until = %issued.not_after, "a node has a new certificate");
        Ok(RenewalAnswer {
            certificate: issued.pem,
            not_after: issued.not_after,
            authority: self.authority.servers_pem().to_owned(),
        })
    }

    /// Writes the list of revoked certificates for brokers to read.
    pub async fn write_revoked(&self, store: &Store, now: UtcTime) -> Result<(), WriteRevokedError> {
        write_revoked(store, &self.authority, &self.config.crl_copies, now).await
    }
}

/// Why the list of revoked certificates is not written.
#[derive(Debug, Error)]
pub enum WriteRevokedError {
    /// The database failed.
    #[error("cannot read which certificates are revoked")]
    Store(#[from] StoreError),
    /// It cannot be signed or written.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Writes the list of revoked certificates of `store` for brokers to read.
pub async fn write_revoked(
    store: &Store,
    authority: &NodeAuthority,
    copies: &[PathBuf],
    now: UtcTime,
) -> Result<(), WriteRevokedError> {
    let revoked = store.certificates_revoked(now).await?;
    let revoked: Vec<_> = revoked.into_iter().map(|(row, at)| RevokedCertificate { serial: row.serial, at }).collect();
    Ok(authority.write_revoked(&revoked, copies, now)?)
}

/// Believes a node no more. A running hub throws it off the broker within a second and writes the list for brokers.
pub async fn revoke(store: &Store, node: NodeId, by: &str, reason: &str, now: UtcTime) -> Result<(), RevokeError> {
    let new = Revocation { node, at: now, by: by.to_owned(), reason: reason.to_owned() };
    store.node_revoke(&new).await?;
    tracing::warn!(node = %new.node, by, "a node was revoked: nothing of it is believed from now on");
    Ok(())
}
