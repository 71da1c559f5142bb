//! All clients: their places, who is idle for how long, and how many come from one address.

use std::collections::HashMap;
use std::net::IpAddr;

use slab::Slab;

use super::client::{Client, ClientId};

const NOBODY: u32 = u32::MAX;

/// All clients.
#[derive(Debug)]
pub struct Crowd {
    places: Slab<Client>,
    /// For each place: its generation and its neighbours among the idle.
    seats: Vec<Seat>,
    longest_idle: u32,
    last_idle: u32,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug, Clone, Copy)]
struct Seat {
    generation: u32,
    is_idle: bool,
    before: u32,
    after: u32,
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd {
            places: Slab::new(),
            seats: Vec::new(),
            longest_idle: NOBODY,
            last_idle: NOBODY,
            by_address: HashMap::new(),
        }
    }
}

impl Crowd {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// How many there are under this address.
    pub fn count_of(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or(0)
    }

    /// The id that the next client will have.
    pub fn next_id(&self) -> ClientId {
        let place = self.places.vacant_key();
        ClientId::new(place, self.seats.get(place).map_or(0, |seat| seat.generation))
    }

    /// Takes a client in, under [`Crowd::next_id`].
    pub fn insert(&mut self, client: Client) {
        if let Some(address) = client.counted_as {
            *self.by_address.entry(address).or_insert(0) += 1;
        }
        let place = self.places.insert(client);
        if place == self.seats.len() {
            self.seats.push(Seat { generation: 0, is_idle: false, before: NOBODY, after: NOBODY });
        }
    }

    /// Lets a client go. Its id names nobody from now on.
    pub fn remove(&mut self, id: ClientId) -> Option<Client> {
        self.get_mut(id)?;
        self.set_idle(id, false);
        let client = self.places.try_remove(id.place())?;
        let seat = self.seats.get_mut(id.place())?;
        seat.generation = (seat.generation + 1) & 0x3fff_ffff; // the two top bits of a token are not ours
        if let Some(address) = client.counted_as
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(client)
    }

    /// The client with this id, unless it is gone.
    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        let generation = self.seats.get(id.place())?.generation;
        if ClientId::new(id.place(), generation) != id {
            return None;
        }
        self.places.get_mut(id.place())
    }

    /// Everyone.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        let seats = &self.seats;
        self.places
            .iter()
            .filter_map(|(place, client)| Some((ClientId::new(place, seats.get(place)?.generation), client)))
    }

    /// Whoever has been idle for the longest.
    pub fn longest_idle(&self) -> Option<ClientId> {
        let seat = self.seats.get(self.longest_idle as usize)?;
        Some(ClientId::new(self.longest_idle as usize, seat.generation))
    }

    /// Says whether a client is idle now; whoever becomes idle is the last in that line.
    pub fn set_idle(&mut self, id: ClientId, is_idle: bool) {
        let Some(&seat) = self.seats.get(id.place()) else { return };
        if seat.is_idle == is_idle {
            return;
        }
        let place = id.place() as u32;
        let (before, after) = if is_idle { (self.last_idle, NOBODY) } else { (seat.before, seat.after) };
        let (to_before, to_after) = if is_idle { (place, place) } else { (after, before) };
        match self.seats.get_mut(before as usize) {
            Some(neighbour) => neighbour.after = to_before,
            None => self.longest_idle = to_before,
        }
        match self.seats.get_mut(after as usize) {
            Some(neighbour) => neighbour.before = to_after,
            None => self.last_idle = to_after,
        }
        self.seats[id.place()] = Seat { generation: seat.generation, is_idle, before, after };
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;
    use crate::http::door::answer::RequestId;

    fn crowd(count: usize) -> (Crowd, Vec<ClientId>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut crowd = Crowd::default();
        let ids = (0..count).map(|_| join(&mut crowd, &listener)).collect();
        (crowd, ids)
    }

    fn join(crowd: &mut Crowd, listener: &TcpListener) -> ClientId {
        let socket = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut client = Client::new(socket, Ipv4Addr::LOCALHOST.into(), RequestId::Ours(0));
        client.counted_as = Some(Ipv4Addr::LOCALHOST.into());
        let id = crowd.next_id();
        crowd.insert(client);
        id
    }

    #[test]
    fn the_longest_idle_comes_first_whoever_leaves_the_line() {
        let (mut crowd, ids) = crowd(4);
        assert_eq!(crowd.longest_idle(), None);
        ids.iter().for_each(|&id| crowd.set_idle(id, true));
        crowd.set_idle(ids[1], false);
        assert_eq!(crowd.longest_idle(), Some(ids[0]));
        crowd.set_idle(ids[0], false);
        crowd.set_idle(ids[0], true);
        for wanted in [ids[2], ids[3], ids[0]] {
            assert_eq!(crowd.longest_idle(), Some(wanted));
            crowd.remove(wanted);
        }
        assert_eq!(crowd.longest_idle(), None);
    }

    #[test]
    fn a_place_that_is_taken_again_has_another_id() {
        let (mut crowd, ids) = crowd(1);
        crowd.remove(ids[0]);
        assert!(crowd.remove(ids[0]).is_none());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let again = join(&mut crowd, &listener);
        assert_eq!(again.place(), ids[0].place());
        assert!(crowd.get_mut(ids[0]).is_none() && crowd.get_mut(again).is_some());
    }

    #[test]
    fn connections_of_an_address_are_counted_while_they_last() {
        let (mut crowd, ids) = crowd(2);
        assert_eq!(crowd.count_of(Ipv4Addr::LOCALHOST.into()), 2);
        ids.iter().for_each(|&id| drop(crowd.remove(id)));
        assert_eq!((crowd.count_of(Ipv4Addr::LOCALHOST.into()), crowd.by_address.len()), (0, 0));
    }
}
