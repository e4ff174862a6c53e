//! What is wrong with a policy is told at once, with its place.

use access::AccessPolicy;

use crate::site::{HOLDERS, POLICY};

fn problems(policy: &str, holders: &str) -> Vec<(String, String)> {
    let lists = |name: &str| match name {
        "holders.csv" => Ok(holders.to_owned()),
        _ => Err("no such file".to_owned()),
    };
    match AccessPolicy::parse(policy, lists) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|one| (one.path.clone(), one.message.clone())).collect(),
    }
}

fn paths(policy: &str, holders: &str) -> Vec<String> {
    problems(policy, holders).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_good_policy_has_none() {
    assert_eq!(problems(POLICY, HOLDERS), []);
}

#[test]
fn mistakes_in_the_policy_are_told_at_once() {
    let bad = POLICY
        .replacen("policy = 1", "policy = 2", 1)
        .replacen("anti_passback = \"hard\"", "anti_passback = \"harsh\"", 1)
        .replacen("occupancy_max = 5", "occupancy_max = 0", 1)
        .replacen("06:00-18:00", "06:00-25:00", 1)
        .replacen("\"2026-11-24\"", "\"24/11/2026\"", 1)
        .replacen("deadline_ms = 2000", "deadline_ms = 50", 1)
        .replacen("to = \"park\"", "to = \"prak\"", 1)
        .replacen("categories = [\"worker\"]", "categories = [\"wroker\"]", 1)
        .replacen("feedback = \"wired\"", "feedbak = \"wired\"", 1);
    let found = paths(&bad, HOLDERS);
    for path in [
        "policy",
        "zone[0].anti_passback",
        "zone[0].occupancy_max",
        "schedule[0].week[0].hours",
        "holidays[0].dates",
        "lane[0].deadline_ms",
        "lane[0].barrier.feedback",
        "lane[0].barrier.feedbak",
    ] {
        assert!(found.iter().any(|one| one == path), "{path} is missing in {found:?}");
    }
    // Names are checked on what could be read.
    let names = POLICY.replacen("to = \"park\"", "to = \"prak\"", 1).replacen("[\"worker\"]", "[\"wroker\"]", 1);
    assert_eq!(paths(&names, HOLDERS), ["lane \"in\"", "lane \"in\""]);
}

#[test]
fn mistakes_in_a_list_are_told_with_their_line() {
    let list = "\
holder,name,kind,category,plates,cards,valid_from,valid_to,drivers
an,Nguyễn Văn An,person,worker,,CA01,,,
An,Sai tên,person,worker,,CA05,,,
x1,Không gì,person,worker,,,,,
x2,Biển sai,vehicle,worker,99-XYZ,,,,
x3,Trùng thẻ,person,worker,,CA01,,,
x4,Khách không hạn,person,visitor,,CA06,,,
x5,Ngược ngày,person,worker,,CA07,2026-12-01,2026-11-01,
x6,Loại lạ,robot,worker,,CA08,,,
x7,Lái xe lạ,vehicle,worker,30A-111.11,,,,nobody
x8,Nhóm lạ,person,guest,,CA09,,,
x9,Thiếu ô
";
    let found = problems(POLICY, list);
    let lines: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    for line in [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] {
        assert!(lines.contains(&format!("holders.csv:{line}").as_str()), "line {line} is missing in {found:?}");
    }
    assert_eq!(found.len(), 10, "{found:?}");
    let twin = found.iter().find(|(path, _)| path == "holders.csv:6").expect("the twin");
    assert_eq!(twin.1, "card is also at holders.csv:2", "the key of a card is not shown");
}

#[test]
fn a_list_with_strange_columns_or_none_at_all_is_refused() {
    let strange = problems(POLICY, "holder,name,kind,plate\n");
    assert!(strange.iter().any(|(_, message)| message.contains("unknown column \"plate\"")), "{strange:?}");
    assert!(strange.iter().any(|(_, message)| message.contains("no column \"category\"")), "{strange:?}");
    let missing = problems(&POLICY.replace("[\"holders.csv\"]", "[\"people.csv\"]"), HOLDERS);
    assert!(missing.iter().any(|(path, message)| path == "people.csv" && message.contains("no such file")));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (from, to, path) in [
        ("to = \"park\"", "to = \"outside\"", "lane[0].to"),
        ("methods = [\"card\"]", "methods = [\"card\"]\nsecond_factor = \"required\"", "lane[3].second_factor"),
        ("anti_passback = \"soft\"", "anti_passback = \"timed\"", "zone[1].anti_passback_minutes"),
        ("id = \"store\"\nanti", "id = \"park\"\nanti", "zone[1].id"),
        ("id = \"in-2\"", "id = \"in\"", "lane \"in\""),
        ("passage_sensor = \"absent\"", "", "lane[3].passage_sensor"),
        (
            "policy = 1",
            "policy = 1\ndeny = [{ plate = \"30A-123.45\", card = \"CA01\", reason = \"x\" }]",
            "deny[0].plate",
        ),
        ("policy = 1", "policy = 1\ndenied_lists = [\"wanted.csv\"]", "wanted.csv"),
    ] {
        assert!(POLICY.contains(from), "{from}");
        let found = problems(&POLICY.replacen(from, to, 1), HOLDERS);
        assert!(found.iter().any(|(one, _)| one == path), "{path} is missing in {found:?}");
    }
}
