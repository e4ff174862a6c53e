//! Signing and opening JSON objects, the same way for everything that a policy key signs: policies, what announces them,
//! and guards' orders.

use serde_json::Value;
use thiserror::Error;

use super::POLICY_FORMAT;
use super::key::{KeyId, PolicyKey, TrustedKeys};
use crate::key::Signature;

/// Why a message is not one that a trusted key signed.
#[derive(Debug, Error)]
pub enum SealError {
    /// Not a JSON object.
    #[error("it is not a JSON object")]
    NotJson(#[source] serde_json::Error),
    /// A member that every signed message has is missing or of another type.
    #[error("its member \"{0}\" is missing or cannot be read")]
    BadMember(&'static str),
    /// Another version of the format.
    #[error("its format {0} is not known, only {POLICY_FORMAT} is accepted: bring this program up to date")]
    UnknownFormat(u64),
    /// Signed by a key that is not trusted here.
    #[error("it is signed by key {id}, which is not trusted here; trusted: {trusted}")]
    UnknownKey {
        /// The key, by its own word.
        id: KeyId,
        /// The names of the keys that are.
        trusted: String,
    },
    /// The key that it names did not sign it as it stands.
    #[error("its signature is not that of key {0}: it was changed on the way or is forged")]
    BadSignature(KeyId),
    /// A number that the canonical form cannot hold.
    #[error("it has no canonical form")]
    NotCanonical(#[source] serde_json::Error),
}

fn signed_bytes(prefix: &[u8], value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut signed = prefix.to_vec();
    serde_json_canonicalizer::to_writer(value, &mut signed)?;
    Ok(signed)
}

/// The canonical form of `value`, an object, with format, key and signature.
pub(crate) fn seal(prefix: &[u8], key: &PolicyKey, mut value: Value) -> Result<Vec<u8>, serde_json::Error> {
    value["v"] = POLICY_FORMAT.into();
    value["key"] = Value::String(key.id().into());
    let signed = signed_bytes(prefix, &value)?;
    value["sig"] = Value::String(key.sign(&signed).into());
    serde_json_canonicalizer::to_vec(&value)
}

/// The object that a trusted key signed, without what [`seal`] added.
pub(crate) fn open(prefix: &[u8], bytes: &[u8], trusted: &TrustedKeys) -> Result<Value, SealError> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(SealError::NotJson)?;
    let Some(members) = value.as_object_mut() else { return Err(SealError::BadMember("v")) };
    match members.get("v").and_then(Value::as_u64) {
        Some(format) if format == u64::from(POLICY_FORMAT) => {}
        Some(format) => return Err(SealError::UnknownFormat(format)),
        None => return Err(SealError::BadMember("v")),
    }
    let text = |value: Option<Value>| value?.as_str().map(str::to_owned);
    let sig: Signature =
        text(members.remove("sig")).and_then(|sig| sig.parse().ok()).ok_or(SealError::BadMember("sig"))?;
    let id: KeyId =
        text(members.get("key").cloned()).and_then(|id| id.parse().ok()).ok_or(SealError::BadMember("key"))?;
    let Some(key) = trusted.find(&id) else {
        return Err(SealError::UnknownKey { id, trusted: trusted.names() });
    };
    // Of the very value that is read further, so that a member given twice cannot say two things.
    let signed = signed_bytes(prefix, &value).map_err(SealError::NotCanonical)?;
    if !key.verify(&signed, &sig) {
        return Err(SealError::BadSignature(id));
    }
    if let Some(members) = value.as_object_mut() {
        members.remove("v");
        members.remove("key");
    }
    Ok(value)
}
