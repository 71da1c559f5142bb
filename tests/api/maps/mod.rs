//! The maps in memory say what the file says: after random changes in shared, torn and refused transactions, between
//! sweeps, and while many buy, look and turn the clock.

mod writer_double;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::support::invariants::{Dice, hold_in};
use crate::support::{Answer, Customer, STAFF_KEY, TestApp, bearer};
use serde_json::{Value, json};
use writer_double::WriterDouble;

const SEATS: i64 = 400;
/// Seats from here on are the venue's own to block.
const KEPT_BACK_FROM: i64 = 391;

/// A copy that misses a change, counts one twice, follows what was rolled back, or forgets that a hold is over before
/// the file says so, differs from the file after some of these.
#[test]
fn map_in_memory_is_the_file_s_after_every_transaction() {
    let mut dice = Dice::thrown("maps");
    for _ in 0..4 {
        let writer = WriterDouble::open();
        for _ in 0..150 {
            writer.transact_at_random(&mut dice);
            writer.compare();
        }
        writer.close();
    }
}

/// What every answer with a tag said: the same tag is never given to two texts, whoever asks.
#[derive(Default)]
struct Tags(Mutex<HashMap<String, String>>);

impl Tags {
    fn check(&self, map: &Answer) {
        let text = map.text.clone();
        let tag = map.header("etag").unwrap().to_owned();
        let mut tags = self.0.lock().unwrap();
        assert_eq!(
            tags.entry(format!("{} {tag}", map.body["scheduleId"])).or_insert_with(|| text.clone()),
            &text,
            "{tag}"
        );
        let seats = map.body["seats"].as_array().unwrap();
        let free = seats.iter().filter(|seat| seat["status"] == "AVAILABLE").count();
        assert_eq!(map.body["seatsAvailable"], free, "{tag}");
    }
}

fn map_path(schedule: u64) -> String {
    format!("/schedules/{schedule}/seats")
}

fn buy_at_random(app: &TestApp, buyer: &mut Customer, mut dice: Dice, tags: &Tags) {
    for _ in 0..40 {
        let schedule = 1 + dice.below(3);
        let first = 1 + dice.below(60);
        let seats: Vec<String> = (first..=first + dice.below(2)).map(|number| number.to_string()).collect();
        let seats: Vec<&str> = seats.iter().map(String::as_str).collect();
        let held = buyer.hold(schedule as i64, &seats);
        let map = buyer.get(&map_path(schedule));
        if map.status == 200 {
            tags.check(&map);
        }
        if held.status == 201 && map.status == 200 {
            // Taken back only by time, which the test turns.
            let own = &map.body["seats"][first as usize - 1];
            assert!(own["mine"] == true && own["status"] == "HELD" || own["mine"] == false, "{own}");
        }
        match dice.below(3) {
            0 if held.status == 201 => {
                drop(buyer.pay(&held.body["reservationId"], seats.len() as i64 * crate::support::PRICE))
            }
            1 if held.status == 201 => {
                drop(buyer.delete(&format!("/reservations/{}", held.body["reservationId"].as_str().unwrap())))
            }
            _ => {}
        }
        if buyer.poll().status == 401 {
            buyer.line_up();
        }
        let dates = buyer.get("/concerts/1/schedules");
        assert!(dates.status == 200 || dates.status == 401, "{}", dates.text);
    }
    app.advance_ms(0);
}

