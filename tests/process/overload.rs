//! When more is written than can be: those who come are told so at once,
//! polls go on, and no reader holds the writer up.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::invariants::{hold_in, number};
use crate::support::{Answer, Customer, TestApp, bearer};
use rusqlite::Connection;

/// Keeps the writer waiting at the beginning of its next transaction, for less than its patience, until dropped.
fn stall(app: &TestApp) -> Connection {
    let other = Connection::open(&app.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

fn figure(app: &TestApp, name: &str) -> u64 {
    let text = app.client.call("GET", "/metrics", "", None).text;
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn is_turned_away(answer: &Answer) {
    answer.refused(503, "OVERLOADED");
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
}

/// Ten want to write while the writer stands still: one is with it, one waits, and the others are told at once.
fn two_of_ten(flags: &[&str]) {
    let app = TestApp::with_seats(10, &[&["--max-active=0"], flags].concat());
    let people: Vec<Customer> = (0..10).map(|_| app.customer()).collect();
    let lock = stall(&app);
    let (answers, answered) = mpsc::channel();
    std::thread::scope(|scope| {
        for (n, person) in people.iter().enumerate() {
            let answers = answers.clone();
            scope.spawn(move || answers.send(person.hold(1, &[&(n + 1).to_string()])).unwrap());
        }
        for _ in 0..8 {
            is_turned_away(&answered.recv().unwrap()); // it comes although the writer still stands
        }
        for _ in 0..30 {
            people[0].poll().must(200);
        }
        drop(lock);
    });
    drop(answers);
    let late: Vec<Answer> = answered.iter().collect();
    let held = late.iter().filter(|answer| answer.status == 201).count();
    assert!(late.len() == 2 && held > 0, "{late:?}");
    late.iter().filter(|answer| answer.status != 201).for_each(is_turned_away);
    assert_eq!(number(&app.file(), "SELECT count(*) FROM claim"), held as i64);
    hold_in(&app.file());
}

#[test]
fn overload_when_the_writer_s_queue_is_full_the_others_are_told_at_once_and_polls_go_on() {
    two_of_ten(&["--writer-jobs-max=1"]);
}

#[test]
fn overload_when_the_door_s_queue_is_full_the_others_are_told_at_once_and_polls_go_on() {
    two_of_ten(&["--http-inner-writes=1", "--http-queue-max=1"]);
}

#[test]
fn overload_once_somebody_has_waited_too_long_those_who_come_are_told_at_once() {
    let app = TestApp::with_seats(10, &["--http-inner-writes=1", "--http-queue-max-ms=50"]);
    let people: Vec<Customer> = (0..4).map(|_| app.customer()).collect();
    let lock = stall(&app);
    std::thread::scope(|scope| {
        let two = people.iter().zip(["1", "2"]).take(2);
        let waiting: Vec<_> = two.map(|(person, seat)| scope.spawn(move || person.hold(1, &[seat]))).collect();
        let queued = (0..10_000).find(|_| figure(&app, "boxoffice_http_queued") == 1);
        assert!(queued.is_some(), "nobody waits");
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(60) {
            people[3].poll().must(200);
        }
        is_turned_away(&people[2].hold(1, &["3"]));
        drop(lock);
        for held in waiting {
            held.join().unwrap().must(201);
        }
    });
    people[2].hold(1, &["3"]).must(201);
    hold_in(&app.file());
}

/// A program whose reads lock the file, or whose writer waits for a reader, stands still here.
#[test]
fn overload_no_reader_holds_the_writer_up_however_slow_and_neither_does_a_backup() {
    let app = TestApp::with_seats(2_000, &["--max-active=0"]);
    let people: Vec<Customer> = (0..100).map(|_| app.customer()).collect();
    // One who asks for a large map again and again and takes nothing of it.
    let mut deaf = TcpStream::connect(app.url().strip_prefix("http://").unwrap()).unwrap();
    let ask = format!(
        "GET /api/v1/schedules/1/seats HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
        bearer(&people[0].token)
    );
    deaf.write_all(ask.repeat(50).as_bytes()).unwrap();
    let reader = app.file();
    let begun = |reader: &Connection| number(reader, "SELECT count(*) FROM claim");
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(begun(&reader), 0);
    let (over, folder) = (AtomicBool::new(false), tempfile::tempdir().unwrap());
    let copies = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let file = app.file();
            let mut copies = 0;
            loop {
                let copy = folder.path().join(format!("{copies}.db"));
                file.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
                copies += 1;
                if over.load(Relaxed) {
                    return copies;
                }
            }
        });
        for (n, person) in people.iter().enumerate() {
            let asked = Instant::now();
            person.hold(1, &[&(n + 1).to_string()]).must(201);
            assert!(asked.elapsed() < Duration::from_secs(5), "hold {n} took {:?}", asked.elapsed());
        }
        over.store(true, Relaxed);
        copying.join().unwrap()
    });
    assert_eq!(begun(&reader), 0, "the reader still sees what it saw");
    for copy in 0..copies {
        hold_in(&Connection::open(folder.path().join(format!("{copy}.db"))).unwrap());
    }
    assert_eq!(number(&app.file(), "SELECT count(*) FROM claim"), 100);
}
