//! What a node answers to an order.

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::{ORDER_BYTES_MAX, OrderId};
use crate::key::{NodeKey, NodePublicKey, Signature};

const SIGNED_PREFIX: &[u8] = b"gatehouse-order-answer-v1\n";

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderOutcome {
    /// The lane has it. What the barrier then does is told as events.
    Given,
    /// It was not given to the lane.
    Refused,
}

/// A node's answer, under its own signature: nobody between it and the guard can say that a lane is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order.
    pub order: OrderId,
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// What became of it.
    pub outcome: OrderOutcome,
    /// Why it was refused; empty where it was not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The decision, where the order is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// When, by the node's clock.
    pub at: UtcTime,
}

/// Why a message is no answer of that node.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// Too long, or not what an answer looks like.
    #[error("it is not an answer to an order")]
    NotAnAnswer(#[source] Option<serde_json::Error>),
    /// The node did not sign it.
    #[error("it is not signed by the node")]
    NotBelieved,
}

impl OrderAnswer {
    /// The message in its wire form.
    pub fn seal(&self, key: &NodeKey) -> Vec<u8> {
        let mut value = serde_json::to_value(self).expect("an answer has only text and names");
        let sig = key.sign(&signed_bytes(&value).expect("an answer has no numbers"));
        value["sig"] = Value::String(sig.into());
        serde_json_canonicalizer::to_vec(&value).expect("an answer has no numbers")
    }

    /// Reads an answer that the owner of `key` signed. Never panics, whatever the bytes.
    pub fn open(bytes: &[u8], key: &NodePublicKey) -> Result<Self, AnswerError> {
        if bytes.len() > ORDER_BYTES_MAX {
            return Err(AnswerError::NotAnAnswer(None));
        }
        let failed = |error| AnswerError::NotAnAnswer(Some(error));
        let mut value: Value = serde_json::from_slice(bytes).map_err(failed)?;
        let sig = value.as_object_mut().and_then(|members| members.remove("sig"));
        let sig: Signature =
            sig.as_ref().and_then(Value::as_str).and_then(|sig| sig.parse().ok()).ok_or(AnswerError::NotBelieved)?;
        if !key.verify(&signed_bytes(&value).map_err(failed)?, &sig) {
            return Err(AnswerError::NotBelieved);
        }
        serde_json::from_value(value).map_err(failed)
    }
}

fn signed_bytes(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut signed = SIGNED_PREFIX.to_vec();
    serde_json_canonicalizer::to_writer(value, &mut signed)?;
    Ok(signed)
}
