//! Tickets: one for each seat that was paid, and no others.

use super::rules::Rule;
use super::rules::Severity::Fault;

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "seat {0} of reservation {1} was paid, but it has no ticket",
        finds:
            "SELECT s.label, r.reservation_id FROM {reservation} AS r JOIN reservation_seat AS s USING (reservation_id)
                WHERE r.status IN ('CONFIRMED', 'REFUNDED') AND NOT EXISTS (SELECT 1 FROM ticket AS t
                  WHERE t.reservation_id = r.reservation_id AND t.seat_no = s.seat_no AND t.label = s.label)",
    },
    Rule {
        severity: Fault,
        says: "ticket {0} is of reservation {1}, which did not pay for seat {2}",
        finds: "SELECT t.ticket_id, t.reservation_id, t.label FROM ticket AS t
                WHERE NOT EXISTS (SELECT 1 FROM reservation AS r JOIN reservation_seat AS s USING (reservation_id)
                  WHERE r.reservation_id = t.reservation_id AND r.status IN ('CONFIRMED', 'REFUNDED')
                    AND s.seat_no = t.seat_no AND s.label = t.label)
                  AND NOT EXISTS (SELECT 1 FROM returned_seat AS b WHERE b.reservation_id = t.reservation_id
                    AND b.seat_no = t.seat_no AND b.label = t.label)",
    },
    Rule {
        severity: Fault,
        says: "somebody went in with ticket {0} of reservation {1}, which is {2} although its date takes place",
        finds: "SELECT ticket_id, reservation_id, r.status FROM check_in JOIN ticket USING (ticket_id)
                JOIN reservation AS r USING (reservation_id) JOIN schedule USING (schedule_id)
                WHERE r.status <> 'CONFIRMED' AND cancelled_at IS NULL",
    },
    Rule {
        severity: Fault,
        says: "somebody went in with ticket {0} of reservation {1}, whose seat {2} went back",
        finds: "SELECT ticket_id, reservation_id, b.label FROM returned_seat AS b JOIN ticket USING (reservation_id, seat_no)
                JOIN check_in USING (ticket_id)",
    },
    Rule {
        severity: Fault,
        says: "the code of ticket {0} does not carry its number {1}",
        finds: "SELECT ticket_id, number FROM ticket WHERE length(code) <> 26 AND substr(code, 2, 10) <> number",
    },
    Rule {
        severity: Fault,
        says: "ticket {0} is called {1}, as ticket {2} was before it was made out anew",
        finds: "SELECT t.ticket_id, number, f.ticket_id FROM former_code AS f JOIN ticket AS t USING (number)",
    },
];
