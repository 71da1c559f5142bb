//! A course's calls: each is found in the table of the course, and comes to calls of the API.

use std::sync::{Arc, mpsc};

use super::answering::Answering;
use super::find::{RouteMatch, find};
use super::{Handlers, Next, is_call_of_staff};
use crate::call::{Context, Tx};
use crate::clock::Millis;
use crate::course::{Call, Course, CourseMatch, User, Values};
use crate::http::{Reply, Request, parse_json};
use crate::queue::any_token;
use crate::refusal::Refusal;
use crate::store::{CommitError, Failure, OpenError, Outcome};
use crate::user;

/// What of the last step's header fields goes into the answer.
const KEPT_FIELDS: [&str; 2] = ["Retry-After", "Idempotency-Replayed"];

/// Opens the table of a course, shipped or from a file.
///
/// # Errors
/// One sentence with the place of what is wrong.
pub fn open_course(name: &str) -> Result<Arc<Course>, OpenError> {
    let is_call = |method, path: &str| {
        path.starts_with("/api/v1/") && !is_call_of_staff(path) && matches!(find(method, path), RouteMatch::Route(_))
    };
    Course::open(name, is_call).map(Arc::new)
}

impl Handlers {
    /// Answers a call of the course; gives back what is none.
    pub(super) fn answer_course(
        self: &Arc<Self>,
        request: &Request,
        now: Millis,
        answering: Answering,
    ) -> Option<Answering> {
        let Some(course) = self.course.as_ref().filter(|_| request.resumed.is_none()) else { return Some(answering) };
        let found = course.find(request).map_err(Failure::from).and_then(|found| match found {
            CourseMatch::Nothing => Ok(None),
            CourseMatch::Unmapped(refusal) => Err(refusal.into()),
            CourseMatch::Call(call, mut values) => {
                let last = self.read_steps(&call, &mut values, request, now)?;
                Ok(Some((last, move |reply| answer_of(&call, &mut values, reply))))
            }
        });
        match found {
            Ok(None) => return Some(answering),
            Ok(Some((last, answer))) => self.carry_out(last, now, answering.through(answer)),
            Err(failure) => answering.send(self.refuse(request, now, &failure)),
        }
        None
    }

    /// Takes all steps but the last, which only read, and gives the request of the last.
    fn read_steps(&self, call: &Call, values: &mut Values, request: &Request, now: Millis) -> Outcome<Request> {
        self.settle_user(call, values, request, now)?;
        let (last, reads) = call.steps.split_last().ok_or(Refusal::Internal)?; // each call has one
        for step in reads {
            let Next::Send(reply) = self.answer(&step.request(values, false)?, now)? else {
                return Err(Refusal::Internal.into()); // only what writes, or waits, is answered later
            };
            values.answers.push(parse_json(&reply.body).unwrap_or_default());
        }
        Ok(last.request(values, true)?)
    }

    /// Sees to it that the user of a call is there: the one that it names, or else the owner of its token.
    fn settle_user(&self, call: &Call, values: &mut Values, request: &Request, now: Millis) -> Outcome<()> {
        if values.user.is_none() && call.needs_user() {
            let headers = values.authorization().map(|value| ("authorization".to_owned(), value));
            let with_token = Request { headers: headers.into_iter().collect(), ..request.clone() };
            let owner = match any_token(&Context::new(&self.state, &with_token, now, ""), &self.lines, 0) {
                Ok(token) => Some(token.user_id),
                Err(known) => known.user_id,
            };
            values.user = owner.and_then(User::of_id);
        }
        let Some(user) = values.user else { return call.user_missing().map_or(Ok(()), |missing| Err(missing.into())) };
        values.user_key = user.key(&self.state.signing);
        match user::check_key(&self.state.readers.get()?, user.id(), &values.user_key) {
            Err(Failure::Refused(Refusal::UserKeyInvalid)) => {
                self.arrivals.count(request.peer, now)?;
                self.write_user(user, values.user_key.clone())
            }
            known => known,
        }
    }

    /// Registers a user and waits for the commit: the steps that follow read it. It holds up one worker, at the first
    /// call of each user, on a server for trying things out.
    fn write_user(&self, user: User, key: String) -> Outcome<()> {
        let (sender, receiver) = mpsc::channel();
        self.state.writer.submit(Box::new(move |tx: Result<&Tx, CommitError>| {
            let outcome = tx.map_err(|lost| Failure::Refused(lost.refusal));
            let outcome = outcome.and_then(|tx| tx.savepoint(|tx| user::settle(tx, user.id(), &user.name(), key)));
            Box::new(move |committed: Result<(), CommitError>| {
                let committed = committed.map_err(|lost| Failure::Refused(lost.refusal));
                let _ = sender.send(committed.and(outcome)); // the receiver waits
            })
        }));
        receiver.recv().unwrap_or_else(|_| Err(Refusal::Internal.into()))
    }
}

/// The answer to a call in the words of the course, from that to its last step; a refusal stays as it is.
fn answer_of(call: &Call, values: &mut Values, reply: Reply) -> Reply {
    if !(200..300).contains(&reply.status) {
        return reply;
    }
    values.answers.push(parse_json(&reply.body).unwrap_or_default());
    let (status, content) = call.answer(values);
    let mut answer = match content {
        Some(content) => Reply::json(status.unwrap_or(reply.status), &content),
        None => Reply { status: status.unwrap_or(reply.status), headers: Vec::new(), ..reply.clone() },
    };
    answer.headers.extend(reply.headers.into_iter().filter(|(name, _)| KEPT_FIELDS.contains(&name.as_ref())));
    answer
}
