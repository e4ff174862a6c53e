//! What each check decides.

use access::lane::FailMode;
use access::{
    Access, Change, Check, ClockTrust, Credential, DenyReason, Finding, Grant, GuardError, Moment, Override, PassUses,
    ReferReason, Relocation, Verdict,
};

use crate::site::{
    HOLDERS, POLICY, after, card, confusion, decide, go, holder, lane, parse, plate, policy, present, says, told, utc,
    verdict, visitor_pass, zone,
};

#[test]
fn a_listed_plate_is_permitted_by_its_rule_and_the_trail_names_every_check() {
    let mut access = Access::new(policy());
    let decision = decide(&mut access, "in", plate("29H-123.45"), after(0));
    let Verdict::Permit(Grant::Rule(rule)) = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!((rule.as_str(), &decision.subjects), ("workers", &vec![holder("lorry")]));
    assert_eq!(decision.deadline, after(2).now);
    let checks: Vec<_> = decision.trail.iter().map(|step| step.check.as_str()).collect();
    let order = [
        "lane",
        "method",
        "confidence",
        "credential",
        "deny-list",
        "validity",
        "rule",
        "zone",
        "pass-use",
        "outstanding",
        "anti-passback",
        "occupancy",
        "proof",
        "second-factor",
        "two-person",
        "escort",
    ];
    assert_eq!(checks, order);
    assert!(decision.trail.iter().all(|step| matches!(step.finding, Finding::Held | Finding::NotAsked)));
}

#[test]
fn a_plate_that_only_resembles_a_listed_one_is_referred_with_the_place() {
    let mut access = Access::new(policy()).with_confusion(confusion());
    let decision = decide(&mut access, "in", plate("29H-128.45"), after(0));
    let Verdict::Refer(ReferReason::LooksLike { plate }) = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!(plate.holder.as_ref().map(|id| id.as_str()), Some("lorry"));
    let differing = &plate.differing[0];
    assert_eq!((differing.position, differing.listed, differing.read), (6, '3', '8'));
    assert!(decision.subjects.is_empty(), "a resemblance is nobody");
}

#[test]
fn what_is_not_known_is_referred() {
    let mut access = Access::new(policy());
    assert_eq!(verdict(&mut access, "in", plate("51F-999.99"), after(0)), "refer unknown-credential");
    assert_eq!(verdict(&mut access, "in", card("FFFF"), after(0)), "refer unknown-credential");
    assert_eq!(verdict(&mut access, "elsewhere", card("CA01"), after(0)), "refer unknown-lane");
}

#[test]
fn a_plate_read_unsurely_is_referred_even_if_it_is_listed() {
    let mut access = Access::new(policy());
    for confidence in [0.5, f32::NAN, 0.899] {
        let credential = Credential::Plate { key: "29H12345".parse().expect("a plate"), confidence };
        let decision = decide(&mut access, "in", credential, after(0));
        assert_eq!(says(&decision), "refer plate-unsure");
        assert_eq!(decision.subjects, [holder("lorry")]);
    }
}

#[test]
fn what_is_denied_of_a_holder_denies_all_that_he_shows() {
    let denied = format!("{POLICY}\n[[deny]]\nplate = \"29H-123.45\"\nreason = \"mất cắp\"\n");
    let mut access = Access::new(parse(&denied, HOLDERS));
    for credential in [plate("29H12345"), card("CA10")] {
        let decision = decide(&mut access, "in", credential, after(0));
        assert_eq!(decision.verdict, Verdict::Deny(DenyReason::Listed { reason: "mất cắp".to_owned() }));
    }
    // Denied beats unsure, and beats unknown.
    let unsure = Credential::Plate { key: "29H12345".parse().expect("a plate"), confidence: 0.1 };
    assert_eq!(verdict(&mut access, "in", unsure, after(0)), "deny listed");
}

#[test]
fn a_plate_like_a_denied_one_is_shown_to_the_guard_and_a_listed_one_only_noted() {
    let denied = format!("{POLICY}\n[[deny]]\nplate = \"30A-678.60\"\nreason = \"truy tìm\"\n");
    let mut access = Access::new(parse(&denied, HOLDERS)).with_confusion(confusion());
    let decision = decide(&mut access, "in", plate("30A-678.80"), after(0));
    let Verdict::Refer(ReferReason::LooksLike { plate: alike }) = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!((alike.listed.as_str(), &alike.holder), ("30A67860", &None));
    let decision = decide(&mut access, "in", plate("30A-678.90"), after(0));
    assert_eq!(says(&decision), "permit rule");
    let step = decision.trail.iter().find(|step| step.check == Check::DenyList).expect("it was looked at");
    assert!(matches!(&step.finding, Finding::Resembles(alike) if alike.listed.as_str() == "30A67860"), "{step}");
    let denied = format!("{POLICY}\n[[deny]]\nplate = \"30A-678.9!\"\nreason = \"x\"\n");
    let error = access::AccessPolicy::parse(&denied, |_| Ok(HOLDERS.to_owned())).expect_err("no plate");
    assert!(error.to_string().contains("deny[0].plate"), "{error}");
}

