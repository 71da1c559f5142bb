//! Every method and path, in one match, and how each comes to its answer.

mod operations;
mod roles;
mod staff;

use std::sync::Arc;

use uuid::Uuid;

pub use roles::{STAFF_CALLS, StaffCall};

use crate::http::{Method, Metrics, RateLimit, Reply, Request, Responder};
use crate::ids;
use crate::queue::{self, Line, active_token, any_token, same_user, token_or_user_key};
use crate::refusal::Refusal;
use crate::seat::Maps;
use crate::staff::Keyring;
use crate::store::{Failure, Lost, Outcome};
use crate::venue::{Answer, Tx, Venue, Work, Written};
use crate::{balance, payment, reservation, schedule, seat, ticket, user, web};

/// The rooms that the routes lead to.
#[derive(Clone)]
pub struct Rooms {
    /// What every use case is handed first.
    pub venue: Arc<Venue>,
    /// The line.
    pub line: Arc<Line>,
    /// The maps.
    pub maps: Arc<Maps>,
    /// The keys of those who work here.
    pub keyring: Arc<Keyring>,
    /// How many users and tokens each address made in the last minute.
    pub arrivals: Arc<RateLimit>,
    /// How many wrong keys and tokens each address sent in the last minute.
    pub wrong_keys: Arc<RateLimit>,
    /// What can be found through the door in front.
    pub surface: Surface,
    /// What the public door counts; known once it is open.
    pub door: Arc<std::sync::OnceLock<Arc<Metrics>>>,
}

/// What can be found through a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Everything.
    Whole,
    /// What customers need; the rest is behind a door for staff.
    Public,
}

impl Rooms {
    /// Answers a request, now or after a commit.
    pub fn serve(&self, request: Request, responder: Responder) {
        let answer = self.answer(&request);
        self.finish(request, responder, answer);
    }

    fn finish(&self, request: Request, responder: Responder, answer: Outcome<Answer>) {
        match answer {
            Ok(Answer::Ready(reply)) => responder.send(reply),
            Ok(Answer::Park(park)) => responder.park(park),
            Ok(Answer::Write(work)) => self.write(request, responder, work),
            Err(failure) => responder.send(self.refuse(&request, &failure)),
        }
    }

    /// Sends a piece of work to the writer; the answer leaves after the commit.
    fn write(&self, request: Request, responder: Responder, work: Work) {
        let rooms = self.clone();
        self.venue.writer.submit(Box::new(move |tx: Result<&Tx, Lost>| {
            let outcome = match tx {
                Ok(tx) => tx.whole(work),
                Err(lost) => Err(Failure::Refused(lost.told)),
            };
            Box::new(move |committed: Result<(), Lost>| {
                match committed.map_err(|lost| Failure::Refused(lost.told)).and(outcome) {
                    Ok(Written::Ready(reply)) => responder.send(reply),
                    Ok(Written::Park(_, park)) => responder.park(park),
                    Ok(Written::AfterCommit(read)) => responder.send(read()),
                    Ok(Written::Then(work)) => rooms.write(request, responder, work),
                    Err(failure) => responder.send(rooms.refuse(&request, &failure)),
                }
            })
        }));
    }

