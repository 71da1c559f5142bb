//! Which requests the rules of faults meet, and which rules are refused.

use super::*;

fn rules(rules: Value) -> Result<Faults, Refusal> {
    let faults = Faults::default();
    faults.replace(Fields::of_value(json!({ "rules": rules }), String::new())?).map(|()| faults)
}

fn meets(faults: &Faults, path: &str) -> Option<&'static str> {
    faults.meet(Method::Post, path, Language::En).map(|fault| fault.word)
}

#[test]
fn fault_pattern_takes_one_segment_for_a_name_and_all_that_follow_for_two_stars() {
    for (pattern, path, is_so) in [
        ("/a/b", "/a/b", true),
        ("/a/b", "/a/b/", false),
        ("/a/{x}", "/a/1", true),
        ("/a/{x}", "/a", false),
        ("/a/{x}/b", "/a/1/2/b", false),
        ("/**", "/", true),
        ("/a/**", "/a/1/2", true),
        ("/a/**", "/a", false),
        ("/a/**", "/b/1", false),
    ] {
        assert_eq!(fits(pattern, path), is_so, "{pattern} {path}");
    }
}

#[test]
fn first_rule_that_applies_does_and_each_counts_what_it_met() {
    let faults = rules(json!([
        { "method": "POST", "path": "/a", "fault": "RESET", "times": 2 },
        { "path": "/{any}", "fault": "ANSWER_LOST" },
    ]))
    .unwrap();
    let met: Vec<_> = ["/a", "/b", "/a", "/a", "/a/b"].map(|path| meets(&faults, path)).into();
    assert_eq!(met, [Some("RESET"), Some("ANSWER_LOST"), Some("RESET"), Some("ANSWER_LOST"), None]);
    assert!(faults.meet(Method::Get, "/a", Language::En).is_some_and(|fault| fault.word == "ANSWER_LOST"));
    let counts: Vec<_> = faults.list().iter().map(|rule| (rule["matched"].clone(), rule["applied"].clone())).collect();
    assert_eq!(counts, [(json!(3), json!(2)), (json!(3), json!(3))]);
}

#[test]
fn probability_with_the_same_seed_meets_the_same_requests() {
    let met = |seed: u64, probability: f64| {
        let rule = json!([{ "path": "/a", "fault": "RESET", "probability": probability, "seed": seed }]);
        let faults = rules(rule).unwrap();
        (0..1_000).map(|_| meets(&faults, "/a").is_some()).collect::<Vec<bool>>()
    };
    let count = |met: Vec<bool>| met.into_iter().filter(|met| *met).count();
    assert_eq!(met(7, 0.3), met(7, 0.3));
    assert_ne!(met(7, 0.3), met(8, 0.3));
    assert!((250..350).contains(&count(met(7, 0.3))));
    assert_eq!((count(met(1, 0.0)), count(met(1, 1.0))), (0, 1_000));
}

#[test]
fn delays_are_within_their_range_and_reach_both_its_ends() {
    let rule = json!([{ "path": "/a", "fault": "DELAY", "delayMilliseconds": 3, "delayUpToMilliseconds": 5 }]);
    let faults = rules(rule).unwrap();
    let met = (0..100).filter_map(|_| faults.meet(Method::Get, "/a", Language::En));
    let delays: std::collections::BTreeSet<u32> = met.map(|fault| fault.delivery.after_ms).collect();
    assert_eq!(delays.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn statuses_of_rules_are_those_of_their_refusals() {
    for status in 400..600 {
        if let Some(refusal) = refusal_of(status) {
            assert_eq!(crate::http::status_of(refusal.code()), status);
        }
    }
}

#[test]
fn rules_that_mean_nothing_are_refused_with_their_place() {
    for (rule, place) in [
        (json!({ "fault": "RESET" }), "/rules/0/path"),
        (json!({ "path": "api", "fault": "RESET" }), "/rules/0/path"),
        (json!({ "path": "/a?b", "fault": "RESET" }), "/rules/0/path"),
        (json!({ "path": "/a" }), "/rules/0/fault"),
        (json!({ "path": "/a", "fault": "reset" }), "/rules/0/fault"),
        (json!({ "path": "/a", "fault": "STATUS" }), "/rules/0/status"),
        (json!({ "path": "/a", "fault": "STATUS", "status": 418 }), "/rules/0/status"),
        (json!({ "path": "/a", "fault": "RESET", "status": 503 }), "/rules/0/status"),
        (json!({ "path": "/a", "fault": "RESET", "retryAfterSeconds": 1 }), "/rules/0/retryAfterSeconds"),
        (json!({ "path": "/a", "fault": "DELAY" }), "/rules/0/delayMilliseconds"),
        (json!({ "path": "/a", "fault": "RESET", "delayUpToMilliseconds": 1 }), "/rules/0/delayMilliseconds"),
        (
            json!({ "path": "/a", "fault": "DELAY", "delayMilliseconds": 2, "delayUpToMilliseconds": 1 }),
            "/rules/0/delayUpToMilliseconds",
        ),
        (json!({ "path": "/a", "fault": "DELAY", "delayMilliseconds": 60_001 }), "/rules/0/delayMilliseconds"),
        (json!({ "path": "/a", "fault": "RESET", "method": "HEAD" }), "/rules/0/method"),
        (json!({ "path": "/a", "fault": "RESET", "times": 0 }), "/rules/0/times"),
        (json!({ "path": "/a", "fault": "RESET", "probability": 1.1 }), "/rules/0/probability"),
        (json!({ "path": "/a", "fault": "RESET", "nothing": 1 }), "/rules/0/nothing"),
    ] {
        match rules(json!([rule])) {
            Err(Refusal::InvalidRequest { pointer, .. }) => assert_eq!(pointer, place, "{rule}"),
            other => panic!("{rule}: {other:?}"),
        }
    }
}
