//! The sealed event: numbered per node, chained to the one before, signed by the node.
//!
//! On the wire an envelope is one JSON object in the canonical form of RFC 8785, at most [`ENVELOPE_BYTES_MAX`] long.
//! The signature covers `gatehouse-event-v1\n` followed by the canonical form of every member but `sig`, unknown
//! members included, so a hub older than the node still verifies what it cannot read. The SHA-256 of the same bytes is
//! the event's hash, which the node's next event names as `prev`.

use std::ops::Range;

use domain::{ClockQuality, NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::canonical::members_of_canonical;
use crate::event::{Event, EventId, Payload};
use crate::hash::{EventHash, sha256};
use crate::key::{NodeKey, NodePublicKey, Signature, verify_together};

/// Version of the envelope that this code writes, and the only one it reads.
pub const ENVELOPE_VERSION: u32 = 1;

/// Longest envelope in bytes; a longer one is refused unread.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024;

/// Up to here whole numbers are exact in the canonical form, which writes every number as a double (RFC 8785, 3.2.2.3).
const WHOLE_MAX: u64 = 1 << 53;

/// Below this the canonical form writes a double without an exponent, so that a large one reads back as a whole number.
const DIGITS_MAX: f64 = 1e21;

/// Most characters of a wrong member that an error repeats.
const SAID_CHARS_MAX: usize = 40;

/// Fewer signatures than this are verified one by one.
const TOGETHER_MIN: usize = 4;

const SIGNED_PREFIX: &[u8] = b"gatehouse-event-v1\n";

/// Where an event stands in its node's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed<'a> {
    /// The site of the node.
    pub site: &'a SiteId,
    /// The node.
    pub node: &'a NodeId,
    /// Its number: 1 for the node's first event, then without a gap.
    pub seq: u64,
    /// Hash of the event before, [`EventHash::GENESIS`] for the first.
    pub prev: EventHash,
}

/// A sealed event in its wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    hash: EventHash,
}

/// An envelope as it was received: well formed, but not believed until [`Received::verify`] says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Identity of the event.
    pub id: EventId,
    /// The site it claims to come from.
    pub site: SiteId,
    /// The node it claims to come from.
    pub node: NodeId,
    /// Its number in the node's chain.
    pub seq: u64,
    /// When it happened, by the node's clock.
    pub at: UtcTime,
    /// How far that clock can be trusted.
    pub clock: ClockQuality,
    /// Name of what happened.
    pub kind: String,
    /// What happened; nothing where the kind is not known to this version (the event is kept all the same).
    pub payload: Option<Payload>,
    /// Hash of the node's event before.
    pub prev: EventHash,
    /// Hash of this event.
    pub hash: EventHash,
    signed: Vec<u8>,
    sig: Signature,
}