#[test]
fn a_denial_holds_in_its_window_only() {
    let text =
        "[[deny]]\ncard = \"CA01\"\nreason = \"đình chỉ\"\nvalid_from = \"2026-11-20\"\nvalid_to = \"2026-11-20\"\n";
    let mut access = Access::new(parse(&format!("{POLICY}\n{text}"), HOLDERS));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(0)), "deny listed");
    let untrusted = Moment { clock: ClockTrust::Untrusted, ..after(0) };
    assert_eq!(verdict(&mut access, "in", card("CA01"), untrusted), "refer clock-untrusted");
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(86_400)), "permit rule");
}

#[test]
fn validity_and_schedule_decide_by_vietnams_clock() {
    let mut access = Access::new(policy());
    let at = |text: &str, seconds| Moment { at: utc(text), ..after(seconds) };
    let last = at("2026-11-20T17:59:59+07:00", 0);
    assert_eq!(verdict(&mut access, "in", card("CA03"), last), "permit rule");
    let evening = at("2026-11-20T18:00:00+07:00", 40);
    assert_eq!(verdict(&mut access, "in", card("CA03"), evening), "deny outside-schedule");
    let holiday = at("2026-11-24T09:00:00+07:00", 80);
    assert_eq!(verdict(&mut access, "in", card("CA03"), holiday), "deny outside-schedule");
    let over = at("2026-12-01T09:00:00+07:00", 120);
    assert_eq!(verdict(&mut access, "in", card("CA03"), over), "deny expired");
    let early = at("2026-10-30T09:00:00+07:00", 160);
    assert_eq!(verdict(&mut access, "in", card("CA03"), early), "deny not-yet-valid");
}

#[test]
fn without_a_clock_only_what_needs_none_is_decided() {
    let mut access = Access::new(policy());
    let untrusted = Moment { clock: ClockTrust::Untrusted, ..after(0) };
    assert_eq!(verdict(&mut access, "in", card("CA01"), untrusted), "permit rule");
    for credential in [card("CA03"), card("CA04"), visitor_pass("p1", PassUses::Many)] {
        assert_eq!(verdict(&mut access, "in", credential, untrusted), "refer clock-untrusted");
    }
}

#[test]
fn a_visitor_who_stayed_too_long_meets_the_guard_on_the_way_out() {
    let mut access = Access::new(policy());
    go(&mut access, "in", card("CA04"), after(0));
    assert_eq!(verdict(&mut access, "out", card("CA04"), after(86_400)), "refer overstayed");
    assert_eq!(verdict(&mut access, "in", card("CA04"), after(86_400)), "deny expired");
}

#[test]
fn a_pass_for_one_entry_is_used_up_by_going_in_and_not_by_being_shown() {
    let mut access = Access::new(policy());
    let once = || visitor_pass("once-1", PassUses::Once);
    assert_eq!(verdict(&mut access, "in", once(), after(0)), "permit rule");
    assert_eq!(verdict(&mut access, "in-2", once(), after(1)), "deny permit-outstanding");
    // Nobody went through within 30 seconds.
    go(&mut access, "in", once(), after(31));
    go(&mut access, "out", once(), after(60));
    assert_eq!(verdict(&mut access, "in", once(), after(90)), "deny pass-used");
    let many = || visitor_pass("many-1", PassUses::Many);
    for round in 0..3 {
        go(&mut access, "in", many(), after(200 + round * 100));
        go(&mut access, "out", many(), after(250 + round * 100));
    }
}

#[test]
fn a_zone_takes_as_many_as_it_may_and_counts_who_is_on_the_way_in() {
    let two = POLICY.replace("occupancy_max = 5", "occupancy_max = 2");
    let mut access = Access::new(parse(&two, HOLDERS));
    go(&mut access, "in", card("CA01"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(1)), "permit rule");
    assert_eq!(verdict(&mut access, "in", plate("30A67890"), after(2)), "deny zone-full");
    // The second did not go in after all.
    assert_eq!(verdict(&mut access, "in", plate("30A67890"), after(40)), "permit rule");
}

#[test]
fn nobody_is_counted_before_he_went_through_and_everybody_at_once_without_a_sensor() {
    let mut access = Access::new(policy());
    let decision = decide(&mut access, "in", card("CA01"), after(0));
    assert_eq!(access.state().place(&holder("an")), None);
    access.passed(decision.number, after(5)).expect("it waits");
    assert_eq!(access.state().place(&holder("an")).map(|place| place.since), Some(after(5).at));
    assert!(access.passed(decision.number, after(6)).is_err(), "one permit, one passage");
    assert_eq!(verdict(&mut access, "store-in", card("CA01"), after(10)), "permit rule");
    assert_eq!(access.state().place(&holder("an")).map(|place| place.zone.clone()), Some(zone("store")));
}

