//! What can be said of a message without the log: whether it is an envelope, from where it says, and signed by a node
//! that is believed. Pure, and spread over the processor's cores; signatures are verified together, because they would cost
//! most of the time.

use std::collections::HashMap;

use domain::NodeId;
use rayon::prelude::*;
use wire::topic::UnknownTopic;
use wire::{Channel, NodeTopic, Received, verify_all};

use crate::error::in_words;
use crate::ingest::ahead::parts;
use crate::ingest::{Message, Reason, SEQ_MAX};
use crate::limits;
use crate::node::RegisteredNode;

/// What a message turned out to be.
#[derive(Debug)]
pub(super) enum Checked {
    /// A believed node's event.
    Good(Box<Received>),
    /// Anything else.
    Bad(Refusal),
}

/// Why a message is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) detail: String,
    pub(super) node: Option<NodeId>,
}

/// The topic of each message.
pub(super) fn topics(batch: &[Message]) -> Vec<Result<NodeTopic, UnknownTopic>> {
    batch.iter().map(|message| message.topic.parse()).collect()
}

pub(super) fn check_all(
    batch: &[Message],
    topics: &[Result<NodeTopic, UnknownTopic>],
    nodes: &HashMap<NodeId, RegisteredNode>,
) -> Vec<Checked> {
    let count = parts(batch.len());
    if count == 1 {
        return check_part(batch, topics, nodes);
    }
    let part = batch.len().div_ceil(count);
    // On threads that stay: what a new one reads into memory would have to be handed to the others when it ends.
    let parts: Vec<_> = batch
        .par_chunks(part)
        .zip(topics.par_chunks(part))
        .map(|(batch, topics)| check_part(batch, topics, nodes))
        .collect();
    parts.into_iter().flatten().collect()
}

fn check_part(
    batch: &[Message],
    topics: &[Result<NodeTopic, UnknownTopic>],
    nodes: &HashMap<NodeId, RegisteredNode>,
) -> Vec<Checked> {
    let read: Vec<_> = std::iter::zip(batch, topics).map(|(message, topic)| read(message, topic, nodes)).collect();
    let claimed: Vec<_> = read.iter().flatten().map(|(event, registered)| (&**event, &registered.key)).collect();
    let mut are_signed = verify_all(&claimed).into_iter();
    let checked = read.into_iter().map(|read| {
        let (event, registered) = match read {
            Ok(read) => read,
            Err(refusal) => return Checked::Bad(refusal),
        };
        match fault(&event, registered, are_signed.next().unwrap_or_default()) {
            None => Checked::Good(event),
            Some((reason, detail)) => Checked::Bad(Refusal { reason, detail, node: Some(event.node.clone()) }),
        }
    });
    checked.collect()
}

/// The event of a message and the node that it says it is of.
fn read<'n>(
    message: &Message,
    topic: &Result<NodeTopic, UnknownTopic>,
    nodes: &'n HashMap<NodeId, RegisteredNode>,
) -> Result<(Box<Received>, &'n RegisteredNode), Refusal> {
    let topic = match topic {
        Ok(topic) => topic,
        Err(error) => return bad(None, Reason::UnknownTopic, error.to_string()),
    };
    match topic.channel {
        Channel::Event => {}
        Channel::Status | Channel::Ack | Channel::Policy | Channel::Order | Channel::Answer | Channel::View => {
            return bad(None, Reason::UnknownTopic, format!("\"{topic}\" is not an event topic"));
        }
    }
    let node = Some(&topic.node);
    let event = match Received::parse(&message.payload) {
        Ok(event) => Box::new(event),
        Err(error) => return bad(node, Reason::Unreadable, in_words(&error)),
    };
    if event.site != topic.site || event.node != topic.node {
        let detail = format!("the envelope says \"{}/{}\", the topic is \"{topic}\"", event.site, event.node);
        return bad(node, Reason::Misplaced, detail);
    }
    match nodes.get(&event.node) {
        Some(registered) => Ok((event, registered)),
        None => {
            let detail = format!("node \"{}\" of site \"{}\" has not been added", event.node, event.site);
            bad(node, Reason::UnknownNode, detail)
        }
    }
}

/// What is wrong with a known node's event.
fn fault(event: &Received, registered: &RegisteredNode, is_signed: bool) -> Option<(Reason, String)> {
    if !is_signed {
        return Some((Reason::BadSignature, format!("event {} is not signed by the node's key", event.seq)));
    }
    if registered.site != event.site {
        let detail = format!("node \"{}\" belongs to site \"{}\"", event.node, registered.site);
        return Some((Reason::Misplaced, detail));
    }
    if !(1..=SEQ_MAX).contains(&event.seq) {
        let detail = format!("event number {} is not between 1 and {SEQ_MAX}", event.seq);
        return Some((Reason::BadNumber, detail));
    }
    event.payload.as_ref().and_then(limits::fault).map(|detail| (Reason::Unreadable, detail))
}

fn bad<T>(node: Option<&NodeId>, reason: Reason, detail: String) -> Result<T, Refusal> {
    Err(Refusal { reason, detail, node: node.cloned() })
}
