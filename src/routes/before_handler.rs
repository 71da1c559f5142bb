//! What is checked of every call before its handler runs: who calls and whether they may, then whether the request is
//! well-formed.

use super::find::{RouteMatch, find};
use super::route::{ADMIN, Run};
use super::{Body, Handlers, KeyUse, Next, Route, no_body};
use crate::call::{Answer, Context, StreamCaller, StreamMemo};
use crate::clock::Millis;
use crate::http::{self, Credential, Fields, Method, Once, Request};
use crate::queue::{
    Caller, RejectedCaller, active_token, any_token, streaming_caller, streaming_token, token_or_user_key,
};
use crate::refusal::{Language, Localized, Refusal};
use crate::staff::{Member, Role};
use crate::store::Outcome;
use uuid::Uuid;

/// Who asked, as far as writing goes.
pub(super) struct Asked {
    /// The staff key.
    pub actor: Option<i64>,
    /// The `Idempotency-Key` with what it is bound to.
    pub once: Option<Once>,
    /// The language of the answer.
    pub language: Language,
    /// Whom a stream goes on for.
    pub caller: StreamCaller,
}

impl Handlers {
    /// A call: who may, then whether it is well-formed, then its own code.
    pub(super) fn call(
        &self,
        route: &'static Route,
        request: &Request,
        now: Millis,
        member: Option<Member>,
    ) -> Outcome<Next> {
        let mut context = Context::new(&self.state, request, now, route.path);
        let lines = &self.lines;
        match route.run {
            Run::Open(run) => {
                check(route, &mut context)?;
                if route.is_arrival {
                    self.arrivals.count(request.peer, now)?;
                }
                self.done(route, &context, StreamCaller::All, None, run(self, &context)?)
            }
            Run::Token(run) => {
                let wait_seconds = if route.waits { context.prefer().seconds() } else { 0 };
                let seen = any_token(&context, lines, wait_seconds)?;
                check(route, &mut context)?;
                let (caller, user_id) = (StreamCaller::Token(seen.key), seen.user_id);
                self.done(route, &context, caller, Some(user_id), run(self, &context, seen)?)
            }
            Run::Active(run) => match active_token(&context, lines) {
                Err(known) => self.replayed(route, request, known),
                Ok(caller) => {
                    check(route, &mut context)?;
                    let whose = StreamCaller::Token(caller.key);
                    self.done(route, &context, whose, Some(caller.user_id), run(self, &context, caller)?)
                }
            },
            Run::User(run) => match token_or_user_key(&context, lines) {
                Err(known) => self.replayed(route, request, known),
                Ok(user_id) => {
                    check(route, &mut context)?;
                    let caller = StreamCaller::User(user_id);
                    self.done(route, &context, caller, Some(user_id), run(self, &context, user_id)?)
                }
            },
            Run::Staff(roles, run) => {
                let member = member_of(member, roles)?;
                check(route, &mut context)?;
                let (answer, key_id) = (run(self, &context, &member)?, member.key_id);
                self.done(route, &context, StreamCaller::Staff(key_id), Some(Once::of_staff(key_id)), answer)
            }
            Run::Test(run) => {
                let tests = self.tests.as_ref().ok_or(Refusal::TestServerOnly)?;
                let member = member_of(member, ADMIN)?;
                check(route, &mut context)?;
                let answer = run(tests, &context)?;
                let key_id = member.key_id;
                self.done(route, &context, StreamCaller::Staff(key_id), Some(Once::of_staff(key_id)), answer)
            }
        }
    }

