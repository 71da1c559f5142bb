//! A stream that goes on: its call is asked for the next piece, for the caller that its beginning has found.

use super::before_handler::{Asked, check, member_of};
use super::find::{RouteMatch, find};
use super::route::Run;
use super::{Handlers, Next};
use crate::call::{Context, StreamCaller, StreamMemo};
use crate::clock::Millis;
use crate::http::{Method, Request};
use crate::queue::{Caller, streaming_caller, streaming_token};
use crate::refusal::Refusal;
use crate::store::Outcome;

impl Handlers {
    /// Asks for the next piece.
    pub(super) fn go_on(&self, request: &Request, now: Millis, memo: &str) -> Outcome<Next> {
        let StreamMemo { caller, .. } = StreamMemo::parse(memo).ok_or(Refusal::Internal)?;
        let RouteMatch::Route(route) = find(Method::Get, &request.path) else { return Err(Refusal::NotFound.into()) };
        let mut context = Context::new(&self.state, request, now, route.path);
        check(route, &mut context)?;
        let (lines, mut actor) = (&self.lines, None);
        let answer = match (&route.run, caller) {
            (Run::Token(run), StreamCaller::Token(key)) => run(self, &context, streaming_token(&context, lines, key)?),
            (Run::Active(run), StreamCaller::Token(key)) => {
                run(self, &context, streaming_caller(&context, lines, key)?)
            }
            (Run::Active(run), StreamCaller::All) => run(self, &context, Caller::NOBODY),
            (Run::User(run), StreamCaller::User(user_id)) => run(self, &context, user_id),
            (Run::Staff(roles, run), StreamCaller::Staff(key_id)) => {
                actor = Some(key_id);
                run(self, &context, &member_of(self.keyring.member(key_id), roles)?)
            }
            _ => Err(Refusal::Internal.into()),
        };
        self.next(answer?, Asked { actor, once: None, language: context.language(), caller })
    }
}
