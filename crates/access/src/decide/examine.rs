//! The checks of one credential at one lane, in their order. All of them are made, also after one has failed, so that
//! the guard sees everything that is wrong; the verdict is drawn from the whole.

use domain::{Direction, UtcTime, ZoneId};

use super::{Access, Claim};
use crate::credential::{ClockTrust, Credential, Moment, PassUses};
use crate::decision::{Check, DenyReason, Finding, ReferReason, Step};
use crate::id::{RuleId, Subject};
use crate::policy::{AntiPassback, DeniedThing, Holder, HolderKind, LanePolicy, Window};
use crate::schedule::When;
use crate::state::{PERMITS_MAX, Permit, USED_PASSES_MAX};

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// Everything, for somebody who comes together with others of these kinds who were looked at before.
    Whole(&'a [HolderKind]),
    /// What the policy alone says: for a permit that was given already, whose place and pass are its own.
    Standing,
}

/// What the checks found.
#[derive(Debug, Clone)]
pub(super) struct Examined {
    pub(super) trail: Vec<Step>,
    pub(super) claim: Option<Claim>,
    pub(super) rule: Option<RuleId>,
}

/// One examination under way.
pub(super) struct Examination<'a> {
    access: &'a Access,
    lane: &'a LanePolicy,
    moment: Moment,
    scope: Scope<'a>,
    subject: Option<Subject>,
    trail: Vec<Step>,
}

/// Who somebody is by the policy, and what limits him.
struct Known<'a> {
    claim: Claim,
    windows: Vec<Window>,
    zones: Vec<ZoneId>,
    holder: Option<&'a Holder>,
}

impl<'a> Examination<'a> {
    pub(super) fn new(access: &'a Access, lane: &'a LanePolicy, moment: Moment, scope: Scope<'a>) -> Self {
        Self { access, lane, moment, scope, subject: None, trail: Vec::new() }
    }

    /// Looks at a credential.
    pub(super) fn of(mut self, credential: &Credential) -> Examined {
        self.found(Check::Lane, Finding::Held);
        let accepted = self.lane.methods.contains(&credential.method());
        self.found(Check::Method, denied_unless(accepted, || DenyReason::MethodNotAccepted));
        self.confidence(credential);
        let known = self.identify(credential);
        self.deny_list(Some(credential), known.as_ref());
        let Some(known) = known else { return Examined { trail: self.trail, claim: None, rule: None } };
        let rule = self.judge(&known, Some(credential));
        self.proof(credential);
        Examined { trail: self.trail, claim: Some(known.claim), rule }
    }

    /// Looks at a holder whom the guard named; nothing where the lists do not know him.
    pub(super) fn of_subject(mut self, subject: &Subject) -> Examined {
        let holder = match subject {
            Subject::Holder(id) => self.access.policy.holder(id),
            Subject::Pass(_) => None,
        };
        let Some(holder) = holder else { return Examined { trail: Vec::new(), claim: None, rule: None } };
        self.subject = Some(subject.clone());
        let known = self.known(holder);
        self.deny_list(None, Some(&known));
        let rule = self.judge(&known, None);
        Examined { trail: self.trail, claim: Some(known.claim), rule }
    }

    fn judge(&mut self, known: &Known<'_>, credential: Option<&Credential>) -> Option<RuleId> {
        self.validity(&known.windows);
        let rule = self.rule(known);
        self.zone(known, credential);
        match self.scope {
            Scope::Whole(before) => {
                self.pass_use(credential);
                self.outstanding(&known.claim, credential);
                self.anti_passback(&known.claim);
                self.occupancy(&known.claim, before);
            }
            Scope::Standing => {}
        }
        rule
    }

    fn found(&mut self, check: Check, finding: Finding) {
        self.trail.push(Step { subject: self.subject.clone(), check, finding });
    }

    fn confidence(&mut self, credential: &Credential) {
        let min = self.lane.confidence_min;
        let finding = match credential {
            Credential::Plate { confidence, .. } if confidence.is_nan() || *confidence < min => {
                Finding::Referred(ReferReason::PlateUnsure { confidence: *confidence, min })
            }
            Credential::Plate { .. } => Finding::Held,
            Credential::Pass(_) | Credential::Card(_) | Credential::CitizenCard(_) => Finding::NotAsked,
        };
        self.found(Check::Confidence, finding);
    }

