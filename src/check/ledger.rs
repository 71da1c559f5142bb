//! Points: each balance is what its entries add up to, and each payment and refund is an entry.

use super::rules::Rule;
use super::rules::Severity::{Fault, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        // With the rule after it, entry by entry, this is what makes the amounts of a user add up to the balance.
        says: "ledger entry {0} of user {1} says that {2} points were left, but the entry before it makes that {3}",
        finds: "SELECT entry_id, user_id, balance_after, right FROM (SELECT entry_id, user_id, balance_after, amount + ifnull((
                  SELECT p.balance_after FROM ledger_entry AS p WHERE p.user_id = e.user_id AND p.entry_id < e.entry_id
                  ORDER BY p.entry_id DESC LIMIT 1), 0) AS right FROM {ledger_entry} AS e)
                WHERE balance_after <> right",
    },
    Rule {
        severity: Fault,
        says: "user {0} has a balance of {1}, but by the last ledger entry it is {2}",
        finds: "SELECT user_id, points, last FROM (SELECT u.user_id, points, (SELECT p.balance_after FROM ledger_entry AS p
                  WHERE p.user_id = u.user_id ORDER BY p.entry_id DESC LIMIT 1) AS last
                  FROM (SELECT DISTINCT user_id FROM {ledger_entry}) AS u LEFT JOIN balance USING (user_id))
                WHERE points IS NOT last",
    },
    Rule {
        severity: Fault,
        says: "user {0} has {1} points that no ledger entry explains",
        finds: "SELECT user_id, points FROM balance AS b
                WHERE NOT EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.user_id = b.user_id)",
    },
    Rule {
        severity: Fault,
        says: "the ledger has no entry {0}, but later ones",
        finds: "SELECT entry_id - 1 FROM {ledger_entry} AS e
                WHERE entry_id > 1 AND NOT EXISTS (SELECT 1 FROM ledger_entry AS p WHERE p.entry_id = e.entry_id - 1)",
    },
    Rule {
        // The order is that of the numbers. A clock that was set back explains it, and nothing is lost by it.
        severity: Warning,
        says: "ledger entry {0} is of an earlier moment than the one before it",
        finds: "SELECT e.entry_id FROM {ledger_entry} AS e JOIN ledger_entry AS p ON p.entry_id = e.entry_id - 1
                WHERE e.at < p.at AND p.entry_id <> (SELECT set_back_entry_id FROM venue)",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is {1}, but the ledger does not show that user {2} paid {3} points for it, once and then",
        finds: "SELECT reservation_id, status, user_id, paid FROM (SELECT *, amount + (SELECT ifnull(sum(price), 0)
                    FROM returned_seat AS b WHERE b.reservation_id = r.reservation_id) AS paid
                  FROM {reservation} AS r WHERE status IN ('CONFIRMED', 'REFUNDED')) AS r
                WHERE (SELECT iif(count(*) = 1, min(e.user_id = r.user_id AND e.amount = -r.paid AND e.at = r.paid_at), 0)
                       FROM ledger_entry AS e WHERE e.reservation_id = r.reservation_id AND e.kind = 'PAYMENT') <> 1",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is refunded, but the ledger does not show that user {1} got {2} points back for it, once and then",
        finds: "SELECT reservation_id, user_id, amount FROM {reservation} AS r WHERE status = 'REFUNDED'
                  AND (SELECT iif(count(*) = 1, min(e.user_id = r.user_id AND e.amount = r.amount AND e.at = r.refunded_at), 0)
                       FROM ledger_entry AS e WHERE e.reservation_id = r.reservation_id AND e.kind = 'REFUND'
                         AND e.entry_id NOT IN (SELECT entry_id FROM returned_seat AS b WHERE b.reservation_id = r.reservation_id)) <> 1",
    },
    Rule {
        severity: Fault,
        says: "seats of {2} points went back from reservation {0}, but ledger entry {1} does not show that its user got them",
        finds: "SELECT reservation_id, entry_id, sum(price) AS cost FROM returned_seat AS b GROUP BY reservation_id, entry_id
                HAVING NOT EXISTS (SELECT 1 FROM ledger_entry AS e JOIN reservation AS r USING (reservation_id)
                  WHERE e.entry_id = b.entry_id AND r.reservation_id = b.reservation_id AND e.user_id = r.user_id
                    AND e.kind = 'REFUND' AND e.amount = cost)",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} of {1} points was paid by {2}, but the ledger does not show that money, taken once and then",
        finds: "SELECT reservation_id, paid, method FROM (SELECT *, amount + (SELECT ifnull(sum(price), 0)
                    FROM returned_seat AS b WHERE b.reservation_id = r.reservation_id) AS paid
                  FROM {reservation} AS r WHERE method IS NOT NULL) AS r WHERE iif(exchanged_from IS NOT NULL,
                  (SELECT ifnull(sum(e.amount), 0) <= r.paid FROM ledger_entry AS e WHERE e.reservation_id = r.reservation_id
                     AND e.kind = 'TOP_UP'), iif(paid > 0,
                  (SELECT count(*) FROM ledger_entry AS e WHERE e.reservation_id = r.reservation_id AND e.kind = 'TOP_UP'
                     AND e.user_id = r.user_id AND e.method = r.method AND e.amount = r.paid AND e.at = r.paid_at),
                  (SELECT count(*) FROM ledger_entry AS e WHERE e.reservation_id = r.reservation_id AND e.kind = 'PAYMENT'
                     AND e.method = r.method))) <> 1",
    },
    Rule {
        severity: Fault,
        says: "ledger entry {0} is money for reservation {1}, which was not paid at the counter",
        finds: "SELECT entry_id, reservation_id FROM {ledger_entry} AS e JOIN reservation AS r USING (reservation_id)
                WHERE e.method IS NOT NULL AND r.method IS NULL",
    },
    Rule {
        severity: Fault,
        says: "{1} points were paid out for reservation {0}, more than were refunded for it",
        finds: "SELECT reservation_id, -sum(amount) FROM ledger_entry AS e WHERE kind = 'PAYOUT' AND reservation_id IS NOT NULL
                GROUP BY reservation_id HAVING -sum(amount) > (SELECT ifnull(sum(amount), 0) FROM ledger_entry AS p
                  WHERE p.reservation_id = e.reservation_id AND p.kind = 'REFUND')",
    },
    Rule {
        severity: Fault,
        says: "ledger entry {0} is a {1} for reservation {2}, which is {3}",
        finds: "SELECT entry_id, kind, reservation_id, status FROM {ledger_entry} AS e JOIN reservation USING (reservation_id)
                WHERE (kind = 'PAYMENT' AND status NOT IN ('CONFIRMED', 'REFUNDED')) OR (kind = 'REFUND' AND status <> 'REFUNDED'
                  AND NOT EXISTS (SELECT 1 FROM returned_seat AS b WHERE b.reservation_id = reservation.reservation_id
                    AND b.entry_id = e.entry_id))",
    },
];
