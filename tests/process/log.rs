//! The log of a served venue: what its lines tell, and that nobody waits for who reads them.

use std::io::{BufRead, BufReader, PipeReader};
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::wait::{self, DEADLINE};
use crate::support::{STAFF_KEY, bearer};
use crate::torture::calls::Call;
use crate::torture::served::{Served, Start};
use crate::torture::shim::{Shim, Word};

/// The lines of a log in JSON, to its end.
fn lines_of(log: PipeReader) -> Vec<Value> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let read = |line: std::io::Result<String>| {
            let line = line.unwrap();
            serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
        };
        sender.send(BufReader::new(log).lines().map(read).collect()).unwrap();
    });
    lines.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("the log has no end, or a line that is no JSON"))
}

fn find<'l>(lines: &'l [Value], target: &str, words: &str) -> &'l Value {
    let found = lines.iter().find(|line| line["target"] == target && line["message"].as_str().unwrap().contains(words));
    found.unwrap_or_else(|| panic!("{target}: {words} is not in {lines:#?}"))
}

/// Calls so often, in a thread, so that a server that waits for its reader fails the test in place of hanging it.
fn call_often(server: &Server, count: usize) {
    let (client, (sender, done)) = (server.client.clone(), mpsc::channel());
    std::thread::spawn(move || {
        for _ in 0..count {
            client.call("GET", "/api/v1/venue", "", None).must(200);
            client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201);
        }
        sender.send(()).unwrap();
    });
    done.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("the server waits for who reads its log"));
}

fn lost(server: &Server) -> u64 {
    let text = server.client.call("GET", "/metrics", "", None).text;
    text.lines().find_map(|line| line.strip_prefix("boxoffice_log_lines_lost_total ")?.parse().ok()).unwrap()
}

/// A server that writes its log where nobody reads stands still once the pipe is full, after 64 KiB.
#[test]
fn log_that_nobody_reads_stops_nothing_and_what_is_lost_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = ["--access-log", "--log-format=json"];
    let server = Server::start_logging(&folder.path().join("venue.db"), &flags, "trace,tiny_http=off", writer);
    let mut calls = 0;
    while lost(&server) == 0 {
        call_often(&server, 100);
        calls += 100;
        assert!(calls < 100_000, "nothing is lost");
    }
    let told = std::thread::spawn(move || lines_of(reader));
    wait::until("lines are written again", || {
        let before = lost(&server);
        call_often(&server, 20);
        lost(&server) == before
    });
    assert!(server.terminate().success());
    let lines = told.join().unwrap();
    find(
        &lines,
        "boxoffice::logging",
        "lines of the log were lost because nobody read it; read standard error faster: ",
    );
    find(&lines, "server", "the server has stopped");
}

#[test]
fn log_that_nobody_reads_holds_up_no_stop_and_one_without_a_reader_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let (unread, writer) = std::io::pipe().unwrap();
    let server = Server::start_logging(&database, &["--access-log"], "trace,tiny_http=off", writer);
    call_often(&server, 300);
    assert!(server.terminate().success());
    drop(unread);
    let (gone, writer) = std::io::pipe().unwrap();
    drop(gone);
    let server = Server::start_logging(&database, &["--access-log"], "trace,tiny_http=off", writer);
    call_often(&server, 50);
    assert!(server.terminate().success());
}

