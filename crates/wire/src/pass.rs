//! Visitors' passes: a signed text for a QR code, checked at the lane without any network.
//!
//! The text is `GP1:` and Base45 of a fixed layout of at most [`BODY_BYTES_MAX`] bytes and an Ed25519 signature, so
//! that it fits a QR code of version 10 at error correction level M (57 by 57 modules), which a phone's screen shows
//! large enough for a camera at a lane. It says which pass this is and where and when it is good; who carries it stands
//! in the hub's records only, so a photographed code gives away no name and no number.
//!
//! A pass proves that the hub issued it, not that this is its first showing: whether a pass for a single use has been
//! used, or has been revoked, is for the lane's decision to know, by the id.

mod base45;
mod key;
mod layout;

use domain::id::SLUG_LEN_MAX;
use domain::{SiteId, UtcTime, ZoneId};
use thiserror::Error;
use uuid::Uuid;

pub use key::{PASS_KEYS_MAX, PassKey, PassKeyId, PassKeys, PassKeysError, PassPublicKey};

use crate::key::Signature;

/// Longest text of a pass in characters: what a QR code of version 10 at level M holds in its alphanumeric mode
/// (ISO/IEC 18004, table 7). A longer one is refused unread.
pub const TEXT_LEN_MAX: usize = 311;

/// Longest pass in bytes, without its signature: what is left of [`TEXT_LEN_MAX`] after the prefix, at two bytes for
/// three characters.
pub const BODY_BYTES_MAX: usize = (TEXT_LEN_MAX - PREFIX.len()) / 3 * 2 - SIGNATURE_BYTES;

const SIGNATURE_BYTES: usize = 64;
const PREFIX: &str = "GP1:";
const FAMILY: &str = "GP";
const SIGNED_PREFIX: &[u8] = b"gatehouse-pass-v1\n";

/// The number of a pass: a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId(Uuid);

/// A lane or category in a pass: a slug as in `domain::id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not a valid name in a pass: use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"
)]
pub struct InvalidPassName(String);

/// What a pass says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Its number.
    pub id: PassId,
    /// The site it is for.
    pub site: SiteId,
    /// Where on the site.
    pub scope: Scope,
    /// From when; whole seconds.
    pub not_before: UtcTime,
    /// Until when; this moment is not in it. Whole seconds.
    pub not_after: UtcTime,
    /// How often.
    pub uses: Uses,
    /// Whether somebody of the site must come along.
    pub escort: Escort,
    /// The category of whoever carries it, such as `visitor` or `contractor`.
    pub category: PassName,
}

/// Where on its site a pass is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Wherever its category is.
    OfCategory,
    /// At these lanes; at least one.
    Lanes(Vec<PassName>),
    /// Into these zones; at least one.
    Zones(Vec<ZoneId>),
}

/// How often a pass is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uses {
    /// For one entry.
    Once,
    /// For any number.
    Many,
}

/// Whether somebody of the site must come along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escort {
    /// Nobody needs to.
    NotNeeded,
    /// Somebody must.
    Needed,
}

/// Why a pass cannot be issued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IssueError {
    /// It would never be good.
    #[error("a pass from {not_before} to {not_after} is never good: the end must be after the beginning")]
    NeverGood {
        /// Its beginning.
        not_before: UtcTime,
        /// Its end.
        not_after: UtcTime,
    },
    /// A time that the layout cannot hold.
    #[error("{0} cannot stand in a pass: whole seconds from 1970-01-01 to 2106-02-07 are accepted")]
    BadTime(UtcTime),
    /// A list of lanes or zones without any.
    #[error("the pass is for no lane and no zone: give at least one, or leave it to the category")]
    Nowhere,
    /// More than the QR code holds.
    #[error(
        "the pass needs {bytes} bytes, a QR code of version 10 holds {BODY_BYTES_MAX}: give fewer or shorter names"
    )]
    TooLong {
        /// What it needs.
        bytes: usize,
    },
}

/// Why a text is not a pass that is good here and now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PassError {
    /// Longer than [`TEXT_LEN_MAX`].
    #[error("the code has {0} characters, at most {TEXT_LEN_MAX} are accepted")]
    TooLong(usize),
    /// Some other code: nothing of ours.
    #[error("the code is not a pass")]
    NotAPass,
    /// Ours, of another version.
    #[error("the pass is of a version that is not known, only {PREFIX} is accepted")]
    UnknownVersion,
    /// Damaged, or made by somebody who does not know how.
    #[error("the pass cannot be read: {0}")]
    Malformed(&'static str),
    /// Signed with a key that is not, or no longer, in the list.
    #[error("the pass is signed with the key {0}, which is not accepted")]
    UnknownKey(PassKeyId),
    /// Not signed by the key that it names: forged or damaged.
    #[error("the signature of the pass is not valid")]
    BadSignature,
    /// Of the hub, for another site.
    #[error("the pass is for the site \"{0}\"")]
    OtherSite(SiteId),
    /// Good later.
    #[error("the pass is good from {0}")]
    NotYet(UtcTime),
    /// Not good any more.
    #[error("the pass was good until {0}")]
    Expired(UtcTime),
}

