//! The route of a request.

use super::{ROUTES, Route};
use crate::http::Method;

/// What the table has for a request.
pub(super) enum RouteMatch {
    Route(&'static Route),
    /// Other methods of the path, as `Allow` lists them.
    Methods(String),
    Nothing,
}

/// Finds the route of a request.
pub(super) fn find(method: Method, path: &str) -> RouteMatch {
    let Some(pattern) = ROUTES.iter().map(|route| route.path).find(|pattern| fits(pattern, path)) else {
        return RouteMatch::Nothing;
    };
    let of_path = || ROUTES.iter().filter(|route| route.path == pattern);
    if let Some(route) = of_path().find(|route| route.method == method) {
        return RouteMatch::Route(route);
    }
    let mut methods: Vec<&str> = Vec::new();
    for route in of_path() {
        methods.push(route.method.word());
        methods.extend((route.method == Method::Get).then_some("HEAD"));
    }
    methods.push("OPTIONS");
    RouteMatch::Methods(methods.join(", "))
}

/// Whether a path is one of a pattern: a parameter in braces stands for one segment.
fn fits(mut pattern: &str, mut path: &str) -> bool {
    while let Some((words, rest)) = pattern.split_once('{') {
        let Some(segment) = path.strip_prefix(words) else { return false };
        path = segment.split_once('/').map_or("", |(parameter, _)| &segment[parameter.len()..]);
        pattern = rest.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern == path
}

#[cfg(test)]
mod tests {
    use super::super::{Access, is_call_of_staff, is_for_tests};
    use super::*;
    use crate::staff::Role;

    #[test]
    fn route_pattern_takes_one_segment_for_each_parameter() {
        for (pattern, path, is_so) in [
            ("/a/{x}/b", "/a/1/b", true),
            ("/a/{x}/b", "/a//b", true),
            ("/a/{x}/b", "/a/1/2/b", false),
            ("/a/{x}/b", "/a/1", false),
            ("/a/{x}", "/a/1/", false),
            ("/a/{x}", "/a", false),
            ("/a/{x}/{y}", "/a/1/2", true),
            ("/a/{x}/{y}", "/a/1", false),
            ("/", "/", true),
            ("/", "", false),
        ] {
            assert_eq!(fits(pattern, path), is_so, "{pattern} {path}");
        }
    }

    #[test]
    fn route_of_plain_words_comes_before_one_with_a_parameter() {
        let allow = |path: &str| match find(Method::Options, path) {
            RouteMatch::Methods(allow) => Some(allow),
            _ => None,
        };
        assert_eq!(allow("/api/v1/tickets/key").as_deref(), Some("GET, HEAD, OPTIONS"));
        assert_eq!(allow("/api/v1/staff/queue").as_deref(), Some("GET, HEAD, PATCH, OPTIONS"));
        assert_eq!(allow("/api/v1/staff/queue/tokens/x").as_deref(), Some("DELETE, OPTIONS"));
        assert_eq!((allow("/api/v1/nowhere"), allow("/api/v1"), allow("")), (None, None, None));
        for (at, route) in ROUTES.iter().enumerate() {
            let earlier = ROUTES[..at].iter().find(|other| other.path != route.path && fits(other.path, route.path));
            assert!(earlier.is_none(), "{} is never found", route.path);
            let twice = ROUTES[..at].iter().find(|other| other.path == route.path && other.method == route.method);
            assert!(twice.is_none(), "{} is there twice", route.path);
        }
    }

    #[test]
    fn roles_stand_at_the_calls_of_staff_and_at_no_others() {
        for route in ROUTES {
            let is_staff = matches!(route.access(), Access::Staff(_));
            assert_eq!(is_call_of_staff(route.path), is_staff, "{}", route.path);
            assert_eq!(is_for_tests(route.path), route.is_for_tests(), "{}", route.path);
        }
    }

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
        DELETE concerts/{concertId}, DELETE schedules/{scheduleId},
        POST concerts/{concertId}/schedules, PATCH schedules/{scheduleId}, PUT schedules/{scheduleId}/seats/{seat},
        POST schedules/{scheduleId}/cancellation, GET evening, GET ledger, PATCH queue, POST queue/admissions, POST queue/tokens,
        DELETE queue/tokens/{userId}, POST users/{userId}/balance/corrections, GET events, POST clock,
        GET test/faults, PUT test/faults, DELETE test/faults, GET test/requests, DELETE test/requests, POST test/reset,
        GET test/snapshots, POST test/snapshots, POST test/snapshots/{snapshot}/restore, DELETE test/snapshots/{snapshot}";

    #[test]
    fn roles_may_what_is_written_here_and_nothing_else() {
        let sorted = |mut calls: Vec<String>| {
            calls.sort();
            calls
        };
        for (role, lists) in [
            (Role::Door, &[DOOR][..]),
            (Role::Counter, &[DOOR, COUNTER_TOO]),
            (Role::Admin, &[DOOR, COUNTER_TOO, ADMIN_TOO]),
        ] {
            let may = |route: &&Route| matches!(route.access(), Access::Staff(roles) if roles.contains(&role));
            let call = |route: &Route| format!("{} {}", route.method.word(), route.path.replace("/api/v1/staff/", ""));
            let in_table = ROUTES.iter().filter(may).map(call).collect();
            let written = lists.iter().flat_map(|list| list.split(',')).map(|call| call.trim().to_owned()).collect();
            assert_eq!(sorted(in_table), sorted(written), "{}", role.word());
        }
    }
}
