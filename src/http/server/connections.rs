//! All connections: a slab with generations, their deadlines, an eviction queue for each class (oldest first), counts
//! by address, and the memory of their buffers.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use slab::Slab;

use super::ConnectionId;
use super::client_socket::Transport;
use super::connection::{Connection, EvictionClass};
use super::limits::Limits;
use super::loop_turn::LoopTurn;
use super::output::SharedContents;
use super::proxy;
use crate::refusal::Refusal;

const NONE: u32 = u32::MAX;

/// A connection and its socket.
pub struct Client<S> {
    pub socket: S,
    /// The kernel may have bytes for us: the last read did not find the socket empty.
    pub readable: bool,
    /// The client has sent its last byte, or is gone altogether.
    pub finished: bool,
    pub connection: Connection,
    /// When its TLS handshake must be done, until it is.
    pub handshake_until_ms: Option<u64>,
    /// It waits for its turn to go on with that.
    pub is_queued: bool,
    /// What it sent of that was answered once.
    pub was_answered: bool,
    /// The memory that its socket keeps.
    pub socket_bytes: usize,
    /// The address under which it is counted, when it is.
    rate_key: Option<IpAddr>,
    /// The memory of its buffers when it was last counted.
    counted_bytes: usize,
    /// Content that it takes slowly and may share with others: its address and bytes.
    held: Option<(usize, usize)>,
    /// Its entry among the deadlines: never later than its deadline.
    armed_ms: u64,
}

/// Whether a connection may come.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted under this address.
    Admitted(Option<IpAddr>),
    /// It is told that there are too many.
    Refused,
    /// There are too many even to tell it.
    Dropped,
}

pub struct Connections<S> {
    slab: Slab<Client<S>>,
    /// For each slot: its generation and its neighbours in the queue of its class.
    links: Vec<Link>,
    /// First and last of the queue of each class.
    queues: [(u32, u32); 4],
    /// Clients in their TLS handshake.
    handshakes: usize,
    by_address: HashMap<IpAddr, usize>,
    deadlines: BTreeSet<(u64, ConnectionId)>,
    buffered_bytes: usize,
    shared: SharedContents,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    generation: u32,
    class: Option<EvictionClass>,
    since_ms: u64,
    before: u32,
    after: u32,
}

impl Link {
    const FREE: Link = Link { generation: 0, class: None, since_ms: 0, before: NONE, after: NONE };
}

impl<S> Default for Connections<S> {
    fn default() -> Connections<S> {
        Connections {
            slab: Slab::new(),
            links: Vec::new(),
            queues: [(NONE, NONE); 4],
            handshakes: 0,
            by_address: HashMap::new(),
            deadlines: BTreeSet::new(),
            buffered_bytes: 0,
            shared: SharedContents::default(),
        }
    }
}

