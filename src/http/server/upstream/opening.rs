//! Opening upstream connections, one at a time, and replacing a server that is dead or stuck.

use std::io::{self, Write};

use mio::{Interest, Registry};

use super::connection::{UpstreamConnection, UpstreamState, token_of};
use super::inner_server::{self, InnerServer};
use super::{Upstream, protocol};

/// So many servers that are stuck for good are left behind before no more are made.
const STUCK_MAX: usize = 4;

impl Upstream {
    /// Opens another connection when requests wait and the pool allows it; one at a time.
    pub(super) fn open_if_wanted(&mut self, registry: &Registry, now_ms: u64) {
        if self.probing.is_some() || now_ms < self.retry_at_ms {
            return;
        }
        let wanted = self.pools.iter().position(|pool| pool.waiting() > 0 && pool.open < pool.max);
        if let Some(kind) = wanted {
            self.open(registry, kind == 1, now_ms);
        }
    }

    pub(super) fn open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) {
        if let Err(error) = self.try_open(registry, is_write, now_ms) {
            log::error!(
                "the inner server cannot be reached and is tried again in 50 ms; if this repeats, read what was \
                 logged before: {error}"
            );
            self.retry_at_ms = now_ms + 50;
            if error.kind() == io::ErrorKind::ConnectionRefused || self.inner_server.is_none() {
                self.replace_server(now_ms);
            }
        }
    }

    fn try_open(&mut self, registry: &Registry, is_write: bool, now_ms: u64) -> io::Result<()> {
        let inner_server = self.inner_server.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut socket = inner_server.connect()?;
        self.generation = (self.generation + 1) & 0x3fff_ffff;
        let entry = self.conns.vacant_entry();
        registry.register(&mut socket, token_of(entry.key(), self.generation), Interest::READABLE)?;
        socket.write_all(protocol::probe().as_bytes())?;
        self.probing = Some(entry.key());
        entry.insert(UpstreamConnection {
            socket,
            generation: self.generation,
            epoch: self.epoch,
            is_write,
            state: UpstreamState::Probing,
            input: Vec::new(),
            unread_bytes: 0,
            expected: 0,
            output: Vec::new(),
            deadline_ms: now_ms + self.probe_max_ms,
        });
        self.pools[usize::from(is_write)].open += 1;
        Ok(())
    }

    /// Puts a new server in the place of one that is dead or stuck. What is
    /// under way on the old one may still be answered.
    pub(super) fn replace_server(&mut self, now_ms: u64) {
        self.stuck.retain(inner_server::Abandoned::is_stuck);
        if self.stuck.len() >= STUCK_MAX {
            self.retry_at_ms = now_ms + self.probe_max_ms;
            return;
        }
        let connections = self.pools.iter().map(|pool| pool.max).sum();
        match InnerServer::start(self.workers, connections, &self.handler, &self.sending, &self.on_fatal) {
            Ok(inner_server) => {
                log::error!(
                    "the inner server does not answer and was replaced; requests with it may be answered 503, no \
                     action needed"
                );
                self.metrics.inner_restarts_total.add(1);
                self.stuck.extend(self.inner_server.replace(inner_server).map(InnerServer::abandon));
                self.epoch += 1;
                self.pools.iter_mut().for_each(|pool| {
                    pool.idle.clear();
                    pool.open = 0;
                });
                self.conns.retain(|_, conn| matches!(conn.state, UpstreamState::Busy(_)));
                self.probing = None;
                self.retry_at_ms = 0;
            }
            Err(error) => {
                log::error!(
                    "no other inner server can be started, tried again in 50 ms; raise the limits of threads and file \
                     descriptors: {error}"
                );
                self.retry_at_ms = now_ms + 50;
            }
        }
    }
}
