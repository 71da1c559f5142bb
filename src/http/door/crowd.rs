//! All clients: their places, who is idle for how long, and how many come from one address.

use std::collections::HashMap;
use std::net::IpAddr;

use slab::Slab;

use super::client::{Client, ClientId};

const NOBODY: u32 = u32::MAX;

/// What a client keeps us waiting for; each has its own line, the longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// For another request.
    Idle,
    /// For its first request.
    New,
    /// For the rest of a request.
    Slow,
}

/// All clients.
#[derive(Debug)]
pub struct Crowd {
    places: Slab<Client>,
    /// For each place: its generation and its neighbours in line.
    seats: Vec<Seat>,
    /// First and last of each line.
    lines: [(u32, u32); 3],
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug, Clone, Copy)]
struct Seat {
    generation: u32,
    stands: Option<Patience>,
    since_ms: u64,
    before: u32,
    after: u32,
}

impl Seat {
    const FREE: Seat = Seat { generation: 0, stands: None, since_ms: 0, before: NOBODY, after: NOBODY };
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd { places: Slab::new(), seats: Vec::new(), lines: [(NOBODY, NOBODY); 3], by_address: HashMap::new() }
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
            self.seats.push(Seat::FREE);
        }
    }

    /// Lets a client go. Its id names nobody from now on.
    pub fn remove(&mut self, id: ClientId) -> Option<Client> {
        self.get_mut(id)?;
        self.stand(id, None, 0);
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

    /// Whoever has kept us waiting for the longest, and since when.
    pub fn longest(&self, patience: Patience) -> Option<(ClientId, u64)> {
        let (first, _) = self.lines[patience as usize];
        let seat = self.seats.get(first as usize)?;
        Some((ClientId::new(first as usize, seat.generation), seat.since_ms))
    }

    /// Says what a client keeps us waiting for now; whoever begins to is the last in that line.
    pub fn stand(&mut self, id: ClientId, stands: Option<Patience>, now_ms: u64) {
        let Some(seat) = self.seats.get(id.place()).copied() else { return };
        if seat.stands == stands {
            return;
        }
        if let Some(was) = seat.stands {
            self.join(was, seat.before, seat.after);
        }
        let mut seat = Seat { generation: seat.generation, stands, since_ms: now_ms, ..Seat::FREE };
        if let Some(patience) = stands {
            seat.before = self.lines[patience as usize].1;
            let place = id.place() as u32;
            self.join(patience, seat.before, place);
            self.join(patience, place, NOBODY);
        }
        self.seats[id.place()] = seat;
    }

    /// Makes two places neighbours in a line; nobody is before the first and after the last.
    fn join(&mut self, patience: Patience, before: u32, after: u32) {
        let line = &mut self.lines[patience as usize];
        match self.seats.get_mut(before as usize) {
            Some(seat) => seat.after = after,
            None => line.0 = after,
        }
        match self.seats.get_mut(after as usize) {
            Some(seat) => seat.before = before,
            None => line.1 = before,
        }
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
    fn the_longest_comes_first_whoever_leaves_the_line() {
        for patience in [Patience::Idle, Patience::New, Patience::Slow] {
            let (mut crowd, ids) = crowd(4);
            assert_eq!(crowd.longest(patience), None);
            ids.iter().zip(1..).for_each(|(&id, now_ms)| crowd.stand(id, Some(patience), now_ms));
            crowd.stand(ids[0], Some(patience), 8); // it stands there already
            crowd.stand(ids[1], None, 8);
            assert_eq!(crowd.longest(patience), Some((ids[0], 1)));
            crowd.stand(ids[0], None, 9);
            crowd.stand(ids[0], Some(patience), 9);
            for wanted in [(ids[2], 3), (ids[3], 4), (ids[0], 9)] {
                assert_eq!(crowd.longest(patience), Some(wanted));
                crowd.remove(wanted.0);
            }
            assert_eq!((crowd.longest(patience), crowd.lines), (None, [(NOBODY, NOBODY); 3]));
        }
    }

    #[test]
    fn whoever_becomes_slow_leaves_the_line_of_the_idle() {
        let (mut crowd, ids) = crowd(2);
        ids.iter().for_each(|&id| crowd.stand(id, Some(Patience::Idle), 1));
        crowd.stand(ids[0], Some(Patience::Slow), 2);
        assert_eq!(crowd.longest(Patience::Idle), Some((ids[1], 1)));
        assert_eq!(crowd.longest(Patience::Slow), Some((ids[0], 2)));
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
