//! In which order TLS handshakes go on: by turns of the addresses they come from, so that a flood from a few delays
//! those of others by no more than one handshake of each.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::connection_id::ConnectionId;

/// Clients that have sent something of their handshake.
#[derive(Debug, Default)]
pub struct HandshakeTurns {
    by_address: HashMap<IpAddr, VecDeque<ConnectionId>>,
    /// The addresses that have some, in the order of their turns.
    turns: VecDeque<IpAddr>,
}

impl HandshakeTurns {
    /// Adds a client of an address; one that was answered before goes first there, since the end of a handshake costs
    /// little and a flood never comes to it.
    pub fn push(&mut self, address: IpAddr, id: ConnectionId, was_answered: bool) {
        let clients = self.by_address.entry(address).or_default();
        if clients.is_empty() {
            self.turns.push_back(address);
        }
        if was_answered { clients.push_front(id) } else { clients.push_back(id) }
    }

    /// The next client, of the address whose turn it is.
    pub fn pop(&mut self) -> Option<ConnectionId> {
        let address = self.turns.pop_front()?;
        let clients = self.by_address.get_mut(&address)?;
        let id = clients.pop_front();
        if clients.is_empty() {
            self.by_address.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        id
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_go_on_by_turns_of_addresses_and_in_each_first_those_that_were_answered() {
        let [flood, other, third] = [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]].map(IpAddr::from);
        let mut turns = HandshakeTurns::default();
        (0..100).for_each(|slot| turns.push(flood, ConnectionId::new(slot, 0), false));
        for (address, slot) in [(other, 100), (other, 101), (third, 102)] {
            turns.push(address, ConnectionId::new(slot, 0), slot == 101);
        }
        let order: Vec<usize> = std::iter::from_fn(|| turns.pop()).map(|id| id.slot()).collect();
        assert_eq!(order[..8], [0, 101, 102, 1, 100, 2, 3, 4]);
        assert_eq!((order.len(), turns.is_empty()), (103, true));
        turns.push(other, ConnectionId::new(7, 0), false);
        assert_eq!((turns.pop().map(|id| id.slot()), turns.pop()), (Some(7), None));
    }
}
