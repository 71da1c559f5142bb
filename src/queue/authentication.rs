//! Who is calling: a queue token, or a user's own key.

use uuid::Uuid;

use super::{Lines, TokenStatus, TokenView};
use crate::call::{Context, HEARTBEAT_SECONDS};
use crate::http::Credential;
use crate::ids::{self, LineId, TokenKey};
use crate::refusal::{Refusal, TokenEnd};
use crate::store::{Failure, Outcome};
use crate::user;

/// A caller with a token.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub user_id: Uuid,
    pub key: TokenKey,
    /// The line where the token stands.
    pub line_id: LineId,
}

impl Caller {
    /// Nobody in particular, who has no seats.
    pub const NOBODY: Caller = Caller { user_id: Uuid::nil(), key: TokenKey(0), line_id: LineId::SHARED };

    /// Refuses what another line opens. What goes on for nobody in particular was opened by a token at its beginning.
    ///
    /// # Errors
    /// `TOKEN_OTHER_LINE`.
    pub fn must_open(&self, lines: &Lines, concert_id: i64) -> Result<(), Refusal> {
        let opens = self.key == Caller::NOBODY.key || lines.opens(self.line_id, concert_id);
        if opens { Ok(()) } else { Err(Refusal::TokenOtherLine { concert_id }) }
    }
}

impl TokenView {
    /// The owner of the token as a caller.
    pub fn caller(&self) -> Caller {
        Caller { user_id: self.user_id, key: self.key, line_id: self.line_id }
    }
}

/// A refused token whose owner is known all the same: a repeated request still gets its first answer.
#[derive(Debug)]
pub struct RejectedCaller {
    /// Why the token opens nothing.
    pub failure: Failure,
    /// Whose it is or was.
    pub user_id: Option<Uuid>,
}

impl From<Failure> for RejectedCaller {
    fn from(failure: Failure) -> RejectedCaller {
        RejectedCaller { failure, user_id: None }
    }
}

impl From<RejectedCaller> for Failure {
    fn from(known: RejectedCaller) -> Failure {
        known.failure
    }
}

/// The valid token of a request, waiting or active, for an answer that may take `wait_seconds`.
///
/// # Errors
/// `TOKEN_REQUIRED`, `TOKEN_INVALID`, `TOKEN_EXPIRED`.
pub fn any_token(context: &Context, lines: &Lines, wait_seconds: u32) -> Result<TokenView, RejectedCaller> {
    let Credential::Bearer(text) = Credential::of(context.request) else {
        return Err(Failure::from(Refusal::TokenRequired).into());
    };
    let key = TokenKey::parse(&text).ok_or(Failure::Refused(Refusal::TokenInvalid))?;
    live_token(context, lines, key, wait_seconds)
}

/// A token that is waiting or active.
///
/// # Errors
/// `TOKEN_INVALID`, `TOKEN_EXPIRED`.
fn live_token(context: &Context, lines: &Lines, key: TokenKey, wait_seconds: u32) -> Result<TokenView, RejectedCaller> {
    live_or_ended(context, key, lines.poll(key, context.now, wait_seconds))
}

/// The token of a stream that goes on. Its client is still there, which keeps it in the line while it waits; once it is
/// let in, that is no call of its owner.
///
/// # Errors
/// `TOKEN_INVALID`, `TOKEN_EXPIRED`.
pub fn streaming_token(context: &Context, lines: &Lines, key: TokenKey) -> Result<TokenView, RejectedCaller> {
    let seen = viewed_token(context, lines, key)?;
    if seen.status == TokenStatus::Waiting { live_token(context, lines, key, HEARTBEAT_SECONDS) } else { Ok(seen) }
}

/// The caller of a stream that goes on, who must be active.
///
/// # Errors
/// Those of [`active_token`].
pub fn streaming_caller(context: &Context, lines: &Lines, key: TokenKey) -> Result<Caller, RejectedCaller> {
    active_caller(viewed_token(context, lines, key)?)
}

/// A token that is waiting or active, for the answer to a long poll: the server answers, and nobody has called.
///
/// # Errors
/// `TOKEN_INVALID`, `TOKEN_EXPIRED`.
pub(super) fn viewed_token(context: &Context, lines: &Lines, key: TokenKey) -> Result<TokenView, RejectedCaller> {
    live_or_ended(context, key, lines.view(key, context.now))
}

fn live_or_ended(
    context: &Context,
    key: TokenKey,
    found: Option<Result<TokenView, (TokenEnd, Uuid)>>,
) -> Result<TokenView, RejectedCaller> {
    match found {
        Some(Ok(seen)) => Ok(seen),
        Some(Err((reason, user_id))) => {
            Err(RejectedCaller { failure: Refusal::TokenExpired { reason }.into(), user_id: Some(user_id) })
        }
        None => {
            let (refusal, user_id) = super::find_ended(&*context.reader()?, key)?;
            Err(RejectedCaller { failure: refusal.into(), user_id })
        }
    }
}

/// The active token of a request.
///
/// # Errors
/// Those of [`any_token`], and `TOKEN_WAITING`.
pub fn active_token(context: &Context, lines: &Lines) -> Result<Caller, RejectedCaller> {
    active_caller(any_token(context, lines, 0)?)
}

fn active_caller(seen: TokenView) -> Result<Caller, RejectedCaller> {
    if seen.status == TokenStatus::Active {
        return Ok(seen.caller());
    }
    let waiting = Refusal::TokenWaiting { position: seen.position, poll_after_seconds: seen.advice.poll_after_seconds };
    Err(RejectedCaller { failure: waiting.into(), user_id: Some(seen.user_id) })
}

/// The user behind a valid token or a user key.
///
/// # Errors
/// Those of [`any_token`], and `USER_KEY_INVALID`.
pub fn token_or_user_key(context: &Context, lines: &Lines) -> Result<Uuid, RejectedCaller> {
    let Credential::Basic(user_id, key) = Credential::of(context.request) else {
        return Ok(any_token(context, lines, 0)?.user_id);
    };
    let user_id = ids::parse_id(&user_id).ok_or(Failure::Refused(Refusal::UserKeyInvalid))?;
    user::check_key(&context.reader()?, user_id, &key)?;
    Ok(user_id)
}

/// The user of `/users/{userId}/…`, who must be the caller.
///
/// # Errors
/// `NOT_FOUND` for what is no id; `NOT_YOURS`, the same for a user that does not exist.
pub fn own_user(context: &Context, caller: Uuid) -> Outcome<Uuid> {
    let in_path = context.id("userId", Refusal::NotFound)?;
    if caller == in_path { Ok(caller) } else { Err(Refusal::NotYours.into()) }
}
