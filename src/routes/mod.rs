//! From a request to its answer: its route is found in the one table, who calls is checked as the route says, and what
//! comes of it is sent now, after a commit, or after a wait.

mod answering;
mod before_handler;
mod course;
mod find;
mod metrics;
mod openapi;
mod operations;
mod readiness;
mod route;
mod table;
mod write;

use std::sync::Arc;

use answering::Answering;
use before_handler::Asked;
pub use course::open_course;
use find::RouteMatch;
pub use find::{path_number, paths};
pub use metrics::Monitoring;
pub use readiness::Readiness;
pub use route::{Access, Body, KeyUse, Route};
pub use table::ROUTES;
use write::WriteJob;

use crate::call::{Answer, AppState, Context, Memo, Piece, Prefer, StreamCaller, StreamMemo, Tx, Until, Written};
use crate::clock::Millis;
use crate::course::Course;
use crate::http::{Credential, Handle, Method, RateLimit, Reply, Request, Responder, Resumed, Wait};
use crate::logging;
use crate::queue::{self, Lines};
use crate::refusal::{Language, Refusal};
use crate::seat::MapCache;
use crate::staff::{Keyring, Member};
use crate::store::{CommitError, Failure, Outcome, Undo};
use crate::testing::TestServer;
use crate::webhook::{self, Dispatch};
use crate::{reservation, web};

/// What the routes answer with. A write keeps a handle of it until it is answered.
#[derive(Clone)]
pub struct Handlers {
    pub state: Arc<AppState>,
    pub lines: Arc<Lines>,
    pub maps: Arc<MapCache>,
    /// The staff keys.
    pub keyring: Arc<Keyring>,
    /// How many users and tokens each address made in the last minute.
    pub arrivals: Arc<RateLimit>,
    /// How many wrong keys and tokens each address sent in the last minute.
    pub wrong_keys: Arc<RateLimit>,
    /// What the last probe of readiness found.
    pub readiness: Arc<Readiness>,
    /// What servers for tests have beside; others have none of its calls.
    pub tests: Option<Arc<TestServer>>,
    /// The dialect that the server speaks beside the API.
    pub course: Option<Arc<Course>>,
    /// Which routes this server exposes.
    pub exposure: Exposure,
    /// What is behind `/metrics`.
    pub monitoring: Arc<Monitoring>,
    /// What was sent to webhooks.
    pub webhooks: Arc<Dispatch>,
    /// What phones are shown of the venue's own authority, where it has one.
    pub trust: Option<Arc<web::Trust>>,
}

/// Which routes an HTTP server exposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Everything.
    Whole,
    /// Those of customers; the others are at the staff address.
    Public,
}

/// What a request comes to once it is known who asks.
enum Next {
    Send(Reply),
    Wait(Memo),
    Stream(Reply, Wait),
    Write(WriteJob),
}

impl Handle for Arc<Handlers> {
    /// Answers a request, now or after a commit.
    fn handle(&self, mut request: Request, responder: Responder) {
        let _of_request = logging::of_request(&request.id);
        let now = self.now();
        let answering = self.answering(&mut request, responder, now);
        let answering = answering.and_then(|answering| self.answer_course(&request, now, answering));
        if let Some(answering) = answering {
            self.carry_out(request, now, answering);
        }
    }

    fn refuse_head(&self, head: &Request) -> Option<Reply> {
        if self.course.as_ref().is_some_and(|course| course.has(head.method, &head.path)) {
            return None; // its body decides which call it is
        }
        let now = self.now();
        self.check_head(head, now).err().map(|failure| self.refuse(head, now, &failure))
    }
}

impl Handlers {
    /// The time of a request, read once for each.
    fn now(&self) -> Millis {
        self.state.clock.now()
    }

    /// Answers a call of the API, now or after a commit.
    fn carry_out(self: &Arc<Self>, request: Request, now: Millis, responder: Answering) {
        match self.answer(&request, now) {
            Ok(Next::Send(reply)) => responder.send(reply),
            Ok(Next::Wait(memo)) => responder.wait(memo.wait_request()),
            Ok(Next::Stream(reply, wait)) => responder.stream(reply, wait),
            Ok(Next::Write(job)) => self.write(request, now, responder, job),
            Err(failure) => {
                let refusal = self.refuse(&request, now, &failure);
                let is_in_stream = request.resumed.is_some_and(|resumed| resumed.told.is_some());
                responder.send(if is_in_stream { Piece::of_refusal(&refusal) } else { refusal });
            }
        }
    }

