//! MQTT topics: `gatehouse/v1/{site}/{node}/{channel}`.

use domain::{GateId, NodeId, SiteId};
use thiserror::Error;

const ROOT: &str = "gatehouse/v1";

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Node to hub, QoS 1: an event envelope.
    Event,
    /// Node to hub, QoS 1, retained, last will: a [`Status`](crate::Status).
    Status,
    /// Hub to node, QoS 1, retained: an [`Ack`](crate::Ack).
    Ack,
    /// Hub to node, QoS 1, retained: a [`WantedPolicy`](crate::policy::WantedPolicy).
    Policy,
    /// Hub to node, QoS 1, never retained: a guard's [`LaneOrder`](crate::order::LaneOrder).
    Order,
    /// Node to whoever ordered, QoS 1: an [`OrderAnswer`](crate::order::OrderAnswer).
    Answer,
    /// Hub to node, QoS 0, never retained: a [`ViewRequest`](crate::view::ViewRequest).
    View,
}

impl Channel {
    const ALL: [Self; 7] = [Self::Event, Self::Status, Self::Ack, Self::Policy, Self::Order, Self::Answer, Self::View];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Status => "status",
            Self::Ack => "ack",
            Self::Policy => "policy",
            Self::Order => "order",
            Self::Answer => "answer",
            Self::View => "view",
        }
    }

    /// The filter that matches this channel of every node.
    pub fn filter(self) -> String {
        format!("{ROOT}/+/+/{}", self.as_str())
    }

    /// The same as a shared subscription of `group`, so that hub replicas divide the messages among them.
    pub fn shared_filter(self, group: &str) -> String {
        format!("$share/{group}/{}", self.filter())
    }
}

/// A topic of one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeTopic {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// What it carries.
    pub channel: Channel,
}

/// Where the hub tells the counts of a gate to whoever may read them, retained: `gatehouse/v1/{site}/counts/{gate}`.
/// Nothing for a gate with the name of a channel: its counts would be taken for a message of the node `counts`.
pub fn counts_topic(site: &SiteId, gate: &GateId) -> Option<String> {
    let is_channel = Channel::ALL.into_iter().any(|channel| channel.as_str() == gate.as_str());
    (!is_channel).then(|| format!("{ROOT}/{site}/counts/{gate}"))
}

/// Why a text is not a topic of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a topic of the form {ROOT}/SITE/NODE/event, status, ack, policy, order, answer or view")]
pub struct UnknownTopic(String);

impl std::fmt::Display for NodeTopic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{ROOT}/{}/{}/{}", self.site, self.node, self.channel.as_str())
    }
}

impl std::str::FromStr for NodeTopic {
    type Err = UnknownTopic;
    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        let read = || {
            let mut parts = text.strip_prefix(ROOT)?.strip_prefix('/')?.split('/');
            let (site, node) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let name = parts.next()?;
            let channel = Channel::ALL.into_iter().find(|c| c.as_str() == name)?;
            parts.next().is_none().then_some(Self { site, node, channel })
        };
        read().ok_or_else(|| UnknownTopic(text.chars().take(200).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_never_look_like_a_message_of_a_node() {
        let (site, gate) = (SiteId::new("s-1").expect("a slug"), |name: &str| GateId::new(name).expect("a slug"));
        let topic = counts_topic(&site, &gate("main")).expect("a topic");
        assert_eq!(topic, "gatehouse/v1/s-1/counts/main");
        assert!(topic.parse::<NodeTopic>().is_err());
        assert_eq!(counts_topic(&site, &gate("event")), None);
    }

    #[test]
    fn topics_read_back_what_they_wrote() {
        let (site, node) = (SiteId::new("s-1").expect("a slug"), NodeId::new("n-1").expect("a slug"));
        for channel in Channel::ALL {
            let topic = NodeTopic { site: site.clone(), node: node.clone(), channel };
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for bad in ["", "gatehouse/v1", "gatehouse/v1/s/n/events", "gatehouse/v1/s/n/event/x", "gatehouse/v2/s/n/ack"] {
            assert!(bad.parse::<NodeTopic>().is_err(), "{bad}");
        }
    }
}
