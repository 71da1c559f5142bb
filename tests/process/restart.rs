//! The real program is ended and started again, and goes on where it stood. `torture_server.rs` does so under load.

use std::path::{Path, PathBuf};

use crate::support::invariants::{hold_in, number};
use crate::support::server::Server;
use crate::support::{Client, Customer, PRICE, bearer};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("venue.db")
    }

    fn file(&self) -> Connection {
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }
}

/// Whichever of its listeners a server loses, it is not whole: it ends, and says that it failed.
#[test]
fn fatal_loss_of_a_listener_ends_the_program() {
    use rustix::net::{Shutdown, shutdown, sockopt::socket_acceptconn};
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    for which in [0, 1] {
        let folder = Folder::new();
        let server = Server::start(&folder.database(), &["--staff-listen", "127.0.0.1:0"]);
        let process = pidfd_open(Pid::from_raw(server.id() as i32).unwrap(), PidfdFlags::empty()).unwrap();
        let copies = (0..256).filter_map(|number| pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok());
        let is_tcp = |copy: &std::os::fd::OwnedFd| {
            let domain = rustix::net::sockopt::socket_domain(copy);
            domain == Ok(rustix::net::AddressFamily::INET) && socket_acceptconn(copy) == Ok(true)
        };
        let listeners: Vec<_> = copies.filter(is_tcp).collect();
        assert_eq!(listeners.len(), 2);
        shutdown(&listeners[which], Shutdown::Both).unwrap();
        assert_eq!(server.ended().code(), Some(1));
    }
}

/// A program without a lock on its file has two writers, each with a line of its own.
#[test]
fn restart_second_server_on_the_same_file_is_refused_with_a_sentence() {
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

fn pay_under(client: &Client, customer: &Customer, key: &str, body: &Value) -> crate::support::Answer {
    let headers = [("authorization", &*bearer(&customer.token)), ("idempotency-key", key)];
    client.call_with("POST", "/api/v1/payments", &headers, Some(&body.to_string()))
}

/// A program that looks at the token before it looks for the kept answer refuses the repetition of a purchase whose
/// answer was lost; one that keeps answers in memory pays twice or refuses.
#[test]
fn purchase_repeated_after_the_restart_gives_the_first_bytes_again() {
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
fn turned_clock_goes_on_where_it_stood() {
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
fn restart_what_staff_said_of_the_line_outlives_the_server_and_its_flags() {
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

/// A program that writes down what is due only when a timer fires shows holds of before the restart as alive, or never
/// ends them; one that forgets when it let people in lets in too many of the line.
#[test]
fn restart_what_became_due_while_nobody_served_is_over_at_the_start() {
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

/// A program that keeps the first call after an admission in memory, to write it down with the next transaction,
/// forgets it when it is stopped before there is one, and then drops a customer who had come.
#[test]
fn restart_who_came_in_before_an_orderly_stop_is_not_dropped_as_absent_after_it() {
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
fn restart_those_who_wait_get_a_fresh_abandonment_limit_after_a_restart() {
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

/// Ids whose order within a millisecond lives in memory alone list an older reservation above a newer one after a
/// restart, and payment for "one's own held seats" finds the one that was given back.
#[test]
fn order_of_one_millisecond_outlives_restarts_with_a_frozen_clock() {
    let folder = Folder::new();
    let flags = ["--test-clock=frozen", "--seats-per-user=9"];
    let server = Server::start(&folder.database(), &flags);
    server.add_seats(9);
    let kim = server.customer();
    server.kill();
    let mut made = Vec::new();
    for _ in 0..6 {
        let server = Server::start(&folder.database(), &flags);
        let kim = Customer { client: server.client.clone(), ..kim.clone() };
        let first = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
        kim.delete(&format!("/reservations/{}", first.as_str().unwrap())).must(200);
        made.insert(0, first);
        server.kill();
    }
    let server = Server::start(&folder.database(), &flags);
    let kim = Customer { client: server.client.clone(), ..kim };
    let list = kim.get("/reservations").must(200)["reservations"].clone();
    let listed: Vec<Value> = list.as_array().unwrap().iter().map(|it| it["reservationId"].clone()).collect();
    assert_eq!(listed, made, "newest first");
    let second = kim.hold(1, &["1"]).must(201)["reservationId"].clone();
    kim.top_up(PRICE).must(201);
    let paid = kim.post("/payments", json!({ "scheduleId": 1, "seats": ["1"], "amount": PRICE }));
    assert_eq!(paid.must(201)["reservationId"], second);
}
