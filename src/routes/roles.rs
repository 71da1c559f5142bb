//! Which roles may make which staff call. A call that does not stand here is not served.

use crate::http::Method;
use crate::http::Method::{Delete, Get, Patch, Post, Put};
use crate::staff::Role;

/// A staff call: its method, its path below `/api/v1/staff` with parameters in braces, and the roles that may make it.
pub type StaffCall = (Method, &'static str, &'static [Role]);

const ADMIN: &[Role] = &[Role::Admin];
const COUNTER: &[Role] = &[Role::Admin, Role::Counter];
const ALL: &[Role] = &[Role::Admin, Role::Counter, Role::Door];

/// Every staff call. A path of plain words stands before one with a parameter in their place.
pub const STAFF_CALLS: &[StaffCall] = &[
    (Get, "me", ALL),
    (Get, "keys", ADMIN),
    (Post, "keys", ADMIN),
    (Delete, "keys/{keyId}", ADMIN),
    (Get, "concerts", ALL),
    (Post, "concerts", ADMIN),
    (Patch, "concerts/{concertId}", ADMIN),
    (Get, "concerts/{concertId}/schedules", ALL),
    (Post, "concerts/{concertId}/schedules", ADMIN),
    (Get, "schedules/{scheduleId}", ALL),
    (Patch, "schedules/{scheduleId}", ADMIN),
    (Get, "schedules/{scheduleId}/seats", ALL),
    (Put, "schedules/{scheduleId}/seats/{seat}", ADMIN),
    (Get, "schedules/{scheduleId}/sales", COUNTER),
    (Get, "ledger", ADMIN),
    (Get, "schedules/{scheduleId}/cancellation", COUNTER),
    (Post, "schedules/{scheduleId}/cancellation", ADMIN),
    (Get, "reservations/{reservationId}", COUNTER),
    (Post, "reservations/{reservationId}/refund", COUNTER),
    (Get, "evening", ADMIN),
    (Get, "queue", COUNTER),
    (Patch, "queue", ADMIN),
    (Post, "queue/admissions", ADMIN),
    (Post, "queue/tokens", ADMIN),
    (Delete, "queue/tokens/{userId}", ADMIN),
    (Get, "users", COUNTER),
    (Get, "users/{userId}", COUNTER),
    (Get, "users/{userId}/reservations", COUNTER),
    (Post, "users/{userId}/key", COUNTER),
    (Post, "users/{userId}/balance/top-ups", COUNTER),
    (Post, "users/{userId}/balance/corrections", ADMIN),
    (Get, "tickets/{ticketId}", COUNTER),
    (Post, "checkins", ALL),
    (Post, "checkins/scans", ALL),
    (Get, "checkins/conflicts", ALL),
    (Delete, "checkins/{ticketId}", ALL),
    (Get, "schedules/{scheduleId}/checkins", ALL),
    (Get, "schedules/{scheduleId}/door-list", ALL),
    (Get, "events", ADMIN),
    (Post, "clock", ADMIN),
];

/// The roles that may make a call; `None` when there is no such call.
pub(super) fn roles_of(method: Method, path: &[&str]) -> Option<&'static [Role]> {
    let pattern = pattern_of(path)?;
    STAFF_CALLS.iter().find(|call| call.1 == pattern && call.0 == method).map(|call| call.2)
}

/// The methods of a path, as `Allow` lists them; `None` when there is no such path.
pub(super) fn methods_of(path: &[&str]) -> Option<String> {
    let pattern = pattern_of(path)?;
    let mut methods: Vec<&str> = Vec::new();
    for (method, ..) in STAFF_CALLS.iter().filter(|call| call.1 == pattern) {
        methods.push(method.word());
        methods.extend((*method == Get).then_some("HEAD"));
    }
    methods.push("OPTIONS");
    Some(methods.join(", "))
}

fn pattern_of(path: &[&str]) -> Option<&'static str> {
    let fits = |pattern: &str| {
        let words = pattern.split('/');
        words.clone().count() == path.len()
            && words.zip(path).all(|(word, segment)| word.starts_with('{') || word == *segment)
    };
    STAFF_CALLS.iter().map(|call| call.1).find(|pattern| fits(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same once more, role by role: whoever changes who may do what says it in two places.
    const DOOR: &str = "GET me, GET concerts, GET concerts/{concertId}/schedules, GET schedules/{scheduleId},
        GET schedules/{scheduleId}/seats, POST checkins, POST checkins/scans, GET checkins/conflicts,
        DELETE checkins/{ticketId}, GET schedules/{scheduleId}/checkins, GET schedules/{scheduleId}/door-list";
    const COUNTER_TOO: &str =
        "GET tickets/{ticketId}, GET schedules/{scheduleId}/sales, GET schedules/{scheduleId}/cancellation,
        GET reservations/{reservationId},
        POST reservations/{reservationId}/refund, GET queue, GET users, GET users/{userId},
        GET users/{userId}/reservations, POST users/{userId}/key, POST users/{userId}/balance/top-ups";
    const ADMIN_TOO: &str = "GET keys, POST keys, DELETE keys/{keyId}, POST concerts, PATCH concerts/{concertId},
        POST concerts/{concertId}/schedules, PATCH schedules/{scheduleId}, PUT schedules/{scheduleId}/seats/{seat},
        POST schedules/{scheduleId}/cancellation, GET evening, GET ledger, PATCH queue, POST queue/admissions, POST queue/tokens,
        DELETE queue/tokens/{userId}, POST users/{userId}/balance/corrections, GET events, POST clock";

    fn sorted<'t>(calls: impl Iterator<Item = &'t str>) -> Vec<String> {
        let mut calls: Vec<String> = calls.map(|call| call.trim().to_owned()).collect();
        calls.sort();
        calls
    }

    #[test]
    fn each_role_may_what_is_written_here_and_nothing_else() {
        for (role, lists) in [
            (Role::Door, &[DOOR][..]),
            (Role::Counter, &[DOOR, COUNTER_TOO]),
            (Role::Admin, &[DOOR, COUNTER_TOO, ADMIN_TOO]),
        ] {
            let in_table: Vec<String> = STAFF_CALLS
                .iter()
                .filter(|call| call.2.contains(&role))
                .map(|(method, path, _)| format!("{} {path}", method.word()))
                .collect();
            let written = sorted(lists.iter().flat_map(|list| list.split(',')));
            assert_eq!(sorted(in_table.iter().map(String::as_str)), written, "{}", role.word());
        }
    }

    #[test]
    fn a_path_is_found_by_its_words_before_its_parameters() {
        assert_eq!(methods_of(&["queue", "tokens", "x"]).as_deref(), Some("DELETE, OPTIONS"));
        assert_eq!(methods_of(&["queue"]).as_deref(), Some("GET, HEAD, PATCH, OPTIONS"));
        assert_eq!((methods_of(&["nowhere"]), methods_of(&[])), (None, None));
        assert_eq!(roles_of(Post, &["concerts"]), Some(ADMIN));
        assert_eq!(roles_of(Delete, &["concerts"]), None);
    }
}
