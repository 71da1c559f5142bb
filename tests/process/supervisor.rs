//! What the supervisor of a service is told (sd_notify), played by a socket of the test's own.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::server::Server;
use crate::support::wait::DEADLINE;
use crate::torture::shim::{Shim, Word};

/// What came next; `None` when nothing came in time.
fn heard(socket: &UnixDatagram, within: Duration) -> Option<String> {
    socket.set_read_timeout(Some(within)).unwrap();
    let mut bytes = [0; 256];
    socket.recv(&mut bytes).ok().map(|length| String::from_utf8(bytes[..length].to_vec()).unwrap())
}

fn start(folder: &Path, name: &str, watchdog: &[(&str, &str)]) -> Server {
    Server::start_around(&folder.join("venue.db"), &[], |command| {
        command.env("NOTIFY_SOCKET", name).envs(watchdog.iter().copied());
    })
}

#[test]
fn supervisor_hears_that_it_is_ready_goes_on_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let server = start(folder.path(), path.to_str().unwrap(), &[("WATCHDOG_USEC", "400000")]);
    assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("READY=1"));
    for _ in 0..5 {
        assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("WATCHDOG=1"), "an idle server goes on too");
    }
    server.customer();
    assert!(server.terminate().success());
    let rest: Vec<String> = std::iter::from_fn(|| heard(&socket, Duration::from_millis(1))).collect();
    assert_eq!(rest.last().map(String::as_str), Some("STOPPING=1"), "{rest:?}");
}

#[test]
fn supervisor_at_an_abstract_address_hears_it_and_a_watchdog_of_another_process_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("boxoffice-{}-{}", std::process::id(), folder.path().display());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let watchdog = [("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")];
    let server = start(folder.path(), &format!("@{name}"), &watchdog);
    assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("READY=1"));
    server.customer();
    assert!(server.terminate().success());
    assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("STOPPING=1"));
}

#[test]
fn supervisor_that_is_gone_or_never_reads_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let gone = start(folder.path(), "/nowhere/notify", &[("WATCHDOG_USEC", "20000")]);
    gone.customer();
    assert!(gone.terminate().success());
    let unread = UnixDatagram::bind(&path).unwrap();
    let server = start(folder.path(), path.to_str().unwrap(), &[("WATCHDOG_USEC", "2000")]);
    let sent = || std::iter::from_fn(|| heard(&unread, Duration::from_millis(1))).count();
    crate::support::wait::until("many datagrams", || sent() > 5);
    server.customer();
    assert!(server.terminate().success());
}

/// A watchdog that is told "all is well" by a thread that only counts the time restarts nothing.
#[test]
fn watchdog_hears_nothing_while_the_writer_hangs_in_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let (path, database) = (folder.path().join("notify"), folder.path().join("venue.db"));
    let socket = UnixDatagram::bind(&path).unwrap();
    let shim = Shim::build().unwrap();
    let server = Server::start_around(&database, &[], |command| {
        shim.put_around(command, &database, false);
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "1000000");
    });
    assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("READY=1"));
    assert_eq!(heard(&socket, DEADLINE).as_deref(), Some("WATCHDOG=1"));
    shim.set(Word::SyncMs, 600_000);
    let client = server.client.clone();
    std::thread::spawn(move || client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))));
    let began = Instant::now();
    while heard(&socket, Duration::from_secs(3)).is_some() {
        assert!(began.elapsed() < DEADLINE, "it is told that all is well");
    }
    server.client.call("GET", "/healthz", "", None).must(200);
    server.kill();
}
