//! A proxy that loses: it drops requests and answers, whole or in the middle, as a bad network does.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;

use super::streams::Dice;
use super::wire::Wire;

pub struct Proxy {
    pub address: SocketAddr,
    /// Answers that it read and did not pass on.
    pub dropped: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Before a server; of so many exchanges it loses one.
    pub fn before(server: SocketAddr, loses_one_in: usize, seed: u64) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (dropped, closing) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, is_closing) = (Arc::clone(&dropped), Arc::clone(&closing));
        let thread = std::thread::spawn(move || {
            let mut dice = Dice::of(seed);
            for client in listener.incoming().flatten() {
                if is_closing.load(Relaxed) {
                    return;
                }
                let (mut dice, counted) = (Dice::of(dice.next()), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let _ = pass_on(client, server, loses_one_in, &mut dice, &counted); // an end, one way or the other
                });
            }
        });
        Ok(Proxy { address, dropped, closing, thread: Some(thread) })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.closing.store(true, Relaxed);
        let _ = TcpStream::connect(self.address); // so that it looks
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Exchanges of one connection, until one is lost.
fn pass_on(
    client: TcpStream,
    server: SocketAddr,
    loses_one_in: usize,
    dice: &mut Dice,
    dropped: &AtomicUsize,
) -> io::Result<()> {
    let (mut client, mut server) = (Wire::over(client)?, Wire::open(server)?);
    loop {
        let request = client.request()?;
        let loses = dice.one_in(loses_one_in);
        let way = dice.below(4);
        if loses && way == 0 {
            let half = request.len() / 2;
            server.send(&request[..half])?;
            return server.stream.shutdown(Shutdown::Both); // the venue never gets all of it
        }
        server.send(&request)?;
        if loses && way == 1 {
            return server.stream.shutdown(Shutdown::Both); // before it can answer
        }
        let method = if request.starts_with(b"HEAD") { "HEAD" } else { "GET" };
        let answer = server.answer_to(method)?;
        let bytes = [answer.head.as_bytes(), &answer.body].concat();
        if loses {
            dropped.fetch_add(1, Relaxed);
            let part = if way == 2 { 0 } else { bytes.len() / 2 };
            return client.stream.write_all(&bytes[..part]);
        }
        client.send(bytes)?;
    }
}
