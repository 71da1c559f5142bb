//! The waiting line as customers see it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::authentication::viewed_token;
use super::{Issued, Lines, TokenStatus, TokenView};
use crate::call::{
    Answer, AppState, Context, HEARTBEAT_SECONDS, NextPiece, Piece, Prefer, StreamAt, Until, Written, topics,
    write_event,
};
use crate::http::{Fields, Reply};
use crate::ids::{LineId, TokenKey};
use crate::refusal::{Language, Refusal};
use crate::store::Outcome;
use crate::user;

/// A token on the wire.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenJson<'s> {
    /// Its owner alone sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The key of a user whom the call registered, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_key: Option<&'s str>,
    /// There, and true, where a new token got the place that its user had lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    place_restored: bool,
    #[serde(flatten)]
    seen: &'s TokenView,
    message: Option<&'s str>,
}

impl TokenJson<'_> {
    /// A token as staff see it.
    pub fn of(seen: &TokenView, language: Language) -> TokenJson<'_> {
        TokenJson {
            token: None,
            user_key: None,
            place_restored: false,
            seen,
            message: seen.message.as_ref().map(|say| say.in_language(language)),
        }
    }
}

fn token_reply(seen: &TokenView, status: u16, language: Language) -> Reply {
    shown_reply(status, &TokenJson { token: Some(seen.key.to_string()), ..TokenJson::of(seen, language) })
}

fn shown_reply(status: u16, shown: &TokenJson) -> Reply {
    Reply::json(status, shown).with("Retry-After", shown.seen.advice.poll_after_seconds.to_string())
}

/// A token that was asked for, and where it comes from.
fn issued_reply(seen: &TokenView, issued: Issued, language: Language, user_key: Option<&str>) -> Reply {
    let token = Some(seen.key.to_string());
    let place_restored = issued == Issued::PlaceRestored;
    let shown = TokenJson { token, user_key, place_restored, ..TokenJson::of(seen, language) };
    match issued {
        Issued::Before => shown_reply(200, &shown),
        Issued::New | Issued::PlaceRestored => shown_reply(201, &shown).with("Location", "/api/v1/queue/token"),
    }
}

/// Who lines up.
enum Joins {
    /// A user who proves it.
    User { id: Uuid, key: String },
    /// Somebody whom the same call registers under a name: one write in place of two.
    New(user::NewUser),
}

/// `POST /queue/tokens`, open to all: needs a `userId` and its `userKey`, or a `name` alone; with a `concertId` it is
/// about the line of that concert, else about the shared line. 200 with the valid token of the user there if there is
/// one, else 201 with `Location` and a new one: with `placeRestored` on the place that the user lost by inactivity
/// within `graceSeconds`, if nobody who stood behind was let in since, else at the end of the line; with a `name`
/// always 201, with the key of the new user, shown this once. No `Idempotency-Key`: the answer has a secret. A token
/// that ends in the same moment is a 401. 401 `USER_KEY_INVALID`, `TOKEN_INVALID`, `TOKEN_EXPIRED`; 403 `USER_BANNED`;
/// 404 `CONCERT_NOT_FOUND`.
pub fn issue(context: &Context, lines: &Arc<Lines>) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let [is_new, ..] = ["name", "userId", "userKey"].map(|name| fields.has(name));
    let joins = match is_new {
        true => Joins::New(user::NewUser::named(user::api::name(&mut fields)?)),
        false => Joins::User { id: fields.id("userId")?, key: fields.text("userKey")? },
    };
    let concert_id = read_concert(&mut fields)?;
    fields.end()?;
    let language = context.language();
    if let Joins::User { id, key } = &joins {
        let reader = context.reader()?;
        user::check_key(&reader, *id, key)?;
        if let Some(seen) = lines.poll_user(super::line_of(&reader, concert_id)?, *id, context.now) {
            return Ok(Answer::Ready(token_reply(&seen, 200, language)));
        }
    }
    let (lines, state) = (Arc::clone(lines), Arc::clone(context.state));
    Answer::write_decided(move |tx| {
        let line_id = super::line_of(tx, concert_id)?;
        let (key, issued, user_key) = match joins {
            Joins::User { id, .. } => {
                let (key, issued) = super::issue(tx, &lines, line_id, id)?;
                (key, issued, None)
            }
            Joins::New(new) => {
                let new = user::register(tx, new)?;
                (super::issue_first(tx, &lines, line_id, new.user_id)?, Issued::New, Some(new.user_key))
            }
        };
        // As it stands at its own moment: an answer that is late for itself must not say that the token is over.
        let now = tx.now();
        Ok(Written::AfterCommit(Box::new(move || match lines.poll(key, now, 0) {
            Some(Ok(seen)) => issued_reply(&seen, issued, language, user_key.as_deref()),
            Some(Err((reason, _))) => Reply::refusal(&Refusal::TokenExpired { reason }, language),
            None => Reply::refusal(&why_ended(&state, key), language), // in the moment between
        })))
    })
}

