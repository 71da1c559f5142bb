//! Reservations: what they are of, and when what happened to them.

use super::rules::Rule;
use super::rules::Severity::{Fault, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "reservation {0} has no seats",
        finds: "SELECT reservation_id FROM {reservation} AS r
                WHERE NOT EXISTS (SELECT 1 FROM reservation_seat AS s WHERE s.reservation_id = r.reservation_id)",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is of {1} points, but its seats cost {2}",
        finds: "SELECT reservation_id, amount, cost FROM (SELECT reservation_id, amount,
                  (SELECT sum(price) FROM reservation_seat AS s WHERE s.reservation_id = r.reservation_id) AS cost FROM {reservation} AS r)
                WHERE amount <> cost",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is {1}, but its times do not go with that",
        finds: "SELECT reservation_id, status FROM {reservation}
                WHERE (status = 'EXPIRED' AND ended_at < hold_expires_at)
                  OR (paid_at IS NOT NULL AND paid_at IS NOT ended_at) OR paid_at >= hold_expires_at",
    },
    Rule {
        // The order of moments alone: a clock that was set back explains it.
        severity: Warning,
        says: "reservation {0} is {1} since an earlier moment than it was made or paid",
        finds: "SELECT reservation_id, status FROM {reservation} WHERE ended_at < created_at OR refunded_at < paid_at",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is unpaid, but user {1} is not admitted until its hold is over",
        finds: "SELECT reservation_id, user_id FROM {reservation} AS r WHERE status = 'PENDING_PAYMENT' AND at_counter = 0 AND NOT EXISTS (SELECT 1
                  FROM token AS t WHERE t.user_id = r.user_id AND t.line_id = r.line_id AND t.status = 'ACTIVE' AND t.active_until >= r.hold_expires_at)",
    },
    Rule {
        // That nothing is sold for it is a matter of the code; this is the order of moments alone.
        severity: Warning,
        says: "date {0} was cancelled, but reservation {1} was made or paid at a later moment",
        finds: "SELECT schedule_id, reservation_id FROM {reservation} JOIN schedule USING (schedule_id)
                WHERE created_at > cancelled_at OR paid_at > cancelled_at",
    },
    Rule {
        severity: Fault,
        says: "date {0} is settled, but reservation {1} is {2}",
        finds: "SELECT schedule_id, reservation_id, status FROM {reservation} JOIN schedule USING (schedule_id)
                WHERE settled_at IS NOT NULL AND status IN ('PENDING_PAYMENT', 'CONFIRMED')",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} was made in line {1}, which does not open concert {2}",
        finds: "SELECT reservation_id, line_id, concert_id FROM {reservation} JOIN schedule USING (schedule_id)
                WHERE line_id <> 0 AND line_id <> concert_id",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} was exchanged for {1}, which is of another user or another concert",
        finds: "SELECT o.reservation_id, r.reservation_id FROM {reservation} AS r JOIN reservation AS o ON o.reservation_id = r.exchanged_from
                JOIN schedule AS s ON s.schedule_id = r.schedule_id JOIN schedule AS os ON os.schedule_id = o.schedule_id
                WHERE o.user_id <> r.user_id OR os.concert_id <> s.concert_id",
    },
    Rule {
        severity: Fault,
        says: "{1} seats of reservation {0} went back in an exchange, but {2} came for them",
        finds: "WITH came AS (SELECT exchanged_from AS id, paid_at AS at, sum(
                    (SELECT count(*) FROM reservation_seat AS s WHERE s.reservation_id = r.reservation_id)
                    + (SELECT count(*) FROM returned_seat AS b WHERE b.reservation_id = r.reservation_id)) AS seats
                  FROM {reservation} AS r WHERE exchanged_from IS NOT NULL GROUP BY 1, 2),
                went AS (SELECT id, seats, (SELECT count(*) FROM returned_seat AS b JOIN ledger_entry AS e USING (entry_id)
                      WHERE b.reservation_id = id AND e.at = came.at)
                    + (SELECT count(*) FROM reservation AS o JOIN reservation_seat USING (reservation_id)
                      WHERE o.reservation_id = id AND o.refunded_at = came.at) AS back FROM came)
                SELECT id, back, seats FROM went WHERE back < seats",
    },
];
