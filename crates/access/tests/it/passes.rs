//! What a pass limits by itself, and what counts when nobody knows who is inside.

use access::policy::Demand;
use access::{Access, Credential, PassUses};

use crate::site::{after, card, decide, lane, policy, present, told, verdict, visitor_pass, zone};

fn pass(change: impl FnOnce(&mut access::VerifiedPass)) -> Credential {
    let Credential::Pass(mut pass) = visitor_pass("visit-1", PassUses::Many) else { panic!("a pass") };
    change(&mut pass);
    Credential::Pass(pass)
}

#[test]
fn a_pass_for_some_lanes_opens_no_other() {
    let only_there = || pass(|pass| pass.lanes = vec![lane("in-2")]);
    let mut access = Access::new(policy());
    assert_eq!(verdict(&mut access, "in", only_there(), after(0)), "deny lane-not-allowed");
    assert_eq!(verdict(&mut access, "in-2", only_there(), after(1)), "permit rule");
}

#[test]
fn a_pass_that_the_lists_give_to_a_holder_narrows_where_he_may_go() {
    // Dung holds pass-dung and may enter the park as every visitor.
    let own = |zones: &[&str]| {
        pass(|pass| {
            pass.id = access::PassId::new("pass-dung").expect("a pass");
            pass.zones = zones.iter().map(|name| zone(name)).collect();
        })
    };
    assert_eq!(verdict(&mut Access::new(policy()), "in-2", own(&["store"]), after(0)), "deny zone-not-allowed");
    assert_eq!(verdict(&mut Access::new(policy()), "in-2", own(&["park"]), after(0)), "permit rule");
}

#[test]
fn a_pass_that_asks_for_an_escort_goes_to_the_guard_where_nobody_can_be_one() {
    let mut access = Access::new(policy());
    let awaited = present(&mut access, "in-2", pass(|pass| pass.escort = Demand::Required), after(0));
    assert!(awaited.decisions.is_empty(), "{awaited:?}");
    access.handle_timeout(after(1).now);
    let decision = told(&mut access).decisions.pop().expect("the guard decides");
    assert_eq!((decision.verdict.as_str(), decision.verdict.reason()), ("refer", "escort-missing"));
}

#[test]
fn without_a_trusted_state_nothing_is_permitted_and_what_the_policy_denies_is_denied() {
    let mut access = Access::new(policy());
    let before = decide(&mut access, "in", card("CA01"), after(0));
    assert_eq!(before.verdict.as_str(), "permit");
    access.distrust_state();
    assert_eq!(told(&mut access).changes.len(), 1, "the permit that waited ends");
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(1)), "refer state-lost");
    // Nobody is told that he is not inside: that is just what nobody knows.
    assert_eq!(verdict(&mut access, "out", card("CA02"), after(2)), "refer state-lost");
    assert_eq!(
        verdict(&mut access, "store-in", visitor_pass("p", PassUses::Once), after(3)),
        "deny method-not-accepted"
    );
}

#[test]
fn what_cannot_be_read_is_the_guards() {
    let mut access = Access::new(policy());
    access.present_unread(&lane("in"), "two plates lie over each other", after(0));
    let decision = told(&mut access).decisions.pop().expect("a decision");
    assert_eq!((decision.verdict.as_str(), decision.verdict.reason()), ("refer", "unread"));
    assert!(decision.verdict.to_string().contains("two plates"), "{}", decision.verdict);
}
