//! How connections end: closed, refused, or with the server.

use std::io;

use super::ConnectionId;
use super::event_loop::EventLoop;
use super::upstream::Wake;
use crate::refusal::Refusal;

impl EventLoop {
    pub(super) fn refuse_and_leave(&mut self, id: ConnectionId, refusal: &Refusal) {
        if let Some(client) = self.connections.get_mut(id).filter(|client| !client.connection.is_streaming()) {
            client.connection.refuse_and_leave(refusal, &mut self.turn);
            self.drive(id);
        }
    }

    pub(super) fn close(&mut self, id: ConnectionId) {
        let Some(client) = self.connections.remove(id) else { return };
        if let Some(stream) = &client.connection.stream {
            self.polls.forget_stream(id, stream);
        }
        if client.connection.waiter().is_some() {
            self.turn.metrics.parked_vanished_total.add(1);
            self.polls.forget(id, &client.connection);
        }
    }

    pub(super) fn begin_stop(&mut self) -> io::Result<()> {
        self.accept_last()?;
        self.turn.is_stopping = true;
        self.stop_by_ms = Some(self.turn.now_ms + self.turn.limits.stop_max_ms);
        for id in self.connections.ids() {
            if self.connections.get_mut(id).is_some_and(|client| client.connection.is_resting_stream()) {
                self.end_stream(id, None);
                self.drive(id);
                continue;
            }
            self.wake(id, Wake::TimedOut, None);
            let Some(client) = self.connections.get_mut(id).filter(|client| client.connection.is_idle()) else {
                continue;
            };
            client.readable = true; // a request may have come in this moment
            self.drive(id);
            if self.connections.get_mut(id).is_some_and(|client| client.connection.is_idle()) {
                self.close(id);
            }
        }
        Ok(())
    }

    pub(super) fn is_done(&mut self) -> bool {
        let Some(stop_by_ms) = self.stop_by_ms else { return false };
        if self.turn.now_ms < stop_by_ms {
            return self.connections.len() == 0;
        }
        for id in self.connections.ids() {
            if self.connections.get_mut(id).is_some_and(|client| client.connection.is_dispatched()) {
                self.refuse_and_leave(id, &Refusal::Stopping);
            }
            self.close(id);
        }
        true
    }
}