    fn known(&self, holder: &'a Holder) -> Known<'a> {
        let zones = holder
            .zones
            .clone()
            .or_else(|| self.access.policy.categories.get(&holder.category).map(|category| category.zones.clone()));
        let claim = Claim {
            subject: Subject::Holder(holder.id.clone()),
            kind: holder.kind,
            category: holder.category.clone(),
            drivers: holder.drivers.clone(),
        };
        Known { claim, windows: vec![holder.valid], zones: zones.unwrap_or_default(), holder: Some(holder) }
    }

    fn identify(&mut self, credential: &Credential) -> Option<Known<'a>> {
        let policy = &self.access.policy;
        let known = match (policy.holder_of(credential), credential) {
            (Some(holder), Credential::Pass(pass)) => {
                let mut known = self.known(holder);
                if !pass.zones.is_empty() {
                    known.zones.retain(|zone| pass.zones.contains(zone));
                }
                known.windows.push(Window { from: Some(pass.valid_from), to: Some(pass.valid_to) });
                Some(known)
            }
            (Some(holder), Credential::Plate { .. } | Credential::Card(_) | Credential::CitizenCard(_)) => {
                Some(self.known(holder))
            }
            (None, Credential::Pass(pass)) => {
                let category = policy.categories.get(&pass.category);
                let zones = if pass.zones.is_empty() {
                    category.map(|category| category.zones.clone()).unwrap_or_default()
                } else {
                    pass.zones.clone()
                };
                let claim = Claim {
                    subject: Subject::Pass(pass.id.clone()),
                    kind: HolderKind::Person,
                    category: pass.category.clone(),
                    drivers: Vec::new(),
                };
                let windows = vec![Window { from: Some(pass.valid_from), to: Some(pass.valid_to) }];
                Some(Known { claim, windows, zones, holder: None })
            }
            (None, Credential::Plate { .. } | Credential::Card(_) | Credential::CitizenCard(_)) => None,
        };
        self.subject = known.as_ref().map(|known| known.claim.subject.clone());
        let finding = match (&known, credential) {
            (Some(_), _) => Finding::Held,
            (None, Credential::Plate { key, .. }) => {
                let confusion = &self.access.confusion;
                let alike = policy.denied_lookalike(key, confusion);
                let alike = alike.or_else(|| policy.listed_lookalike(key, confusion));
                let reason = alike.map_or(ReferReason::UnknownCredential, |plate| ReferReason::LooksLike { plate });
                Finding::Referred(reason)
            }
            (None, Credential::Pass(_) | Credential::Card(_) | Credential::CitizenCard(_)) => {
                Finding::Referred(ReferReason::UnknownCredential)
            }
        };
        self.found(Check::Credential, finding);
        known
    }

    /// Whatever is denied of a holder denies all that he shows: a stolen car's key card opens nothing either.
    fn deny_list(&mut self, credential: Option<&Credential>, known: Option<&Known<'_>>) {
        let mut things: Vec<DeniedThing> = credential
            .and_then(|credential| match credential {
                Credential::Plate { key, .. } => Some(DeniedThing::Plate(*key)),
                Credential::Pass(pass) => Some(DeniedThing::Pass(pass.id.clone())),
                Credential::Card(card) => Some(DeniedThing::Card(card.clone())),
                Credential::CitizenCard(_) => None,
            })
            .into_iter()
            .collect();
        things.extend(known.map(|known| DeniedThing::Category(known.claim.category.clone())));
        if let Some(holder) = known.and_then(|known| known.holder) {
            things.push(DeniedThing::Holder(holder.id.clone()));
            things.extend(holder.plates.iter().copied().map(DeniedThing::Plate));
            things.extend(holder.passes.iter().cloned().map(DeniedThing::Pass));
            things.extend(holder.cards.iter().cloned().map(DeniedThing::Card));
        }
        let (mut denied, mut unsure) = (None, false);
        for denial in things.iter().flat_map(|thing| self.access.policy.denials(thing)) {
            let always = denial.valid.is_always();
            unsure |= !always && self.moment.clock == ClockTrust::Untrusted;
            let at = self.moment.at;
            let holds = always || (!denial.valid.is_ahead(at) && !denial.valid.is_over(at));
            if holds && (always || self.moment.clock == ClockTrust::Trusted) {
                denied = denied.or(Some(denial.reason.clone()));
            }
        }
        let finding = match (denied, unsure, credential) {
            (Some(reason), _, _) => Finding::Denied(DenyReason::Listed { reason }),
            (None, true, _) => Finding::Referred(ReferReason::ClockUntrusted),
            (None, false, Some(Credential::Plate { key, .. })) if known.is_some() => {
                let alike = self.access.policy.denied_lookalike(key, &self.access.confusion);
                alike.map_or(Finding::Held, Finding::Resembles)
            }
            (None, false, _) => Finding::Held,
        };
        self.found(Check::DenyList, finding);
    }

