//! Races: many at once for the same thing. Every test ends by counting in the file what must hold there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use crate::support::invariants::{Dice, hold_in, number};
use crate::support::{Answer, Client, Customer, PRICE, TestApp, bearer, together};
use serde_json::{Value, json};

/// How often each status and code was answered.
fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let code = answer.body["code"].as_str().unwrap_or("").to_owned();
        *tally.entry((answer.status, code)).or_default() += 1;
    }
    tally
}

fn counted(answers: &[Answer], status: u16, code: &str) -> usize {
    tally(answers).get(&(status, code.to_owned())).copied().unwrap_or(0)
}

fn labels(seats: &Value) -> Vec<String> {
    seats.as_array().unwrap().iter().map(|seat| seat["seat"].as_str().unwrap().to_owned()).collect()
}

/// A program that looks whether the seat is free and then takes it, in two steps, gives it to
/// several; one that lets writers fail with SQLITE_BUSY answers 500 or 503 to some; one whose
/// door drops a burst leaves some without an answer.
#[test]
fn race_of_two_hundred_who_want_one_seat_exactly_one_gets_it() {
    let app = TestApp::with_seats(50, &["--max-active=0"]);
    let people: Vec<Customer> = (0..200).map(|_| app.customer()).collect();
    let answers = together(people, |_, person| person.hold(1, &["7"]));
    assert_eq!(counted(&answers, 201, ""), 1, "{:?}", tally(&answers));
    assert_eq!(counted(&answers, 409, "SEAT_UNAVAILABLE"), 199, "{:?}", tally(&answers));
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(refused.body["seats"], json!(["7"]));
    }
    let file = app.file();
    assert_eq!(number(&file, "SELECT count(*) FROM claim"), 1);
    assert_eq!(number(&file, "SELECT count(*) FROM reservation"), 1);
    hold_in(&file);
}

/// A program that takes the seats of a set one by one and commits in between leaves partial holds
/// behind; one that checks all first and inserts later sells a seat twice; one that undoes a refused
/// set too late names seats as taken that are free.
#[test]
fn race_random_sets_of_seats_are_held_whole_or_not_at_all() {
    let mut dice = Dice::thrown("random sets");
    for _ in 0..3 {
        let app = TestApp::with_seats(50, &["--max-active=0"]);
        let all: Vec<String> = (1..=50).map(|n| n.to_string()).collect();
        let people: Vec<(Customer, Vec<String>)> = (0..64)
            .map(|_| {
                let count = 1 + dice.below(4) as usize;
                (app.customer(), dice.pick(&all, count))
            })
            .collect();
        let outcomes = together(people, |_, (person, wanted)| {
            let seats: Vec<&str> = wanted.iter().map(String::as_str).collect();
            (person.hold(1, &seats), wanted)
        });
        let mut held = BTreeSet::new();
        for (answer, wanted) in outcomes.iter().filter(|(answer, _)| answer.status == 201) {
            let mut got = labels(&answer.body["seats"]);
            got.sort();
            assert_eq!(got, wanted.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
            for seat in got {
                assert!(held.insert(seat), "a seat was given twice");
            }
        }
        for (answer, wanted) in outcomes.iter().filter(|(answer, _)| answer.status != 201) {
            let taken = answer.refused(409, "SEAT_UNAVAILABLE")["seats"].as_array().unwrap();
            assert!(!taken.is_empty());
            for seat in taken {
                let seat = seat.as_str().unwrap().to_owned();
                assert!(wanted.contains(&seat) && held.contains(&seat), "seat {seat} was called taken and is not");
            }
        }
        let file = app.file();
        assert_eq!(number(&file, "SELECT count(*) FROM claim") as usize, held.len());
        let whole = outcomes.iter().filter(|(answer, _)| answer.status == 201).count();
        assert_eq!(number(&file, "SELECT count(*) FROM reservation") as usize, whole);
        hold_in(&file);
    }
}

/// A program that reads the balance and writes it back later deducts twice or makes two payments; one that sells before
/// it has ended the visit answers several with 201.
#[test]
fn race_of_fifty_payments_for_one_reservation_one_is_made() {
    let app = TestApp::with_seats(50, &[]);
    let kim = app.buyer(5 * PRICE);
    for _ in 0..9 {
        kim.top_up(5 * PRICE).must(201);
    }
    let before = kim.balance();
    let held = kim.hold(1, &["3"]).must(201).clone();
    let answers = together(vec![kim.clone(); 50], |n, kim| match n % 2 {
        0 => kim.pay(&held["reservationId"], PRICE),
        _ => kim.post("/payments", json!({ "scheduleId": 1, "seats": ["3"], "amount": PRICE })),
    });
    assert_eq!(counted(&answers, 201, ""), 1, "{:?}", tally(&answers));
    assert_eq!(counted(&answers, 401, "TOKEN_EXPIRED"), 49, "{:?}", tally(&answers));
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.body["reason"] == "PAID"));
    assert_eq!(kim.balance(), before - PRICE);
    let file = app.file();
    assert_eq!(number(&file, "SELECT count(*) FROM ledger_entry WHERE kind = 'PAYMENT'"), 1);
    assert_eq!(number(&file, "SELECT count(*) FROM ticket"), 1);
    hold_in(&file);
}

