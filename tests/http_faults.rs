//! Faults that hit the whole process (its descriptors, its sockets): a binary of its own, one test at a time.

#![cfg(target_os = "linux")] // descriptors by number, `/proc`
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod support;

use std::fs::read_dir;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::net::{
    AddressFamily, Shutdown, shutdown,
    sockopt::{socket_acceptconn, socket_domain},
};
use rustix::process::{
    PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, getpid, getrlimit, pidfd_getfd, pidfd_open, setrlimit,
};
use support::http::{Client, server};

static ALONE: Mutex<()> = Mutex::new(());

/// The numbers of this process's open descriptors.
fn open_descriptors() -> Vec<i32> {
    let names = read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.to_str()?.parse().ok()).collect()
}

/// Copies of this process's TCP listeners.
fn listeners() -> Vec<OwnedFd> {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let copies = open_descriptors().into_iter();
    let copies = copies.filter_map(|number| pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).ok());
    copies
        .filter(|copy| matches!(socket_domain(copy), Ok(AddressFamily::INET | AddressFamily::INET6)))
        .filter(|copy| socket_acceptconn(copy) == Ok(true))
        .collect()
}

/// A server without its event loop is none: it must end, and not live on without a listener.
#[test]
fn fatal_panic_of_the_event_loop_is_told() {
    let _alone = ALONE.lock();
    let server = server(|limits| limits.large_body = |_, path| path == "/kills" && panic!("on purpose"));
    let mut client = server.client();
    assert_eq!(client.get("/echo?a").answer().status, 200);
    client.get("/kills").is_closed();
    server.until("it is told", |_| server.fatal.load(Ordering::SeqCst) == 1);
    assert!(TcpStream::connect(server.server.address()).is_err(), "nobody waits before a server that is gone");
}

#[test]
fn fatal_loss_of_the_listener_is_told() {
    let _alone = ALONE.lock();
    let server = server(|_| {});
    assert_eq!(server.client().get("/echo?a").answer().status, 200);
    assert_eq!(listeners().iter().filter(|copy| shutdown(copy, Shutdown::Both).is_ok()).count(), 1);
    server.until("it is told", |_| server.fatal.load(Ordering::SeqCst) == 1);
}

/// Shuts every Unix-domain socket of this process, listening or
/// connected: the inner server hears and says nothing more.
fn kill_inner_server() -> usize {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let copies = open_descriptors().into_iter();
    let copies = copies.filter_map(|number| pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).ok());
    let inner: Vec<OwnedFd> = copies.filter(|copy| socket_domain(copy) == Ok(AddressFamily::UNIX)).collect();
    inner.iter().filter(|socket| shutdown(socket, Shutdown::Both).is_ok()).count()
}

#[test]
#[cfg_attr(inner_socket = "loopback", ignore = "it finds the inner server by its kind of socket")]
fn inner_server_that_is_killed_outright_is_replaced_and_no_request_is_lost() {
    let _alone = ALONE.lock();
    let server = server(|_| {});
    let (mut idle, mut held) = (server.client(), Vec::new());
    for round in 1..=3 {
        assert_eq!(idle.get("/echo?a").answer().body, "GET a 127.0.0.1 0 ");
        let mut client = server.client();
        client.get("/held");
        held.push(client);
        server.until("one is under way", |metrics| metrics.relayed_total.get() == round * 3 - 1);
        assert!(kill_inner_server() > 1);
        assert_eq!(server.client().get("/echo?c").answer().body, "GET c 127.0.0.1 0 ");
        server.until("it was replaced", |metrics| metrics.inner_restarts_total.get() == round);
    }
    server.open_gate();
    held.iter_mut().for_each(|client| assert_eq!(client.answer().body, "held", "its handler had it"));
}

#[test]
fn http_without_descriptors_a_connection_is_closed_and_others_are_served() {
    let _alone = ALONE.lock();
    let server = server(|_| {});
    let mut served = server.client();
    served.get("/echo").answer();
    let before = getrlimit(Resource::Nofile);
    for round in 1..=20 {
        server.until("the last stranger has left", |metrics| metrics.connections_open.get() == 1);
        let next = open_descriptors().into_iter().max().unwrap() + 2;
        setrlimit(Resource::Nofile, Rlimit { current: Some(next as u64), maximum: before.maximum }).unwrap();
        let mut filled = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            filled.push(file);
        }
        filled.pop(); // one is left, for this side of the connection
        let stranger = TcpStream::connect(server.server.address()).unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let heard = std::io::Read::read(&mut &stranger, &mut [0; 1]);
        let is_closed =
            heard.as_ref().map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |&n| n == 0);
        assert!(is_closed, "{heard:?}");
        assert_eq!(served.get("/echo").answer().status, 200);
        setrlimit(Resource::Nofile, before).unwrap();
        drop((stranger, filled));
        server.until("it was counted", |metrics| metrics.connections_refused_descriptors_total.get() == round);
        assert_eq!(server.client().get("/echo").answer().status, 200, "as soon as there are some again");
    }
}

#[test]
fn http_where_few_descriptors_are_allowed_there_are_few_places_and_no_harm() {
    let _alone = ALONE.lock();
    let before = getrlimit(Resource::Nofile);
    let used = open_descriptors().into_iter().max().unwrap() as u64;
    for descriptors in [64, 65] {
        let server = server(|limits| {
            // As the HTTP server would count them if the whole process were allowed so few.
            *limits = limits.clone().within_descriptors(descriptors);
            limits.silent_after_ms = 5;
        });
        // This side of the connections needs as many again.
        let current = Some(used + 2 * descriptors as u64);
        setrlimit(Resource::Nofile, Rlimit { current, maximum: before.maximum }).unwrap();
        for _ in 0..100 {
            let _silent: Vec<Client> = (0..20).map(|_| server.client()).collect();
            let full = Instant::now();
            while server.client().get_or_end("/echo").is_none_or(|answer| answer.status != 200) {
                assert!(full.elapsed() < Duration::from_secs(10), "the silent keep the places");
            }
        }
        setrlimit(Resource::Nofile, before).unwrap();
        assert_eq!(server.server.metrics().inner_restarts_total.get(), 0);
    }
}