    fn answer(&self, request: &Request) -> Outcome<Answer> {
        if let Some(resumed) = &request.resumed {
            return self.resume(request, &resumed.memo, resumed.over, resumed.applied);
        }
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["api", "v1", "staff", ..]
            | ["staff" | "handbook", ..]
            | ["assets", "staff" | "handbook", ..]
            | ["metrics"]
                if self.surface == Surface::Public =>
            {
                Err(Refusal::NotFound.into())
            }
            ["api", "v1", "staff", path @ ..] => self.for_staff(request, path),
            ["api", "v1", path @ ..] => self.customer(request, path),
            path => self.house(request, path),
        }
    }

    fn resume(&self, request: &Request, memo: &str, over: bool, applied: bool) -> Outcome<Answer> {
        if let Some((key_id, memo)) = staff::of_staff(memo) {
            return self.by_key(key_id, self.resume(request, memo, over, applied)?);
        }
        match memo.split(' ').next() {
            Some("token") => queue::api::resume(&self.venue, &self.line, request, memo, over, applied),
            Some("reservation") => reservation::api::resume(&self.venue, memo, over, applied),
            Some("cancellation") => reservation::staff_api::resume(&self.venue, memo, over, applied),
            Some("events") => operations::resume_events(&self.venue, memo, over, applied),
            _ => Err(Refusal::Internal.into()),
        }
    }

    /// What is not the API: pages, health, metrics.
    fn house(&self, request: &Request, path: &[&str]) -> Outcome<Answer> {
        use Method::Get;
        match (request.method, path) {
            (Get, [""]) => Ok(Answer::Ready(web::customer(request))),
            (Get, ["staff"] | ["staff", ""]) => Ok(Answer::Ready(web::staff(request))),
            (Get, ["handbook", path @ ..]) => web::handbook(request, path).map(Answer::Ready).map_err(Failure::from),
            (Get, ["assets", room, file]) => web::file(request, room, file).map(Answer::Ready).map_err(Failure::from),
            (Get, ["problems", code]) => web::problem(request, code).map(Answer::Ready).map_err(Failure::from),
            (Get, ["healthz"]) => operations::health(),
            (Get, ["readyz"]) => operations::ready(),
            (Get, ["metrics"]) => operations::metrics(&self.venue, &self.line, self.door.get()),
            (
                _,
                ["" | "staff" | "healthz" | "readyz" | "metrics"]
                | ["problems", _]
                | ["staff", ""]
                | ["assets", _, _]
                | ["handbook", ..],
            ) => no_method(request, "GET, HEAD, OPTIONS".into()),
            (Get, _) if web::is_browser(request) => Ok(Answer::Ready(web::not_found(request))),
            _ => Err(Refusal::NotFound.into()),
        }
    }

    fn customer(&self, request: &Request, path: &[&str]) -> Outcome<Answer> {
        use Method::{Delete, Get, Post};
        let (venue, line) = (&*self.venue, &self.line);
        let active = || active_token(venue, line, request);
        let user = || token_or_user_key(venue, line, request);
        match (request.method, path) {
            (Get, ["openapi.json"]) => Ok(Answer::Ready(web::openapi(request))),
            (Get, ["venue"]) => operations::venue(venue, line),
            (Post, ["users"]) => {
                self.arrivals.count(request.peer, venue.clock.now())?;
                user::api::register(request)
            }
            (Post, ["queue", "tokens"]) => {
                self.arrivals.count(request.peer, venue.clock.now())?;
                queue::api::issue(venue, line, request)
            }
            (Get, ["queue", "token"]) => queue::api::poll(venue, line, request),
            (Delete, ["queue", "token"]) => reservation::api::leave(any_token(venue, line, request, 0)?.caller()),
            (Get, ["queue", "draw"]) => queue::api::draw(venue),
            (Get, ["concerts"]) => schedule::api::concerts(venue),
            (Get, ["concerts", concert, "schedules"]) => {
                active()?;
                seat::api::schedules(venue, &self.maps, request, number(concert)?)
            }
            (Get, ["concerts", concert, "seats"]) => {
                seat::api::seats_on_date(venue, &self.maps, request, number(concert)?, active()?.user_id)
            }
            (Get, ["schedules", schedule, "seats"]) => {
                let viewer = active()?.user_id;
                seat::api::seats(venue, &self.maps, request, number(schedule)?, viewer)
            }
            (Post, ["reservations"]) => match active() {
                Ok(caller) => reservation::api::reserve(venue, &self.maps, request, caller),
                Err(known) => venue.repeated(request, known.user_id, known.failure),
            },
            (Get, ["reservations"]) => reservation::api::reservations(venue, user()?),
            (Get, ["reservations", id]) => {
                let user_id = user()?;
                reservation::api::reservation(venue, request, user_id, reservation_id(id)?)
            }
            (Delete, ["reservations", id]) => {
                let user_id = user()?;
                reservation::api::cancel(user_id, reservation_id(id)?)
            }
            (Post, ["reservations", id, "refund"]) => match user() {
                Ok(user_id) => reservation::api::refund(request, user_id, reservation_id(id)?),
                Err(known) => venue.repeated(request, known.user_id, known.failure),
            },
            (Get, ["users", id, "balance"]) => balance::api::balance(venue, self.own(request, id)?),
            (Get, ["users", id, "balance", "entries"]) => balance::api::entries(venue, request, self.own(request, id)?),
            (Post, ["users", id, "balance", "top-ups"]) => self.top_up(request, id),
            (Post, ["payments"]) => match active() {
                Ok(caller) => payment::api::pay(venue, request, caller),
                Err(known) => venue.repeated(request, known.user_id, known.failure),
            },
            (Get, ["payments", id]) => {
                let user_id = user()?;
                payment::api::payment(venue, user_id, ids::parse_id(id).ok_or(Refusal::PaymentNotFound)?)
            }
            (Get, ["tickets", "key"]) => ticket::api::key(venue),
            (Get, ["tickets", id]) => ticket::api::ticket(venue, user()?, id),
            (_, path) => no_method(request, customer_methods(path).ok_or(Refusal::NotFound)?.into()),
        }
    }

    /// The user of `/users/{userId}/…`, who must be the caller.
    fn own(&self, request: &Request, in_path: &str) -> Outcome<Uuid> {
        let caller = token_or_user_key(&self.venue, &self.line, request)?;
        let in_path = ids::parse_id(in_path).ok_or(Refusal::NotFound)?;
        same_user(caller, in_path).map(|()| caller)
    }

    fn top_up(&self, request: &Request, in_path: &str) -> Outcome<Answer> {
        let caller = match token_or_user_key(&self.venue, &self.line, request) {
            Ok(caller) => caller,
            Err(known) => return self.venue.repeated(request, known.user_id, known.failure),
        };
        let in_path = ids::parse_id(in_path).ok_or(Refusal::NotFound)?;
        same_user(caller, in_path)?;
        balance::api::top_up(&self.venue, request, caller)
    }

    /// The answer to a refused request. Wrong keys are counted against their address.
    fn refuse(&self, request: &Request, failure: &Failure) -> Reply {
        if let Failure::Broken(error) = failure {
            log::error!("request {}: {} {}: SQLite: {error}", request.id, request.method.word(), request.path);
        }
        let refusal = match (request.path.as_str(), failure.told()) {
            ("/readyz", told) => Refusal::NotReady { reason: told.code().word() },
            (_, wrong @ (Refusal::UserKeyInvalid | Refusal::StaffKeyInvalid | Refusal::TokenInvalid)) => {
                self.wrong_keys.count(request.peer, self.venue.clock.now()).err().unwrap_or(wrong)
            }
            (_, told) => told,
        };
        Reply::refusal(&refusal, request.language())
    }
}

