//! Nobody comes in twice on one credential.

use std::collections::BTreeMap;

use access::{Access, Check, DecisionNumber, Finding, Verdict};
use proptest::prelude::*;

use crate::site::{HOLDERS, POLICY, after, card, decide, go, parse, plate, policy, present, told, verdict};

#[test]
fn hard_anti_passback_survives_a_restart() {
    let mut access = Access::new(policy());
    go(&mut access, "in", card("CA01"), after(0));
    let kept = serde_json::to_string(access.state()).expect("JSON");
    let mut access = Access::restore(policy(), serde_json::from_str(&kept).expect("the same"));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(100)), "deny already-inside");
    assert_eq!(verdict(&mut access, "out", card("CA02"), after(100)), "deny not-inside");
    go(&mut access, "out", card("CA01"), after(100));
    go(&mut access, "in", card("CA01"), after(200));
}

#[test]
fn a_permit_that_waited_through_a_restart_goes_to_the_guard() {
    let mut access = Access::new(policy());
    let before = decide(&mut access, "in", card("CA01"), after(0));
    let mut access = Access::restore(policy(), access.state().clone());
    let after_restart = decide(&mut access, "in", card("CA01"), after(100));
    assert_eq!(crate::site::says(&after_restart), "refer passage-unsettled");
    assert!(after_restart.number > before.number, "numbers are not given twice");
}

#[test]
fn soft_anti_passback_permits_and_notes_it() {
    let soft = POLICY.replace("anti_passback = \"hard\"", "anti_passback = \"soft\"");
    let mut access = Access::new(parse(&soft, HOLDERS));
    go(&mut access, "in", card("CA01"), after(0));
    let decision = decide(&mut access, "in", card("CA01"), after(1));
    assert!(matches!(decision.verdict, Verdict::Permit(_)));
    let step = decision.trail.iter().find(|step| step.check == Check::AntiPassback).expect("it was looked at");
    assert!(matches!(step.finding, Finding::Noted(_)), "{step}");
}

#[test]
fn timed_anti_passback_denies_for_its_minutes_also_after_leaving() {
    let timed = POLICY.replace("\"hard\"", "\"timed\"\nanti_passback_minutes = 10");
    let mut access = Access::new(parse(&timed, HOLDERS));
    go(&mut access, "in", card("CA01"), after(0));
    go(&mut access, "out", card("CA01"), after(60));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(599)), "deny too-soon");
    let mut access = Access::restore(parse(&timed, HOLDERS), access.state().clone());
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(599)), "deny too-soon");
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(600)), "permit rule");
}

/// What people do with credentials at a gate.
#[derive(Debug, Clone)]
enum Deed {
    Show {
        lane: usize,
        who: usize,
    },
    /// Somebody goes through on the permit given so many permits ago.
    Pass {
        back: usize,
    },
    Wait {
        seconds: u64,
    },
    Restart,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        5 => (0..3_usize, 0..4_usize).prop_map(|(lane, who)| Deed::Show { lane, who }),
        4 => (0..4_usize).prop_map(|back| Deed::Pass { back }),
        1 => (1..40_u64).prop_map(|seconds| Deed::Wait { seconds }),
        1 => Just(Deed::Restart),
    ];
    prop::collection::vec(deed, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bodies are counted by the test itself, by what went through, and never by what the machine believes.
    #[test]
    fn no_sequence_of_permits_lets_one_credential_be_inside_twice(deeds in deeds()) {
        let who = [card("CA01"), card("CA02"), plate("29H12345"), card("CA10")];
        // The last two are the plate and the card of one vehicle.
        let body = [0, 1, 2, 2];
        let lanes = ["in", "in-2", "out"];
        let policy = policy();
        let mut access = Access::new(policy.clone());
        let mut inside = [0_i32; 3];
        let mut permits: Vec<(DecisionNumber, usize, &str)> = Vec::new();
        let mut seconds = 0;
        for deed in deeds {
            match deed {
                Deed::Show { lane, who: index } => {
                    let told = present(&mut access, lanes[lane], who[index].clone(), after(seconds));
                    for decision in told.decisions {
                        if let Verdict::Permit(_) = decision.verdict {
                            permits.push((decision.number, body[index], lanes[lane]));
                        }
                    }
                }
                Deed::Pass { back } => {
                    if let Some((number, body, lane)) = permits.iter().rev().nth(back).copied()
                        && access.passed(number, after(seconds)).is_ok()
                    {
                        inside[body] += if lane == "out" { -1 } else { 1 };
                    }
                    told(&mut access);
                }
                Deed::Wait { seconds: by } => seconds += by,
                Deed::Restart => access = Access::restore(policy.clone(), access.state().clone()),
            }
            for count in inside {
                prop_assert!((0..=1).contains(&count), "{inside:?}");
            }
        }
        let believed: BTreeMap<_, _> = access.state().permits().map(|permit| (permit.number, ())).collect();
        prop_assert!(believed.len() <= 3, "at most one permit a subject waits: {believed:?}");
    }
}
