//! The route of a request.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{ROUTES, Route};
use crate::http::Method;

/// What the table has for a request.
pub(super) enum RouteMatch {
    Route(&'static Route),
    /// Other methods of the path, as `Allow` lists them.
    Methods(String),
    Nothing,
}

/// The table as a tree of segments.
static TREE: LazyLock<RouteTree> = LazyLock::new(|| RouteTree::of(ROUTES));

struct RouteTree {
    /// The paths of the table, in its order, each with its routes.
    paths: Vec<(&'static str, Vec<&'static Route>)>,
    root: Node,
}

#[derive(Default)]
struct Node {
    /// What follows by a word, which comes before what follows by any segment.
    words: BTreeMap<&'static str, Node>,
    parameter: Option<Box<Node>>,
    /// The number of the path that ends here.
    path: Option<usize>,
}

impl RouteTree {
    fn of(routes: &'static [Route]) -> RouteTree {
        let mut tree = RouteTree { paths: Vec::new(), root: Node::default() };
        for route in routes {
            let number = tree.paths.len();
            let number = *tree.root.at(route.path).path.get_or_insert(number);
            if number == tree.paths.len() {
                tree.paths.push((route.path, Vec::new()));
            }
            tree.paths[number].1.push(route);
        }
        tree
    }
}

impl Node {
    /// The node of a path with parameters in braces, made if it is not there.
    fn at(&mut self, path: &'static str) -> &mut Node {
        path.split('/').fold(self, |node, segment| match segment.starts_with('{') {
            true => node.parameter.get_or_insert_default(),
            false => node.words.entry(segment).or_default(),
        })
    }

    /// The number of the path that the rest of a request's path leads to.
    fn find(&self, rest: Option<&str>) -> Option<usize> {
        let Some(rest) = rest else { return self.path };
        let (segment, rest) = rest.split_once('/').map_or((rest, None), |(segment, rest)| (segment, Some(rest)));
        let by_word = self.words.get(segment).and_then(|node| node.find(rest));
        by_word.or_else(|| self.parameter.as_ref()?.find(rest))
    }
}

/// The paths of the table, with parameters in braces; their positions are their numbers.
pub fn paths() -> impl Iterator<Item = &'static str> {
    TREE.paths.iter().map(|(path, _)| *path)
}

/// The number of the path of the table that a request's path is one of.
pub fn path_number(path: &str) -> Option<usize> {
    TREE.root.find(Some(path))
}

/// Finds the route of a request.
pub(super) fn find(method: Method, path: &str) -> RouteMatch {
    let Some((_, routes)) = path_number(path).and_then(|number| TREE.paths.get(number)) else {
        return RouteMatch::Nothing;
    };
    if let Some(route) = routes.iter().find(|route| route.method == method) {
        return RouteMatch::Route(route);
    }
    let mut methods: Vec<&str> = Vec::new();
    for route in routes {
        methods.push(route.method.word());
        methods.extend((route.method == Method::Get).then_some("HEAD"));
    }
    methods.push("OPTIONS");
    RouteMatch::Methods(methods.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::{Access, is_call_of_staff, is_for_tests};
    use super::*;
    use crate::http::PATH_PATTERN_CASES;
    use crate::staff::Role;

    #[test]
    fn route_pattern_takes_one_segment_for_each_parameter() {
        for (pattern, path, is_so) in PATH_PATTERN_CASES {
            let mut root = Node::default();
            root.at(pattern).path = Some(7);
            assert_eq!(root.find(Some(path)), is_so.then_some(7), "{pattern} {path}");
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
            let number = path_number(route.path).unwrap();
            assert_eq!(paths().nth(number), Some(route.path), "{} is never found", route.path);
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
        POST reservations/{reservationId}/refund, POST sales, POST reservations, DELETE reservations/{reservationId},
        POST reservations/{reservationId}/sale, POST users/{userId}/balance/payouts, GET till, PATCH users/{userId}, GET queue, GET lines, GET users, GET users/{userId},
        GET users/{userId}/reservations, POST users/{userId}/key, POST users/{userId}/balance/top-ups,
        PATCH reservations/{reservationId}, POST reservations/{reservationId}/exchange,
        POST tickets/{ticketId}/reissue";
    const ADMIN_TOO: &str = "GET webhooks, POST webhooks, GET webhooks/{webhookId}, PATCH webhooks/{webhookId},
        DELETE webhooks/{webhookId}, POST webhooks/{webhookId}/test, POST webhooks/{webhookId}/replay, POST webhooks/{webhookId}/secret, GET keys, POST keys, DELETE keys/{keyId}, POST concerts, PATCH concerts/{concertId},
        DELETE concerts/{concertId}, DELETE schedules/{scheduleId},
        POST concerts/{concertId}/schedules, POST layouts/preview, PATCH schedules/{scheduleId}, PUT schedules/{scheduleId}/seats/{seat},
        POST schedules/{scheduleId}/cancellation, GET evening, GET ledger, PATCH queue, PUT concerts/{concertId}/line,
        DELETE concerts/{concertId}/line, POST queue/admissions, POST queue/tokens,
        DELETE queue/tokens/{userId}, POST users/{userId}/balance/corrections, DELETE users/{userId}, PUT users/{userId}/ban, GET events, POST clock,
        GET test/faults, PUT test/faults, DELETE test/faults, GET test/requests, DELETE test/requests, POST test/reset,
        GET test/rush, PUT test/rush, DELETE test/rush, GET venue, PATCH venue,
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
