//! The real program is killed and started again: what was answered is there, what was not is whole or absent.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod hall;
mod invariants;
#[path = "restart/people.rs"]
mod people;
#[path = "restart/served.rs"]
mod served;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hall::{Client, Customer, PRICE, bearer};
use invariants::{Dice, hold_in, number};
use people::Person;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use served::Server;

/// Client threads, and customers of each.
const THREADS: usize = 4;
const PEOPLE: usize = 12;
/// Enough seats that they do not run out; each cycle sells from a window of its own.
const SEATS: usize = 6_000;
const WINDOW: usize = 60;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("hall.db")
    }

    fn file(&self) -> Connection {
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }
}

/// The same people, cycle after cycle, on a file whose server ends again and again.
struct Crowd {
    folder: Folder,
    groups: Vec<Vec<Person>>,
    dice: Dice,
    answers: usize,
    unanswered: usize,
    cycle: usize,
}

const FLAGS: &[&str] = &[
    "--max-active=12",
    "--hold-seconds=86400",
    "--visit-seconds=86400",
    "--abandon-seconds=86400",
    "--claim-seconds=0",
    "--seats-per-user=1000",
];

impl Crowd {
    fn new(name: &str) -> Crowd {
        let folder = Folder::new();
        let server = Server::start(&folder.database(), FLAGS);
        server.add_seats(SEATS);
        let group = |_| (0..PEOPLE).map(|n| Person::new(&server.client, n % 3 > 0)).collect();
        let groups = (0..THREADS).map(group).collect();
        server.kill();
        Crowd { folder, groups, dice: Dice::thrown(name), answers: 0, unanswered: 0, cycle: 0 }
    }

    /// Starts the server, checks every book, and lets the crowd work until `end` ends the server.
    fn run_cycle(&mut self, orderly_before: bool, end: impl FnOnce(Server)) {
        let server = Server::start(&self.folder.database(), FLAGS);
        self.check(&server.client, orderly_before);
        let first = self.cycle * WINDOW % (SEATS - WINDOW);
        let seats: Vec<String> = (first + 1..=first + WINDOW).map(|n| n.to_string()).collect();
        let moment = Duration::from_micros(5_000 + self.dice.below(250_000));
        let url = server.client.url.clone();
        let answers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for group in &mut self.groups {
                let mut dice = Dice::of(self.dice.next());
                let (url, seats, answers) = (&url, &seats, &answers);
                scope.spawn(move || {
                    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
                    loop {
                        let n = dice.below(group.len() as u64) as usize;
                        if group[n].step(url, &agent, &mut dice, seats).is_err() {
                            break;
                        }
                        answers.fetch_add(1, Relaxed);
                    }
                });
            }
            served::wait(moment);
            end(server);
        });
        self.answers += answers.into_inner();
        self.unanswered += self.groups.iter().flatten().filter(|person| person.unanswered.is_some()).count();
        self.cycle += 1;
    }

    /// Every book is right, and the line stands in the order in which it was joined.
    fn check(&mut self, client: &Client, orderly: bool) {
        let file = self.folder.file();
        hold_in(&file);
        self.groups.iter_mut().flatten().for_each(|person| person.check(client, orderly));
        // The repetitions above let others in; from here on nothing moves.
        self.groups.iter_mut().flatten().for_each(|person| person.read_place(client));
        let mut line: Vec<_> = self.groups.iter().flatten().filter_map(Person::place).collect();
        line.sort();
        let waiting = number(&file, "SELECT count(*) FROM token WHERE status = 'WAITING'") as u64;
        assert!(line.iter().map(|(position, _, _)| *position).eq(1..=waiting), "places: {line:?}");
        for (n, (_, asked, _)) in line.iter().enumerate() {
            let behind = line.iter().skip(n + 1);
            assert!(behind.clone().all(|(_, _, answered)| answered >= asked), "one who asked later stands ahead");
        }
        let points: i64 = self.groups.iter().flatten().map(Person::points).sum();
        assert_eq!(number(&file, "SELECT coalesce(sum(points), 0) FROM balance"), points);
        assert_eq!(
            number(
                &file,
                "SELECT max(active) <= 12 FROM (SELECT count(*) AS active FROM token WHERE status = 'ACTIVE')"
            ),
            1
        );
        hold_in(&file);
    }
}

/// How many cycles: `BOXOFFICE_KILL_CYCLES`, else `few`.
fn cycles(few: usize) -> usize {
    std::env::var("BOXOFFICE_KILL_CYCLES").ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(few)
}

/// A program that answers before its commit is on disk loses what it promised; one that writes an effect in two commits
/// leaves half of it; one that keeps the line in memory forgets who came first.
#[test]
fn killed_at_any_moment_nothing_that_was_answered_is_lost() {
    let mut crowd = Crowd::new("killed");
    for cycle in 0..cycles(12) {
        if cycle % 4 == 3 {
            let moment = Duration::from_micros(crowd.dice.below(60_000));
            Server::start_and_kill(&crowd.folder.database(), FLAGS, moment);
        }
        crowd.run_cycle(false, Server::kill);
    }
    let server = Server::start(&crowd.folder.database(), FLAGS);
    crowd.check(&server.client, false);
    println!("{} cycles, {} answers kept, {} calls unanswered", crowd.cycle, crowd.answers, crowd.unanswered);
    assert!(crowd.answers > crowd.cycle * 10 && crowd.unanswered > 0);
}

