//! What must hold in every file of a box office, whatever happened to it. Each statement counts what must not be there.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

use rusqlite::Connection;

/// What must not be there, and the statement that counts it.
const NEVER: &[(&str, &str)] = &[
    (
        "a seat in two living reservations",
        "SELECT count(*) FROM (SELECT 1 FROM reservation JOIN reservation_seat USING (reservation_id)
         WHERE status IN ('PENDING_PAYMENT', 'CONFIRMED') GROUP BY schedule_id, seat_no HAVING count(*) > 1)",
    ),
    (
        "a living reservation without its claim on a seat",
        "SELECT count(*) FROM reservation r JOIN reservation_seat s USING (reservation_id)
         WHERE r.status IN ('PENDING_PAYMENT', 'CONFIRMED') AND NOT EXISTS (SELECT 1 FROM claim c
           WHERE c.schedule_id = r.schedule_id AND c.seat_no = s.seat_no AND c.reservation_id = r.reservation_id
             AND c.user_id = r.user_id AND c.status = iif(r.status = 'CONFIRMED', 'SOLD', 'HELD')
             AND c.held_until IS iif(r.status = 'CONFIRMED', NULL, r.hold_expires_at))",
    ),
    (
        "a claim without a living reservation of that seat",
        "SELECT count(*) FROM claim c WHERE c.status <> 'BLOCKED' AND NOT EXISTS (SELECT 1
           FROM reservation r JOIN reservation_seat s USING (reservation_id)
           WHERE r.reservation_id = c.reservation_id AND s.seat_no = c.seat_no AND r.schedule_id = c.schedule_id
             AND r.status = iif(c.status = 'SOLD', 'CONFIRMED', 'PENDING_PAYMENT'))",
    ),
    ("a reservation without seats", "SELECT count(*) FROM reservation WHERE reservation_id NOT IN (SELECT reservation_id FROM reservation_seat)"),
    (
        "a reservation whose amount is not what its seats cost",
        "SELECT count(*) FROM reservation r
         WHERE amount <> (SELECT sum(price) FROM reservation_seat s WHERE s.reservation_id = r.reservation_id)",
    ),
    (
        "a balance that is not the sum of its ledger",
        "SELECT count(*) FROM balance b
         WHERE points <> (SELECT coalesce(sum(amount), 0) FROM ledger_entry e WHERE e.user_id = b.user_id)",
    ),
    ("a ledger without a balance", "SELECT count(*) FROM ledger_entry WHERE user_id NOT IN (SELECT user_id FROM balance)"),
    (
        "an entry whose balance is not the sum so far",
        "SELECT count(*) FROM (SELECT balance_after, sum(amount) OVER (PARTITION BY user_id ORDER BY entry_id) AS so_far
         FROM ledger_entry) WHERE balance_after <> so_far",
    ),
    (
        "a confirmed reservation that was not paid exactly once, by its owner, in full",
        "SELECT count(*) FROM reservation r WHERE status IN ('CONFIRMED', 'REFUNDED') AND 1 <> (SELECT count(*)
           FROM ledger_entry e WHERE e.reservation_id = r.reservation_id AND e.kind = 'PAYMENT'
             AND e.user_id = r.user_id AND e.amount = -r.amount)",
    ),
    (
        "a refund that is not the payment given back once",
        "SELECT count(*) FROM reservation r WHERE (status = 'REFUNDED') <> (SELECT count(*)
           FROM ledger_entry e WHERE e.reservation_id = r.reservation_id AND e.kind = 'REFUND'
             AND e.user_id = r.user_id AND e.amount = r.amount)",
    ),
    (
        "points taken for a reservation that was not confirmed",
        "SELECT count(*) FROM ledger_entry e JOIN reservation r USING (reservation_id)
         WHERE e.kind = 'PAYMENT' AND r.status NOT IN ('CONFIRMED', 'REFUNDED')",
    ),
    (
        "a sold seat without its ticket, or a ticket without its sold seat",
        "SELECT count(*) FROM (
           SELECT s.reservation_id, s.seat_no, s.label FROM reservation_seat s JOIN reservation r USING (reservation_id)
             WHERE r.status IN ('CONFIRMED', 'REFUNDED')
           EXCEPT SELECT reservation_id, seat_no, label FROM ticket)
         UNION ALL SELECT count(*) FROM ticket JOIN reservation USING (reservation_id)
           WHERE status NOT IN ('CONFIRMED', 'REFUNDED') ORDER BY 1 DESC LIMIT 1",
    ),
    (
        "a payment that did not end a visit, or a visit ended as paid without a payment",
        "SELECT abs((SELECT count(*) FROM token WHERE end_reason = 'PAID')
           - (SELECT count(*) FROM reservation WHERE status IN ('CONFIRMED', 'REFUNDED')))",
    ),
    (
        "an unpaid hold of somebody who is not inside",
        "SELECT count(*) FROM reservation r WHERE status = 'PENDING_PAYMENT' AND NOT EXISTS (SELECT 1 FROM token t
           WHERE t.user_id = r.user_id AND t.status = 'ACTIVE' AND t.active_until >= r.hold_expires_at)",
    ),
    (
        "somebody let in before another who stood ahead and still waits",
        "SELECT count(*) FROM token WHERE activated_at IS NOT NULL
           AND place > (SELECT min(place) FROM token WHERE status = 'WAITING')",
    ),
    ("a gap in the feed of events", "SELECT coalesce(max(sequence), 0) - count(*) FROM event"),
    (
        "an event too many or too few",
        "SELECT sum(abs(difference)) FROM (
           SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_ISSUED') - (SELECT count(*) FROM token) AS difference
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_ADMITTED')
             - (SELECT count(*) FROM token WHERE activated_at IS NOT NULL)
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_EXPIRED')
             - (SELECT count(*) FROM token WHERE status = 'EXPIRED')
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'SEATS_HELD') - (SELECT count(*) FROM reservation)
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'SEATS_RELEASED')
             - (SELECT count(*) FROM reservation WHERE status IN ('EXPIRED', 'FAILED', 'CANCELLED', 'REFUNDED'))
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'SEATS_SOLD')
             - (SELECT count(*) FROM reservation WHERE status IN ('CONFIRMED', 'REFUNDED'))
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'PAYMENT_COMPLETED')
             - (SELECT count(*) FROM reservation WHERE status IN ('CONFIRMED', 'REFUNDED'))
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'RESERVATION_REFUNDED')
             - (SELECT count(*) FROM reservation WHERE status = 'REFUNDED')
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'POINTS_TOPPED_UP')
             - (SELECT count(*) FROM ledger_entry WHERE kind = 'TOP_UP'))",
    ),
];

