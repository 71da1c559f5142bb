//! What a route is: a method and a path, who may call, and all that is checked of a call before its own code runs.

use std::sync::Arc;

use uuid::Uuid;

use super::{Handlers, ROUTES};
use crate::http::Method;
use crate::queue::{Caller, TokenView};
use crate::staff::{Member, Role};
use crate::store::Outcome;
use crate::testing::TestServer;
use crate::venue::{Answer, Context};

/// The role that may do everything.
pub(super) const ADMIN: &[Role] = &[Role::Admin];

/// One route.
pub struct Route {
    /// The method; GET answers HEAD as well.
    pub method: Method,
    /// The path with parameters in braces. Of two that fit, the one that stands first counts.
    pub path: &'static str,
    /// The parameters of the query that it takes; `None`: a page, which
    /// takes whatever a link carries and reads none of it.
    pub query: Option<&'static [&'static str]>,
    /// The body.
    pub body: Body,
    /// What an `Idempotency-Key` does.
    pub key_use: KeyUse,
    /// Whether it honours `Prefer: wait`.
    pub waits: bool,
    /// Whether it makes a user or a token, of which each address may make so many in a minute.
    pub is_arrival: bool,
    /// Who may call, and what is done.
    pub(super) run: Run,
}

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None: one that is there is refused.
    None,
    /// Absent, `null` or `{}`: the call has no members.
    Empty,
    /// A JSON object that the call reads.
    Json,
    /// The same, with a whole layout in it.
    Large,
}

/// What an `Idempotency-Key` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// The first answer is kept and given again.
    Keeps,
    /// It is refused: the answer has a secret, which is kept nowhere in the clear.
    Secret,
    /// It is refused: the method may be repeated as it is (RFC 9110, 9.2.2), or writes nothing.
    Meaningless,
}

/// What is done, by who may call.
pub(super) enum Run {
    Open(fn(&Handlers, &Context) -> Outcome<Answer>),
    Token(fn(&Handlers, &Context, TokenView) -> Outcome<Answer>),
    Active(fn(&Handlers, &Context, Caller) -> Outcome<Answer>),
    User(fn(&Handlers, &Context, Uuid) -> Outcome<Answer>),
    Staff(&'static [Role], fn(&Handlers, &Context, &Member) -> Outcome<Answer>),
    /// An admin, on a server for tests.
    Test(fn(&Arc<TestServer>, &Context) -> Outcome<Answer>),
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// A token, waiting or active.
    Token,
    /// An active token.
    Active,
    /// A token or a user key.
    User,
    /// A staff key of one of these roles.
    Staff(&'static [Role]),
}

impl Route {
    /// Who may call.
    pub const fn access(&self) -> Access {
        match self.run {
            Run::Open(_) => Access::Open,
            Run::Token(_) => Access::Token,
            Run::Active(_) => Access::Active,
            Run::User(_) => Access::User,
            Run::Staff(roles, _) => Access::Staff(roles),
            Run::Test(_) => Access::Staff(ADMIN),
        }
    }

    /// Whether it is there on servers for tests only.
    pub const fn is_for_tests(&self) -> bool {
        matches!(self.run, Run::Test(_))
    }

    const fn new(method: Method, path: &'static str, run: Run) -> Route {
        let (body, key_use) = match method {
            Method::Post => (Body::Json, KeyUse::Keeps),
            Method::Put | Method::Patch => (Body::Json, KeyUse::Meaningless),
            _ => (Body::None, KeyUse::Meaningless),
        };
        Route { method, path, query: Some(&[]), body, key_use, waits: false, is_arrival: false, run }
    }

    pub(super) const fn query(mut self, known: &'static [&'static str]) -> Route {
        self.query = Some(known);
        self
    }

    pub(super) const fn page(mut self) -> Route {
        self.query = None;
        self
    }

    pub(super) const fn body(mut self, body: Body) -> Route {
        self.body = body;
        self
    }

    pub(super) const fn secret(mut self) -> Route {
        self.key_use = KeyUse::Secret;
        self
    }

    pub(super) const fn waits(mut self) -> Route {
        self.waits = true;
        self
    }

    pub(super) const fn arrival(mut self) -> Route {
        self.is_arrival = true;
        self
    }
}

pub(super) const fn get(path: &'static str, run: Run) -> Route {
    Route::new(Method::Get, path, run)
}

pub(super) const fn post(path: &'static str, run: Run) -> Route {
    Route::new(Method::Post, path, run)
}

pub(super) const fn put(path: &'static str, run: Run) -> Route {
    Route::new(Method::Put, path, run)
}

pub(super) const fn patch(path: &'static str, run: Run) -> Route {
    Route::new(Method::Patch, path, run)
}

pub(super) const fn delete(path: &'static str, run: Run) -> Route {
    Route::new(Method::Delete, path, run)
}

/// What the table has for a request.
pub(super) enum Found {
    Route(&'static Route),
    /// Other methods of the path, as `Allow` lists them.
    Methods(String),
    Nothing,
}

/// Finds the route of a request.
pub(super) fn find(method: Method, path: &str) -> Found {
    let Some(pattern) = ROUTES.iter().map(|route| route.path).find(|pattern| fits(pattern, path)) else {
        return Found::Nothing;
    };
    let of_path = || ROUTES.iter().filter(|route| route.path == pattern);
    if let Some(route) = of_path().find(|route| route.method == method) {
        return Found::Route(route);
    }
    let mut methods: Vec<&str> = Vec::new();
    for route in of_path() {
        methods.push(route.method.word());
        methods.extend((route.method == Method::Get).then_some("HEAD"));
    }
    methods.push("OPTIONS");
    Found::Methods(methods.join(", "))
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
    use super::*;

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
            Found::Methods(allow) => Some(allow),
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
            assert_eq!(super::super::is_call_of_staff(route.path), is_staff, "{}", route.path);
            assert_eq!(super::super::is_for_tests(route.path), route.is_for_tests(), "{}", route.path);
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
        GET test/requests, DELETE test/requests, GET test/snapshots";

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
