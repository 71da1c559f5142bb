//! Seeds: what a file says is there after the start, comes back from a running server, and is refused with its place.

use std::path::Path;

use super::test_servers::{FROZEN, Serving, run, told};
use crate::support::{PRICE, basic, bearer};
use serde_json::{Value, json};

const KIM: &str = "00000000-0000-7000-8000-00000000000a";
const LEE: &str = "00000000-0000-7000-8000-00000000000b";
const SOLD: &str = "00000000-0000-7000-8000-000000000001";
const HELD: &str = "00000000-0000-7000-8000-000000000003";

fn write(path: &Path, seed: &Value) -> String {
    std::fs::write(path, seed.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Something of everything that a seed can say.
fn whole() -> Value {
    json!({
        "settings": { "holdSeconds": 120, "seatsPerUser": 6, "timeZone": "Europe/Vienna" },
        "queue": { "maxActive": 7, "claimSeconds": 10, "message": { "en": "soon", "ko": "곧" }, "opensAt": "PT2H" },
        "staffKeys": [{ "name": "Lee", "role": "counter", "key": "the-key-of-the-counter" }],
        "concerts": [
            {
                "concertId": 5,
                "title": "Nacht",
                "venue": "Halle",
                "dates": [
                    {
                        "scheduleId": 9,
                        "startsAt": "P30D",
                        "saleOpensAt": "-P1D",
                        "refundUntilHours": 24,
                        "layout": { "sections": [{ "name": "R", "price": PRICE, "rows": [{ "row": "A", "count": 8 }] }] },
                        "blocked": [{ "seat": "A-8", "reason": "pillar" }, { "seat": "A-7" }]
                    },
                    { "startsAt": "2026-12-24T19:00", "layout": { "numbered": { "count": 3, "price": 0 } }, "cancelled": true }
                ]
            },
            { "title": "Tag", "line": { "maxActive": 3, "opensAt": "PT3H" } }
        ],
        "users": [
            { "userId": KIM, "userKey": "the-key-of-kim", "name": "Kim", "points": 100 },
            { "userId": LEE, "name": "Lee" },
            { "name": "Park", "points": 7, "contact": "010-1234-5678", "banned": true },
            { "name": "Choi", "removed": true }
        ],
        "reservations": [
            { "reservationId": SOLD, "paymentId": "00000000-0000-7000-8000-000000000002", "userId": KIM, "scheduleId": 9,
              "seats": ["A-1", "A-2"],
              "tickets": [{ "seat": "A-2", "ticketId": "00000000-0000-7000-8000-000000000005", "number": "23456789AB" }] },
            { "userId": KIM, "scheduleId": 9, "seats": ["A-3"], "status": "CANCELLED" },
            { "userId": LEE, "scheduleId": 9, "seats": ["A-3"], "status": "REFUNDED" },
            { "reservationId": HELD, "paymentId": "00000000-0000-7000-8000-000000000004", "userId": KIM, "scheduleId": 9,
              "seats": ["A-4"], "status": "PENDING_PAYMENT", "holdExpiresAt": "PT90S" },
            { "userId": LEE, "scheduleId": 9, "seats": ["A-5"], "atCounter": true, "method": "CASH" },
            { "userId": LEE, "scheduleId": 9, "seats": ["A-6"], "atCounter": true, "method": "FREE", "note": "press" },
            { "userId": LEE, "scheduleId": 9, "seats": ["A-3"], "atCounter": true, "method": "CARD", "status": "REFUNDED" },
            { "userId": KIM, "scheduleId": 9, "seats": ["A-3"], "atCounter": true, "status": "PENDING_PAYMENT",
              "holdExpiresAt": "P2D", "note": "calls back" }
        ]
    })
}

/// What can be seen of a venue that a seed can say.
fn seen(serving: &Serving) -> Vec<Value> {
    let mut paths: Vec<String> =
        ["/lines", "/concerts", "/concerts/5/schedules", "/schedules/9/seats", "/schedules/9/sales"]
            .into_iter()
            .map(str::to_owned)
            .collect();
    let users = serving.staff("GET", "/users?name=", None);
    for user in users["users"].as_array().unwrap() {
        let id = user["userId"].as_str().unwrap();
        paths.extend([format!("/users/{id}"), format!("/users/{id}/reservations")]);
    }
    let mut seen: Vec<Value> = paths.iter().map(|path| serving.staff("GET", path, None)).collect();
    seen.extend([users, serving.client.call("GET", "/api/v1/venue", "", None).body]);
    let text = serde_json::to_string(&seen).unwrap();
    // The signature of a ticket is the venue's own.
    let signed: Vec<&str> = text.split("\"code\":\"").collect();
    let rest = signed.iter().enumerate().map(|(n, part)| if n == 0 { part } else { part.split_once('"').unwrap().1 });
    vec![Value::from(rest.collect::<String>())]
}

#[test]
fn seed_is_written_exported_and_written_again_with_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let seed = write(&folder.path().join("seed.json"), &whole());
    let first = Serving::start(&[&FROZEN[..], &["--seed", &seed]].concat());
    let ids = &first.ready["ids"];
    assert_eq!((&first.ready["seed"], &first.ready["testCalls"]), (&json!(seed), &json!(true)));
    assert_eq!(ids["concerts"][0], json!({ "concertId": 5, "scheduleIds": [9, 10] }));
    assert_eq!(ids["users"][0], json!({ "userId": KIM, "userKey": "the-key-of-kim" }));
    let by_key = |path: &str| first.client.call("GET", path, &basic(KIM, "the-key-of-kim"), None);
    assert_eq!(by_key(&format!("/api/v1/users/{KIM}/balance")).must(200)["balance"], 100);
    let held = by_key(&format!("/api/v1/reservations/{HELD}"));
    assert_eq!(
        (&held.must(200)["status"], &held.body["holdExpiresInSeconds"]),
        (&json!("PENDING_PAYMENT"), &json!(90))
    );
    let sold = by_key(&format!("/api/v1/reservations/{SOLD}")).must(200).clone();
    assert_eq!(
        (&sold["status"], &sold["amount"], &sold["tickets"][1]["number"]),
        (&json!("CONFIRMED"), &json!(2 * PRICE), &json!("23456789AB"))
    );
    let park = &ids["users"][2];
    let park = basic(park["userId"].as_str().unwrap(), park["userKey"].as_str().unwrap());
    first.client.call("GET", "/api/v1/reservations", &park, None).must(200);
    first.client.call("GET", "/api/v1/staff/me", &bearer("the-key-of-the-counter"), None).must(200);
    assert_eq!(first.client.call("GET", "/api/v1/venue", "", None).body["holdSeconds"], 120);

    let exported = folder.path().join("exported.json");
    let url = first.ready["url"].as_str().unwrap();
    let output =
        run(&["seed", "--from", url, "--staff-key", first.staff_key(), "--output", exported.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("not in it: user and staff keys"), "{said}");
    let second = Serving::start(&[&FROZEN[..], &["--seed", exported.to_str().unwrap()]].concat());
    assert_eq!(seen(&second), seen(&first));
    for serving in [&first, &second] {
        let before = seen(serving);
        let user = serving.client.call("POST", "/api/v1/users", "", Some(json!({ "name": "New" })));
        user.must(201);
        assert_ne!(seen(serving), before);
        serving.staff("POST", "/test/reset", Some(json!({})));
        assert_eq!(seen(serving), before, "a reset goes back to the seed");
        serving.staff("POST", "/clock", Some(json!({ "advanceMilliseconds": 20_000 }))); // who holds is not dropped
        let checked = run(&["check", serving.ready["database"].as_str().unwrap()]);
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn seed_form_is_that_of_its_schema_and_the_demo_hall_fits_it() {
    let printed = run(&["seed", "--schema"]);
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for seed in [whole(), serde_json::from_str(include_str!("../../src/seed/demo.json")).unwrap()] {
        let faults: Vec<String> = schema.iter_errors(&seed).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
    }
}

#[test]
fn seed_with_a_fault_stops_the_start_with_its_place_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (file, database) = (folder.path().join("seed.json"), folder.path().join("new.db"));
    let seed = file.to_str().unwrap();
    let start = ["serve", "--database", database.to_str().unwrap(), "--listen", "127.0.0.1:0", "--seed", seed];
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = whole();
        change(&mut value);
        value.to_string()
    };
    let long = json!([{ "name": "x".repeat(81) }]);
    for (text, place, fault) in [
        ("{\n \"users\": [,]}".to_owned(), "line 2", "expected value"),
        ("[]".into(), "", "must be an object"),
        ("{\"user\": []}".into(), "/user:", "is not known here"),
        (json!({ "users": long }).to_string(), "/users/0/name:", "must have 1 to 80"),
        (with(&|seed| seed["users"][1]["userId"] = KIM.into()), "/users/1/userId:", "is a second user"),
        (with(&|seed| seed["users"][0]["points"] = (-1).into()), "/users/0/points:", "must be a whole number"),
        (with(&|seed| seed["concerts"][1]["concertId"] = 5.into()), "/concerts/1/concertId:", "is there twice"),
        (
            with(&|seed| seed["concerts"][0]["dates"][1]["scheduleId"] = 9.into()),
            "/concerts/0/dates/1/scheduleId:",
            "is there twice",
        ),
        (
            with(&|seed| seed["concerts"][0]["dates"][0]["startsAt"] = "P1Y".into()),
            "/concerts/0/dates/0/startsAt:",
            "must be an instant",
        ),
        (
            with(&|seed| seed["concerts"][0]["dates"][0]["saleClosesAt"] = "-P2D".into()),
            "/concerts/0/dates/0/saleClosesAt:",
            "must be later",
        ),
        (
            with(&|seed| seed["concerts"][0]["dates"][0]["layout"] = json!({})),
            "/concerts/0/dates/0/layout:",
            "must have exactly one of",
        ),
        (
            with(&|seed| seed["concerts"][0]["dates"][0]["blocked"][0]["seat"] = "Z".into()),
            "/concerts/0/dates/0/blocked/0:",
            "Z",
        ),
        (with(&|seed| seed["queue"]["maxActive"] = "7".into()), "/queue/maxActive:", "must be a whole number"),
        (with(&|seed| seed["queue"]["opensAt"] = "-PT1S".into()), "/queue/opensAt:", "must lie ahead"),
        (
            with(&|seed| seed["concerts"][1]["line"]["paused"] = 1.into()),
            "/concerts/1/line/paused:",
            "must be true or false",
        ),
        (with(&|seed| seed["staffKeys"][0]["name"] = "admin".into()), "/staffKeys/0/name:", "--staff-key"),
        (
            with(&|seed| seed["reservations"][0]["userId"] = SOLD.into()),
            "/reservations/0/userId:",
            "is no user of this seed",
        ),
        (
            with(&|seed| seed["reservations"][0]["scheduleId"] = 99.into()),
            "/reservations/0:",
            "no schedule with this id",
        ),
        (with(&|seed| seed["reservations"][3]["seats"] = json!(["A-1"])), "/reservations/3:", "A-1"),
        (
            with(&|seed| seed["reservations"][0]["status"] = "EXPIRED".into()),
            "/reservations/0/status:",
            "must be one of",
        ),
        (
            with(&|seed| seed["reservations"][3]["holdExpiresAt"] = "P2D".into()),
            "/reservations/3/holdExpiresAt:",
            "within a day",
        ),
        (
            with(&|seed| drop(seed["reservations"][0].as_object_mut().unwrap().remove("paymentId"))),
            "/reservations/0/paymentId:",
            "is missing",
        ),
        (
            with(&|seed| seed["reservations"][4]["method"] = "POINTS".into()),
            "/reservations/4/method:",
            "must be one of",
        ),
        (with(&|seed| seed["reservations"][3]["method"] = "CASH".into()), "/reservations/3/method:", "was paid"),
        (with(&|seed| seed["settings"]["timeZone"] = "Mars".into()), "/settings/timeZone:", "IANA"),
    ] {
        std::fs::write(&file, &text).unwrap();
        let said = told(&start);
        let begins = format!("boxoffice: --seed {seed}: {place}");
        assert!(said.contains(fault) && said.contains(place), "{place} {fault}: {said}");
        assert!(place.starts_with("line") || said.starts_with(&begins), "{begins}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!database.exists(), "{said}");
    }
    assert!(told(&["serve", "--ephemeral", "--seed", "nowhere.json"]).contains("--seed nowhere.json: "));
}
