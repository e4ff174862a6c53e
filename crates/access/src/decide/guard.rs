//! What a guard may do, each with his name and his reason.

use std::sync::Arc;

use domain::{MonoTime, ZoneId};
use thiserror::Error;

use super::examine::{Examination, Scope};
use super::{Access, Live};
use crate::credential::Moment;
use crate::decision::{DecisionNumber, Grant};
use crate::id::{LaneId, Subject};
use crate::policy::HolderKind;
use crate::state::{Change, PermitEnd};

/// Longest name or reason, in characters.
pub const TEXT_LEN_MAX: usize = 500;

/// A guard lets somebody pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Where.
    pub lane: LaneId,
    /// Who decides.
    pub guard: String,
    /// Why.
    pub reason: String,
    /// Whom, as far as known; they are where the lane leads once they have passed.
    pub subjects: Vec<Subject>,
    /// When.
    pub moment: Moment,
}

/// A guard says where somebody is: he went out unseen, or the state is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocation {
    /// Whom.
    pub subject: Subject,
    /// Where he is; nothing for outside.
    pub zone: Option<ZoneId>,
    /// Who says so.
    pub guard: String,
    /// Why.
    pub reason: String,
    /// When.
    pub moment: Moment,
}

/// Why a guard's word was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GuardError {
    /// Nobody answers for it.
    #[error("the guard's name is missing, or longer than {TEXT_LEN_MAX} characters")]
    Name,
    /// Nobody will know why.
    #[error("the reason is missing, or longer than {TEXT_LEN_MAX} characters")]
    Reason,
    /// The policy has no such lane.
    #[error("the policy knows no lane \"{0}\"")]
    Lane(LaneId),
    /// The policy has no such zone.
    #[error("the policy knows no zone \"{0}\"")]
    Zone(ZoneId),
    /// Nobody of this name is known.
    #[error("nobody is known as \"{0}\"")]
    Subject(Subject),
}

impl Access {
    /// A guard lets somebody pass, whatever the policy says. It is a decision of its own, with his name and reason, and
    /// shows in its trail what he overrode.
    ///
    /// # Errors
    /// When the name or the reason is missing, or nobody knows the lane or a subject.
    pub fn override_by(&mut self, order: Override) -> Result<DecisionNumber, GuardError> {
        let Override { lane, guard, reason, subjects, moment } = order;
        let (guard, reason) = signed(&guard, &reason)?;
        let policy = Arc::clone(&self.policy);
        let lane = policy.lane(&lane).ok_or(GuardError::Lane(lane))?;
        self.handle_timeout(moment.now);
        let kinds: Result<Vec<_>, _> =
            subjects.iter().map(|subject| self.kind(subject).map(|kind| (subject.clone(), kind))).collect();
        let kinds = kinds?;
        let mut trail = Vec::new();
        for subject in &subjects {
            trail.extend(Examination::new(self, lane, moment, Scope::Whole(&[])).of_subject(subject).trail);
        }
        self.waiting.retain(|_, gathering| !gathering.subjects().iter().any(|one| subjects.contains(one)));
        let live = Live { expires: moment.now + lane.permit_for, members: Vec::new(), granted: moment.now };
        let number = self.record(lane, kinds, Vec::new(), live, moment);
        let deadline: MonoTime = moment.now + lane.deadline;
        let grant = Grant::Override { guard, reason };
        self.decide(&lane.id, deadline, moment, subjects, trail, Some((number, grant)));
        Ok(number)
    }

    /// A guard says where somebody is. Permits of that subject end.
    ///
    /// # Errors
    /// When the name or the reason is missing, or nobody knows the zone or the subject.
    pub fn relocate(&mut self, order: Relocation) -> Result<(), GuardError> {
        let Relocation { subject, zone, guard, reason, moment } = order;
        let (guard, reason) = signed(&guard, &reason)?;
        if let Some(zone) = zone.as_ref().filter(|zone| !self.policy.zones.contains_key(zone)) {
            return Err(GuardError::Zone(zone.clone()));
        }
        let kind = self.kind(&subject)?;
        let open = self.state.permits.values().filter(|permit| permit.is_for(&subject));
        let ended: Vec<_> = open.map(|permit| permit.number).collect();
        for number in ended {
            self.end_permit(number, PermitEnd::Relocated);
        }
        self.change(Change::Relocated { subject, kind, zone, at: moment.at, guard, reason });
        Ok(())
    }

    fn kind(&self, subject: &Subject) -> Result<HolderKind, GuardError> {
        let listed = match subject {
            Subject::Holder(id) => self.policy.holder(id).map(|holder| holder.kind),
            Subject::Pass(_) => Some(HolderKind::Person),
        };
        listed
            .or_else(|| self.state.place(subject).map(|presence| presence.kind))
            .ok_or_else(|| GuardError::Subject(subject.clone()))
    }
}

fn signed(guard: &str, reason: &str) -> Result<(String, String), GuardError> {
    let text = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && text.chars().count() <= TEXT_LEN_MAX).then(|| text.to_owned())
    };
    Ok((text(guard).ok_or(GuardError::Name)?, text(reason).ok_or(GuardError::Reason)?))
}
