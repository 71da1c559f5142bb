//! What is committed while a date is read.

use super::super::kinds::SeatKind;
use super::*;
use crate::points::Points;

#[test]
fn map_cache_what_was_committed_while_a_date_was_read_is_followed_and_what_was_read_is_not_counted_twice() {
    let held = Claim::held(Uuid::nil(), Millis::from_unix_ms(100));
    let slot = CacheSlot::default();
    slot.state.write().buffered = Some(Vec::new());
    for (version, seat_no) in [(2, 0), (3, 1), (4, 2)] {
        slot.state.write().follow(version, &[seat_no], Claim::AVAILABLE, held);
    }
    let mut read = Occupancy::new(3, vec![SeatKind { price: Points::new(1), name: None }; 10]);
    read.change(&[0, 1], Claim::AVAILABLE, held);
    slot.install(read);
    let (before, at) = (Millis::from_unix_ms(99), Millis::from_unix_ms(100));
    let count = |now| slot.state.read().occupancy.as_ref().map(|occupancy| occupancy.count_free(now));
    assert_eq!((count(before), count(at)), (Some(7), Some(10)));
    slot.state.write().follow(6, &[5], Claim::AVAILABLE, held);
    assert_eq!(count(before), None, "a change was missed: it must be read anew");
}