/// What the venue blocks is blocked for everyone from the answer on, whatever else goes on and is forgotten meanwhile.
fn block_at_random(app: &TestApp, viewer: &Customer, mut dice: Dice, tags: &Tags) {
    for turn in 0..60 {
        let schedule = 1 + dice.below(3);
        let seat = KEPT_BACK_FROM + dice.below(10) as i64;
        let blocked = dice.below(2) == 0;
        app.staff("PUT", &format!("/schedules/{schedule}/seats/{seat}"), json!({ "blocked": blocked })).must(200);
        let map = viewer.get(&map_path(schedule));
        map.must(200);
        tags.check(&map);
        let status = if blocked { "BLOCKED" } else { "AVAILABLE" };
        assert_eq!(map.body["seats"][seat as usize - 1]["status"], status);
        if turn % 10 == 0 {
            let starts_at = format!("2100-02-{:02}T10:00:00Z", 1 + dice.below(28));
            app.staff("PATCH", &format!("/schedules/{schedule}"), json!({ "startsAt": starts_at })).must(200);
            let on_date = viewer.get(&format!("/concerts/1/seats?date={}", &starts_at[..10]));
            assert!(on_date.status == 200 || on_date.refused(409, "DATE_AMBIGUOUS").is_object(), "{}", on_date.text);
        }
    }
}

/// A program whose reading of the file races with commits shows a seat that was free a moment ago; one that tags by
/// less than it shows gives one tag to two texts; one that keeps more than it may is not made to forget here.
#[test]
fn seat_map_while_many_buy_and_look_each_answer_is_whole_and_at_the_end_memory_and_file_agree() {
    // Two of the three maps fit into memory, so that they push each other out.
    let flags = [
        "--max-active=0",
        "--cached-seats-max=1000",
        "--seats-per-user=1000",
        "--visit-seconds=86400",
        "--claim-seconds=0",
    ];
    let app = TestApp::with_seats(SEATS, &flags);
    let layout = json!({ "numbered": { "count": SEATS, "price": crate::support::PRICE } });
    app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": "2100-01-03T10:00:00Z", "layout": layout }))
        .must(201);
    let mut dice = Dice::thrown("maps and buyers");
    let mut buyers: Vec<Customer> = (0..4).map(|_| app.buyer(10_000_000)).collect();
    let (viewer, tags, over) = (app.customer(), Tags::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (app, viewer, tags, over) = (&app, &viewer, &tags, &over);
        let thrown = |dice: &mut Dice| Dice::of(dice.next());
        for _ in 0..2 {
            let mut dice = thrown(&mut dice);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    tags.check(&viewer.get(&map_path(1 + dice.below(3))));
                }
            });
        }
        let (block, turn) = (thrown(&mut dice), thrown(&mut dice));
        let mut busy = vec![scope.spawn(move || block_at_random(app, viewer, block, tags))];
        busy.push(scope.spawn(move || {
            let mut dice = turn;
            (0..30).for_each(|_| app.advance_ms(dice.below(100_000)));
        }));
        for buyer in &mut buyers {
            let dice = thrown(&mut dice);
            busy.push(scope.spawn(move || buy_at_random(app, buyer, dice, tags)));
        }
        let ended: Vec<_> = busy.into_iter().map(|thread| thread.join()).collect();
        over.store(true, Relaxed);
        ended.into_iter().for_each(|ended| ended.unwrap());
    });
    compare_at_the_end(&app, &buyers);
    hold_in(&app.file());
}

fn compare_at_the_end(app: &TestApp, buyers: &[Customer]) {
    let (mut taken, mut own) = (0, 0);
    for schedule in 1..=3 {
        let mut of_the_file = app.staff_get(&map_path(schedule)).must(200).clone();
        let seats = of_the_file["seats"].as_array_mut().unwrap().iter_mut();
        let holders: Vec<Value> =
            seats.map(|seat| seat.as_object_mut().unwrap().shift_remove("holder").unwrap_or_default()).collect();
        for buyer in buyers {
            let mut seen = buyer.get(&map_path(schedule)).must(200).clone();
            for (seat, holder) in seen["seats"].as_array_mut().unwrap().iter_mut().zip(&holders) {
                assert_eq!(seat["mine"] == true, holder["userId"] == buyer.id.as_str(), "{seat} {holder}");
                own += usize::from(seat["mine"] == true);
                taken += usize::from(seat["status"] != "AVAILABLE");
                seat["mine"] = json!(false);
            }
            assert_eq!(seen, of_the_file);
        }
    }
    let of_the_file = "SELECT count(*) FROM claim WHERE status <> 'BLOCKED'";
    assert_eq!(own as i64, crate::support::invariants::number(&app.file(), of_the_file), "each claim is its owner's");
    assert!(taken > 0 && own > 0, "nothing was bought");
    let dates: Value = buyers[0].get("/concerts/1/schedules?all=true").must(200).clone();
    assert_eq!(&dates, app.staff_get("/concerts/1/schedules").must(200));
}

