//! Accepts connections, and evicts others for them.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::connection::{Connection, ConnectionId, EvictionClass};
use super::event_loop::EventLoop;
use super::proxy;
use super::response_head::RequestId;
use crate::platform;
use crate::refusal::Refusal;

/// Connections accepted in one go before the others get their turn.
const ACCEPT_BATCH: usize = 256;
/// After an accept that failed for want of memory or descriptors.
const ACCEPT_AGAIN_MS: u64 = 50;

impl EventLoop {
    /// Accepts what waits in the backlog.
    pub(super) fn accept(&mut self) {
        self.accept_at_ms = u64::MAX;
        for _ in 0..ACCEPT_BATCH {
            let Some(listener) = &self.listener else { return };
            match listener.accept() {
                Ok((socket, address)) => self.admit(socket, address.ip()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ if platform::is_listener_lost(&error) => {
                        self.listener_lost = Some(error);
                        return;
                    }
                    _ if self.reject_one() => {}
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
    fn reject_one(&mut self) -> bool {
        if self.spare.take().is_none() {
            self.spare = platform::spare_descriptor();
            return false;
        }
        let turned = self.listener.as_ref().is_some_and(|listener| listener.accept().is_ok());
        self.metrics.connections_refused_descriptors_total.add(u64::from(turned));
        self.spare = platform::spare_descriptor();
        turned && self.spare.is_some()
    }

    fn admit(&mut self, socket: TcpStream, address: IpAddr) {
        self.metrics.connections_accepted_total.add(1);
        let peer = address.to_canonical();
        let is_exempt = self.limits.connections_per_address_max == 0
            || (peer.is_loopback() && !self.limits.limit_loopback)
            || proxy::is_within(&self.limits.proxies, peer);
        let rate_key = (!is_exempt).then(|| proxy::rate_key(peer));
        let has_too_many = rate_key
            .is_some_and(|counted| self.connections.count_of(counted) >= self.limits.connections_per_address_max);
        if has_too_many {
            self.metrics.connections_refused_address_total.add(1);
            return self.reject(socket, peer);
        }
        if self.connections.len() >= self.limits.connections_max && !self.evict_one() {
            self.metrics.connections_refused_full_total.add(1);
            return self.reject(socket, peer);
        }
        if let Some(id) = self.register(socket, peer, rate_key) {
            self.connections.set_eviction_class(id, Some(EvictionClass::New), self.now_ms);
        }
    }

    /// Evicts one connection for a new one: the one idle for longest; else one that has sent nothing yet; else
    /// one that is slow with a request. The newest of a burst have a moment to be heard.
    fn evict_one(&mut self) -> bool {
        let metrics = Arc::clone(&self.metrics);
        for (class, after_ms, figure) in [
            (EvictionClass::Idle, 0, &metrics.connections_evicted_idle_total),
            (EvictionClass::New, self.limits.silent_after_ms, &metrics.connections_evicted_idle_total),
            (EvictionClass::Slow, self.limits.slow_after_ms, &metrics.connections_evicted_slow_total),
        ] {
            if let Some((id, since_ms)) = self.connections.oldest(class)
                && self.now_ms >= since_ms + after_ms
            {
                self.close(id, Some(figure));
                return true;
            }
        }
        false
    }

    fn register(&mut self, mut socket: TcpStream, peer: IpAddr, rate_key: Option<IpAddr>) -> Option<ConnectionId> {
        let id = self.connections.next_id();
        let token = Token(id.number() as usize);
        let watched = self.poll.registry().register(&mut socket, token, Interest::READABLE | Interest::WRITABLE);
        if let Err(error) = watched {
            log::error!("a connection cannot be watched: {error}");
            return None;
        }
        let _ = socket.set_nodelay(true); // only slower without
        let mut connection = Connection::new(socket, peer, RequestId::Ours(self.next_id));
        connection.rate_key = rate_key;
        connection.deadline_ms = self.now_ms + self.limits.idle_max_ms;
        self.arm(connection.deadline_ms);
        self.connections.insert(connection);
        Some(id)
    }

    /// Refuses a connection. A few may linger, so that the refusal is read; beyond them connections are closed
    /// without a word.
    fn reject(&mut self, socket: TcpStream, peer: IpAddr) {
        if self.connections.len() >= self.limits.connections_max + self.limits.lingering_max() {
            return;
        }
        if let Some(id) = self.register(socket, peer, None) {
            self.refuse_and_leave(id, &Refusal::Overloaded { retry_after_seconds: 1 });
        }
    }
}
