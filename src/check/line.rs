//! The lines: who is admitted stood before those who wait; and users: who is banned or removed stands in none, and of
//! who is removed nothing personal is left.

use super::rules::Rule;
use super::rules::Severity::{Fault, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        severity: Fault,
        says: "token {0} waits on place {1}, and token {2} on place {3} behind it was admitted",
        finds: "SELECT w.token_id, w.place, t.token_id, t.place
                FROM (SELECT token_id, line_id, min(place) AS place FROM token WHERE status = 'WAITING' AND place >= 0 GROUP BY line_id) AS w
                JOIN token AS t ON t.line_id = w.line_id AND t.activated_at IS NOT NULL AND t.place > w.place",
    },
    Rule {
        // Whoever comes next gets the place behind the newest token.
        severity: Fault,
        says: "token {0} waits on place {1}, which belongs to somebody who is still to come",
        finds: "SELECT token_id, place FROM token
                WHERE status = 'WAITING' AND place > (SELECT max(token_id) FROM token)",
    },
    Rule {
        severity: Fault,
        says: "token {0} may be taken up again on place {1}, and token {2} on place {3} behind it was admitted since",
        finds: "SELECT k.token_id, k.place, t.token_id, t.place
                FROM (SELECT token_id, line_id, min(place) AS place FROM token WHERE grace_until IS NOT NULL AND place >= 0 GROUP BY line_id) AS k
                JOIN token AS t ON t.line_id = k.line_id AND t.activated_at IS NOT NULL AND t.place > k.place",
    },
    Rule {
        severity: Fault,
        says: "token {0} may be taken up again on place {1}, where token {2} waits",
        finds: "SELECT k.token_id, k.place, w.token_id FROM token AS k JOIN token AS w ON w.line_id = k.line_id
                AND w.place = k.place AND w.status = 'WAITING' WHERE k.grace_until IS NOT NULL",
    },
    Rule {
        severity: Fault,
        says: "token {0} is {1}, but its times do not go with that",
        finds: "SELECT token_id, status FROM token
                WHERE visit_until < activated_at",
    },
    Rule {
        // The order of moments alone: a clock that was set back explains it.
        severity: Warning,
        says: "token {0} was admitted or ended at an earlier moment than it was issued",
        finds: "SELECT token_id FROM token WHERE activated_at < issued_at OR ended_at < issued_at OR ended_at < activated_at",
    },
    Rule {
        severity: Fault,
        says: "the list of draws of line {1} has no draw {0}, but later ones",
        finds: "SELECT draw_id - 1, line_id FROM draw AS d WHERE draw_id > 1 AND NOT EXISTS (SELECT 1 FROM draw AS p
                  WHERE p.line_id = d.line_id AND p.draw_id = d.draw_id - 1)",
    },
    Rule {
        severity: Fault,
        says: "draw {0} of line {4} says that {1} of {2} were drawn and lists {3} who had left",
        finds: "SELECT draw_id, drawn, joined, json_array_length(absent), line_id FROM draw
                WHERE json_array_length(absent) <> joined - drawn",
    },
    Rule {
        severity: Fault,
        says: "line {0} is of a concert that is not there, and nobody closed it",
        finds: "SELECT line_id FROM queue WHERE line_id <> 0 AND closed_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM concert WHERE concert_id = line_id)",
    },
    Rule {
        severity: Fault,
        says: "token {0} waits in line {1} for a draw that is not to come",
        finds: "SELECT token_id, line_id FROM token JOIN queue USING (line_id)
                WHERE status = 'WAITING' AND place IS NULL AND opens_at IS NULL",
    },
    Rule {
        severity: Fault,
        says: "user {0} may not buy, but token {1} of theirs is {2}",
        finds: "SELECT user_id, token_id, status FROM token JOIN user USING (user_id)
                WHERE status <> 'EXPIRED' AND (banned_at IS NOT NULL OR removed_at IS NOT NULL)",
    },
    Rule {
        severity: Fault,
        says: "user {0} was removed, but their name or what staff noted is there",
        finds: "SELECT user_id FROM user AS u WHERE removed_at IS NOT NULL AND (name_folded IS NOT ''
                  OR EXISTS (SELECT 1 FROM reservation AS r WHERE r.user_id = u.user_id AND note IS NOT NULL))",
    },
];