#[test]
fn map_is_known_by_its_tag_until_something_changes_and_a_stranger_s_tag_is_not_mine() {
    let app = TestApp::with_seats(5, &["--max-active=0"]);
    let (kim, lee) = (app.customer(), app.customer());
    let ask = |who: &Customer, tag: &str| {
        let headers = [("authorization", &*bearer(&who.token)), ("if-none-match", tag)];
        app.client.call_with("GET", "/api/v1/schedules/1/seats", &headers, None)
    };
    let first = ask(&kim, "").header("etag").unwrap().to_owned();
    let again = ask(&lee, &first);
    assert_eq!((again.status, &*again.text), (304, ""), "those without a seat see the same");
    kim.hold(1, &["2"]).must(201);
    let (of_kim, of_lee) = (ask(&kim, &first), ask(&lee, &first));
    assert_eq!((of_kim.status, of_lee.status), (200, 200));
    assert_ne!(of_kim.header("etag"), of_lee.header("etag"), "one of them sees mine");
    ask(&kim, of_kim.header("etag").unwrap()).must(304);
    ask(&lee, of_kim.header("etag").unwrap()).must(200);
    app.advance_ms(300_000);
    let over = ask(&kim, of_kim.header("etag").unwrap());
    assert_eq!((&over.must(200)["seatsAvailable"], &over.body["seats"][1]["mine"]), (&json!(5), &json!(false)));
    ask(&lee, "*").must(304);
    let moved = json!({ "startsAt": "2100-03-01T10:00:00Z" });
    app.client.call("PATCH", "/api/v1/staff/schedules/1", &bearer(STAFF_KEY), Some(moved)).must(200);
    assert_eq!(ask(&kim, over.header("etag").unwrap()).must(200)["date"], "2100-03-01");
}