    fn validity(&mut self, windows: &[Window]) {
        let at = self.moment.at;
        let ahead = windows.iter().filter(|window| window.is_ahead(at)).find_map(|window| window.from);
        let over = windows.iter().filter(|window| window.is_over(at)).find_map(|window| window.to);
        let finding = if windows.iter().all(Window::is_always) {
            Finding::NotAsked
        } else if self.moment.clock == ClockTrust::Untrusted {
            Finding::Referred(ReferReason::ClockUntrusted)
        } else if let Some(from) = ahead {
            Finding::Denied(DenyReason::NotYetValid { from })
        } else if let Some(since) = over {
            // Nobody is locked in by a date: the guard sees to who stayed too long.
            match self.lane.direction {
                Direction::In => Finding::Denied(DenyReason::Expired { since }),
                Direction::Out => Finding::Referred(ReferReason::Overstayed { since }),
            }
        } else {
            Finding::Held
        };
        self.found(Check::Validity, finding);
    }

    fn rule(&mut self, known: &Known<'_>) -> Option<RuleId> {
        let of_category = |rule: &&crate::policy::Rule| rule.categories.contains(&known.claim.category);
        let trusted = self.moment.clock == ClockTrust::Trusted;
        let mut timed = false;
        let rule = self.lane.rules.iter().filter(of_category).find(|rule| {
            match self.access.policy.schedules.get(&rule.schedule) {
                Some(When::Always) => true,
                Some(When::During(schedule)) => {
                    timed = true;
                    trusted && schedule.has(self.moment.at)
                }
                None => false,
            }
        });
        let finding = match rule {
            Some(_) => Finding::Held,
            None if timed && !trusted => Finding::Referred(ReferReason::ClockUntrusted),
            None if timed => Finding::Denied(DenyReason::OutsideSchedule),
            None => Finding::Denied(DenyReason::CategoryNotAccepted),
        };
        self.found(Check::Rule, finding);
        rule.map(|rule| rule.id.clone())
    }

    fn zone(&mut self, known: &Known<'_>, credential: Option<&Credential>) {
        let is_elsewhere = match credential {
            Some(Credential::Pass(pass)) => !pass.lanes.is_empty() && !pass.lanes.contains(&self.lane.id),
            Some(Credential::Plate { .. } | Credential::Card(_) | Credential::CitizenCard(_)) | None => false,
        };
        let finding = match &self.lane.to {
            _ if is_elsewhere => Finding::Denied(DenyReason::LaneNotAllowed),
            None => Finding::NotAsked,
            Some(zone) if known.zones.contains(zone) => Finding::Held,
            Some(zone) => Finding::Denied(DenyReason::ZoneNotAllowed { zone: zone.clone() }),
        };
        self.found(Check::Zone, finding);
    }

    fn pass_use(&mut self, credential: Option<&Credential>) {
        let finding = match credential {
            Some(Credential::Pass(pass)) if pass.uses == PassUses::Once && self.lane.direction == Direction::In => {
                if self.access.state.used.contains_key(&pass.id) {
                    Finding::Denied(DenyReason::PassUsed)
                } else if self.access.state.used.len() >= USED_PASSES_MAX {
                    Finding::Referred(ReferReason::Overloaded)
                } else {
                    Finding::Held
                }
            }
            Some(_) | None => Finding::NotAsked,
        };
        self.found(Check::PassUse, finding);
    }

    /// A second permit must not open for a second body while the first may still be used.
    fn outstanding(&mut self, claim: &Claim, credential: Option<&Credential>) {
        let uses_same_pass = |permit: &Permit| match credential {
            Some(Credential::Pass(pass)) => permit.uses.iter().any(|(used, _)| *used == pass.id),
            Some(_) | None => false,
        };
        let matters = |permit: &Permit| {
            let places = [&permit.from, &permit.to, &self.lane.from, &self.lane.to];
            let strict = places.into_iter().any(|zone| match self.access.policy.anti_passback(zone.as_ref()) {
                AntiPassback::Hard | AntiPassback::Timed(_) => true,
                AntiPassback::Off | AntiPassback::Soft => false,
            });
            uses_same_pass(permit) || (permit.is_for(&claim.subject) && (strict || !permit.uses.is_empty()))
        };
        let mut blocking = self.access.state.permits.values().filter(|permit| matters(permit)).peekable();
        let finding = if blocking.peek().is_none() {
            if self.access.state.permits.len() < PERMITS_MAX {
                Finding::Held
            } else {
                Finding::Referred(ReferReason::Overloaded)
            }
        } else if blocking.any(|permit| self.access.live.contains_key(&permit.number)) {
            Finding::Denied(DenyReason::PermitOutstanding)
        } else {
            Finding::Referred(ReferReason::PassageUnsettled)
        };
        self.found(Check::Outstanding, finding);
    }

