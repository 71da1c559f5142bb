//! An honest customer who asks something small again and again, while others do their worst.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::outside::{TestApp, pause};
use super::report::{Report, patience};
use super::wire::Wire;

/// Milliseconds that 99 of 100 answers must be under, beyond what the machine itself takes at that moment.
const P99_MAX_MS: u64 = 50;

pub struct Bystander {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Latencies>,
}

#[derive(Default)]
struct Latencies {
    took: Vec<Duration>,
    /// The same moments, a byte for a byte without the HTTP server.
    plain: Vec<Duration>,
    wrong: Vec<String>,
}

impl Bystander {
    pub fn watch(app: &TestApp) -> Bystander {
        let enough = Arc::new(AtomicBool::new(false));
        let (address, plain, seen_enough) = (app.address, app.plain, Arc::clone(&enough));
        let thread = std::thread::spawn(move || watch(address, plain, &seen_enough));
        Bystander { enough, thread }
    }

    /// Ends the watch: every answer was right, and in time.
    pub fn ends(self, report: &mut Report) {
        self.enough.store(true, Ordering::Relaxed);
        let seen = self.thread.join().unwrap();
        for wrong in &seen.wrong {
            report.check(false, || format!("a bystander: {wrong}"));
        }
        let (count, p99, plain) = (seen.took.len(), p99(seen.took), p99(seen.plain));
        report.check(count > 0, || "no bystander was answered".into());
        report.check(p99 <= patience(P99_MAX_MS) + plain, || {
            format!("bystanders' p99 {p99:?}, without the HTTP server {plain:?}")
        });
        report.note(format!("{count} bystanders, p99 {:.1} ms", p99.as_secs_f64() * 1e3));
    }
}

fn watch(address: SocketAddr, plain: SocketAddr, enough: &AtomicBool) -> Latencies {
    let mut seen = Latencies::default();
    let (mut kept, mut plain) = (Wire::open(address), TcpStream::connect(plain));
    let mut n = 0;
    while !enough.load(Ordering::Relaxed) || seen.took.is_empty() && seen.wrong.is_empty() {
        n += 1;
        let start = Instant::now();
        let answered = match &mut kept {
            Ok(kept) if n % 8 != 0 => kept.echo(&format!("/echo?bystander-{n}")).map(drop),
            _ => Wire::open(address).and_then(|mut fresh| fresh.echo(&format!("/echo?newcomer-{n}")).map(drop)),
        };
        match answered {
            Ok(()) => seen.took.push(start.elapsed()),
            Err(error) => {
                seen.wrong.push(format!("{error:?}"));
                if seen.wrong.len() > 2 {
                    break;
                }
                kept = Wire::open(address);
            }
        }
        let start = Instant::now();
        if plain.as_mut().is_ok_and(|plain| there_and_back(plain).is_ok()) {
            seen.plain.push(start.elapsed());
        }
        pause();
    }
    seen
}

fn there_and_back(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"x")?;
    stream.read_exact(&mut [0])
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took.get((took.len() * 99 / 100).min(took.len().saturating_sub(1))).copied().unwrap_or_default()
}