/// The map as it comes compressed, byte by byte.
fn gunzipped(app: &TestApp, customer: &Customer) -> String {
    let url = app.url();
    let mut socket = std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let fields = format!("Host: x\r\nAuthorization: {}\r\nAccept-Encoding: gzip\r\n", bearer(&customer.token));
    let request = format!("GET /api/v1/schedules/1/seats HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&answer[end..]).read_to_string(&mut plain).unwrap();
    plain
}

/// A map as it is and compressed are one version: the same tag, the same content, and 304 in either form.
#[test]
fn gzip_of_a_map_is_the_same_map_with_the_same_tag_and_mine_is_right() {
    let app = TestApp::with_seats(300, &[]);
    let (kim, lee) = (app.buyer(0), app.buyer(0));
    kim.hold(1, &["7"]).must(201);
    let ask = |customer: &Customer, accept: &str, tag: &str| {
        let authorization = bearer(&customer.token);
        let headers = [("authorization", authorization.as_str()), ("accept-encoding", accept), ("if-none-match", tag)];
        app.client.call_with("GET", "/api/v1/schedules/1/seats", &headers, None)
    };
    for customer in [&kim, &lee] {
        let (plain, compressed) = (ask(customer, "identity", ""), ask(customer, "gzip", ""));
        assert_eq!(plain.header("content-encoding"), None);
        assert_eq!(plain.must(200), compressed.must(200)); // the client decompresses
        assert_eq!(gunzipped(&app, customer), plain.text);
        let tag = plain.header("etag").unwrap();
        assert_eq!((compressed.header("etag"), tag.starts_with("W/")), (Some(tag), true));
        assert_eq!(
            (plain.header("vary"), compressed.header("vary")),
            (Some("Accept, Accept-Encoding"), Some("Accept, Accept-Encoding"))
        );
        for accept in ["identity", "gzip"] {
            for known in [tag, tag.trim_start_matches("W/"), &format!("\"other\", {tag}"), "*"] {
                let again = ask(customer, accept, known);
                assert_eq!(
                    (again.status, again.header("etag"), again.header("vary")),
                    (304, Some(tag), Some("Accept, Accept-Encoding"))
                );
            }
        }
        let mine = plain.body["seats"].as_array().unwrap().iter().filter(|seat| seat["mine"] == true).count();
        assert_eq!(mine, usize::from(customer.id == kim.id));
    }
    assert_ne!(ask(&kim, "gzip", "").header("etag"), ask(&lee, "gzip", "").header("etag"));
}

/// What holds a new secret beside text of its request is never long enough to be compressed.
#[test]
fn gzip_never_holds_a_secret_beside_text_of_the_request() {
    let app = TestApp::with_seats(1, &[]);
    let longest = "\u{10ffff}".repeat(80);
    let authorization = bearer(STAFF_KEY);
    let accept = [("accept-encoding", "gzip"), ("authorization", authorization.as_str())];
    let post = |path: &str, body: Value| {
        let answer = app.client.call_with("POST", path, &accept, Some(&body.to_string()));
        assert!(answer.text.len() < boxoffice::http::GZIP_MIN_BYTES, "{path}: {} bytes", answer.text.len());
        answer.must(201).clone()
    };
    let names = (1..=400).rev().map(|count| "\u{10ffff}".repeat(count));
    let user = names.map(|name| json!({ "name": name })).find_map(|body| {
        let answer = app.client.call_with("POST", "/api/v1/users", &accept, Some(&body.to_string()));
        (answer.status == 201).then_some((answer.text.len(), answer.body))
    });
    let (length, user) = user.unwrap();
    assert!(length < boxoffice::http::GZIP_MIN_BYTES, "{length} bytes");
    post("/api/v1/queue/tokens", json!({ "userId": user["userId"], "userKey": user["userKey"] }));
    post("/api/v1/staff/keys", json!({ "name": longest.chars().take(40).collect::<String>(), "role": "door" }));
    post(&format!("/api/v1/staff/users/{}/key", user["userId"].as_str().unwrap()), json!({}));
}

/// Whoever keeps a staff's page of a date open puts what comes into what they have, and has the map of now.
#[test]
fn staff_map_since_a_version_has_what_changed_alone_and_comes_whole_after_the_date_was_changed() {
    let app = TestApp::with_seats(5, &[]);
    let path = "/schedules/1/seats";
    let read = |query: String| app.staff_get(&format!("{path}{query}")).must(200).clone();
    let since = |map: &Value| read(format!("?since={}", map["version"]));
    let whole = read(String::new());
    assert_eq!(since(&whole)["seats"], json!([]));
    app.customer().hold(1, &["3", "4"]).must(201);
    app.staff("PUT", "/schedules/1/seats/5", json!({ "blocked": true, "reason": "sound desk" })).must(200);
    let news = since(&whole);
    assert_eq!((&news["since"], &news["seatsAvailable"]), (&whole["version"], &json!(2)));
    let mut mended = whole["seats"].clone();
    for seat in news["seats"].as_array().unwrap() {
        let number: usize = seat["seat"].as_str().unwrap().parse().unwrap();
        mended[number - 1] = seat.clone();
    }
    let now = read(String::new());
    assert_eq!((news["seats"].as_array().unwrap().len(), &mended), (3, &now["seats"]));
    app.staff("PATCH", "/schedules/1", json!({ "price": 60_000 })).must(200);
    let after = since(&now);
    assert_eq!((&after["since"], after["seats"].as_array().unwrap().len()), (&Value::Null, 5));
}