    fn anti_passback(&mut self, claim: &Claim) {
        let (from, to) = (self.lane.from.as_ref(), self.lane.to.as_ref());
        let finding = match (self.misplaced(claim), self.too_soon(claim)) {
            (Some((reason, AntiPassback::Hard)), _) => Finding::Denied(reason),
            (_, Some(finding)) => finding,
            (Some((reason, _)), None) => Finding::Noted(reason),
            (None, None) => {
                let asked =
                    [from, to].into_iter().any(|zone| self.access.policy.anti_passback(zone) != AntiPassback::Off);
                if asked { Finding::Held } else { Finding::NotAsked }
            }
        };
        self.found(Check::AntiPassback, finding);
    }

    /// Where somebody is not where the lane begins: why that is wrong, and how strict the stricter of both zones is.
    fn misplaced(&self, claim: &Claim) -> Option<(DenyReason, AntiPassback)> {
        let place = self.access.state.place(&claim.subject).map(|presence| &presence.zone);
        let from = self.lane.from.as_ref();
        if place == from {
            return None;
        }
        let of = |zone: Option<&ZoneId>| self.access.policy.anti_passback(zone);
        let inside = place.map(|zone| (DenyReason::AlreadyInside { zone: zone.clone() }, of(place)));
        let not_inside = from.map(|zone| (DenyReason::NotInside { zone: zone.clone() }, of(from)));
        let found = || inside.iter().chain(&not_inside);
        let of_mode = |mode: AntiPassback| found().find(|(_, one)| *one == mode).cloned();
        of_mode(AntiPassback::Hard).or_else(|| of_mode(AntiPassback::Soft))
    }

    fn too_soon(&self, claim: &Claim) -> Option<Finding> {
        let zone = self.lane.to.as_ref()?;
        let AntiPassback::Timed(period) = self.access.policy.anti_passback(Some(zone)) else { return None };
        let last: UtcTime = *self.access.state.entered.get(&claim.subject)?.get(zone)?;
        let until = last.saturating_add(period);
        match self.moment.clock {
            ClockTrust::Untrusted => Some(Finding::Referred(ReferReason::ClockUntrusted)),
            ClockTrust::Trusted if self.moment.at < until => Some(Finding::Denied(DenyReason::TooSoon { until })),
            ClockTrust::Trusted => None,
        }
    }

    /// Whoever has a permit to come in counts as in.
    fn occupancy(&mut self, claim: &Claim, before: &[HolderKind]) {
        let state = &self.access.state;
        let zone = self.lane.to.as_ref();
        let limit = zone.and_then(|zone| self.access.policy.zones.get(zone)).and_then(|zone| zone.occupancy);
        let finding = match (zone, limit) {
            (Some(zone), Some(limit)) if limit.of.counts(claim.kind) => {
                let is_in = |subject: &Subject| state.place(subject).is_some_and(|presence| presence.zone == *zone);
                let inside = state.inside(zone).filter(|(_, presence)| limit.of.counts(presence.kind)).count();
                let coming = state.permits.values().filter(|permit| permit.to.as_ref() == Some(zone));
                let coming = coming.filter(|permit| !permit.is_for(&claim.subject)).flat_map(|permit| &permit.subjects);
                let coming = coming.filter(|(one, kind)| limit.of.counts(*kind) && !is_in(one)).count();
                let together = before.iter().filter(|kind| limit.of.counts(**kind)).count();
                let full = inside + coming + together >= limit.max as usize;
                let full = full && !is_in(&claim.subject);
                denied_unless(!full, || DenyReason::ZoneFull { zone: zone.clone(), max: limit.max })
            }
            (Some(_), Some(_) | None) | (None, _) => Finding::NotAsked,
        };
        self.found(Check::Occupancy, finding);
    }

    fn proof(&mut self, credential: &Credential) {
        let finding = match credential {
            Credential::CitizenCard(_) => Finding::Referred(ReferReason::IdentificationOnly),
            Credential::Plate { .. } | Credential::Pass(_) | Credential::Card(_) => Finding::Held,
        };
        self.found(Check::Proof, finding);
    }
}

fn denied_unless(held: bool, reason: impl FnOnce() -> DenyReason) -> Finding {
    if held { Finding::Held } else { Finding::Denied(reason()) }
}