#[test]
fn log_tells_start_requests_by_their_ids_and_stop_with_secrets_masked() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let (reader, writer) = std::io::pipe().unwrap();
    let flags =
        ["--access-log", "--log-format=json", "--seats-per-user=4", "--hold-seconds=61", "--slow-statement-ms=1"];
    let server = Server::start_logging(&database, &flags, "", writer);
    let staff = bearer(STAFF_KEY);
    server.add_seats(20_000);
    let call = |method: &str, path: &str, id: &str| {
        let headers = [("authorization", &*staff), ("x-request-id", id)];
        server.client.call_with(method, path, &headers, None)
    };
    call("GET", "/api/v1/staff/users?name=Kim", "find-kim").must(200);
    call("GET", "/api/v1/staff/schedules/1/seats", "many-seats").must(200);
    let ours = server.client.call("GET", "/api/v1/concerts", "", None);
    rusqlite::Connection::open(&database).unwrap().execute_batch("ALTER TABLE event RENAME TO gone").unwrap();
    call("GET", "/api/v1/staff/events", "broken-file").refused(500, "INTERNAL");
    rusqlite::Connection::open(&database).unwrap().execute_batch("ALTER TABLE gone RENAME TO event").unwrap();
    let address = server.client.url.clone();
    assert!(server.terminate().success());
    let lines = lines_of(reader);
    let started = find(&lines, "server", "the server has started: boxoffice ");
    assert_eq!((&started["address"], &started["file"]), (&json!(address), &json!(database)));
    assert!(started["version"].as_str().unwrap().starts_with(env!("CARGO_PKG_VERSION")));
    let settings = started["settings"].as_str().unwrap();
    for given in ["--hold-seconds=61", "--staff-key=***", "--listen=127.0.0.1:0", "--access-log=true"] {
        assert!(settings.contains(given), "{given} is not in {settings}");
    }
    assert!(!settings.contains("seats-per-user"), "as it is by default: {settings}");
    assert!(!format!("{lines:?}").contains(STAFF_KEY));
    let found = find(&lines, "access", "/staff/users");
    let told = ["method", "path", "status", "client", "request", "level"].map(|member| found[member].clone());
    assert_eq!(json!(told), json!(["GET", "/api/v1/staff/users", 200, "127.0.0.1", "find-kim", "info"]));
    assert!(found["bytes"].as_u64() > Some(100) && found["seconds"].as_f64() > Some(0.0), "{found}");
    let id = ours.header("x-request-id").unwrap();
    assert!(lines.iter().any(|line| line["path"] == "/api/v1/concerts" && line["request"] == id), "{id}");
    assert_eq!(find(&lines, "boxoffice::routes", "failed in SQLite")["request"], "broken-file");
    let slow = |line: &&Value| line["message"].as_str().unwrap().starts_with("a statement was slow;");
    assert!(lines.iter().filter(slow).any(|line| line["request"] == "many-seats"), "{lines:#?}");
    find(&lines, "server", "the server is stopping: asked to");
    find(&lines, "server", "the server has stopped");
}

#[test]
fn log_has_no_line_for_a_request_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let server = Server::start_logging(&folder.path().join("venue.db"), &["--log-format=json"], "", writer);
    call_often(&server, 3);
    assert!(server.terminate().success());
    let lines = lines_of(reader);
    let targets: Vec<&str> = lines.iter().map(|line| line["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["boxoffice", "server", "server", "server"], "{lines:#?}");
}

/// Thousands of clients a second are refused on a full disk. A log that has lines for each fills what is left of it.
#[test]
fn log_of_a_full_disk_is_short_and_tells_how_many_lines_it_left_out() {
    const REFUSED: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let shim = Shim::build().unwrap();
    let start = Start { shim: Some(&shim), ..Start::default() };
    let served = Served::start(&folder.path().join("venue.db"), start).unwrap();
    let register = || {
        let call =
            Call { method: "POST", path: "/api/v1/users".into(), body: json!({ "name": "Kim" }), ..Call::get("") };
        call.ask(&mut None, served.address).unwrap().status
    };
    shim.set(Word::RoomBytes, 0);
    let refused = (0..REFUSED).filter(|_| register() == 507).count();
    assert!(refused > REFUSED / 2, "{refused} were told that the disk is full");
    let written = served.said().lines().filter(|line| line.contains("database or disk is full")).count();
    assert!((1..REFUSED / 4).contains(&written), "{refused} were refused, and {written} lines tell so");
    wait::until("the next line tells what was left out", || {
        register();
        served.said().contains(" of this kind were left out")
    });
    shim.set(Word::RoomBytes, -1);
    wait::until("it heals", || register() == 201);
    assert!(served.terminate().is_some_and(|status| status.success()));
}
