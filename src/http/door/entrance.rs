//! The entrance: who is let in, and who has to leave for it.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::answer::RequestId;
use super::client::{Client, ClientId};
use super::crowd::Patience;
use super::porter::Porter;
use super::proxy;
use crate::refusal::Refusal;

/// Connections accepted in one go before the others get their turn.
const ACCEPT_BATCH: usize = 256;
/// After an accept that failed for want of memory or descriptors.
const ACCEPT_AGAIN_MS: u64 = 50;

/// Whether the listener itself is gone, which waiting does not mend: it listens no more, or it is no socket.
fn is_lost(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lost = [Errno::INVAL, Errno::BADF, Errno::NOTSOCK, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| lost.contains(&errno))
}

impl Porter {
    /// Takes in whoever has connected.
    pub(super) fn accept(&mut self) {
        self.accept_at_ms = u64::MAX;
        for _ in 0..ACCEPT_BATCH {
            let Some(listener) = &self.listener else { return };
            match listener.accept() {
                Ok((socket, address)) => self.admit(socket, address.ip()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ if is_lost(&error) => {
                        self.listener_lost = Some(error);
                        return;
                    }
                    _ if self.turn_one_away() => {}
                    _ => {
                        self.accept_at_ms = self.now_ms + ACCEPT_AGAIN_MS;
                        return;
                    }
                },
            }
        }
        self.accept_at_ms = self.now_ms; // there may be more: no edge will say so
    }

    /// Descriptors have run out: closes the connection that waits, so that its client learns of it.
    fn turn_one_away(&mut self) -> bool {
        if self.spare.take().is_none() {
            self.spare = File::open("/dev/null").ok();
            return false;
        }
        let turned = self.listener.as_ref().is_some_and(|listener| listener.accept().is_ok());
        self.metrics.connections_refused_descriptors_total.add(u64::from(turned));
        self.spare = File::open("/dev/null").ok();
        turned && self.spare.is_some()
    }

    fn admit(&mut self, socket: TcpStream, address: IpAddr) {
        self.metrics.connections_accepted_total.add(1);
        let peer = address.to_canonical();
        let is_exempt = self.limits.connections_per_address_max == 0
            || (peer.is_loopback() && !self.limits.limit_loopback)
            || proxy::is_within(&self.limits.proxies, peer);
        let counted_as = (!is_exempt).then(|| proxy::rate_key(peer));
        let has_too_many =
            counted_as.is_some_and(|counted| self.crowd.count_of(counted) >= self.limits.connections_per_address_max);
        if has_too_many {
            self.metrics.connections_refused_address_total.add(1);
            return self.turn_away(socket, peer);
        }
        if self.crowd.len() >= self.limits.connections_max && !self.make_place() {
            self.metrics.connections_refused_full_total.add(1);
            return self.turn_away(socket, peer);
        }
        if let Some(id) = self.take_in(socket, peer, counted_as) {
            self.crowd.stand(id, Some(Patience::New), self.now_ms);
        }
    }

    /// Sends somebody away because somebody else comes: whoever is idle for longest; else who came and says nothing; else
    /// whoever is slow with a request. The newest of a burst have a moment to be heard.
    fn make_place(&mut self) -> bool {
        let metrics = Arc::clone(&self.metrics);
        for (patience, after_ms, figure) in [
            (Patience::Idle, 0, &metrics.connections_evicted_idle_total),
            (Patience::New, self.limits.silent_after_ms, &metrics.connections_evicted_idle_total),
            (Patience::Slow, self.limits.slow_after_ms, &metrics.connections_evicted_slow_total),
        ] {
            if let Some((id, since_ms)) = self.crowd.longest(patience)
                && self.now_ms >= since_ms + after_ms
            {
                self.close(id, Some(figure));
                return true;
            }
        }
        false
    }

    fn take_in(&mut self, mut socket: TcpStream, peer: IpAddr, counted_as: Option<IpAddr>) -> Option<ClientId> {
        let id = self.crowd.next_id();
        let token = Token(id.number() as usize);
        let watched = self.poll.registry().register(&mut socket, token, Interest::READABLE | Interest::WRITABLE);
        if let Err(error) = watched {
            log::error!("a connection cannot be watched: {error}");
            return None;
        }
        let _ = socket.set_nodelay(true); // only slower without
        let mut client = Client::new(socket, peer, RequestId::Ours(self.next_id));
        client.counted_as = counted_as;
        client.deadline_ms = self.now_ms + self.limits.idle_max_ms;
        self.arm(client.deadline_ms);
        self.crowd.insert(client);
        Some(id)
    }

    /// Refuses a connection. A few may linger, so that the refusal is read; beyond them connections are closed
    /// without a word.
    fn turn_away(&mut self, socket: TcpStream, peer: IpAddr) {
        if self.crowd.len() >= self.limits.connections_max + self.limits.leaving_max() {
            return;
        }
        if let Some(id) = self.take_in(socket, peer, None) {
            self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
        }
    }
}