/// The methods of a customer's path; `None` when there is no such path.
fn customer_methods(path: &[&str]) -> Option<&'static str> {
    Some(match path {
        ["openapi.json"] | ["tickets", _] | ["venue"] | ["concerts"] | ["queue", "draw"] => "GET, HEAD, OPTIONS",
        ["concerts", _, "schedules" | "seats"] | ["schedules", _, "seats"] => "GET, HEAD, OPTIONS",
        ["users", _, "balance"] | ["users", _, "balance", "entries"] | ["payments", _] => "GET, HEAD, OPTIONS",
        ["users"] | ["queue", "tokens"] | ["users", _, "balance", "top-ups"] | ["payments"] => "POST, OPTIONS",
        ["reservations", _, "refund"] => "POST, OPTIONS",
        ["queue", "token"] | ["reservations", _] => "GET, HEAD, DELETE, OPTIONS",
        ["reservations"] => "GET, HEAD, POST, OPTIONS",
        _ => return None,
    })
}

/// Whether a request may bring a large body: staff make a schedule with its layout.
pub fn takes_large_body(method: Method, path: &str) -> bool {
    let Some(path) = path.strip_prefix("/api/v1/staff/") else { return false };
    let path: Vec<&str> = path.split('/').collect();
    matches!(
        (method, path.as_slice()),
        (Method::Post, ["concerts", _, "schedules"]) | (Method::Patch, ["schedules", _])
    )
}

fn no_method(request: &Request, allow: String) -> Outcome<Answer> {
    match request.method {
        Method::Options => Ok(Answer::Ready(Reply::empty(204).with("Allow", allow))),
        _ => Err(Refusal::MethodNotAllowed { allow }.into()),
    }
}

fn number(segment: &str) -> Outcome<i64> {
    let plain = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| segment.parse().ok()).flatten().ok_or_else(|| Refusal::NotFound.into())
}

fn user_id(segment: &str) -> Outcome<Uuid> {
    ids::parse_id(segment).ok_or_else(|| Refusal::UserNotFound.into())
}

fn reservation_id(segment: &str) -> Outcome<Uuid> {
    ids::parse_id(segment).ok_or_else(|| Refusal::ReservationNotFound.into())
}
