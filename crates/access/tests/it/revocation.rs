//! Who is taken off the lists no longer passes, and neither does what was permitted and not carried out.

use access::lane::{Ignored, Input, Lane, LaneEvent};
use access::{Access, Change, Moment, PermitEnd, Verdict};
use proptest::prelude::*;

use crate::site::{HOLDERS, POLICY, after, card, decide, lane, parse, plate, policy, present, told, verdict};

fn without(ids: &[&str]) -> String {
    let keep = |line: &&str| !ids.iter().any(|id| line.starts_with(&format!("{id},")));
    let lines: Vec<_> = HOLDERS.lines().filter(keep).map(str::to_owned).collect();
    let mut text = lines.join("\n");
    // A vehicle must not name a driver who is gone.
    for id in ids {
        text = text.replace(&format!(",,,,{id}"), ",,,,");
    }
    text
}

#[test]
fn a_permit_of_somebody_revoked_ends_and_opens_nothing() {
    let mut access = Access::new(policy());
    let decision = decide(&mut access, "in", card("CA02"), after(0));
    let mut barrier = Lane::new(lane("in"), policy().lane(&lane("in")).expect("a lane").barrier);
    barrier.handle(&Input::Decided(&decision), after(0).now);
    access.replace_policy(parse(POLICY, &without(&["binh"])), after(1));
    let ended = Change::PermitEnded { number: decision.number, why: PermitEnd::Revoked };
    assert_eq!(told(&mut access).changes, [ended]);
    barrier.handle(&Input::Ended(decision.number), after(1).now);
    assert_eq!(barrier.poll_command(after(1).now), None);
    assert_eq!(barrier.poll_event(), Some(LaneEvent::Ignored { number: Some(decision.number), why: Ignored::Ended }));
    assert!(access.passed(decision.number, after(1)).is_err());
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(2)), "refer unknown-credential");
}

#[test]
fn who_waits_for_a_second_factor_is_revoked_too() {
    let policy = POLICY.replacen("permit_for_s = 30", "permit_for_s = 30\nsecond_factor = \"required\"", 1);
    let mut access = Access::new(parse(&policy, HOLDERS));
    present(&mut access, "in", plate("29H12345"), after(0));
    let denied = format!("{policy}\n[[deny]]\nholder = \"lorry\"\nreason = \"x\"\n");
    access.replace_policy(parse(&denied, HOLDERS), after(1));
    let told = told(&mut access);
    assert_eq!(crate::site::says(&told.decisions[0]), "deny listed");
    assert_eq!(access.poll_timeout(), None);
}

#[test]
fn a_permit_that_the_new_policy_would_give_too_stands() {
    let mut access = Access::new(policy());
    let decision = decide(&mut access, "in", card("CA01"), after(0));
    access.replace_policy(parse(POLICY, &without(&["binh"])), after(1));
    access.passed(decision.number, after(2)).expect("it stands");
    assert_eq!(access.state().inside(&crate::site::zone("park")).count(), 1, "the state stays");
}

#[test]
fn a_lane_that_is_gone_or_asks_for_more_ends_its_permits() {
    let stricter = POLICY.replacen("permit_for_s = 30", "permit_for_s = 30\ntwo_person = \"required\"", 1);
    let renamed = POLICY.replacen("id = \"in\"", "id = \"in-9\"", 1);
    for other in [stricter, renamed] {
        let mut access = Access::new(policy());
        decide(&mut access, "in", card("CA01"), after(0));
        access.replace_policy(parse(&other, HOLDERS), after(1));
        assert_eq!(access.state().permits().count(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whoever_is_revoked_never_passes_from_then_on(
        shown in prop::collection::vec((0..3_usize, 0..6_usize, prop::bool::weighted(0.6)), 0..40),
        revoked in prop::sample::subsequence(vec!["an", "binh", "chi", "dung", "lorry", "car"], 1..4),
        at in 0..40_usize,
        listed in any::<bool>(),
    ) {
        let who = [
            ("an", card("CA01")), ("binh", card("CA02")), ("chi", card("CA03")),
            ("dung", card("CA04")), ("lorry", plate("29H12345")), ("car", plate("30A67890")),
        ];
        let denials: String = revoked.iter().map(|id| format!("[[deny]]\nholder = \"{id}\"\nreason = \"x\"\n")).collect();
        // Taken off the list, or put on the other.
        let other = if listed {
            parse(&format!("{POLICY}\n{denials}"), HOLDERS)
        } else {
            parse(POLICY, &without(&revoked))
        };
        let mut access = Access::new(policy());
        let mut permitted = Vec::new();
        for (step, (lane, index, passes)) in shown.into_iter().enumerate() {
            let moment: Moment = after(step as u64);
            if step == at {
                access.replace_policy(other.clone(), moment);
                for (id, number) in std::mem::take(&mut permitted) {
                    let stands = access.passed(number, moment).is_ok();
                    prop_assert!(!(stands && revoked.contains(&id)), "{id} went through");
                }
            }
            let (id, credential) = &who[index];
            for decision in present(&mut access, ["in", "in-2", "out"][lane], credential.clone(), moment).decisions {
                if let Verdict::Permit(_) = decision.verdict {
                    prop_assert!(step < at || !revoked.contains(id), "{id} was permitted");
                    if passes {
                        prop_assert!(access.passed(decision.number, moment).is_ok());
                    } else {
                        permitted.retain(|(other, _)| other != id);
                        permitted.push((*id, decision.number));
                    }
                }
            }
            told(&mut access);
        }
    }
}
