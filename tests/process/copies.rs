//! Other programs that copy the file while it is served: their checkpoints, their tables and their locks.

use std::path::Path;
use std::process::Command;

use boxoffice::check::check;
use rusqlite::Connection;
use serde_json::json;

use crate::support::PRICE;
use crate::support::invariants::number;
use crate::support::server::Server;

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// What Litestream (0.3) does to a file, and the read transaction in which it holds the log.
fn as_litestream(database: &Path) -> Connection {
    let connection = Connection::open(database).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let tables = "PRAGMA wal_autocheckpoint = 0;
        CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
        CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER);
        INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1;";
    connection.execute_batch(tables).unwrap();
    connection.execute_batch("BEGIN; SELECT count(*) FROM _litestream_seq;").unwrap();
    connection
}

fn add_dates(server: &Server, count: usize) {
    let layout = json!({ "numbered": { "count": 20_000, "price": PRICE } });
    for _ in 0..count {
        let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
        server.staff("POST", "/concerts/1/schedules", Some(date)).must(201);
    }
}

/// A program that writes the log back itself takes away what a copy has not seen yet.
#[test]
fn checkpoint_external_leaves_the_log_to_another_program_whatever_its_length_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (database, wal) = (folder.path().join("venue.db"), folder.path().join("venue.db-wal"));
    Server::start(&database, &[]).terminate();
    assert_eq!(length(&wal), 0, "without the setting the log is written back at the end");
    let before = std::fs::read(&database).unwrap();
    let server = Server::start(&database, &["--checkpoint=external"]);
    server.add_seats(20_000);
    while length(&wal) < 20 << 20 {
        add_dates(&server, 1);
    }
    let users = number(&Connection::open(&database).unwrap(), "SELECT count(*) FROM user");
    server.customer();
    assert!(server.terminate().success());
    assert!(length(&wal) > 20 << 20 && std::fs::read(&database).unwrap() == before, "the log was written back");
    let server = Server::start(&database, &["--checkpoint=external"]);
    let other = Connection::open(&database).unwrap();
    assert_eq!(number(&other, "PRAGMA wal_checkpoint(TRUNCATE)"), 0, "the other program makes the checkpoint");
    assert_eq!(length(&wal), 0);
    server.customer();
    drop(other);
    assert!(server.terminate().success());
    assert_eq!(check(&database).unwrap(), Vec::<String>::new());
    assert_eq!(number(&Connection::open(&database).unwrap(), "SELECT count(*) FROM user"), users + 2);
}

#[test]
fn litestream_s_tables_and_locks_are_no_fault_to_a_start_a_check_or_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let server = Server::start(&database, &["--checkpoint=external"]);
    let litestream = as_litestream(&database);
    server.add_seats(50);
    server.customer();
    for arguments in [&["check"][..], &["backup", "copy.db", "--database"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        let output = command.current_dir(&folder).args(arguments).arg(&database).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        assert!(told.lines().count() == 1 && told.contains("adds up"), "{told}");
    }
    assert!(server.terminate().success());
    let (reader, writer) = std::io::pipe().unwrap();
    let server = Server::start_logging(&database, &["--checkpoint=external"], "", writer);
    server.customer();
    assert!(server.terminate().success());
    let told = std::io::read_to_string(reader).unwrap();
    assert!(!told.contains("WARN") && !told.contains("ERROR"), "{told}");
    litestream.execute_batch("COMMIT").unwrap();
    assert_eq!(check(&folder.path().join("copy.db")).unwrap(), Vec::<String>::new());
}