    /// Sends a job to the writer; the answer leaves after the commit.
    fn write(self: &Arc<Self>, request: Request, now: Millis, responder: Answering, job: WriteJob) {
        let handlers = Arc::clone(self);
        let (actor, once, language) = (job.actor, job.once.clone(), job.language);
        self.state.writer.submit(Box::new(move |tx: Result<&Tx, CommitError>| {
            let _of_request = logging::of_request(&request.id);
            let outcome = tx.map_err(|lost| Failure::Refused(lost.refusal)).and_then(|tx| job.run(tx));
            Box::new(move |committed: Result<(), CommitError>| {
                let _of_request = logging::of_request(&request.id);
                let next = |once, work| WriteJob { actor, once, language, undo: Undo::Savepoint, work };
                match committed.map_err(|lost| Failure::Refused(lost.refusal)).and(outcome) {
                    Ok(Written::Ready(reply)) => responder.send(reply),
                    Ok(Written::Deferred(make)) => responder.send(make()),
                    Ok(Written::Wait(_, wait)) => responder.wait(Memo { wait, staff_key_id: actor }.wait_request()),
                    Ok(Written::Then(_, work)) => handlers.write(request, now, responder, next(None, work)),
                    Ok(Written::AfterCommit(read)) if once.is_none() => responder.send(read()),
                    Ok(Written::AfterCommit(read)) => {
                        let job = next(once, Box::new(|_| Ok(Written::Ready(read()))));
                        handlers.write(request, now, responder, job);
                    }
                    Err(failure) => responder.send(handlers.refuse(&request, now, &failure)),
                }
            })
        }));
    }

    fn answer(&self, request: &Request, now: Millis) -> Outcome<Next> {
        if let Some(resumed) = &request.resumed {
            return match resumed.told {
                Some(_) => self.go_on(request, now, &resumed.memo),
                None => self.answer_again(request, now, resumed),
            };
        }
        let (found, member) = self.find(request, now)?;
        match found {
            RouteMatch::Route(route) => self.call(route, request, now, member),
            RouteMatch::Methods(allow) if request.method == Method::Options => {
                no_body(request)?;
                Ok(Next::Send(Reply::empty(204).with("Allow", allow)))
            }
            RouteMatch::Methods(allow) => Err(Refusal::MethodNotAllowed { allow }.into()),
            RouteMatch::Nothing if request.method == Method::Get && is_page(request) => {
                Ok(Next::Send(web::not_found(request)))
            }
            RouteMatch::Nothing => Err(Refusal::NotFound.into()),
        }
    }

    /// What there is for a request, and whose staff key it carries, which a call of staff must.
    fn find(&self, request: &Request, now: Millis) -> Outcome<(RouteMatch, Option<Member>)> {
        let is_apart = self.exposure == Exposure::Public && is_for_staff(&request.path);
        if is_apart || request.path == "/readyz" && !readiness::is_shown(self, request) {
            return Err(Refusal::NotFound.into());
        }
        // A call of staff: first whose key it is, then what there is.
        let member = is_call_of_staff(&request.path).then(|| self.member(request, now)).transpose()?;
        if self.tests.is_none() && is_for_tests(&request.path) {
            return Err(Refusal::TestServerOnly.into());
        }
        Ok(match find::find(request.method, &request.path) {
            RouteMatch::Route(route) => (RouteMatch::Route(route), member),
            _ => (self.methods(&request.path).map_or(RouteMatch::Nothing, RouteMatch::Methods), member),
        })
    }

    /// The methods of a path, as `Allow` lists them: those of the API and of the course.
    fn methods(&self, path: &str) -> Option<String> {
        let of_api = match find::find(Method::Options, path) {
            RouteMatch::Methods(allow) => Some(allow),
            RouteMatch::Route(_) | RouteMatch::Nothing => None,
        };
        let Some(of_course) = self.course.as_ref().and_then(|course| course.methods(path)) else { return of_api };
        let of_api = of_api.unwrap_or_default();
        let mut words: Vec<&str> = of_api.split(", ").filter(|word| !word.is_empty() && *word != "OPTIONS").collect();
        words.extend(of_course.split(", ").filter(|word| !of_api.contains(word) || *word == "OPTIONS"));
        Some(words.join(", "))
    }

    /// A waiting request is asked again.
    fn answer_again(&self, request: &Request, now: Millis, resumed: &Resumed) -> Outcome<Next> {
        let Memo { wait, staff_key_id } = Memo::parse(&resumed.memo).ok_or(Refusal::Internal)?;
        let context = Context::new(&self.state, request, now, "");
        let prefer = Prefer::again(wait, resumed.over, resumed.applied, now);
        let answer = match wait.until {
            Until::TokenMoves { key, mark } => queue::api::poll_again(&context, &self.lines, key, mark, prefer),
            Until::ReservationSettles { reservation_id, is_new } => {
                reservation::api::look_again(&context, reservation_id, is_new, prefer)
            }
            Until::DateSettles { schedule_id } => reservation::staff_api::look_again(&context, schedule_id, prefer),
            Until::WebhookTested { webhook_id, test_no } => {
                webhook::staff_api::look_again(&context, webhook_id, test_no, prefer)
            }
            Until::ProbeEnds => readiness::look_again(&context, &self.readiness, prefer),
            Until::EventsFollow { after, limit } => operations::look_again(&context, after, limit, prefer),
        };
        let asked = Asked { actor: staff_key_id, once: None, language: request.language(), caller: StreamCaller::All };
        self.next(answer?, asked)
    }

