//! What waits at a lane for something more: a second credential, a second person, an escort.

use std::time::Duration;

use domain::MonoTime;

use super::Claim;
use crate::credential::{Credential, Method, Moment};
use crate::decision::{ReferReason, Step};
use crate::id::{CategoryId, Subject};
use crate::policy::{Demand, HolderKind, LanePolicy};

/// What is still needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// A second, different credential of the same holder, or of a vehicle's driver.
    SecondFactor,
    /// A second person.
    SecondPerson,
    /// An escort.
    Escort,
}

impl Need {
    /// Why the guard decides when it did not come.
    pub(super) const fn missing(self) -> ReferReason {
        match self {
            Self::SecondFactor => ReferReason::SecondFactorMissing,
            Self::SecondPerson => ReferReason::SecondPersonMissing,
            Self::Escort => ReferReason::EscortMissing,
        }
    }
}

/// Somebody who has shown something and whom the policy would let pass.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) claim: Claim,
    /// What he has shown, each by another method.
    pub(super) credentials: Vec<Credential>,
}

impl Member {
    fn has_shown(&self, method: Method) -> bool {
        self.credentials.iter().any(|credential| credential.method() == method)
    }

    fn is_proved_with(&self, other: &Self) -> bool {
        self.drives(other) || other.drives(self)
    }

    fn drives(&self, vehicle: &Self) -> bool {
        let listed = match &self.claim.subject {
            Subject::Holder(id) => vehicle.claim.drivers.contains(id),
            Subject::Pass(_) => false,
        };
        listed && self.credentials.iter().any(|credential| !vehicle.has_shown(credential.method()))
    }
}

/// Members who come together.
#[derive(Debug, Clone)]
pub(super) struct Gathering {
    pub(super) members: Vec<Member>,
    /// The checks so far.
    pub(super) trail: Vec<Step>,
    pub(super) opened: Moment,
    pub(super) until: MonoTime,
}

/// An escort who went through a lane.
#[derive(Debug, Clone)]
pub(super) struct Escorted {
    pub(super) category: CategoryId,
    pub(super) at: MonoTime,
}

/// What `members` still need at a lane, through which `recent` was the last escort.
pub(super) fn needs(lane: &LanePolicy, members: &[Member], recent: Option<&Escorted>, now: MonoTime) -> Vec<Need> {
    let mut needs = Vec::new();
    let is_proved =
        |member: &Member| member.credentials.len() >= 2 || members.iter().any(|other| member.is_proved_with(other));
    if lane.second_factor == Demand::Required && !members.iter().all(is_proved) {
        needs.push(Need::SecondFactor);
    }
    let persons = members.iter().filter(|member| member.claim.kind == HolderKind::Person).count();
    if lane.two_person == Demand::Required && persons < 2 {
        needs.push(Need::SecondPerson);
    }
    if is_escort_needed(lane, members) {
        let is_there = lane.escort.as_ref().is_some_and(|escort| {
            let here = members.iter().any(|member| escort.by.contains(&member.claim.category));
            let by = recent.filter(|recent| escort.by.contains(&recent.category));
            here || by.is_some_and(|recent| now.since(recent.at) <= escort.within)
        });
        if !is_there {
            needs.push(Need::Escort);
        }
    }
    needs
}

/// Whether one of `members` must not come alone: by his category at this lane, or by his pass.
pub(super) fn is_escort_needed(lane: &LanePolicy, members: &[Member]) -> bool {
    let by_lane = |member: &Member| lane.escort.as_ref().is_some_and(|one| one.of.contains(&member.claim.category));
    let by_pass = |credential: &Credential| match credential {
        Credential::Pass(pass) => pass.escort == Demand::Required,
        Credential::Plate { .. } | Credential::Card(_) | Credential::CitizenCard(_) => false,
    };
    members.iter().any(|member| by_lane(member) || member.credentials.iter().any(by_pass))
}

impl Gathering {
    /// How long the lane waits for what is needed.
    pub(super) fn patience(lane: &LanePolicy, needs: &[Need]) -> Duration {
        let of = |need: &Need| match need {
            Need::SecondFactor | Need::SecondPerson => lane.pair_within,
            Need::Escort => lane.escort.as_ref().map_or(Duration::ZERO, |escort| escort.within),
        };
        needs.iter().map(of).max().unwrap_or_default()
    }

    /// Whether somebody shows again what he has shown.
    pub(super) fn has_seen(&self, newcomer: &Member) -> bool {
        self.members.iter().any(|member| {
            member.claim.subject == newcomer.claim.subject
                && newcomer.credentials.iter().all(|credential| member.has_shown(credential.method()))
        })
    }

    /// Takes the newcomer in where he completes one of `needs`; gives him back where he does not.
    pub(super) fn join(&mut self, lane: &LanePolicy, needs: &[Need], newcomer: Member) -> Result<(), Box<Member>> {
        if let Some(member) = self.members.iter_mut().find(|member| member.claim.subject == newcomer.claim.subject) {
            member.credentials.extend(newcomer.credentials);
            return Ok(());
        }
        let helps = |need: &Need| match need {
            Need::SecondFactor => self.members.iter().any(|member| member.is_proved_with(&newcomer)),
            Need::SecondPerson => newcomer.claim.kind == HolderKind::Person,
            Need::Escort => lane.escort.as_ref().is_some_and(|escort| escort.by.contains(&newcomer.claim.category)),
        };
        if !needs.iter().any(helps) {
            return Err(Box::new(newcomer));
        }
        self.members.push(newcomer);
        Ok(())
    }

    pub(super) fn subjects(&self) -> Vec<Subject> {
        self.members.iter().map(|member| member.claim.subject.clone()).collect()
    }
}
