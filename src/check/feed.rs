//! The feed of events: without gaps, in order, and it tells what happened; and webhooks: none is ahead of it, and what
//! is sent is of a kind that there is.

use super::rules::Rule;
use super::rules::Severity::{Fault, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "the feed of events has no event {0}, but later ones",
        finds: "SELECT sequence - 1 FROM {event} AS e
                WHERE sequence > 1 AND NOT EXISTS (SELECT 1 FROM event AS p WHERE p.sequence = e.sequence - 1)",
    },
    Rule {
        // The order is that of the numbers. A clock that was set back explains it, and nothing is lost by it.
        severity: Warning,
        says: "event {0} is of an earlier moment than the one before it",
        finds: "SELECT e.sequence FROM {event} AS e JOIN event AS p ON p.sequence = e.sequence - 1
                WHERE e.at < p.at AND e.type <> 'CLOCK_STEPPED'",
    },
    Rule {
        severity: Fault,
        says: "event {0} is of the type {1}, which this program does not know",
        finds: "SELECT sequence, type FROM {event} WHERE type NOT IN ({event types})",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} is {1}, but the feed tells {2} of it {3} times and not {4} times",
        finds: "WITH told AS MATERIALIZED (SELECT type, replace(json_extract(data, '$.reservationId'), '-', '') AS id, count(*) AS times
                  FROM event WHERE type IN ('SEATS_HELD', 'SEATS_RELEASED', 'PAYMENT_COMPLETED', 'SEATS_SOLD', 'SEATS_REFUNDED', 'RESERVATION_REFUNDED')
                  GROUP BY 1, 2),
                back AS MATERIALIZED (SELECT reservation_id, count(DISTINCT entry_id) AS times FROM returned_seat GROUP BY 1),
                must AS (SELECT reservation_id, status, 'SEATS_HELD' AS type, 1 AS times FROM reservation
                  UNION ALL SELECT reservation_id, status, 'SEATS_RELEASED', (status NOT IN ('PENDING_PAYMENT', 'CONFIRMED'))
                    + ifnull(back.times, 0) FROM reservation LEFT JOIN back USING (reservation_id)
                  UNION ALL SELECT reservation_id, status, 'SEATS_REFUNDED', back.times FROM back JOIN reservation USING (reservation_id)
                  UNION ALL SELECT reservation_id, status, 'SEATS_SOLD', status IN ('CONFIRMED', 'REFUNDED') FROM reservation
                  UNION ALL SELECT reservation_id, status, 'PAYMENT_COMPLETED', status IN ('CONFIRMED', 'REFUNDED') FROM reservation
                  UNION ALL SELECT reservation_id, status, 'RESERVATION_REFUNDED', status = 'REFUNDED' FROM reservation)
                SELECT reservation_id, status, must.type, ifnull(told.times, 0), must.times
                FROM must LEFT JOIN told ON told.id = lower(hex(reservation_id)) AND told.type = must.type
                WHERE ifnull(told.times, 0) <> must.times",
    },
    Rule {
        severity: Fault,
        says: "ledger entry {0} is a {1}, but the feed tells of it {2} times and not once",
        finds: "WITH told AS MATERIALIZED (SELECT iif(type = 'POINTS_PAID_OUT', 'PAYOUT', 'TOP_UP') AS kind,
                    json_extract(data, iif(type = 'POINTS_PAID_OUT', '$.payoutId', '$.topUpId')) AS id, count(*) AS times
                  FROM event WHERE type IN ('POINTS_TOPPED_UP', 'POINTS_PAID_OUT') GROUP BY 1, 2)
                SELECT entry_id, e.kind, ifnull(times, 0) FROM ledger_entry AS e
                LEFT JOIN told ON told.id = entry_id AND told.kind = e.kind
                WHERE e.kind IN ('TOP_UP', 'PAYOUT') AND ifnull(times, 0) <> 1",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} came by an exchange, but the feed tells of that {1} times and not once",
        finds: "WITH told AS MATERIALIZED (SELECT replace(json_extract(data, '$.exchangedFor'), '-', '') AS id, count(*) AS times
                  FROM event WHERE type = 'SEATS_EXCHANGED' GROUP BY 1)
                SELECT reservation_id, ifnull(times, 0) FROM reservation LEFT JOIN told ON told.id = lower(hex(reservation_id))
                WHERE exchanged_from IS NOT NULL AND ifnull(times, 0) <> 1",
    },
    Rule {
        severity: Fault,
        says: "ticket {0} was made out anew {1} times, but the feed tells of that {2} times",
        finds: "WITH told AS MATERIALIZED (SELECT replace(json_extract(data, '$.ticketId'), '-', '') AS id, count(*) AS times
                  FROM event WHERE type = 'TICKET_REISSUED' GROUP BY 1)
                SELECT ticket_id, count(*), ifnull(times, 0) FROM former_code LEFT JOIN told ON told.id = lower(hex(ticket_id))
                GROUP BY ticket_id HAVING count(*) <> ifnull(times, 0)",
    },
    Rule {
        severity: Fault,
        says: "reservation {0} has seat {1} otherwise than the feed tells of its hold and of what was changed in it",
        finds: "WITH told AS MATERIALIZED (SELECT replace(json_extract(data, '$.reservationId'), '-', '') AS one, type, data AS words
                  FROM event WHERE type IN ('SEATS_HELD', 'HOLD_CHANGED')),
                changed AS MATERIALIZED (SELECT DISTINCT one FROM told WHERE type = 'HOLD_CHANGED'),
                counted AS (SELECT one, value AS label, 1 AS times FROM told JOIN changed USING (one), json_each(words, '$.seats')
                    WHERE told.type = 'SEATS_HELD'
                  UNION ALL SELECT one, value, 1 FROM told, json_each(words, '$.added') WHERE told.type = 'HOLD_CHANGED'
                  UNION ALL SELECT one, value, -1 FROM told, json_each(words, '$.removed') WHERE told.type = 'HOLD_CHANGED'
                  UNION ALL SELECT one, label, -1 FROM changed JOIN reservation_seat ON reservation_id = unhex(one)
                  UNION ALL SELECT one, label, -1 FROM changed JOIN returned_seat ON reservation_id = unhex(one))
                SELECT unhex(one), label FROM counted GROUP BY one, label HAVING sum(times) <> 0",
    },
    Rule {
        severity: Fault,
        says: "webhook {0} is said to have event {1}, but the newest is {2}: later ones would not be sent",
        finds: "SELECT webhook_id, delivered_sequence, newest
                FROM webhook, (SELECT ifnull(max(sequence), 0) AS newest FROM event) WHERE delivered_sequence > newest",
    },
    Rule {
        severity: Fault,
        says: "webhook {0} wants events of the type {1}, which this program does not know",
        finds: "SELECT webhook_id, value FROM webhook, json_each(event_types) WHERE value NOT IN ({event types})",
    },
    Rule {
        severity: Fault,
        says: "webhook {0} is signed by a key pair, but its secret has {1} bytes and not 32",
        finds: "SELECT webhook_id, length(secret) FROM webhook WHERE signature = 'v1a' AND length(secret) <> 32",
    },
];
