//! Seats, and who has them.

use super::rules::Rule;
use super::rules::Severity::Fault;

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "seat {0} of date {1} is {2} for reservation {3}, which is not a living one of this seat",
        finds: "SELECT ifnull(label, seat_no), schedule_id, c.status, c.reservation_id
                FROM claim AS c LEFT JOIN seat USING (schedule_id, seat_no)
                WHERE c.status <> 'BLOCKED' AND NOT EXISTS (SELECT 1 FROM reservation AS r JOIN reservation_seat AS s USING (reservation_id)
                  WHERE r.reservation_id = c.reservation_id AND s.seat_no = c.seat_no AND r.schedule_id = c.schedule_id
                    AND r.status = iif(c.status = 'SOLD', 'CONFIRMED', 'PENDING_PAYMENT'))",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is {1}, but its seat {2} of date {3} is not its own",
        finds: "SELECT r.reservation_id, r.status, s.label, r.schedule_id
                FROM {reservation} AS r JOIN reservation_seat AS s USING (reservation_id)
                WHERE r.status IN ('PENDING_PAYMENT', 'CONFIRMED') AND NOT EXISTS (SELECT 1 FROM claim AS c
                  WHERE c.schedule_id = r.schedule_id AND c.seat_no = s.seat_no AND c.reservation_id = r.reservation_id
                    AND c.status = iif(r.status = 'CONFIRMED', 'SOLD', 'HELD'))",
    },
    Rule {
        severity: Fault,
        says: "seat {0} of date {1} belongs to {2} living reservations, one of them {3}",
        finds: "SELECT s.label, r.schedule_id, count(*), min(r.reservation_id)
                FROM reservation AS r JOIN reservation_seat AS s USING (reservation_id)
                WHERE r.status IN ('PENDING_PAYMENT', 'CONFIRMED') GROUP BY r.schedule_id, s.seat_no HAVING count(*) > 1",
    },
    Rule {
        severity: Fault,
        says: "seat {0} of date {1} has another owner or another end of its hold than its reservation {2}",
        finds: "SELECT s.label, r.schedule_id, r.reservation_id
                FROM {reservation} AS r JOIN reservation_seat AS s USING (reservation_id)
                JOIN claim AS c ON c.schedule_id = r.schedule_id AND c.seat_no = s.seat_no AND c.reservation_id = r.reservation_id
                WHERE c.user_id <> r.user_id OR c.held_until <> r.hold_expires_at",
    },
    Rule {
        severity: Fault,
        says: "seat {0} of date {1} is called {2} by its reservation {3}",
        finds: "SELECT seat.label, r.schedule_id, s.label, r.reservation_id
                FROM {reservation} AS r JOIN reservation_seat AS s USING (reservation_id)
                JOIN seat ON seat.schedule_id = r.schedule_id AND seat.seat_no = s.seat_no
                WHERE r.status IN ('PENDING_PAYMENT', 'CONFIRMED') AND s.label <> seat.label",
    },
    Rule {
        severity: Fault,
        says: "date {0} says that it has {1} seats from {2} points on, but it has {3} from {4} points on",
        finds: "SELECT schedule_id, seats_total, price_from, count(seat_no), min(iif(unpriced, NULL, price)) AS least FROM schedule LEFT JOIN seat USING (schedule_id)
                GROUP BY schedule_id HAVING count(seat_no) <> seats_total OR least IS NOT price_from",
    },
    Rule {
        severity: Fault,
        says: "seat {0} of date {1} has no price, but nobody keeps it back",
        finds: "SELECT label, schedule_id FROM seat LEFT JOIN claim AS c USING (schedule_id, seat_no)
                WHERE unpriced AND c.status IS NOT 'BLOCKED'",
    },
    Rule {
        severity: Fault,
        // The time zone is a setting of the server and not in the file: it is
        // between twelve hours behind and fourteen ahead.
        says: "date {0} is said to be on {1}, but it starts at {2}",
        finds: "SELECT schedule_id, date, strftime('%Y-%m-%dT%H:%M:%SZ', starts_at / 1000, 'unixepoch') FROM schedule
                WHERE date NOT BETWEEN date(starts_at / 1000 - 43200, 'unixepoch') AND date(starts_at / 1000 + 50400, 'unixepoch')",
    },
    Rule {
        severity: Fault,
        says: "date {0} has {2} tariffs called {1}",
        finds: "SELECT schedule_id, value ->> '$.name' AS name, count(*) FROM schedule, json_each(tariffs)
                GROUP BY schedule_id, name HAVING count(*) > 1",
    },
    Rule {
        severity: Fault,
        says: "date {0} does not say what seats cost by its tariff {1}",
        finds: "SELECT schedule_id, value ->> '$.name' FROM schedule, json_each(tariffs)
                WHERE (value -> '$.amount' IS NOT NULL) + (value -> '$.percent' IS NOT NULL) + (value -> '$.amounts' IS NOT NULL) <> 1",
    },
];