    /// What an answer comes to for who asked. A staff key that was revoked meanwhile gets none.
    fn next(&self, answer: Answer, asked: Asked) -> Outcome<Next> {
        let Asked { actor, once, language, caller } = asked;
        if actor.is_some_and(|key_id| !self.keyring.has(key_id)) {
            return Err(Refusal::StaffKeyInvalid.into());
        }
        Ok(match answer {
            Answer::Ready(reply) => Next::Send(reply),
            Answer::Wait(wait) => Next::Wait(Memo { wait, staff_key_id: actor }),
            Answer::Stream(Piece { events, next: None }) => Next::Send(Piece::reply(events)),
            Answer::Stream(Piece { events, next: Some(mut next) }) => {
                let kept = std::mem::take(&mut next.kept);
                Next::Stream(Piece::reply(events), StreamMemo { caller, kept }.wait_request(next))
            }
            Answer::Write(work, undo) => Next::Write(WriteJob { actor, once, language, undo, work }),
        })
    }

    /// Whether what a request carries opened something once: a token that ended
    /// and was forgotten, a staff key that was revoked.
    fn was_ours(&self, request: &Request) -> bool {
        match Credential::of(request) {
            Credential::Bearer(key) => self.lines.has_issued(&key) || self.keyring.has_had(&key),
            _ => false,
        }
    }

    /// The answer to a refused request. Wrong keys are counted against their address, as guesses.
    fn refuse(&self, request: &Request, now: Millis, failure: &Failure) -> Reply {
        if let Failure::Broken(error) = failure {
            let (method, path) = (request.method.word(), &request.path);
            log::error!(
                "a request failed in SQLite; look at the disk, its space and its rights: {method} {path}: {error}"
            );
        }
        let refusal = match failure.to_refusal() {
            wrong @ (Refusal::UserKeyInvalid | Refusal::StaffKeyInvalid | Refusal::TokenInvalid)
                if !self.was_ours(request) =>
            {
                self.wrong_keys.count(request.peer, now).err().unwrap_or(wrong)
            }
            told => told,
        };
        Reply::refusal(&refusal, request.language())
    }
}

/// The OpenAPI document, in English.
///
/// # Errors
/// What does not fit together, in words.
pub fn document() -> Result<serde_json::Value, String> {
    openapi::document(ROUTES, Language::En)
}

/// What is answered before any worker, reader or writer is asked.
pub fn answer_at_once(method: Method, target: &str) -> Option<Reply> {
    (matches!(method, Method::Get | Method::Head) && target == "/healthz").then(operations::health)
}

/// The methods of a path, as its preflight is told; `None` where there is nothing.
pub fn allowed_methods(path: &str, handlers: &Handlers) -> Option<String> {
    let is_public = handlers.exposure == Exposure::Public;
    if is_public && is_for_staff(path) || handlers.tests.is_none() && is_for_tests(path) {
        return None;
    }
    handlers.methods(path)
}

/// What is answered by plain HTTP where https is spoken by an authority of the venue's own: how it comes to be trusted.
pub fn stays_plain(method: Method, path: &str) -> bool {
    let begins = |with: &str| path.starts_with(with);
    matches!(method, Method::Get | Method::Head) && (path == "/trust" || begins("/trust/") || begins("/assets/"))
}

/// Whether a request may bring a large body.
pub fn takes_large_body(method: Method, path: &str) -> bool {
    matches!(find::find(method, path), RouteMatch::Route(Route { body: Body::Large, .. }))
}

/// Below this are the calls of staff, each with a staff key.
const STAFF: &str = "/api/v1/staff";

fn is_call_of_staff(path: &str) -> bool {
    path.strip_prefix(STAFF).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What servers for tests alone have: the calls below a path of their own, and the clock.
fn is_for_tests(path: &str) -> bool {
    path == "/api/v1/staff/clock" || is_below_tests(path)
}

/// By these calls a test steers the server: they are neither listed among what was asked nor hit by faults.
fn is_below_tests(path: &str) -> bool {
    path.starts_with("/api/v1/staff/test/")
}

/// What is not shown to the public where staff have an address of their own.
fn is_for_staff(path: &str) -> bool {
    let begins = |with: &str| path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let pages = ["/staff", "/assets/staff", "/handbook", "/assets/handbook"];
    // A file stands below the version that a page named, or at the top.
    let versioned = path.strip_prefix("/assets/").and_then(|rest| rest.split_once('/')).map_or("", |(_, rest)| rest);
    let of_staff = ["staff/", "handbook/"].into_iter().any(|room| versioned.starts_with(room));
    is_call_of_staff(path) || pages.into_iter().any(begins) || of_staff || path == "/metrics"
}

/// Whether a person's browser asks for a page, outside of the API.
fn is_page(request: &Request) -> bool {
    !request.path.starts_with("/api/v1/") && web::is_browser(request)
}

/// A call without a body refuses one: what it says would be ignored.
fn no_body(request: &Request) -> Result<(), Refusal> {
    if request.body.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid("", "must not be there: this call takes no body", "이 요청에는 본문이 없어야 합니다"))
}