/// A program that drops its connections before its writer has finished does things that nobody learns of; one that waits for
/// idle connections does not stop.
#[test]
fn asked_to_stop_under_load_it_ends_in_good_order() {
    let mut crowd = Crowd::new("asked to stop");
    for cycle in 0..cycles(4) {
        crowd.run_cycle(cycle > 0, |server| assert_eq!(server.terminate().code(), Some(0)));
        let wal = crowd.folder.database().with_extension("db-wal");
        assert!(!wal.exists() || std::fs::metadata(&wal).unwrap().len() == 0, "the WAL was not written back");
    }
    let server = Server::start(&crowd.folder.database(), FLAGS);
    crowd.check(&server.client, true);
    println!("{} cycles, {} answers kept, {} calls unanswered", crowd.cycle, crowd.answers, crowd.unanswered);
}

/// A program without a lock on its file has two writers, each with a line of its own.
#[test]
fn a_second_server_on_the_same_file_is_refused_with_a_sentence() {
    let folder = Folder::new();
    let first = Server::start(&folder.database(), &[]);
    let second = Server::refused(&folder.database(), &[]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another boxoffice has this file open") && said.contains("--database"), "{said}");
    assert!(second.stdout.is_empty());
    first.customer().poll().must(200);
    first.kill();
    Server::start(&folder.database(), &[]); // a lock does not outlive its holder
}

fn pay_under(client: &Client, customer: &Customer, key: &str, body: &Value) -> hall::Answer {
    let headers = [("authorization", &*bearer(&customer.token)), ("idempotency-key", key)];
    client.call_with("POST", "/api/v1/payments", &headers, Some(&body.to_string()))
}

/// A program that looks at the token before it looks for the kept answer refuses the repetition of a purchase whose answer
/// was lost; one that keeps answers in memory pays twice or refuses.
#[test]
fn a_purchase_repeated_after_the_restart_gives_the_first_bytes_again() {
    let folder = Folder::new();
    let flags = ["--test-clock=frozen"];
    let server = Server::start(&folder.database(), &flags);
    server.add_seats(10);
    let kim = server.customer();
    kim.top_up(2 * PRICE).must(201);
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    let body = json!({ "reservationId": held, "amount": PRICE });
    let first = pay_under(&server.client, &kim, "the-purchase", &body);
    first.must(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    server.kill();
    let server = Server::start(&folder.database(), &flags);
    for late_ms in [0, 24 * 3_600_000] {
        server.turn_ms(late_ms);
        let again = pay_under(&server.client, &kim, "the-purchase", &body);
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
    }
    let other = json!({ "reservationId": held, "amount": PRICE + 1 });
    pay_under(&server.client, &kim, "the-purchase", &other).refused(422, "IDEMPOTENCY_KEY_REUSED");
    pay_under(&server.client, &kim, "another", &body).refused(401, "TOKEN_EXPIRED");
    assert_eq!(number(&folder.file(), "SELECT points FROM balance"), PRICE);
    hold_in(&folder.file());
}

/// A program that keeps the advances of its clock in memory goes back in time: ended holds come back to life.
#[test]
fn the_turned_clock_goes_on_where_it_stood() {
    for flag in ["--test-clock=frozen", "--test-clock"] {
        let folder = Folder::new();
        let server = Server::start(&folder.database(), &[flag]);
        let turned = server.turn_ms(7 * 24 * 3_600_000 + 123);
        server.kill();
        let server = Server::start(&folder.database(), &[flag]);
        let now = server.turn_ms(0);
        assert!(now >= turned, "{flag}: {now} after {turned}");
        if flag.ends_with("frozen") {
            assert_eq!(now, turned, "a frozen clock moves by advances alone");
        }
        assert!(now[..10] == turned[..10] || now[11..].starts_with("00:0"), "{flag}: {now} after {turned}");
        assert_eq!(server.terminate().code(), Some(0));
    }
}

/// A program that takes the line's settings from its flags at every start undoes what staff said.
#[test]
fn what_staff_said_of_the_line_outlives_the_server_and_its_flags() {
    let folder = Folder::new();
    let said = json!({
        "maxActive": 3, "admitPerMinute": 7, "visitSeconds": 61, "abandonSeconds": 62, "claimSeconds": 0, "paused": true,
        "message": { "ko": "잠시만요", "en": "A moment, please" },
    });
    let server = Server::start(&folder.database(), &["--max-active=50"]);
    server.staff("PATCH", "/queue", Some(said.clone())).must(200);
    server.kill();
    let server = Server::start(&folder.database(), &["--max-active=99", "--claim-seconds=5"]);
    let now = server.staff("GET", "/queue", None).must(200).clone();
    for (name, value) in said.as_object().unwrap() {
        assert_eq!(&now[name], value, "{name}");
    }
    let waiting = server.customer();
    let seen = waiting.poll();
    assert_eq!((&seen.must(200)["status"], &seen.body["paused"]), (&json!("WAITING"), &json!(true)));
    assert_eq!(seen.body["message"], "A moment, please");
}

/// Time that passes while nobody serves: the file's own clock is turned between two servers.
fn let_time_pass_ms(database: &Path, ms: i64) {
    let file = Connection::open(database).unwrap();
    file.execute("UPDATE venue SET clock_advanced_ms = clock_advanced_ms + ?1", [ms]).unwrap();
}

/// A program that writes down what is due only when a timer fires shows holds of before the restart as alive, or never ends
/// them; one that forgets when it let people in lets in too many of the line.
#[test]
fn what_became_due_while_nobody_served_is_over_at_the_start() {
    let folder = Folder::new();
    let flags =
        ["--test-clock=frozen", "--hold-seconds=60", "--visit-seconds=600", "--max-active=2", "--admit-per-minute=2"];
    let server = Server::start(&folder.database(), &flags);
    server.add_seats(10);
    let (kim, lee) = (server.customer(), server.customer());
    let held = kim.hold(1, &["1"]).must(201)["reservationId"].as_str().unwrap().to_owned();
    let [third, fourth] = [server.customer(), server.customer()];
    lee.delete("/queue/token").must(204);
    assert_eq!(third.poll().must(200)["status"], "WAITING", "two were let in within the minute");
    server.kill();

    let_time_pass_ms(&folder.database(), 59_999);
    let server = Server::start(&folder.database(), &flags);
    let of = |customer: &Customer, server: &Server| Customer { client: server.client.clone(), ..customer.clone() };
    assert_eq!(of(&third, &server).poll().must(200)["position"], 1, "still within the minute");
    assert_eq!(of(&kim, &server).get(&format!("/reservations/{held}")).must(200)["status"], "PENDING_PAYMENT");
    server.kill();

    let_time_pass_ms(&folder.database(), 1);
    let server = Server::start(&folder.database(), &flags);
    let kim = of(&kim, &server);
    assert_eq!(kim.get(&format!("/reservations/{held}")).must(200)["status"], "EXPIRED");
    kim.pay(&json!(held), PRICE).refused(409, "HOLD_EXPIRED");
    assert_eq!(of(&third, &server).poll().must(200)["status"], "ACTIVE");
    of(&third, &server).hold(1, &["1"]).must(201);
    server.kill();

    let_time_pass_ms(&folder.database(), 540_000);
    let server = Server::start(&folder.database(), &flags);
    assert_eq!(of(&kim, &server).poll().refused(401, "TOKEN_EXPIRED")["reason"], "TIMED_OUT");
    assert_eq!(of(&fourth, &server).poll().must(200)["status"], "ACTIVE", "waiting tokens are heard of afresh");
    hold_in(&folder.file());
}

/// A program that keeps the first call after an admission in memory, to write it down with the next transaction, forgets it
/// when it is stopped before there is one, and then drops a customer who had come.
#[test]
fn who_came_in_before_an_orderly_stop_is_not_dropped_as_absent_after_it() {
    let folder = Folder::new();
    let flags = ["--test-clock=frozen", "--max-active=1", "--claim-seconds=20"];
    let server = Server::start(&folder.database(), &flags);
    let (first, next) = (server.customer(), server.customer());
    first.delete("/queue/token").must(204);
    assert_eq!(next.poll().must(200)["status"], "ACTIVE");
    assert_eq!(server.terminate().code(), Some(0));
    let server = Server::start(&folder.database(), &flags);
    server.turn_ms(20_000);
    let next = Customer { client: server.client.clone(), ..next };
    assert_eq!(next.poll().must(200)["status"], "ACTIVE");
    hold_in(&folder.file());
}

/// A program that remembers polls only in memory drops everybody who waited, as soon as it is back.
#[test]
fn those_who_wait_get_a_fresh_abandonment_limit_after_a_restart() {
    let folder = Folder::new();
    let flags = ["--test-clock=frozen", "--max-active=1", "--abandon-seconds=30", "--claim-seconds=0"];
    let server = Server::start(&folder.database(), &flags);
    let _inside = server.customer();
    let line: Vec<Customer> = (0..3).map(|_| server.customer()).collect();
    server.turn_ms(29_999);
    server.kill();
    let server = Server::start(&folder.database(), &flags);
    let of = |n: usize| Customer { client: server.client.clone(), ..line[n].clone() };
    server.turn_ms(29_999);
    assert_eq!(of(1).poll().must(200)["position"], 2);
    server.turn_ms(1);
    assert_eq!(of(0).poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    assert_eq!(of(2).poll().refused(401, "TOKEN_EXPIRED")["reason"], "ABANDONED");
    assert_eq!(of(1).poll().must(200)["position"], 1);
    hold_in(&folder.file());
}