/// A program that counts attempts outside the transaction declines more often than it may, or twice with the same
/// number left, or goes on declining a reservation that has failed.
#[test]
fn race_of_fifty_declined_payments_exactly_the_attempts_allowed_count() {
    let app = TestApp::with_seats(50, &["--payment-attempts=10"]);
    let kim = app.buyer(1);
    let held = kim.hold(1, &["3"]).must(201).clone();
    let answers = together(vec![kim.clone(); 50], |_, kim| kim.pay(&held["reservationId"], PRICE));
    let left = answers.iter().filter(|answer| answer.status == 402);
    let left: BTreeSet<i64> = left.map(|answer| answer.body["attemptsLeft"].as_i64().unwrap()).collect();
    assert_eq!(left, (0..10).collect(), "{:?}", tally(&answers));
    assert_eq!(counted(&answers, 402, "INSUFFICIENT_BALANCE"), 10);
    assert_eq!(counted(&answers, 409, "RESERVATION_NOT_PENDING"), 40, "{:?}", tally(&answers));
    assert_eq!((&kim.poll().must(200)["status"], kim.balance()), (&json!("ACTIVE"), 1));
    kim.hold(1, &["3"]).must(201);
    hold_in(&app.file());
}

/// One call of `kim` under an idempotency key.
fn call_under(kim: &Customer, key: &str, path: &str, body: &Value) -> Answer {
    let headers = [("authorization", &*bearer(&kim.token)), ("idempotency-key", key)];
    kim.client.call_with("POST", &format!("/api/v1{path}"), &headers, Some(&body.to_string()))
}

/// A program that keeps the answer in another transaction than the effect does the work twice or answers the second
/// with a refusal of the first's effect; one that renders the answer anew gives other bytes.
#[test]
fn race_one_key_from_twenty_threads_has_one_effect_and_one_answer() {
    let app = TestApp::with_seats(50, &["--payment-attempts=5"]);
    let kim = app.customer();
    let top_ups = format!("/users/{}/balance/top-ups", kim.id);
    let hold = json!({ "scheduleId": 1, "seats": ["1", "2"] });
    let once = |key: &str, path: &str, body: Value, status: u16| -> Value {
        let answers = together(vec![kim.clone(); 20], |_, kim| call_under(&kim, key, path, &body));
        let first: Vec<_> = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).collect();
        assert_eq!(first.len(), 1, "{key}: {:?}", tally(&answers));
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (status, &first[0].text), "{key}");
            assert_eq!(answer.header("content-type"), first[0].header("content-type"));
            assert_eq!(answer.header("location"), first[0].header("location"));
            assert!(matches!(answer.header("idempotency-replayed"), None | Some("true")));
        }
        first[0].body.clone()
    };
    let held = once("hold", "/reservations", hold, 201);
    let pay = json!({ "reservationId": held["reservationId"], "amount": 2 * PRICE });
    let declined = once("too-soon", "/payments", pay.clone(), 402);
    assert_eq!(declined["attemptsLeft"], 4, "one attempt only");
    once("top-up", &top_ups, json!({ "amount": 5 * PRICE }), 201);
    once("no-such-seat", "/reservations", json!({ "scheduleId": 1, "seats": ["99"] }), 404);
    once("pay", "/payments", pay, 201);
    assert_eq!(kim.balance(), 3 * PRICE);
    let file = app.file();
    assert_eq!(number(&file, "SELECT count(*) FROM reservation"), 1);
    assert_eq!(number(&file, "SELECT count(*) FROM ledger_entry"), 2);
    assert_eq!(number(&file, "SELECT count(*) FROM idempotency_answer"), 5);
    hold_in(&file);
}