#[test]
fn an_unused_permit_expires_and_a_late_passage_is_told() {
    let mut access = Access::new(policy());
    let decision = decide(&mut access, "in", card("CA01"), after(0));
    assert_eq!(access.poll_timeout(), Some(after(30).now));
    assert!(access.passed(decision.number, after(30)).is_err());
    let ended = told(&mut access).changes;
    assert!(
        matches!(ended.as_slice(), [Change::PermitEnded { number, .. }] if *number == decision.number),
        "{ended:?}"
    );
    assert_eq!(access.poll_timeout(), None);
}

#[test]
fn a_citizen_card_identifies_and_never_opens() {
    let digest = "ab".repeat(32);
    let listed = HOLDERS.replacen("drivers\n", "drivers,citizen_card\n", 1);
    let rows = listed.lines().enumerate().map(|(row, line)| match row {
        0 => line.to_owned(),
        1 => format!("{line},{digest}"),
        _ => format!("{line},"),
    });
    let mut access = Access::new(parse(POLICY, &rows.collect::<Vec<_>>().join("\n")));
    let credential = Credential::CitizenCard(access::cccd::IdDigest::from_hex(&digest).expect("a digest"));
    let decision = decide(&mut access, "in", credential, after(0));
    assert_eq!((says(&decision), decision.subjects), ("refer identification-only".to_owned(), vec![holder("an")]));
}

#[test]
fn other_reasons_to_deny() {
    let mut access = Access::new(policy());
    assert_eq!(verdict(&mut access, "store-in", plate("29H12345"), after(0)), "deny method-not-accepted");
    assert_eq!(verdict(&mut access, "store-in", card("CA03"), after(0)), "deny category-not-accepted");
    let narrow = HOLDERS.replace("CA02,,,,", "CA02,,,store,");
    let mut access = Access::new(parse(POLICY, &narrow));
    assert_eq!(verdict(&mut access, "in", card("CA02"), after(0)), "deny zone-not-allowed");
}

#[test]
fn a_guards_override_is_a_decision_of_its_own_with_name_reason_and_what_it_overrode() {
    let mut access = Access::new(policy());
    let order = |guard: &str, reason: &str| Override {
        lane: lane("in"),
        guard: guard.to_owned(),
        reason: reason.to_owned(),
        subjects: vec![holder("chi")],
        moment: Moment { at: utc("2026-11-21T09:00:00+07:00"), ..after(0) },
    };
    assert_eq!(access.override_by(order(" ", "giao hàng")), Err(GuardError::Name));
    assert_eq!(access.override_by(order("Hùng", "")), Err(GuardError::Reason));
    let number = access.override_by(order("Hùng", "giao hàng gấp")).expect("both are given");
    let told = told(&mut access);
    let decision = told.decisions.last().expect("a decision");
    let grant = Grant::Override { guard: "Hùng".to_owned(), reason: "giao hàng gấp".to_owned() };
    assert_eq!((decision.number, &decision.verdict), (number, &Verdict::Permit(grant)));
    let overrode = Finding::Denied(DenyReason::OutsideSchedule);
    assert!(decision.trail.iter().any(|step| step.check == Check::Rule && step.finding == overrode));
    access.passed(number, after(3)).expect("it waits");
    assert!(access.state().place(&holder("chi")).is_some());
}

#[test]
fn a_guard_says_where_somebody_is_and_that_ends_what_waits() {
    let mut access = Access::new(policy());
    go(&mut access, "in", card("CA01"), after(0));
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(1)), "deny already-inside");
    let order = Relocation {
        subject: holder("an"),
        zone: None,
        guard: "Hùng".to_owned(),
        reason: "ra cổng phụ".to_owned(),
        moment: after(2),
    };
    access.relocate(order.clone()).expect("everything is given");
    assert_eq!(verdict(&mut access, "in", card("CA01"), after(3)), "permit rule");
    access.relocate(order.clone()).expect("everything is given");
    assert_eq!(access.state().permits().count(), 0);
    assert!(access.relocate(Relocation { zone: Some(zone("moon")), ..order }).is_err());
}

#[test]
fn the_same_events_come_out_as_json_and_back() {
    let mut access = Access::new(policy()).with_confusion(confusion());
    let mut decisions = Vec::new();
    for credential in [plate("29H-128.45"), card("CA01"), card("FFFF"), card("CA03")] {
        decisions.extend(present(&mut access, "in", credential, after(0)).decisions);
    }
    for decision in decisions {
        let text = serde_json::to_string(&decision).expect("JSON");
        assert_eq!(serde_json::from_str::<access::Decision>(&text).expect("the same"), decision, "{text}");
    }
}

#[test]
fn lanes_carry_their_barriers_settings() {
    assert_eq!(policy().lane(&lane("out")).map(|lane| lane.barrier.fail), Some(FailMode::Safe));
}
