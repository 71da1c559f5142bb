//! All connections: a slab with generations, an eviction queue for each class (oldest first), and counts by address.

use std::collections::HashMap;
use std::net::IpAddr;

use slab::Slab;

use super::connection::{Connection, ConnectionId, EvictionClass};

const NONE: u32 = u32::MAX;

/// All connections.
#[derive(Debug)]
pub struct Connections {
    slab: Slab<Connection>,
    /// For each slot: its generation and its neighbours in the queue of its class.
    links: Vec<Link>,
    /// First and last of the queue of each class.
    queues: [(u32, u32); 3],
    by_address: HashMap<IpAddr, usize>,
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

impl Default for Connections {
    fn default() -> Connections {
        Connections { slab: Slab::new(), links: Vec::new(), queues: [(NONE, NONE); 3], by_address: HashMap::new() }
    }
}

impl Connections {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// How many there are under this address.
    pub fn count_of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or(0)
    }

    /// The id of the next connection.
    pub fn next_id(&self) -> ConnectionId {
        let slot = self.slab.vacant_key();
        ConnectionId::new(slot, self.links.get(slot).map_or(0, |link| link.generation))
    }

    /// Adds a connection, under [`Connections::next_id`].
    pub fn insert(&mut self, connection: Connection) {
        if let Some(address) = connection.rate_key {
            *self.by_address.entry(address).or_insert(0) += 1;
        }
        let slot = self.slab.insert(connection);
        if slot == self.links.len() {
            self.links.push(Link::FREE);
        }
    }

    /// Removes a connection. Its id is never used again.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        self.get_mut(id)?;
        self.set_eviction_class(id, None, 0);
        let connection = self.slab.try_remove(id.slot())?;
        let link = self.links.get_mut(id.slot())?;
        link.generation = (link.generation + 1) & 0x3fff_ffff; // the two top bits of a token are not ours
        if let Some(address) = connection.rate_key
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(connection)
    }

    /// The connection with this id, unless it is gone.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let generation = self.links.get(id.slot())?.generation;
        if ConnectionId::new(id.slot(), generation) != id {
            return None;
        }
        self.slab.get_mut(id.slot())
    }

    /// Everyone.
    pub fn iter(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        let links = &self.links;
        self.slab
            .iter()
            .filter_map(|(slot, connection)| Some((ConnectionId::new(slot, links.get(slot)?.generation), connection)))
    }

    /// The connection that has been in a class for longest, and since when.
    pub fn oldest(&self, class: EvictionClass) -> Option<(ConnectionId, u64)> {
        let (first, _) = self.queues[class as usize];
        let link = self.links.get(first as usize)?;
        Some((ConnectionId::new(first as usize, link.generation), link.since_ms))
    }

    /// Puts a connection into a class, at the end of its queue; one that is in it already stays where it is.
    pub fn set_eviction_class(&mut self, id: ConnectionId, class: Option<EvictionClass>, now_ms: u64) {
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;
    use crate::http::server::response_head::RequestId;

    fn connections(count: usize) -> (Connections, Vec<ConnectionId>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut connections = Connections::default();
        let ids = (0..count).map(|_| join(&mut connections, &listener)).collect();
        (connections, ids)
    }

    fn join(connections: &mut Connections, listener: &TcpListener) -> ConnectionId {
        let socket = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(socket, Ipv4Addr::LOCALHOST.into(), RequestId::Ours(0));
        connection.rate_key = Some(Ipv4Addr::LOCALHOST.into());
        let id = connections.next_id();
        connections.insert(connection);
        id
    }

    #[test]
    fn connection_longest_comes_first_whoever_leaves_the_line() {
        for class in [EvictionClass::Idle, EvictionClass::New, EvictionClass::Slow] {
            let (mut connections, ids) = connections(4);
            assert_eq!(connections.oldest(class), None);
            ids.iter().zip(1..).for_each(|(&id, now_ms)| connections.set_eviction_class(id, Some(class), now_ms));
            connections.set_eviction_class(ids[0], Some(class), 8); // it is in it already
            connections.set_eviction_class(ids[1], None, 8);
            assert_eq!(connections.oldest(class), Some((ids[0], 1)));
            connections.set_eviction_class(ids[0], None, 9);
            connections.set_eviction_class(ids[0], Some(class), 9);
            for wanted in [(ids[2], 3), (ids[3], 4), (ids[0], 9)] {
                assert_eq!(connections.oldest(class), Some(wanted));
                connections.remove(wanted.0);
            }
            assert_eq!((connections.oldest(class), connections.queues), (None, [(NONE, NONE); 3]));
        }
    }

    #[test]
    fn connection_whoever_becomes_slow_leaves_the_line_of_the_idle() {
        let (mut connections, ids) = connections(2);
        ids.iter().for_each(|&id| connections.set_eviction_class(id, Some(EvictionClass::Idle), 1));
        connections.set_eviction_class(ids[0], Some(EvictionClass::Slow), 2);
        assert_eq!(connections.oldest(EvictionClass::Idle), Some((ids[1], 1)));
        assert_eq!(connections.oldest(EvictionClass::Slow), Some((ids[0], 2)));
    }

    #[test]
    fn place_that_is_taken_again_has_another_id() {
        let (mut connections, ids) = connections(1);
        connections.remove(ids[0]);
        assert!(connections.remove(ids[0]).is_none());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let again = join(&mut connections, &listener);
        assert_eq!(again.slot(), ids[0].slot());
        assert!(connections.get_mut(ids[0]).is_none() && connections.get_mut(again).is_some());
    }

    #[test]
    fn connections_of_an_address_are_counted_while_they_last() {
        let (mut connections, ids) = connections(2);
        assert_eq!(connections.count_of(Ipv4Addr::LOCALHOST.into()), 2);
        ids.iter().for_each(|&id| drop(connections.remove(id)));
        assert_eq!((connections.count_of(Ipv4Addr::LOCALHOST.into()), connections.by_address.len()), (0, 0));
    }
}
