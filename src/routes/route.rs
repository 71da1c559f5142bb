//! What a route is: a method and a path, who may call, and all that is checked of a call before its own code runs.

use std::sync::Arc;

use uuid::Uuid;

use super::Handlers;
use crate::call::{Answer, Context};
use crate::http::Method;
use crate::queue::{Caller, TokenView};
use crate::staff::{Member, Role};
use crate::store::Outcome;
use crate::testing::TestServer;

/// The role that may do everything.
pub(super) const ADMIN: &[Role] = &[Role::Admin];

pub struct Route {
    /// The method; GET answers HEAD as well.
    pub method: Method,
    /// The path with parameters in braces. Of two that fit, the one with a word in place of a parameter counts.
    pub path: &'static str,
    /// The parameters of the query that it takes; `None`: a page, which
    /// takes whatever a link carries and reads none of it.
    pub query: Option<&'static [&'static str]>,
    pub body: Body,
    /// What an `Idempotency-Key` does.
    pub key_use: KeyUse,
    /// Whether it honours `Prefer: wait`.
    pub waits: bool,
    /// Whether it can be answered by a stream of events.
    pub streams: bool,
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
    /// The same, or a JSON object that the call reads.
    Optional,
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
        Route { method, path, query: Some(&[]), body, key_use, waits: false, streams: false, is_arrival: false, run }
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

    pub(super) const fn streams(mut self) -> Route {
        self.streams = true;
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