/// The concert whose line is meant; `None`: the shared line.
pub(super) fn read_concert(fields: &mut Fields) -> Result<Option<i64>, Refusal> {
    fields.has("concertId").then(|| fields.integer("concertId", 1..=i64::MAX)).transpose()
}

/// Why a token is not live that was a moment ago.
fn why_ended(state: &AppState, key: TokenKey) -> Refusal {
    let ended = state.readers.get().and_then(|reader| super::find_ended(&reader, key));
    ended.map_or_else(|failure| failure.to_refusal(), |(refusal, _)| refusal)
}

/// `GET /queue/token`, for a token: the caller's place in the line. A poll keeps a waiting token alive, and may be the
/// first call that a token owes within `claimSeconds` of its admission. 200 with `Retry-After`; with `Prefer: wait`
/// once `status`, `paused` or `message` changes. As a stream: at once when these change, and with each step of the
/// position within `pollAfterSeconds`; the stream is a poll as long as it is open.
pub fn poll(context: &Context, seen: &TokenView) -> Outcome<Answer> {
    Ok(match context.stream() {
        Some(at) => Answer::Stream(told(context, seen, at)),
        None => shown(context, seen, mark(seen), context.prefer()),
    })
}

/// `GET /queue/draw`, open to all: 200 with the latest draw of the shared line, or with `concertId` of the line that
/// this concert has or had of its own. 404 `NO_DRAW`.
pub fn draw(context: &Context) -> Outcome<Answer> {
    Answer::json(200, &super::draw::must_find(&*context.reader()?, drawn_line(context)?)?)
}

fn drawn_line(context: &Context) -> Result<LineId, Refusal> {
    Ok(context.query_number("concertId", 1..=i64::MAX)?.map_or(LineId::SHARED, LineId))
}

/// Draws of a page at most, and unless asked otherwise.
const DRAWS_MAX: u32 = 100;
const DRAWS: u32 = 20;

/// `GET /queue/draws`, open to all: 200 with a page of the draws that were held in the shared line, or with `concertId`
/// in the line that this concert has or had of its own, the latest first: `limit` 1 to 100 (20), `cursor`.
pub fn draws(context: &Context) -> Outcome<Answer> {
    let (limit, cursor) = (context.limit(DRAWS, DRAWS_MAX)?, context.cursor()?);
    let (draws, more) = super::list_draws(&*context.reader()?, drawn_line(context)?, cursor, limit as usize)?;
    let next = draws.last().filter(|_| more).map(|draw| draw.number.to_string());
    Answer::json(200, &json!({ "draws": draws, "nextCursor": next }))
}

/// Differs when what a waiting caller waits for differs.
fn mark(seen: &TokenView) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seen.status, seen.paused).hash(&mut hasher);
    seen.message.as_ref().map(|say| (&say.ko, &say.en)).hash(&mut hasher);
    hasher.finish()
}

/// A caller who waited is asked again: by the server, so that this is no poll of theirs.
pub fn poll_again(context: &Context, lines: &Lines, key: TokenKey, before: u64, prefer: Prefer) -> Outcome<Answer> {
    let seen = viewed_token(context, lines, key)?;
    Ok(shown(context, &seen, before, prefer))
}

/// A token, or the wait until its mark is another than the caller knows.
fn shown(context: &Context, seen: &TokenView, known: u64, prefer: Prefer) -> Answer {
    let until = Until::TokenMoves { key: seen.key, mark: known };
    prefer.answer(token_reply(seen, 200, context.language()).negotiated(), mark(seen) != known, until)
}

/// The next piece of a token's stream: the token, where it is another than the caller was told.
fn told(context: &Context, seen: &TokenView, at: StreamAt) -> Piece {
    let id = context.event_id(&(mark(seen), seen.position, seen.advice.estimated_wait_seconds, seen.draw_number));
    let mut events = Vec::new();
    if id != at.told {
        write_event(&mut events, "", &id, &token_reply(seen, 200, context.language()).body);
    }
    let is_waiting = seen.status == TokenStatus::Waiting;
    let next = NextPiece {
        told: id,
        topics: vec![topics::token(seen.key), topics::QUEUE],
        seconds: if is_waiting {
            seen.advice.poll_after_seconds.clamp(1, HEARTBEAT_SECONDS)
        } else {
            HEARTBEAT_SECONDS
        },
        ..NextPiece::default()
    };
    Piece { events: events.into(), next: Some(next) }
}
