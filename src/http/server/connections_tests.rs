//! Eviction, deadlines, memory and counts of connections, without sockets.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::*;
use crate::http::server::metrics::Metrics;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn turn(change: impl FnOnce(&mut Limits)) -> LoopTurn {
    let mut limits = Limits { connections_max: 2, limit_loopback: true, ..Limits::default() };
    change(&mut limits);
    let mut turn = LoopTurn::new(limits, Arc::new(Metrics::of(Vec::new())));
    turn.now_ms = 1_000;
    turn
}

fn connections(count: usize) -> (Connections<()>, Vec<ConnectionId>) {
    let (mut connections, mut turn) = (Connections::default(), turn(|_| {}));
    let ids = (0..count).map(|_| join(&mut connections, &mut turn)).collect();
    (connections, ids)
}

fn join(connections: &mut Connections<()>, turn: &mut LoopTurn) -> ConnectionId {
    let id = connections.next_id();
    connections.insert((), Connection::new(PEER, Transport::Plain, turn), Some(PEER), None);
    id
}

fn count_of(connections: &Connections<()>) -> usize {
    connections.by_address.get(&PEER).copied().unwrap_or(0)
}

#[test]
fn connection_longest_comes_first_whoever_leaves_the_line() {
    for class in [EvictionClass::Idle, EvictionClass::Handshake, EvictionClass::New, EvictionClass::Slow] {
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
        assert_eq!((connections.oldest(class), connections.queues), (None, [(NONE, NONE); 4]));
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
    let again = join(&mut connections, &mut turn(|_| {}));
    assert_eq!(again.slot(), ids[0].slot());
    assert!(connections.get_mut(ids[0]).is_none() && connections.get_mut(again).is_some());
}

#[test]
fn connections_of_an_address_are_counted_while_they_last() {
    let (mut connections, ids) = connections(2);
    assert_eq!(count_of(&connections), 2);
    ids.iter().for_each(|&id| drop(connections.remove(id)));
    assert_eq!((count_of(&connections), connections.by_address.len()), (0, 0));
}

/// What one more connection comes to, and who was evicted for it.
fn admit(connections: &mut Connections<()>, turn: &LoopTurn) -> (Admission, usize) {
    let before = connections.len();
    let admission = connections.admit(PEER, Transport::Plain, turn);
    (admission, before - connections.len())
}

fn receive(connections: &mut Connections<()>, id: ConnectionId, bytes: &[u8], turn: &mut LoopTurn) {
    let client = connections.get_mut(id).unwrap();
    client.connection.receive(bytes, turn);
    client.connection.next(turn);
    connections.settle(id, turn.now_ms);
}

#[test]
fn admission_evicts_the_slow_and_the_silent_at_their_millisecond_and_not_before() {
    for (bytes, after_ms) in [(b"".as_slice(), 50), (b"GET / HT", 1_000)] {
        let mut turn = turn(|_| {});
        let mut connections = Connections::default();
        for _ in 0..2 {
            let id = join(&mut connections, &mut turn);
            receive(&mut connections, id, bytes, &mut turn);
        }
        turn.now_ms += after_ms - 1;
        assert_eq!(admit(&mut connections, &turn), (Admission::Refused, 0));
        turn.now_ms += 1;
        assert_eq!(admit(&mut connections, &turn), (Admission::Admitted(Some(PEER)), 1));
    }
}

#[test]
fn admission_counts_by_address_and_tells_only_a_few_that_there_are_too_many() {
    let mut limited = turn(|limits| (limits.connections_max, limits.connections_per_address_max) = (16, 2));
    let mut connections = Connections::default();
    for _ in 0..2 {
        assert_eq!(admit(&mut connections, &limited), (Admission::Admitted(Some(PEER)), 0));
        join(&mut connections, &mut limited);
    }
    assert_eq!(admit(&mut connections, &limited), (Admission::Refused, 0));
    limited.limits.limit_loopback = false;
    assert_eq!(admit(&mut connections, &limited), (Admission::Admitted(None), 0));
    limited.limits.connections_max = 1;
    assert_eq!(
        admit(&mut connections, &limited),
        (Admission::Dropped, 0),
        "two are more than one and one that lingers"
    );
}

#[test]
fn deadlines_come_due_at_their_millisecond_and_follow_their_connection() {
    let mut turn = turn(|limits| (limits.idle_max_ms, limits.head_max_ms) = (500, 100));
    let mut connections = Connections::default();
    let ids: Vec<_> = (0..3).map(|_| join(&mut connections, &mut turn)).collect();
    ids.iter().for_each(|&id| connections.settle(id, turn.now_ms));
    receive(&mut connections, ids[1], b"G", &mut turn);
    connections.remove(ids[2]);
    assert_eq!((connections.next_deadline_ms(), connections.take_due(1_099)), (1_100, None));
    assert_eq!((connections.take_due(1_100), connections.take_due(1_100)), (Some(ids[1]), None));
    connections.get_mut(ids[0]).unwrap().connection.deadline_ms = 1_700; // it was used meanwhile
    assert_eq!((connections.next_deadline_ms(), connections.take_due(1_500)), (1_500, None));
    assert_eq!((connections.take_due(1_700), connections.next_deadline_ms()), (Some(ids[0]), u64::MAX));
}

#[test]
fn memory_is_made_by_evicting_the_largest_that_holds_more() {
    let mut turn = turn(|_| {});
    let mut connections = Connections::default();
    let ids: Vec<_> = (0..3).map(|_| join(&mut connections, &mut turn)).collect();
    for (&id, length) in ids.iter().zip([100, 300, 200]) {
        receive(&mut connections, id, &vec![b'G'; length], &mut turn);
    }
    assert!(connections.bytes() >= 600);
    turn.free_bytes = 0;
    assert!(connections.make_room(ids[0], 50, &mut turn) && connections.get_mut(ids[1]).is_none());
    assert!(turn.free_bytes >= 300);
    turn.free_bytes = 0;
    assert!(!connections.make_room(ids[0], 1_000, &mut turn), "nobody holds as much");
    assert_eq!((connections.len(), turn.metrics.connections_evicted_buffers_total.get()), (2, 1));
}

#[test]
fn handshake_that_waits_for_the_server_is_not_evicted_and_one_that_the_server_waits_for_is() {
    let mut turn = turn(|limits| (limits.handshakes_max, limits.connections_max) = (1, 9));
    let mut connections = Connections::<()>::default();
    let id = connections.next_id();
    connections.insert((), Connection::new(PEER, Transport::Tls, &mut turn), None, Some(9_000));
    for (is_queued, wanted) in [(true, Admission::Dropped), (false, Admission::Admitted(Some(PEER)))] {
        connections.get_mut(id).unwrap().is_queued = is_queued;
        connections.settle(id, turn.now_ms);
        turn.now_ms += 50;
        assert_eq!(connections.admit(PEER, Transport::Tls, &turn), wanted);
    }
    let figures = [&turn.metrics.tls_handshakes_refused_total, &turn.metrics.tls_handshakes_evicted_total];
    assert_eq!((figures.map(|figure| figure.get()), connections.handshakes()), ([1, 1], 0));
}