/// Why bytes are not an envelope.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// Longer than [`ENVELOPE_BYTES_MAX`].
    #[error("the message has {0} bytes, at most {ENVELOPE_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// Not JSON, or a member is missing or of the wrong type.
    #[error("the message is not an event envelope")]
    NotAnEnvelope(#[source] serde_json::Error),
    /// Another version of the envelope.
    #[error("the envelope's version `v` is {0}, only {ENVELOPE_VERSION} is accepted")]
    UnknownVersion(String),
    /// A known kind whose payload does not fit.
    #[error("the payload of a \"{kind}\" event does not fit")]
    BadPayload {
        /// The kind.
        kind: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A whole number that the canonical form would change, or that it writes as one that would be.
    #[error("the number {0} is beyond 2^53, up to which whole numbers are exact")]
    NumberTooLarge(serde_json::Number),
    /// A number that the canonical form cannot hold.
    #[error("the event has no canonical form")]
    NotCanonical(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    v: u32,
    id: EventId,
    site: SiteId,
    node: NodeId,
    seq: u64,
    at: UtcTime,
    clock: ClockQuality,
    kind: String,
    prev: EventHash,
    sig: Signature,
}

/// The members of an envelope in canonical form as they are written; empty where one is missing.
#[derive(Default)]
struct Texts<'t> {
    v: &'t str,
    id: &'t str,
    site: &'t str,
    node: &'t str,
    seq: &'t str,
    at: &'t str,
    clock: &'t str,
    kind: &'t str,
    prev: &'t str,
    sig: &'t str,
    payload: &'t str,
    /// What goes from the text for that which is signed.
    sig_cut: Range<usize>,
}

impl<'t> Texts<'t> {
    /// Nothing where `text` is not canonical.
    fn of(text: &'t str) -> Option<Self> {
        let mut texts = Self::default();
        members_of_canonical(text, |member| {
            let place = match member.name {
                "v" => &mut texts.v,
                "id" => &mut texts.id,
                "site" => &mut texts.site,
                "node" => &mut texts.node,
                "seq" => &mut texts.seq,
                "at" => &mut texts.at,
                "clock" => &mut texts.clock,
                "kind" => &mut texts.kind,
                "prev" => &mut texts.prev,
                "payload" => &mut texts.payload,
                "sig" => {
                    texts.sig_cut = member.cut(text);
                    &mut texts.sig
                }
                // Of a later version.
                _ => return,
            };
            *place = member.value;
        })?;
        Some(texts)
    }

    fn head(&self) -> Result<Head, serde_json::Error> {
        use serde_json::from_str as read;
        Ok(Head {
            v: read(self.v)?,
            id: read(self.id)?,
            site: read(self.site)?,
            node: read(self.node)?,
            seq: read(self.seq)?,
            at: read(self.at)?,
            clock: read(self.clock)?,
            kind: read(self.kind)?,
            prev: read(self.prev)?,
            sig: read(self.sig)?,
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    v: u32,
    site: &'a SiteId,
    node: &'a NodeId,
    seq: u64,
    prev: &'a EventHash,
    #[serde(flatten)]
    event: &'a Event,
}

fn signed_bytes(body: &Value) -> Result<Vec<u8>, EnvelopeError> {
    let mut signed = SIGNED_PREFIX.to_vec();
    serde_json_canonicalizer::to_writer(body, &mut signed).map_err(EnvelopeError::NotCanonical)?;
    Ok(signed)
}

/// What is kept is the canonical form: a number that it changes would read differently from what was taken in.
fn refuse_inexact(value: &Value) -> Result<(), EnvelopeError> {
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            let is_changed = whole.map_or_else(
                || number.as_f64().is_some_and(|double| (WHOLE_MAX as f64..DIGITS_MAX).contains(&double.abs())),
                |whole| whole > WHOLE_MAX,
            );
            if is_changed { Err(EnvelopeError::NumberTooLarge(number.clone())) } else { Ok(()) }
        }
        Value::Array(items) => items.iter().try_for_each(refuse_inexact),
        Value::Object(members) => members.values().try_for_each(refuse_inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// A member as an error shows it: it may be anything, of any length.
fn said_briefly(value: &Value) -> String {
    value.to_string().chars().take(SAID_CHARS_MAX).collect()
}

/// A JSON value whose numbers are those that their shortest text gives, on both ends of the wire.
fn to_value<T: Serialize>(what: &T) -> Result<Value, serde_json::Error> {
    // By way of text: `to_value` would widen an f32 of 0.1 to 0.10000000149011612.
    serde_json::from_str(&serde_json::to_string(what)?)
}

impl Envelope {
    /// Seals `event`: numbers, chains and signs it.
    pub fn seal(key: &NodeKey, place: &Unsealed<'_>, event: &Event) -> Result<Self, EnvelopeError> {
        let Unsealed { site, node, seq, prev } = place;
        let body = Body { v: ENVELOPE_VERSION, site, node, seq: *seq, prev, event };
        let mut value = to_value(&body).map_err(EnvelopeError::NotCanonical)?;
        let signed = signed_bytes(&value)?;
        value["sig"] = Value::String(key.sign(&signed).to_string());
        let bytes = serde_json_canonicalizer::to_vec(&value).map_err(EnvelopeError::NotCanonical)?;
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(EnvelopeError::TooLong(bytes.len()));
        }
        Ok(Self { bytes, hash: EventHash::from_bytes(sha256(&[&signed])) })
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The event's hash.
    pub fn hash(&self) -> EventHash {
        self.hash
    }
}

impl Received {
    /// Reads a message. Never panics, whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(EnvelopeError::TooLong(bytes.len()));
        }
        let Some(received) = Self::parse_canonical(bytes) else { return Self::parse_any(bytes) };
        debug_assert_eq!(Self::parse_any(bytes).ok().as_ref(), Some(&received), "both ways read the same");
        Ok(received)
    }

    /// Reads a message that is in the canonical form already, as nodes send it, each member where it stands: a fifth of the
    /// time of building its value and writing the form anew. Nothing where it is not, or where anything is wrong with it,
    /// which [`Self::parse_any`] then says.
    fn parse_canonical(bytes: &[u8]) -> Option<Self> {
        let texts = Texts::of(std::str::from_utf8(bytes).ok()?)?;
        let head = texts.head().ok().filter(|head| head.v == ENVELOPE_VERSION)?;
        let payload = match Payload::of_kind(&head.kind, texts.payload) {
            Some(payload) => Some(payload.ok()?),
            None => None,
        };
        let Range { start, end } = texts.sig_cut;
        let signed = [SIGNED_PREFIX, &bytes[..start], &bytes[end..]].concat();
        Some(Self::of(head, payload, signed))
    }

    fn of(head: Head, payload: Option<Payload>, signed: Vec<u8>) -> Self {
        let Head { v: _, id, site, node, seq, at, clock, kind, prev, sig } = head;
        let hash = EventHash::from_bytes(sha256(&[&signed]));
        Self { id, site, node, seq, at, clock, kind, payload, prev, hash, signed, sig }
    }

    fn parse_any(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let mut value: Value = serde_json::from_slice(bytes).map_err(EnvelopeError::NotAnEnvelope)?;
        match value.get("v") {
            // Not `1.0`, nor a text: what is kept is the canonical form, and that must read as what was taken in.
            Some(version) if version.as_u64() == Some(u64::from(ENVELOPE_VERSION)) => {}
            version => return Err(EnvelopeError::UnknownVersion(version.map_or("missing".to_owned(), said_briefly))),
        }
        refuse_inexact(&value)?;
        // From the same value that is verified, so that a member given twice cannot say two things.
        let head = Head::deserialize(&value).map_err(EnvelopeError::NotAnEnvelope)?;
        let members = value.as_object_mut().expect("a head was read from it, so it is an object");
        members.remove("sig");
        let signed = signed_bytes(&value)?;
        let payload = match Payload::deserialize(&value) {
            Ok(payload) => Some(payload),
            Err(source) if is_known(&head.kind) => {
                return Err(EnvelopeError::BadPayload { kind: head.kind, source });
            }
            Err(_) => None,
        };
        Ok(Self::of(head, payload, signed))
    }

    /// Whether the owner of `key` signed this event as it stands.
    pub fn verify(&self, key: &NodePublicKey) -> bool {
        key.verify(&self.signed, &self.sig)
    }

    /// The node's signature, to keep beside [`Received::canonical`]: the two together are the proof.
    pub fn sig(&self) -> &Signature {
        &self.sig
    }

    /// The canonical JSON that was signed, without `sig`.
    pub fn canonical(&self) -> &str {
        std::str::from_utf8(&self.signed[SIGNED_PREFIX.len()..]).expect("the canonical form of JSON is UTF-8")
    }
}

/// Whether each of these events was signed by the owner of the key beside it. They are looked at together, and those that
/// fail are divided until it is known which they are: a forged one among thousands costs its neighbours little.
pub fn verify_all(events: &[(&Received, &NodePublicKey)]) -> Vec<bool> {
    let mut signed = Vec::with_capacity(events.len());
    verify_part(events, &mut signed);
    signed
}

fn verify_part(events: &[(&Received, &NodePublicKey)], signed: &mut Vec<bool>) {
    if events.len() < TOGETHER_MIN {
        signed.extend(events.iter().map(|(event, key)| event.verify(key)));
        return;
    }
    let parts: Vec<_> = events.iter().map(|(event, key)| (event.signed.as_slice(), *key, &event.sig)).collect();
    if verify_together(&parts) {
        signed.resize(signed.len() + events.len(), true);
        return;
    }
    let (first, second) = events.split_at(events.len() / 2);
    verify_part(first, signed);
    verify_part(second, signed);
}

fn is_known(kind: &str) -> bool {
    Payload::KINDS.contains(&kind)
}

#[cfg(test)]
mod tests;