/// A program that compares the time with the hold's end before its transaction begins pays for seats that have just
/// been given to somebody else; one that lets the sweeper win without looking frees seats that are paid.
#[test]
fn payment_and_an_expiry_that_race_have_one_winner() {
    const HOLD_MS: u64 = 60_000;
    let flags = ["--max-active=0", "--hold-seconds=60", "--visit-seconds=86400", "--claim-seconds=0"];
    let app = TestApp::with_seats(200, &flags);
    let mut paid_rounds = 0;
    for round in 0..60 {
        let seat = (round + 1).to_string();
        let (kim, lee) = (app.buyer(PRICE), app.customer());
        let held = kim.hold(1, &[&seat]).must(201).clone();
        app.advance_ms(HOLD_MS - 1);
        // Two pay, one turns the clock over the end, one wants the seat
        // as soon as it is free; who starts first changes.
        let mut parts = ["pay", "turn", "pay", "book"];
        parts.rotate_left(round % 4);
        let answers = together(parts.to_vec(), |_, part| match part {
            "pay" => kim.pay(&held["reservationId"], PRICE),
            "turn" => app.staff("POST", "/clock", json!({ "advanceMilliseconds": 1 })),
            _ => lee.hold(1, &[&seat]),
        });
        let of = |what: &'static str| answers.iter().zip(parts).filter(move |(_, part)| *part == what).map(|(a, _)| a);
        of("turn").for_each(|answer| _ = answer.must(200));
        let paid = of("pay").filter(|answer| answer.status == 201).count();
        let booked = of("book").any(|answer| answer.status == 201);
        for answer in of("pay").filter(|answer| answer.status != 201) {
            match paid {
                0 => answer.refused(409, "HOLD_EXPIRED"),
                _ => answer.refused(401, "TOKEN_EXPIRED"),
            };
        }
        of("book").filter(|answer| answer.status != 201).for_each(|answer| _ = answer.refused(409, "SEAT_UNAVAILABLE"));
        let own = kim.get_by_key(&format!("/reservations/{}", held["reservationId"].as_str().unwrap()));
        let shown = app.customer().get("/schedules/1/seats").must(200)["seats"][round]["status"].clone();
        let (status, balance, seat_now) = match (paid, booked) {
            (1, false) => ("CONFIRMED", 0, "SOLD"),
            (0, true) => ("EXPIRED", PRICE, "HELD"),
            (0, false) => ("EXPIRED", PRICE, "AVAILABLE"),
            _ => panic!("{paid} payments, and the seat given to another: {booked}"),
        };
        assert_eq!(own.must(200)["status"], status, "round {round}");
        assert_eq!((kim.balance(), shown.as_str().unwrap()), (balance, seat_now), "round {round}");
        paid_rounds += paid;
        app.advance_ms(HOLD_MS);
    }
    println!("payment won {paid_rounds} of 60 rounds");
    hold_in(&app.file());
}