/// Fails with the name of what is there and must not be.
#[track_caller]
pub fn hold_in(file: &Connection) {
    assert_eq!(faults(file), [""; 0], "in the file");
}

/// What is in the file and must not be.
pub fn faults(file: &Connection) -> Vec<String> {
    look_through(file).unwrap_or_else(|error| vec![format!("the file can't be read: {error}")])
}

fn look_through(file: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let sound: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        faults.push(sound);
    }
    let strays = file.prepare("PRAGMA foreign_key_check")?.query_map([], |_| Ok(()))?.count();
    if strays > 0 {
        faults.push(format!("{strays} rows that point nowhere"));
    }
    for (what, statement) in NEVER {
        let count: i64 = file.query_row(statement, [], |row| row.get(0))?;
        if count != 0 {
            faults.push(format!("{what}: {count}"));
        }
    }
    Ok(faults)
}

/// The one number that a statement gives.
#[track_caller]
pub fn number(file: &Connection, statement: &str) -> i64 {
    file.query_row(statement, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}: {statement}"))
}

/// A small generator of random numbers (SplitMix64), so that a run can be repeated from its printed seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From `BOXOFFICE_SEED`, else from the time; printed, and shown when the test fails.
    pub fn thrown(name: &str) -> Dice {
        let seed = std::env::var("BOXOFFICE_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from_le_bytes(boxoffice::ids::random_bytes()) >> 1);
        println!("{name}: BOXOFFICE_SEED={seed}");
        Dice(seed)
    }

    pub fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// So many different ones of a list.
    pub fn pick<T: Clone>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut left = from.to_vec();
        (0..count.min(from.len())).map(|_| left.swap_remove(self.below(left.len() as u64) as usize)).collect()
    }
}
