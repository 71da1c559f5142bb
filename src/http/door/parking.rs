//! Who waits for what. Nothing here knows sockets: waiting requests are named by their client's number.
//!
//! A change may ring between the trade's look at its state and the arrival of its "not yet" here. So that no ring is lost,
//! rings are numbered; each request remembers the number at which it was relayed (it was *born* then), and while any request
//! is out, the door remembers what rang when. A "not yet" about a topic that rang after its request was born is asked again
//! at once.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::client::ClientId;
use super::passage::Topic;

/// So many topics are remembered while requests are out; beyond it every request that is out counts as rung.
const RECENT_MAX: usize = 4_096;

/// The waiting requests and the rings that they may have missed.
#[derive(Debug, Default)]
pub struct Parking {
    waiting: BTreeSet<(u128, ClientId)>,
    parked: usize,
    /// How many of each client's, by the key under which limits count it.
    by_key: HashMap<IpAddr, usize>,
    rings: u64,
    recent: HashMap<Topic, u64>,
    /// Requests born before this ring may have missed any topic.
    floor: u64,
    out: usize,
}

impl Parking {
    /// A request goes out to the trade; gives the ring at which it was born.
    pub fn goes_out(&mut self) -> u64 {
        self.out += 1;
        self.rings
    }

    /// A request came back, with whatever answer, or is given up.
    pub fn came_back(&mut self) {
        self.out = self.out.saturating_sub(1);
        if self.out == 0 {
            self.recent.clear();
        }
    }

    /// Whether one of these topics rang since the request was born. Asked before [`Parking::came_back`].
    pub fn has_rung(&self, topics: &[Topic], born: u64) -> bool {
        born < self.floor || topics.iter().any(|topic| self.recent.get(topic).is_some_and(|&ring| ring > born))
    }

    /// Parks a client's request; where the client is held to a limit, it counts under its key.
    pub fn park(&mut self, client: ClientId, topics: &[Topic], key: Option<IpAddr>) {
        self.waiting.extend(topics.iter().map(|topic| (topic.0, client)));
        self.parked += 1;
        if let Some(key) = key {
            *self.by_key.entry(key).or_insert(0) += 1;
        }
    }

    /// How many requests are parked under a key.
    pub fn count_of(&self, key: IpAddr) -> usize {
        self.by_key.get(&key).copied().unwrap_or(0)
    }

    /// Takes a client's request out again.
    pub fn leave(&mut self, client: ClientId, topics: &[Topic], key: Option<IpAddr>) {
        for topic in topics {
            self.waiting.remove(&(topic.0, client));
        }
        self.parked = self.parked.saturating_sub(1);
        if let Some(key) = key
            && let Some(count) = self.by_key.get_mut(&key)
        {
            *count -= 1;
            if *count == 0 {
                self.by_key.remove(&key);
            }
        }
    }

    /// How many are parked.
    pub fn len(&self) -> usize {
        self.parked
    }

    /// Rings; gives the clients that wait for one of these topics, each once.
    pub fn ring(&mut self, topics: &[Topic]) -> BTreeSet<ClientId> {
        self.rings += 1;
        let mut woken = BTreeSet::new();
        for topic in topics {
            let range = (topic.0, ClientId::MIN)..=(topic.0, ClientId::MAX);
            woken.extend(self.waiting.range(range).map(|(_, client)| *client));
            if self.out > 0 {
                self.recent.insert(*topic, self.rings);
            }
        }
        if self.recent.len() > RECENT_MAX {
            self.recent.clear();
            self.floor = self.rings;
        }
        woken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ClientId = ClientId::MIN;
    const B: ClientId = ClientId::MAX;

    #[test]
    fn a_ring_wakes_those_that_wait_for_it_once_and_nobody_else() {
        let mut parking = Parking::default();
        parking.park(A, &[Topic(1), Topic(2)], None);
        parking.park(B, &[Topic(3)], None);
        assert_eq!(parking.ring(&[Topic(1), Topic(2), Topic(9)]), BTreeSet::from([A]));
        parking.leave(A, &[Topic(1), Topic(2)], None);
        assert!(parking.ring(&[Topic(1), Topic(2)]).is_empty());
        assert_eq!((parking.len(), parking.ring(&[Topic(3)])), (1, BTreeSet::from([B])));
    }

    #[test]
    fn waits_are_counted_by_client_while_they_last() {
        let key = IpAddr::from([192, 0, 2, 1]);
        let mut parking = Parking::default();
        parking.park(A, &[Topic(1)], Some(key));
        parking.park(B, &[Topic(1)], Some(key));
        assert_eq!(parking.count_of(key), 2);
        parking.leave(A, &[Topic(1)], Some(key));
        parking.leave(B, &[Topic(1)], Some(key));
        assert!(parking.count_of(key) == 0 && parking.by_key.is_empty());
    }

    #[test]
    fn a_ring_while_the_request_is_out_is_not_lost() {
        let mut parking = Parking::default();
        parking.ring(&[Topic(1)]);
        let born = parking.goes_out();
        assert!(!parking.has_rung(&[Topic(1)], born), "what rang before was seen by the trade");
        parking.ring(&[Topic(1)]);
        assert!(parking.has_rung(&[Topic(1)], born) && !parking.has_rung(&[Topic(2)], born));
        parking.came_back();
        assert!(parking.recent.is_empty());
    }

    #[test]
    fn too_many_rings_to_remember_wake_everything_that_is_out() {
        let mut parking = Parking::default();
        let born = parking.goes_out();
        let many: Vec<Topic> = (0..=RECENT_MAX as u128).map(Topic).collect();
        parking.ring(&many);
        assert!(parking.recent.is_empty() && parking.has_rung(&[Topic(1 << 99)], born));
        let later = parking.goes_out();
        assert!(!parking.has_rung(&[Topic(1)], later));
    }
}
