//! Second factor, two persons, escorts.

use access::{Access, Check, Finding, Need};

use crate::site::{HOLDERS, POLICY, after, card, decide, holder, parse, plate, present, says, told, verdict};

fn with(fields: &str) -> Access {
    Access::new(parse(&POLICY.replacen("permit_for_s = 30", &format!("permit_for_s = 30\n{fields}"), 1), HOLDERS))
}

fn with_escort() -> Access {
    let escort = "[lane.escort]\nof = [\"visitor\"]\nby = [\"worker\"]\nwithin_s = 60\n[lane.barrier]";
    Access::new(parse(&POLICY.replacen("[lane.barrier]", escort, 1), HOLDERS))
}

#[test]
fn a_plate_waits_for_its_drivers_card_and_both_go_in() {
    let mut access = with("second_factor = \"required\"");
    let first = present(&mut access, "in", plate("29H12345"), after(0));
    assert!(first.decisions.is_empty() && first.changes.is_empty());
    assert_eq!(
        (first.awaiting[0].needs.as_slice(), first.awaiting[0].until),
        ([Need::SecondFactor].as_slice(), after(20).now)
    );
    let decision = decide(&mut access, "in", card("CA01"), after(5));
    assert_eq!(says(&decision), "permit rule");
    assert_eq!(
        (decision.subjects.as_slice(), decision.deadline),
        ([holder("lorry"), holder("an")].as_slice(), after(7).now)
    );
    access.passed(decision.number, after(8)).expect("it waits");
    assert!(access.state().place(&holder("an")).is_some() && access.state().place(&holder("lorry")).is_some());
}

#[test]
fn the_order_of_the_two_is_free_and_a_card_of_the_vehicle_itself_will_do() {
    let mut access = with("second_factor = \"required\"");
    present(&mut access, "in", card("CA01"), after(0));
    assert_eq!(verdict(&mut access, "in", plate("29H12345"), after(5)), "permit rule");
    let mut access = with("second_factor = \"required\"");
    present(&mut access, "in", plate("29H12345"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA10"), after(5)), "permit rule");
}

#[test]
fn one_factor_twice_is_one_and_somebody_elses_card_is_none() {
    let mut access = with("second_factor = \"required\"");
    present(&mut access, "in", plate("29H12345"), after(0));
    let again = present(&mut access, "in", plate("29H12345"), after(1));
    assert_eq!((again.decisions.len(), again.awaiting[0].until), (0, after(20).now), "showing it again buys no time");
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(2)), "refer awaits-another");
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(3)), "permit rule");
}

#[test]
fn a_second_factor_that_does_not_come_in_time_is_referred() {
    let mut access = with("second_factor = \"required\"\npair_within_s = 10");
    present(&mut access, "in", plate("29H12345"), after(0));
    assert_eq!(access.poll_timeout(), Some(after(10).now));
    access.handle_timeout(after(10).now);
    let told = told(&mut access);
    assert_eq!(says(&told.decisions[0]), "refer second-factor-missing");
    assert_eq!(told.decisions[0].at, after(10).at);
    // The card alone, too late, waits for a plate of its own.
    assert_eq!(present(&mut access, "in", card("CA01"), after(11)).awaiting.len(), 1);
}

#[test]
fn what_was_good_when_the_first_came_must_still_be_good_when_the_second_does() {
    let mut access = with("second_factor = \"required\"");
    present(&mut access, "in", plate("29H12345"), after(0));
    // Meanwhile the driver goes in on foot by another lane.
    crate::site::go(&mut access, "in-2", card("CA01"), after(1));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(2)), "deny already-inside");
}

#[test]
fn two_persons_are_two_different_persons() {
    let mut access = with("two_person = \"required\"");
    assert_eq!(present(&mut access, "in", card("CA01"), after(0)).awaiting[0].needs, [Need::SecondPerson]);
    assert!(present(&mut access, "in", card("CA01"), after(1)).decisions.is_empty());
    assert_eq!(verdict(&mut access, "in", plate("29H12345"), after(2)), "refer awaits-another");
    let decision = decide(&mut access, "in", card("CA02"), after(3));
    assert_eq!((says(&decision), decision.subjects), ("permit rule".to_owned(), vec![holder("an"), holder("binh")]));
}

#[test]
fn a_visitor_goes_in_with_an_escort_before_or_after_him_and_not_alone() {
    let mut access = with_escort();
    assert_eq!(present(&mut access, "in", card("CA04"), after(0)).awaiting[0].needs, [Need::Escort]);
    let decision = decide(&mut access, "in", card("CA01"), after(50));
    assert_eq!((says(&decision), decision.subjects), ("permit rule".to_owned(), vec![holder("dung"), holder("an")]));
    let escorted = |step: &access::Step| step.check == Check::Escort && step.finding == Finding::Held;
    assert!(decision.trail.iter().any(escorted));

    let mut access = with_escort();
    crate::site::go(&mut access, "in", card("CA01"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA04"), after(60)), "permit rule");

    let mut access = with_escort();
    crate::site::go(&mut access, "in", card("CA01"), after(0));
    assert!(present(&mut access, "in", card("CA04"), after(61)).decisions.is_empty());
    access.handle_timeout(after(121).now);
    assert_eq!(says(&told(&mut access).decisions[0]), "refer escort-missing");
}

#[test]
fn who_needs_no_escort_does_not_wait_for_the_visitor() {
    let mut access = with_escort();
    present(&mut access, "in", card("CA04"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA03"), after(1)), "permit rule");
    assert_eq!(verdict(&mut access, "in", plate("30K55512"), after(2)), "refer awaits-another");
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(3)), "permit rule");
}

#[test]
fn a_group_must_fit_into_the_zone_together() {
    let one = POLICY.replace("occupancy_max = 5", "occupancy_max = 1");
    let policy = one.replacen("permit_for_s = 30", "permit_for_s = 30\nsecond_factor = \"required\"", 1);
    let mut access = Access::new(parse(&policy, HOLDERS));
    present(&mut access, "in", plate("29H12345"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(1)), "deny zone-full");
}
