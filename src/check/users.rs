//! Users: who is banned or removed stands in no line, and of who is removed nothing personal is left.

use super::rules::Rule;
use super::rules::Severity::Fault;

pub(super) const RULES: &[Rule] = &[
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