impl<S> Connections<S> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// The memory of all buffers, in bytes.
    pub fn bytes(&self) -> usize {
        self.buffered_bytes + self.shared.bytes()
    }

    /// How many are in their TLS handshake.
    pub fn handshakes(&self) -> usize {
        self.handshakes
    }

    /// Whether a connection of this peer may come; evicts another for it where there are as many as there may be.
    pub fn admit(&mut self, peer: IpAddr, transport: Transport, turn: &LoopTurn) -> Admission {
        let limits = &turn.limits;
        let rate_key = limits.key_of(peer).filter(|_| !proxy::is_within(&limits.proxies, peer));
        let of_address = rate_key.and_then(|address| self.by_address.get(&address)).copied().unwrap_or(0);
        let figure = if rate_key.is_some() && of_address >= limits.connections_per_address_max {
            &turn.metrics.connections_refused_address_total
        } else if self.len() >= limits.connections_max && !self.evict_one(turn) {
            &turn.metrics.connections_refused_full_total
        } else if transport == Transport::Tls
            && self.handshakes >= limits.handshakes_max
            && !self.evict_one_of(EvictionClass::Handshake, limits.silent_after_ms, turn)
        {
            &turn.metrics.tls_handshakes_refused_total
        } else {
            return Admission::Admitted(rate_key);
        };
        figure.add(1);
        // A few may linger, so that the refusal is read. Under TLS it would take a handshake to read it.
        let may_linger = transport != Transport::Tls && self.len() < limits.connections_max + limits.lingering_max();
        if may_linger { Admission::Refused } else { Admission::Dropped }
    }

    /// Evicts one connection for a new one: one that is slow with its handshake; else the one idle for longest; else
    /// one that has sent nothing yet; else one that is slow with a request. The newest of a burst have a moment to be
    /// heard.
    fn evict_one(&mut self, turn: &LoopTurn) -> bool {
        let Limits { silent_after_ms, slow_after_ms, .. } = turn.limits;
        let order = [
            (EvictionClass::Handshake, slow_after_ms),
            (EvictionClass::Idle, 0),
            (EvictionClass::New, silent_after_ms),
            (EvictionClass::Slow, slow_after_ms),
        ];
        order.into_iter().any(|(class, after_ms)| self.evict_one_of(class, after_ms, turn))
    }

    /// Evicts the oldest of a class, if it has been in it for so long.
    fn evict_one_of(&mut self, class: EvictionClass, after_ms: u64, turn: &LoopTurn) -> bool {
        let Some((id, since_ms)) = self.oldest(class) else { return false };
        if turn.now_ms < since_ms + after_ms {
            return false;
        }
        let figure = match class {
            EvictionClass::Handshake => &turn.metrics.tls_handshakes_evicted_total,
            EvictionClass::Idle | EvictionClass::New => &turn.metrics.connections_evicted_idle_total,
            EvictionClass::Slow => &turn.metrics.connections_evicted_slow_total,
        };
        figure.add(1); // before its client sees it
        self.remove(id);
        true
    }

    pub fn next_id(&self) -> ConnectionId {
        let slot = self.slab.vacant_key();
        ConnectionId::new(slot, self.links.get(slot).map_or(0, |link| link.generation))
    }

    /// Adds a connection, under [`Connections::next_id`]; in a TLS handshake with the moment when that must be done.
    pub fn insert(
        &mut self,
        socket: S,
        connection: Connection,
        rate_key: Option<IpAddr>,
        handshake_until_ms: Option<u64>,
    ) {
        if let Some(address) = rate_key {
            *self.by_address.entry(address).or_insert(0) += 1;
        }
        self.handshakes += usize::from(handshake_until_ms.is_some());
        let slot = self.slab.insert(Client {
            socket,
            readable: false,
            finished: false,
            connection,
            handshake_until_ms,
            is_queued: false,
            was_answered: false,
            socket_bytes: 0,
            rate_key,
            counted_bytes: 0,
            held: None,
            armed_ms: u64::MAX,
        });
        if slot == self.links.len() {
            self.links.push(Link::FREE);
        }
    }

    /// Its TLS handshake is done.
    pub fn end_handshake(&mut self, id: ConnectionId) {
        let ended = self.get_mut(id).and_then(|client| client.handshake_until_ms.take());
        self.handshakes -= usize::from(ended.is_some());
    }

    /// Removes a connection. Its id is never used again.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Client<S>> {
        self.get_mut(id)?;
        self.set_eviction_class(id, None, 0);
        let client = self.slab.try_remove(id.slot())?;
        let link = self.links.get_mut(id.slot())?;
        link.generation = (link.generation + 1) & 0x3fff_ffff; // the two top bits of a token are not ours
        if let Some(address) = client.rate_key
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        self.deadlines.remove(&(client.armed_ms, id));
        self.buffered_bytes -= client.counted_bytes;
        self.handshakes -= usize::from(client.handshake_until_ms.is_some());
        self.shared.release(client.held);
        Some(client)
    }

    /// The connection with this id, unless it is gone.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Client<S>> {
        let generation = self.links.get(id.slot())?.generation;
        if ConnectionId::new(id.slot(), generation) != id {
            return None;
        }
        self.slab.get_mut(id.slot())
    }

    pub fn ids(&self) -> Vec<ConnectionId> {
        let id = |(slot, _)| Some(ConnectionId::new(slot, self.links.get(slot)?.generation));
        self.slab.iter().filter_map(id).collect()
    }

    /// Brings the accounts up to date after something was done with a connection: its class, its deadline, the memory
    /// of its buffers.
    pub fn settle(&mut self, id: ConnectionId, now_ms: u64) {
        let Some(client) = self.get_mut(id) else { return };
        let (bytes, counted) = (client.connection.buffered_bytes() + client.socket_bytes, client.counted_bytes);
        client.counted_bytes = bytes;
        let sent = if client.connection.output().is_none() { client.held.take() } else { None };
        let (deadline_ms, armed_ms) = (client.deadline_ms(), client.armed_ms);
        let class = client.eviction_class();
        if deadline_ms < armed_ms {
            client.armed_ms = deadline_ms;
            self.deadlines.remove(&(armed_ms, id));
            self.deadlines.insert((deadline_ms, id));
        }
        self.buffered_bytes = self.buffered_bytes + bytes - counted;
        self.shared.release(sent);
        self.set_eviction_class(id, class, now_ms);
    }

    /// When [`Connections::take_due`] is to be asked.
    pub fn next_deadline_ms(&self) -> u64 {
        self.deadlines.first().map_or(u64::MAX, |(deadline_ms, _)| *deadline_ms)
    }

    /// A connection whose deadline has come. A deadline that moved away since it was entered is entered anew.
    pub fn take_due(&mut self, now_ms: u64) -> Option<ConnectionId> {
        while self.next_deadline_ms() <= now_ms {
            let (_, id) = self.deadlines.pop_first()?;
            let Some(client) = self.get_mut(id) else { continue };
            client.armed_ms = u64::MAX;
            if client.deadline_ms() <= now_ms {
                return Some(id);
            }
            self.settle(id, now_ms);
        }
        None
    }

    /// Counts what a connection still has to send, which it keeps until the socket takes it; gives whether there is
    /// room.
    pub fn hold_output(&mut self, id: ConnectionId, turn: &mut LoopTurn) -> bool {
        let Some(client) = self.get_mut(id) else { return true };
        let Some(output) = client.connection.output() else { return true };
        let (own_bytes, content, before) = (output.own_bytes(), output.shared(), client.held.take());
        self.shared.release(before);
        if !self.make_room(id, own_bytes + self.shared.more_bytes(content), turn) {
            return false;
        }
        self.shared.hold(content);
        if let Some(client) = self.get_mut(id) {
            client.held = content;
        }
        true
    }

    /// Makes room for so many bytes of a connection; gives whether there is. Others that hold more than it is about
    /// to are evicted, the largest first; one whose request is in flight or waits cannot be.
    pub fn make_room(&mut self, id: ConnectionId, bytes: usize, turn: &mut LoopTurn) -> bool {
        while !turn.has_room(bytes) {
            let others = self.slab.iter().filter(|(slot, client)| *slot != id.slot() && client.can_be_evicted());
            let share = |client: &Client<S>| client.counted_bytes + self.shared.share(client.held);
            let largest = others.map(|(slot, client)| (slot, share(client))).max_by_key(|(_, share)| *share);
            let Some((slot, _)) = largest.filter(|(_, share)| *share > bytes) else { return false };
            let before = self.bytes();
            turn.metrics.connections_evicted_buffers_total.add(1);
            self.remove(ConnectionId::new(slot, self.links[slot].generation));
            turn.free_bytes += (before - self.bytes()).cast_signed();
        }
        true
    }

    /// The same for a request, which goes on: without room it is refused.
    pub fn make_room_or_refuse(&mut self, id: ConnectionId, bytes: usize, turn: &mut LoopTurn) -> bool {
        if !self.make_room(id, bytes, turn)
            && let Some(client) = self.get_mut(id)
        {
            client.connection.refuse_and_leave(&Refusal::Overloaded { retry_after_seconds: 1 }, turn);
        }
        true
    }

    /// The connection that has been in a class for longest, and since when.
    fn oldest(&self, class: EvictionClass) -> Option<(ConnectionId, u64)> {
        let (first, _) = self.queues[class as usize];
        let link = self.links.get(first as usize)?;
        Some((ConnectionId::new(first as usize, link.generation), link.since_ms))
    }

    /// Puts a connection into a class, at the end of its queue; one that is in it already stays where it is.
    fn set_eviction_class(&mut self, id: ConnectionId, class: Option<EvictionClass>, now_ms: u64) {
        let Some(link) = self.links.get(id.slot()).copied() else { return };
        if link.class == class {
            return;
        }
        if let Some(was) = link.class {
            self.join(was, link.before, link.after);
        }
        let mut link = Link { generation: link.generation, class, since_ms: now_ms, ..Link::FREE };
        if let Some(class) = class {
            link.before = self.queues[class as usize].1;
            let slot = id.slot() as u32;
            self.join(class, link.before, slot);
            self.join(class, slot, NONE);
        }
        self.links[id.slot()] = link;
    }

    /// Makes two connections neighbours in a queue; `NONE` is before the first and after the last.
    fn join(&mut self, class: EvictionClass, before: u32, after: u32) {
        let queue = &mut self.queues[class as usize];
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = after,
            None => queue.0 = after,
        }
        match self.links.get_mut(after as usize) {
            Some(link) => link.before = before,
            None => queue.1 = before,
        }
    }
}

impl<S> Client<S> {
    fn can_be_evicted(&self) -> bool {
        self.eviction_class().is_some() || self.connection.output().is_some()
    }

    /// Who has sent something of a handshake waits for the server, and is not evicted for that.
    fn eviction_class(&self) -> Option<EvictionClass> {
        match self.handshake_until_ms {
            Some(_) => (!self.is_queued).then_some(EvictionClass::Handshake),
            None => self.connection.eviction_class(),
        }
    }

    fn deadline_ms(&self) -> u64 {
        self.handshake_until_ms.unwrap_or_else(|| self.connection.deadline_ms())
    }

    /// Whether its TLS handshake should have been done.
    pub fn is_late_with_handshake(&self, now_ms: u64) -> bool {
        self.handshake_until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }
}

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