    /// Looks at a call whose body is not there yet.
    ///
    /// # Errors
    /// Why it is refused whatever its body holds.
    pub(super) fn check_head(&self, head: &Request, now: Millis) -> Outcome<()> {
        let (route, member) = match self.find(head, now)? {
            (RouteMatch::Route(route), member) => (route, member),
            (RouteMatch::Methods(_), _) if head.method == Method::Options => return Ok(()),
            (RouteMatch::Methods(allow), _) => return Err(Refusal::MethodNotAllowed { allow }.into()),
            (RouteMatch::Nothing, _) => return Err(Refusal::NotFound.into()),
        };
        let mut context = Context::new(&self.state, head, now, route.path);
        let has_key = http::idempotency_key(head)?.is_some();
        let caller = match route.run {
            Run::Open(_) => Ok(()),
            Run::Token(_) => any_token(&context, &self.lines, 0).map(drop),
            Run::Active(_) => active_token(&context, &self.lines).map(drop),
            Run::User(_) => token_or_user_key(&context, &self.lines).map(drop),
            Run::Staff(roles, _) => return member_of(member, roles).and_then(|_| Ok(check(route, &mut context)?)),
            Run::Test(_) => return member_of(member, ADMIN).and_then(|_| Ok(check(route, &mut context)?)),
        };
        match caller {
            Ok(()) => Ok(check(route, &mut context)?),
            // Whether it repeats a call that was answered is seen from its body.
            Err(known) if known.user_id.is_some() && route.key_use == KeyUse::Keeps && has_key => Ok(()),
            Err(known) => Err(known.failure),
        }
    }

    /// Asks for the next piece of a stream that goes on, for the caller that its beginning has found.
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

    fn done(
        &self,
        route: &Route,
        context: &Context,
        caller: StreamCaller,
        caller_id: Option<Uuid>,
        answer: Answer,
    ) -> Outcome<Next> {
        let caller_id = caller_id.filter(|_| route.key_use == KeyUse::Keeps);
        let once = caller_id.map(|caller_id| Once::of(context.request, caller_id)).transpose()?.flatten();
        let actor = if let StreamCaller::Staff(key_id) = caller { Some(key_id) } else { None };
        self.next(answer, Asked { actor, once, language: context.language(), caller })
    }

    /// For a caller whose token opens nothing: the first answer again if this is a repetition, else why it does not.
    fn replayed(&self, route: &Route, request: &Request, known: RejectedCaller) -> Outcome<Next> {
        let caller_id = known.user_id.filter(|_| route.key_use == KeyUse::Keeps);
        let once = caller_id.map(|caller_id| Once::of(request, caller_id)).transpose()?.flatten();
        let kept = once.map(|once| once.find(&*self.state.readers.get()?)).transpose()?.flatten();
        kept.map(Next::Send).ok_or(known.failure)
    }

    /// Whose staff key the request carries.
    pub(super) fn member(&self, request: &Request, now: Millis) -> Outcome<Member> {
        // A staff key may be of somebody's own choosing: guesses beyond the limit are not even looked at.
        self.wrong_keys.must_have_left(request.peer, now)?;
        match Credential::of(request) {
            Credential::Bearer(key) => self.keyring.find(&key).ok_or_else(|| Refusal::StaffKeyInvalid.into()),
            _ => Err(Refusal::StaffKeyInvalid.into()),
        }
    }
}

/// Who of staff calls, when one of these roles may.
fn member_of(member: Option<Member>, roles: &[Role]) -> Outcome<Member> {
    let member = member.ok_or(Refusal::StaffKeyInvalid)?;
    member.must_be(roles)?;
    Ok(member)
}

/// Refuses what the call would ignore: a key, a parameter or a body that it does not take.
fn check(route: &Route, context: &mut Context) -> Result<(), Refusal> {
    let request = context.request;
    let has_key = http::idempotency_key(request)?.is_some();
    match route.key_use {
        KeyUse::Keeps => {}
        _ if !has_key => {}
        KeyUse::Secret => {
            return Err(refused_key(
                "Idempotency-Key is not taken here: the answer has a secret, and secrets are kept nowhere",
                "여기서는 Idempotency-Key를 쓸 수 없습니다. 응답에 비밀 값이 들어 있어 보관하지 않습니다",
            ));
        }
        KeyUse::Meaningless => {
            return Err(refused_key(
                "Idempotency-Key is taken by POST alone: this method may be repeated without one",
                "Idempotency-Key는 POST에만 쓸 수 있습니다. 이 메서드는 키 없이 반복해도 됩니다",
            ));
        }
    }
    if let Some(known) = route.query {
        context.read_query(known)?;
    }
    if route.streams {
        context.read_stream();
    }
    match route.body {
        Body::None => no_body(request),
        Body::Empty if request.has_no_body() => Ok(()),
        Body::Empty => Fields::of(request)?.end(),
        Body::Optional | Body::Json | Body::Large => Ok(()),
    }
}

fn refused_key(en: &str, ko: &str) -> Refusal {
    Refusal::InvalidHeader { reason: Localized::new(en, ko) }
}
