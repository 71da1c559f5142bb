//! Staff keys: names and roles, made and revoked by admins, replaced on the machine itself; and who did what.

use std::process::{Command, Output};

use crate::support::{Answer, Client, PRICE, STAFF_KEY, TestApp, bearer, settings};
use boxoffice::app::App;
use boxoffice::routes::{Access, Body, ROUTES};
use boxoffice::staff::Role;
use serde_json::{Value, json};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// A new key of this name and role.
fn key(app: &TestApp, name: &str, role: &str) -> String {
    let made = app.staff("POST", "/keys", json!({ "name": name, "role": role })).must(201).clone();
    made["key"].as_str().unwrap().to_owned()
}

fn call(client: &Client, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    client.call(method, &format!("/api/v1/staff{path}"), &bearer(key), body)
}

fn me(client: &Client, key: &str) -> Answer {
    call(client, key, "GET", "/me", None)
}

#[test]
fn staff_key_each_call_opens_to_its_roles_and_to_no_others() {
    let app = TestApp::with_seats(3, &[]);
    let keys: Vec<(Role, String)> =
        Role::ALL.iter().map(|role| (*role, key(&app, &format!("the {}", role.word()), role.word()))).collect();
    let mut refused = 0;
    for route in ROUTES {
        let Access::Staff(allowed) = route.access() else { continue };
        let (method, below) = (route.method, route.path.strip_prefix("/api/v1/staff/").unwrap());
        let path: Vec<&str> = below
            .split('/')
            .map(|word| match word {
                "{concertId}" | "{scheduleId}" | "{seat}" => "1",
                "{keyId}" | "{webhookId}" => "0",
                word if word.starts_with('{') => NOBODY,
                word => word,
            })
            .collect();
        let path = format!("/{}", path.join("/"));
        for (role, key) in &keys {
            let body = (route.body != Body::None).then(|| json!({ "nothing": "of use" }));
            let answer = call(&app.client, key, method.word(), &path, body);
            let what = format!("{} {path} by {}: {}", method.word(), role.word(), answer.text);
            if allowed.contains(role) {
                assert_ne!(answer.status, 403, "{what}");
                assert!(answer.status < 500, "{what}");
            } else {
                let words: Vec<&str> = allowed.iter().map(|role| role.word()).collect();
                let told = answer.refused(403, "ROLE_NOT_ALLOWED");
                assert_eq!((&told["role"], &told["allowed"]), (&json!(role.word()), &json!(words)), "{what}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
    let door = &keys[2].1;
    call(&app.client, door, "GET", "/nowhere", None).refused(404, "NOT_FOUND");
    call(&app.client, door, "DELETE", "/queue", None).refused(405, "METHOD_NOT_ALLOWED");
    call(&app.client, door, "OPTIONS", "/queue", None).must(204);
}

#[test]
fn key_is_shown_once_and_stands_for_one_name() {
    let app = TestApp::empty(&[]);
    for (body, pointer) in [
        (json!({ "name": " ", "role": "door" }), "/name"),
        (json!({ "name": "x".repeat(81), "role": "door" }), "/name"),
        (json!({ "name": "Kim" }), "/role"),
        (json!({ "name": "Kim", "role": "DOOR" }), "/role"),
        (json!({ "name": "Kim", "role": "door", "key": "mine" }), "/key"),
    ] {
        assert_eq!(app.staff("POST", "/keys", body).refused(400, "INVALID_REQUEST")["pointer"], pointer);
    }
    let made = app.staff("POST", "/keys", json!({ "name": " 동문 ", "role": "door" }));
    let shown = made.must(201);
    assert_eq!((&shown["keyId"], &shown["name"], &shown["role"]), (&json!(2), &json!("동문"), &json!("door")));
    let door = shown["key"].as_str().unwrap();
    assert_eq!(me(&app.client, door).must(200), &json!({ "keyId": 2, "name": "동문", "role": "door" }));
    app.staff("POST", "/keys", json!({ "name": "동문", "role": "admin" })).refused(409, "STAFF_NAME_TAKEN");
    let listed = app.staff_get("/keys");
    assert!(!listed.text.contains(door) && !listed.text.contains("hash"), "{}", listed.text);
    let file = std::fs::read(&app.database).unwrap();
    assert!(!file.windows(door.len()).any(|bytes| bytes == door.as_bytes()), "the file has the key itself");
    app.staff("DELETE", "/keys/2", json!({})).must(204);
    me(&app.client, door).refused(401, "STAFF_KEY_INVALID");
    app.staff("DELETE", "/keys/2", json!({})).must(204);
    app.staff("DELETE", "/keys/77", json!({})).refused(404, "STAFF_KEY_NOT_FOUND");
    let again = key(&app, "동문", "counter");
    assert_eq!(me(&app.client, &again).must(200)["keyId"], 3);
    let keys = app.staff_get("/keys").must(200)["keys"].clone();
    let ids: Vec<i64> = keys.as_array().unwrap().iter().map(|key| key["keyId"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 3, 2], "those that are not revoked come first");
    assert!(keys[2]["revokedAt"].is_string() && keys[0]["revokedAt"].is_null());
}

#[test]
fn staff_key_there_are_so_many_keys_at_most_and_a_revoked_one_makes_room() {
    let app = TestApp::empty(&[]);
    (1..200).for_each(|number| drop(key(&app, &number.to_string(), "door")));
    let one_more = json!({ "name": "one more", "role": "door" });
    assert_eq!(app.staff("POST", "/keys", one_more.clone()).refused(409, "STAFF_KEY_LIMIT")["keysMax"], 200);
    app.staff("DELETE", "/keys/2", json!({})).must(204);
    app.staff("POST", "/keys", one_more).must(201);
}

#[test]
fn staff_key_last_admin_stays_and_an_admin_may_go_when_another_is_left() {
    let mut app = TestApp::empty(&[]);
    key(&app, "counter", "counter");
    app.staff("DELETE", "/keys/1", json!({})).refused(409, "LAST_ADMIN_KEY");
    let second = key(&app, "second", "admin");
    app.staff("DELETE", "/keys/1", json!({})).must(204);
    app.staff_get("/me").refused(401, "STAFF_KEY_INVALID");
    call(&app.client, &second, "DELETE", "/keys/3", None).refused(409, "LAST_ADMIN_KEY");
    app.reopen();
    me(&app.client, &second).must(200);
    // The settings still give the first key, so this start made it an admin's again.
    assert_eq!(app.staff_get("/me").must(200)["keyId"], 4);
}

/// What two admins are told who revoke each other at once.
fn revoke_each_other(client: &Client, keys: [&str; 2]) -> [u16; 2] {
    let [one, other] = keys.map(|key| me(client, key).must(200)["keyId"].clone());
    let end = |key: &str, id: &Value| call(client, key, "DELETE", &format!("/keys/{id}"), None).status;
    std::thread::scope(|scope| {
        let (first, second) = (scope.spawn(|| end(keys[0], &other)), scope.spawn(|| end(keys[1], &one)));
        [first.join().unwrap(), second.join().unwrap()]
    })
}

#[test]
fn staff_key_two_admins_who_revoke_each_other_at_once_leave_one() {
    let app = TestApp::empty(&[]);
    let mut left = STAFF_KEY.to_owned();
    for round in 0..40 {
        let body = json!({ "name": format!("admin {round}"), "role": "admin" });
        let made = call(&app.client, &left, "POST", "/keys", Some(body)).must(201).clone();
        let other = made["key"].as_str().unwrap().to_owned();
        let statuses = revoke_each_other(&app.client, [&left, &other]);
        let works: Vec<bool> = [&left, &other].iter().map(|key| me(&app.client, key).status == 200).collect();
        // The later is refused because it is the last, or because its key is gone already.
        assert!(matches!(statuses, [204, 409 | 401] | [409 | 401, 204]), "{statuses:?}");
        assert_eq!(works, [statuses[0] == 204, statuses[1] == 204]);
        if works[1] {
            left = other;
        }
    }
}

#[test]
fn staff_key_of_two_admins_who_revoke_each_other_at_once_the_earlier_stays() {
    let app = TestApp::empty(&[]);
    for round in 0..40 {
        let [one, other] = ["one", "other"].map(|name| key(&app, &format!("{name} {round}"), "admin"));
        let mut statuses = revoke_each_other(&app.client, [&one, &other]);
        let mut works = [&one, &other].map(|key| me(&app.client, key).status);
        statuses.sort_unstable();
        works.sort_unstable();
        assert_eq!((statuses, works), ([204, 401], [200, 401]));
    }
}

#[test]
fn staff_key_revoked_key_opens_nothing_from_the_answer_on_even_where_it_waits() {
    let app = TestApp::empty(&[]);
    let second = key(&app, "second", "admin");
    let last = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().len();
    std::thread::scope(|scope| {
        let (client, held) = (app.client.clone(), bearer(&second));
        let path = format!("/api/v1/staff/events?after={last}");
        let waiting = scope
            .spawn(move || client.call_with("GET", &path, &[("authorization", &held), ("prefer", "wait=30")], None));
        app.until_parked(1);
        let asking = scope.spawn(|| {
            let statuses: Vec<u16> = (0..2_000).map(|_| me(&app.client, &second).status).collect();
            statuses.iter().position(|status| *status == 401).map(|first| statuses[first..].to_vec())
        });
        app.staff("DELETE", "/keys/2", json!({})).must(204);
        me(&app.client, &second).refused(401, "STAFF_KEY_INVALID");
        let after = asking.join().unwrap().unwrap_or_default();
        assert!(after.iter().all(|status| *status != 200), "it opened something again");
        waiting.join().unwrap().refused(401, "STAFF_KEY_INVALID");
    });
}

/// Whatever staff change stands in the feed with their name, whichever call it was.
#[test]
fn staff_key_every_change_by_staff_leaves_an_event_with_their_name() {
    let app = TestApp::with_seats(5, &["--max-active", "1"]);
    let (inside, waiting) = (app.buyer(2 * PRICE), app.customer());
    let held = inside.hold(1, &["1", "2"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let paid = inside.pay(&json!(held), 2 * PRICE).must(201).clone();
    let ticket = paid["tickets"][0]["ticketId"].as_str().unwrap();
    app.customer(); // waits for the one who was let in after the first
    let boss = key(&app, "Boss", "admin");
    let mut seen = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().len();
    let (user, other) = (format!("/users/{}", inside.id), format!("/queue/tokens/{}", waiting.id));
    let layout = json!({ "numbered": { "count": 3, "price": PRICE } });
    for (method, path, body) in [
        ("POST", "/keys", json!({ "name": "Lee", "role": "door" })),
        ("DELETE", "/keys/3", json!({})),
        ("POST", "/concerts", json!({ "title": "Morgen" })),
        ("PATCH", "/concerts/1", json!({ "venue": "Haus" })),
        ("POST", "/concerts/1/schedules", json!({ "startsAt": "2100-03-01T10:00:00Z", "layout": layout })),
        ("PATCH", "/schedules/1", json!({ "refundUntilHours": 5 })),
        ("PUT", "/schedules/1/seats/5", json!({ "blocked": true })),
        ("PATCH", "/queue", json!({ "paused": true })),
        ("POST", "/queue/admissions", json!({ "count": 1 })),
        ("POST", "/queue/tokens", json!({ "userId": inside.id })),
        ("DELETE", &other, json!({})),
        ("POST", &format!("{user}/key"), json!({})),
        ("POST", &format!("{user}/balance/top-ups"), json!({ "amount": 5 })),
        ("POST", &format!("{user}/balance/corrections"), json!({ "amount": -1, "reason": "counted twice" })),
        ("POST", &format!("{user}/balance/payouts"), json!({ "amount": 1 })),
        ("POST", "/sales", json!({ "scheduleId": 1, "seats": ["3"], "method": "CASH" })),
        ("POST", "/reservations", json!({ "scheduleId": 1, "seats": ["4"], "until": "2099-01-01T00:00:00Z" })),
        ("POST", "/checkins", json!({ "number": paid["tickets"][0]["number"] })),
        ("DELETE", &format!("/checkins/{ticket}"), json!({})),
        (
            "POST",
            "/checkins/scans",
            json!({ "door": "East", "scans": [{ "scanId": NOBODY, "number": paid["tickets"][1]["number"], "at": "2100-01-01T09:00:00Z" }] }),
        ),
        ("DELETE", &format!("/checkins/{}", paid["tickets"][1]["ticketId"].as_str().unwrap()), json!({})),
        ("POST", &format!("/reservations/{held}/refund"), json!({})),
        ("POST", "/schedules/2/cancellation", json!({})),
        ("DELETE", "/schedules/3", json!({})),
        ("DELETE", "/concerts/2", json!({})),
    ] {
        let body = (method != "DELETE").then_some(body);
        let answer = call(&app.client, &boss, method, path, body);
        assert!(answer.status < 300, "{method} {path}: {}", answer.text);
        let events = app.staff_get("/events?limit=1000").must(200)["events"].as_array().unwrap().clone();
        let by_boss = events[seen..].iter().any(|event| event["by"]["name"] == "Boss");
        assert!(by_boss, "{method} {path}: {:?}", &events[seen..]);
        seen = events.len();
    }
}

#[test]
fn events_say_who_of_the_staff_did_what() {
    let app = TestApp::with_seats(3, &["--max-active", "1"]);
    let counter = key(&app, "Lee", "counter");
    let (inside, waiting) = (app.customer(), app.customer());
    let path = |rest: &str| format!("/users/{}{rest}", inside.id);
    let top_ups = path("/balance/top-ups");
    call(&app.client, &counter, "POST", &top_ups, Some(json!({ "amount": 5 }))).must(201);
    let keyed = [("authorization", bearer(&counter)), ("idempotency-key", "one".into())];
    let keyed = keyed.each_ref().map(|(name, value)| (*name, value.as_str()));
    let top_up = || app.client.call_with("POST", &format!("/api/v1/staff{top_ups}"), &keyed, Some(r#"{"amount":7}"#));
    assert_eq!((top_up().must(201), top_up().must(201)), (&top_up().body, &top_up().body));
    inside.top_up(9).must(201);
    app.staff("DELETE", &format!("/queue/tokens/{}", inside.id), json!({})).must(204);
    call(&app.client, &counter, "POST", &path("/key"), Some(json!({}))).must(201);
    waiting.poll().must(200);
    app.staff("POST", "/clock", json!({ "advanceSeconds": 1 })).must(200);
    let events = app.staff_get("/events?limit=1000").must(200)["events"].clone();
    let told: Vec<(String, Value)> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["type"].as_str().unwrap().to_owned(), event["by"].clone()))
        .collect();
    let (admin, lee) = (json!({ "keyId": 1, "name": "admin" }), json!({ "keyId": 2, "name": "Lee" }));
    let of =
        |kind: &str| -> Vec<Value> { told.iter().filter(|(one, _)| one == kind).map(|(_, by)| by.clone()).collect() };
    assert_eq!(of("CONCERT_CHANGED"), vec![admin.clone()]);
    assert_eq!(of("STAFF_KEY_MADE"), vec![admin.clone()]);
    assert_eq!(of("TOKEN_ISSUED"), [Value::Null, Value::Null]);
    assert_eq!(of("POINTS_TOPPED_UP"), [lee.clone(), lee.clone(), Value::Null]);
    assert_eq!(of("USER_KEY_RENEWED"), [lee]);
    assert_eq!(of("TOKEN_EXPIRED"), [admin]);
    assert_eq!(of("TOKEN_ADMITTED"), [Value::Null, Value::Null], "the venue lets in, not the one who made room");
}

/// Opens the file with this key in the settings.
fn opened(app: &TestApp, staff_key: &str) -> Result<(App, Client), String> {
    let mut given = settings(&[]);
    given.staff_key = Some(staff_key.into());
    let server =
        App::open(given, &app.database, ([127, 0, 0, 1], 0).into(), || {}).map_err(|error| error.to_string())?;
    let client = Client::of(&server.url());
    Ok((server, client))
}

#[test]
fn key_in_the_settings_takes_the_place_of_the_first_and_leaves_the_others() {
    let mut app = TestApp::empty(&[]);
    let counter = key(&app, "counter", "counter");
    app.close();
    for (given, before) in [("another-key-for-tests", STAFF_KEY), (STAFF_KEY, "another-key-for-tests")] {
        let (_app, client) = opened(&app, given).unwrap();
        let first = me(&client, given).must(200).clone();
        assert_eq!((&first["name"], &first["role"]), (&json!("admin"), &json!("admin")));
        me(&client, before).refused(401, "STAFF_KEY_INVALID");
        me(&client, &counter).must(200);
    }
    let why = opened(&app, &counter).err().unwrap();
    assert!(why.contains("--staff-key") && why.contains("\"counter\"") && why.contains("no admin"), "{why}");
    let (_app, client) = opened(&app, STAFF_KEY).unwrap();
    assert_eq!(me(&client, &counter).must(200)["role"], "counter");
    let keys = call(&client, STAFF_KEY, "GET", "/keys", None).must(200)["keys"].as_array().unwrap().len();
    assert_eq!(keys, 4, "a start with the key that is there makes none");
}

fn staff_key(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.arg("staff-key").arg("--database").arg(&app.database).args(arguments).output().unwrap()
}

/// The key at the end of what the command printed.
fn printed(output: &Output) -> String {
    let line = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success() && line.ends_with('\n') && line.lines().count() == 1, "{output:?}");
    line.trim_end().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn staff_key_lost_key_is_replaced_on_the_machine_itself() {
    let mut app = TestApp::empty(&[]);
    let counter = key(&app, "Lee", "counter");
    let refused = staff_key(&app, &[]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && why.contains("another boxoffice has this file open; stop that one first"),
        "{why}"
    );
    app.close();
    for (arguments, word) in [
        (&["--role", "cook"][..], "counter"),
        (&["--name", " "], "1 to 80"),
        (&["--name=admin", "--role=door"], "with the role admin first"),
    ] {
        let refused = staff_key(&app, arguments);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && why.contains(word), "{arguments:?}: {why}");
    }
    let first = printed(&staff_key(&app, &[]));
    let lee = printed(&staff_key(&app, &["--name", "Lee"]));
    let gate = printed(&staff_key(&app, &["--name", "동문", "--role", "door"]));
    let server = {
        let mut given = settings(&[]);
        given.staff_key = None;
        App::open(given, &app.database, ([127, 0, 0, 1], 0).into(), || {}).unwrap()
    };
    let client = Client::of(&server.url());
    for (key, name, role) in [(&first, "admin", "admin"), (&lee, "Lee", "counter"), (&gate, "동문", "door")] {
        let who = me(&client, key).must(200).clone();
        assert_eq!((&who["name"], &who["role"]), (&json!(name), &json!(role)));
    }
    me(&client, STAFF_KEY).refused(401, "STAFF_KEY_INVALID");
    me(&client, &counter).refused(401, "STAFF_KEY_INVALID");
    let events = call(&client, &first, "GET", "/events", None).must(200)["events"].clone();
    let kinds: Vec<&str> = events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    let made = "STAFF_KEY_MADE";
    assert_eq!(kinds, [made, "STAFF_KEY_REVOKED", made, "STAFF_KEY_REVOKED", made, made]);
}

#[test]
fn staff_key_one_key_of_a_file_of_the_first_format_is_the_admins() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("first.db");
    let older = rusqlite::Connection::open(&database).unwrap();
    older.execute_batch(include_str!("../schemas/1.sql")).unwrap();
    older.execute_batch("PRAGMA application_id = 0x626f786f; PRAGMA user_version = 1").unwrap();
    let hash = boxoffice::ids::KeyHash::of("the-key-of-the-first-format");
    let venue =
        "INSERT INTO venue (id, created_at, seen_at, staff_key_hash) VALUES (1, 1763804000000, 1763804000000, ?1)";
    older.execute(venue, [hash.0]).unwrap();
    older.execute_batch("INSERT INTO event (type, at, data) VALUES ('CONCERT_CHANGED', 1763804000000, '{}')").unwrap();
    drop(older);
    let mut given = settings(&[]);
    given.staff_key = None;
    let server = App::open(given, &database, ([127, 0, 0, 1], 0).into(), || {}).unwrap();
    let client = Client::of(&server.url());
    let who = me(&client, "the-key-of-the-first-format").must(200).clone();
    assert_eq!(who, json!({ "keyId": 1, "name": "admin", "role": "admin" }));
    let events = call(&client, "the-key-of-the-first-format", "GET", "/events", None).must(200)["events"].clone();
    assert_eq!((&events[0]["sequence"], &events[0]["by"]), (&json!(1), &Value::Null));
}