impl PassId {
    /// A new number, from the time of issue and 10 bytes of a cryptographic source of randomness (RFC 9562, 5.7).
    pub fn new(issued_at: UtcTime, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&issued_at.as_unix_millis().max(0).to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(Uuid::from_bytes(bytes))
    }

    /// The number that is this UUID; nothing where it is not of version 7.
    pub fn from_uuid(uuid: Uuid) -> Option<Self> {
        let is_version_7 = uuid.get_version_num() == 7 && uuid.get_variant() == uuid::Variant::RFC4122;
        is_version_7.then_some(Self(uuid))
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl std::fmt::Display for PassId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl PassName {
    /// Accepts a slug.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidPassName> {
        let text = text.into();
        let sign = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let is_slug = bytes.len() <= SLUG_LEN_MAX
            && bytes.first().is_some_and(sign)
            && bytes.last().is_some_and(sign)
            && bytes.iter().all(|b| sign(b) || *b == b'-');
        if is_slug { Ok(Self(text)) } else { Err(InvalidPassName(text)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PassName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pass {
    /// Signs this pass: the text for its QR code, in the signs of the code's alphanumeric mode.
    pub fn issue(&self, key: &PassKey) -> Result<String, IssueError> {
        let (not_before, not_after) = (whole_seconds(self.not_before)?, whole_seconds(self.not_after)?);
        if not_before >= not_after {
            return Err(IssueError::NeverGood { not_before: self.not_before, not_after: self.not_after });
        }
        let is_nowhere = match &self.scope {
            Scope::OfCategory => false,
            Scope::Lanes(lanes) => lanes.is_empty(),
            Scope::Zones(zones) => zones.is_empty(),
        };
        if is_nowhere {
            return Err(IssueError::Nowhere);
        }
        let mut bytes = layout::encode(self, key.id(), not_before, not_after);
        if bytes.len() > BODY_BYTES_MAX {
            return Err(IssueError::TooLong { bytes: bytes.len() });
        }
        let sig = key.sign(&signed_bytes(&bytes));
        bytes.extend(sig.to_bytes());
        Ok(format!("{PREFIX}{}", base45::encode(&bytes)))
    }
}

/// Whether the text of a code is meant to be a pass of ours, of whatever version, genuine or not.
pub fn is_meant(text: &str) -> bool {
    text.strip_prefix(FAMILY)
        .and_then(|rest| rest.split_once(':'))
        .is_some_and(|(version, _)| !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads the text of a code and checks that it is a pass of one of `keys`, for `site`, good at `now`. Never panics,
/// whatever the text. Some scanners end a code with a line feed: the caller takes it off.
///
/// Whether the clock behind `now` can be believed is for the caller to know.
pub fn verify(text: &str, keys: &PassKeys, site: &SiteId, now: UtcTime) -> Result<Pass, PassError> {
    let length = text.chars().count();
    if length > TEXT_LEN_MAX {
        return Err(PassError::TooLong(length));
    }
    let Some(encoded) = text.strip_prefix(PREFIX) else {
        return Err(if is_meant(text) { PassError::UnknownVersion } else { PassError::NotAPass });
    };
    let bytes = base45::decode(encoded).ok_or(PassError::Malformed("it is not Base45"))?;
    let (body, sig) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(PassError::Malformed("it ends too early"))?;
    let (pass, key_id) = layout::decode(body).map_err(PassError::Malformed)?;
    let key = keys.find(key_id).ok_or(PassError::UnknownKey(key_id))?;
    if !key.verify(&signed_bytes(body), &Signature::from_bytes(*sig)) {
        return Err(PassError::BadSignature);
    }
    if pass.site != *site {
        return Err(PassError::OtherSite(pass.site));
    }
    if now < pass.not_before {
        return Err(PassError::NotYet(pass.not_before));
    }
    if now >= pass.not_after {
        return Err(PassError::Expired(pass.not_after));
    }
    Ok(pass)
}

fn signed_bytes(body: &[u8]) -> Vec<u8> {
    [SIGNED_PREFIX, body].concat()
}

fn whole_seconds(at: UtcTime) -> Result<u32, IssueError> {
    let micros = at.as_unix_micros();
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).map_err(|_| IssueError::BadTime(at))?;
    if micros.rem_euclid(1_000_000) == 0 { Ok(seconds) } else { Err(IssueError::BadTime(at)) }
}

#[cfg(test)]
mod tests;
