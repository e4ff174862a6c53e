//! The changes are the state: who has kept them all has the machine.

use std::sync::Arc;

use access::{Access, AccessEvent, AccessPolicy, Change, Override, PassUses, Relocation, State, Verdict};
use proptest::prelude::*;

use crate::site::{after, card, holder, lane, plate, policy, present, told, visitor_pass, zone};

#[derive(Debug, Clone)]
enum Deed {
    Show { lane: usize, what: usize },
    Pass { back: usize },
    Wait { seconds: u64 },
    Override { who: usize },
    Relocate { who: usize, inside: bool },
    Forget,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..4_usize, 0..7_usize).prop_map(|(lane, what)| Deed::Show { lane, what }),
        4 => (0..3_usize).prop_map(|back| Deed::Pass { back }),
        2 => (1..30_000_u64).prop_map(|seconds| Deed::Wait { seconds }),
        1 => (0..3_usize).prop_map(|who| Deed::Override { who }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(who, inside)| Deed::Relocate { who, inside }),
        1 => Just(Deed::Forget),
    ]
}

const LANES: [&str; 4] = ["in", "in-2", "out", "store-in"];

fn things() -> [access::Credential; 7] {
    [
        card("CA01"),
        card("CA02"),
        card("CA03"),
        plate("29H12345"),
        plate("30A67890"),
        visitor_pass("once-1", PassUses::Once),
        visitor_pass("many-1", PassUses::Many),
    ]
}

/// Does the deeds, keeping every change as a node would; checks that a change comes before the decision that it is for.
fn live(policy: &Arc<AccessPolicy>, deeds: &[Deed]) -> (Access, Vec<Change>, u64) {
    let mut access = Access::new(policy.clone());
    let (mut journal, mut permits, mut seconds) = (told(&mut access).changes, Vec::new(), 0);
    for deed in deeds {
        let moment = after(seconds);
        let who = |index: &usize| holder(["an", "binh", "lorry"][*index]);
        let (guard, reason) = ("Hùng".to_owned(), "kiểm tra".to_owned());
        match deed {
            Deed::Show { lane: index, what } => {
                let credential = things()[*what].clone();
                access.present(access::Presented { lane: lane(LANES[*index]), credential, moment });
            }
            Deed::Pass { back } => {
                if let Some(number) = permits.iter().rev().nth(*back) {
                    let _ = access.passed(*number, moment);
                }
            }
            Deed::Wait { seconds: by } => {
                seconds += by;
                access.handle_timeout(after(seconds).now);
            }
            Deed::Override { who: index } => {
                let order = Override { lane: lane("in"), guard, reason, subjects: vec![who(index)], moment };
                access.override_by(order).expect("a good order");
            }
            Deed::Relocate { who: index, inside } => {
                let zone = inside.then(|| zone("park"));
                access.relocate(Relocation { subject: who(index), zone, guard, reason, moment }).expect("a good order");
            }
            Deed::Forget => access.forget_ended(moment),
        }
        let mut kept = false;
        while let Some(event) = access.poll_event() {
            match event {
                AccessEvent::Changed(change) => {
                    kept = true;
                    journal.push(change);
                }
                AccessEvent::Decided(decision) => {
                    if let Verdict::Permit(_) = decision.verdict {
                        assert!(kept, "a permit was told before its change");
                        permits.push(decision.number);
                    }
                }
                AccessEvent::Awaiting(_) => {}
                AccessEvent::Overrun { .. } => panic!("everything was polled"),
            }
        }
    }
    (access, journal, seconds)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_kept_state_and_the_changes_since_give_the_same_machine(
        first in prop::collection::vec(deed(), 0..30),
        more in prop::collection::vec(deed(), 0..30),
    ) {
        let policy = policy();
        let (_, before, _) = live(&policy, &first);
        let all: Vec<_> = first.iter().chain(&more).cloned().collect();
        let (mut alive, journal, seconds) = live(&policy, &all);
        prop_assert_eq!(&journal[..before.len()], before.as_slice());

        // A state that was kept half way, through JSON, and the changes since, through JSON.
        let mut state = State::default();
        before.iter().for_each(|change| state.apply(change));
        let mut state: State = serde_json::from_str(&serde_json::to_string(&state).expect("JSON")).expect("a state");
        for change in &journal[before.len()..] {
            let text = serde_json::to_string(change).expect("JSON");
            state.apply(&serde_json::from_str(&text).expect("a change"));
        }
        prop_assert_eq!(&state, alive.state());

        // And it decides the same, once nothing waits.
        alive.handle_timeout(after(seconds + 1_000).now);
        let mut again = Access::restore(policy, alive.state().clone());
        told(&mut alive);
        told(&mut again);
        for (step, credential) in things().into_iter().enumerate() {
            for at in LANES {
                let moment = after(seconds + 2_000 + step as u64);
                let verdicts = |access: &mut Access| -> Vec<_> {
                    let told = present(access, at, credential.clone(), moment);
                    told.decisions.into_iter().map(|decision| (decision.verdict, decision.trail)).collect()
                };
                prop_assert_eq!(verdicts(&mut alive), verdicts(&mut again));
            }
        }
    }
}
