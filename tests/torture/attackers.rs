//! Those who do their worst to the HTTP server, all at once, for as long as it takes.

use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::outside::{comes_true, pause};
use super::streams::Dice;
use super::wire::{Wire, get};

/// What an attacker does; it looks whether it is enough.
type Attack = fn(SocketAddr, &mut Dice, &AtomicBool) -> std::io::Result<()>;

const ATTACKS: [Attack; 6] = [bursts, drips, floods, resets, half_closed, vanishing];
/// What one attack takes at most, so that its turn comes round.
const TURN: Duration = Duration::from_millis(700);
/// And the rest after it: it is the server that is tried, not how many cores the attackers can burn.
const REST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 300 } else { 100 });

/// Lets all of them loose until it is enough; gives how many attacks there were.
pub fn rage<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    address: SocketAddr,
    seed: u64,
    enough: &'s AtomicBool,
    attacks: &'s AtomicUsize,
) {
    for (n, attack) in ATTACKS.into_iter().enumerate() {
        let mut dice = Dice::of(seed + n as u64);
        scope.spawn(move || {
            while !enough.load(Relaxed) {
                // A refusal or a cut is what it may come to.
                let _ = attack(address, &mut dice, enough);
                attacks.fetch_add(1, Relaxed);
                comes_true(REST, || enough.load(Relaxed));
            }
        });
    }
}

fn lasts(began: Instant, enough: &AtomicBool) -> bool {
    began.elapsed() < TURN && !enough.load(Relaxed)
}

/// Many connections at once, each of which asks something and reads it.
fn bursts(address: SocketAddr, dice: &mut Dice, _: &AtomicBool) -> std::io::Result<()> {
    let size = [8, 20, 100, 300][dice.below(4)];
    let mut wires = (0..size).map(|_| Wire::open(address)).collect::<Result<Vec<_>, _>>()?;
    wires.iter_mut().try_for_each(|wire| wire.get("/healthz"))?;
    wires.iter_mut().try_for_each(|wire| wire.answer().map(drop))
}

/// Heads and bodies a byte at a time.
fn drips(address: SocketAddr, dice: &mut Dice, enough: &AtomicBool) -> std::io::Result<()> {
    let began = Instant::now();
    let starts = [
        "GET / HTTP/1.1\r\nHost: hall\r\nX: ",
        "POST /api/v1/users HTTP/1.1\r\nHost: hall\r\nContent-Length: 60000\r\n\r\n",
    ];
    let mut wires = Vec::new();
    for _ in 0..100 {
        let mut wire = Wire::open(address)?;
        wire.send(dice.of_these(&starts))?;
        wires.push(wire);
    }
    while lasts(began, enough) {
        wires.iter_mut().try_for_each(|wire| wire.send("a"))?;
        (0..10).for_each(|_| pause());
    }
    Ok(())
}

/// Requests without end on one connection, of whose answers none is read.
fn floods(address: SocketAddr, _: &mut Dice, enough: &AtomicBool) -> std::io::Result<()> {
    let (began, mut wire) = (Instant::now(), Wire::open(address)?);
    let many = get("/api/v1/concerts").repeat(200);
    wire.stream.set_nonblocking(true)?;
    while lasts(began, enough) {
        match wire.stream.write(many.as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error),
            _ => pause(),
        }
    }
    Ok(())
}

/// Connections that are reset in the middle of a request or of its answer.
fn resets(address: SocketAddr, dice: &mut Dice, _: &AtomicBool) -> std::io::Result<()> {
    for _ in 0..50 {
        let mut wire = Wire::open(address)?;
        let request = get("/api/v1/concerts");
        wire.send(&request[..dice.below(request.len() + 1)])?;
        socket2::SockRef::from(&wire.stream).set_linger(Some(Duration::ZERO))?;
    }
    Ok(())
}

/// Clients that close their side early and then wait, and ones that never say anything.
fn half_closed(address: SocketAddr, dice: &mut Dice, _: &AtomicBool) -> std::io::Result<()> {
    let mut wires = Vec::new();
    for _ in 0..50 {
        let mut wire = Wire::open(address)?;
        if dice.one_in(2) {
            wire.get("/healthz")?;
        }
        if dice.one_in(2) {
            wire.stream.shutdown(Shutdown::Write)?;
        }
        wires.push(wire);
    }
    wires.iter_mut().try_for_each(|wire| if wire.has_more() { wire.answer().map(drop) } else { Ok(()) })
}

/// Requests that nobody stays to hear the answer of: nonsense, strangers' tokens, wrong versions.
fn vanishing(address: SocketAddr, dice: &mut Dice, _: &AtomicBool) -> std::io::Result<()> {
    for _ in 0..50 {
        let mut wire = Wire::open(address)?;
        wire.send(dice.of_these(&[
            "GET /api/v1/queue/token HTTP/1.1\r\nHost: hall\r\nPrefer: wait=30\r\nAuthorization: Bearer 00000000000000000000000000000000\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: hall\r\n\r\n",
            "POST /api/v1/payments HTTP/1.1\r\nHost: hall\r\nContent-Length: 100000000000\r\n\r\n",
            "POST /api/v1/reservations HTTP/1.1\r\nHost: hall\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
        ]))?;
    }
    Ok(())
}