/// A program that deducts points in one commit and confirms in another shows points that are nowhere, or twice, to
/// whoever reads in between; one that writes balance and ledger apart shows a ledger that does not add up.
#[test]
fn points_are_neither_lost_nor_made_in_any_concurrent_read() {
    let app = TestApp::with_seats(50, &["--max-active=0"]);
    let people: Vec<Customer> = (0..40).map(|_| app.buyer(3 * PRICE)).collect();
    let total = 40 * 3 * PRICE;
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let in_file = scope.spawn(|| {
            let mut file = app.file();
            let mut reads = 0;
            while !done.load(Relaxed) {
                let snapshot = file.transaction().unwrap();
                let left = number(&snapshot, "SELECT sum(points) FROM balance");
                let spent =
                    number(&snapshot, "SELECT coalesce(sum(amount), 0) FROM reservation WHERE status = 'CONFIRMED'");
                let sold = number(&snapshot, "SELECT count(*) FROM claim WHERE status = 'SOLD'");
                let ledger = number(&snapshot, "SELECT sum(amount) FROM ledger_entry");
                assert_eq!((left + spent, ledger, spent), (total, left, sold * PRICE));
                reads += 1;
            }
            reads
        });
        let by_key: Vec<_> = people
            .chunks(20)
            .map(|readers| {
                let done = &done;
                scope.spawn(move || {
                    let mut reads = 0;
                    while !done.load(Relaxed) {
                        let reader = &readers[reads % readers.len()];
                        let page = reader.get_by_key(&format!("/users/{}/balance/entries", reader.id));
                        let entries = page.must(200)["entries"].as_array().unwrap();
                        let sum: i64 = entries.iter().map(|entry| entry["amount"].as_i64().unwrap()).sum();
                        assert_eq!(entries[0]["balanceAfter"], sum, "{}", page.text);
                        assert!(sum == 3 * PRICE || sum == 2 * PRICE, "{}", page.text);
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let _stop = AtTheEnd(&done);
        let answers = together(people.iter().enumerate().collect(), |_, (n, person): (usize, &Customer)| {
            let held = person.hold(1, &[&(n + 1).to_string()]);
            person.pay(&held.must(201)["reservationId"], PRICE)
        });
        assert_eq!(counted(&answers, 201, ""), 40, "{:?}", tally(&answers));
        done.store(true, Relaxed);
        in_file.join().unwrap() + by_key.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    println!("{reads} concurrent reads");
    assert!(reads > 0);
    assert_eq!(number(&app.file(), "SELECT sum(points) FROM balance"), total - 40 * PRICE);
    hold_in(&app.file());
}

/// Says that it is done also when the test fails, so that nobody reads on for ever.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A program that numbers the line before the commit, or in memory by arrival, shows positions in another order than it
/// lets people in, gives two the same place, or puts one who asked after another was answered ahead of them.
#[test]
fn places_in_the_line_follow_the_order_of_commits() {
    let app = TestApp::with_seats(50, &["--max-active=1"]);
    let _inside = app.customer();
    let people: Vec<Customer> = (0..100).map(|_| app.user()).collect();
    let mut line = together(people, |_, mut person| {
        let asked = Instant::now();
        person.line_up().must(201);
        (person, asked, Instant::now())
    });
    let places: Vec<u64> = together(line.iter().collect(), |_, (person, _, _): &(Customer, Instant, Instant)| {
        person.poll().must(200)["position"].as_u64().unwrap()
    });
    assert_eq!(places.iter().copied().collect::<BTreeSet<_>>(), (1..=100).collect());
    for ((_, _, answered), place) in line.iter().zip(&places) {
        for ((_, asked, _), other) in line.iter().zip(&places) {
            assert!(answered >= asked || place < other, "one who asked later stands ahead");
        }
    }
    let mut by_place: Vec<(u64, String)> =
        line.iter().zip(&places).map(|(p, place)| (*place, p.0.id.clone())).collect();
    by_place.sort();
    let by_place: Vec<String> = by_place.into_iter().map(|(_, id)| id).collect();
    assert_eq!(people_of_events(&app, "TOKEN_ISSUED")[1..], by_place);

    // Every third leaves while the others watch: a position only ever gets smaller.
    let watched = together(line.drain(..).zip(places).collect(), |n, ((person, _, _), place)| {
        if n % 3 == 0 {
            person.delete("/queue/token").must(204);
            return None;
        }
        let mut last = place;
        for _ in 0..10 {
            let now = person.poll().must(200)["position"].as_u64().unwrap();
            assert!(now <= last, "fell back from {last} to {now}");
            last = now;
        }
        Some(person)
    });
    let stayed: BTreeSet<String> = watched.iter().flatten().map(|person| person.id.clone()).collect();
    app.staff("PATCH", "/queue", json!({ "maxActive": 30 })).must(200);
    app.staff("PATCH", "/queue", json!({ "maxActive": 0 })).must(200);
    let let_in = people_of_events(&app, "TOKEN_ADMITTED");
    assert_eq!(let_in[1..], by_place.into_iter().filter(|id| stayed.contains(id)).collect::<Vec<_>>());
    hold_in(&app.file());
}

/// The users of all events of a type, in the order of the feed.
fn people_of_events(app: &TestApp, kind: &str) -> Vec<String> {
    let file = app.file();
    let mut statement = file.prepare("SELECT data ->> 'userId' FROM event WHERE type = ?1 ORDER BY sequence").unwrap();
    statement.query_map([kind], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// A program that looks for the valid token and then issues one, in two
/// steps, puts one user into the line several times.
#[test]
fn user_who_asks_from_many_threads_stands_in_line_once() {
    let app = TestApp::with_seats(50, &["--max-active=1"]);
    let _inside = app.customer();
    let kim = app.user();
    let answers = together(vec![kim; 30], |_, mut kim| kim.line_up());
    assert_eq!(counted(&answers, 201, ""), 1, "{:?}", tally(&answers));
    assert_eq!(counted(&answers, 200, ""), 29, "{:?}", tally(&answers));
    let tokens: BTreeSet<&str> = answers.iter().map(|answer| answer.body["token"].as_str().unwrap()).collect();
    assert_eq!(tokens.len(), 1);
    assert!(answers.iter().all(|answer| answer.body["position"] == 1));
    hold_in(&app.file());
}

/// A program that counts the active tokens outside the transaction that lets in lets in more than `maxActive` when
/// places become free at the same moment, or fewer, for ever.
#[test]
fn race_of_leavers_leaves_the_active_limit_full_and_never_passed() {
    let app = TestApp::with_seats(50, &["--max-active=10"]);
    let people: Vec<Customer> = (0..120).map(|_| app.customer()).collect();
    let client = Client::of(&app.url());
    let active = |client: &Client| {
        let answer = client.call("GET", "/api/v1/staff/queue", &bearer(crate::support::STAFF_KEY), None);
        answer.must(200)["active"].as_u64().unwrap()
    };
    let most = together(people.iter().take(100).collect(), |_, person: &Customer| {
        person.delete("/queue/token").must(204);
        active(&client)
    });
    assert!(most.iter().all(|active| *active <= 10), "{most:?}");
    assert_eq!(active(&client), 10);
    let waiting = people.iter().skip(100).filter(|person| person.poll().must(200)["status"] == "WAITING").count();
    assert_eq!(waiting, 10);
    hold_in(&app.file());
}
