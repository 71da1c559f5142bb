//! The waiting line as customers see it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use uuid::Uuid;

use super::caller::live_token;
use super::{Line, Seen, TokenStatus, any_token};
use crate::clock::Millis;
use crate::http::{Fields, Park, Reply, Request};
use crate::ids::TokenKey;
use crate::refusal::{Language, Refusal};
use crate::store::Outcome;
use crate::user;
use crate::venue::{Answer, Venue, WAIT_MAX_SECONDS, Written, topics};

/// A token on the wire.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenJson<'s> {
    /// Its owner alone sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    user_id: Uuid,
    status: TokenStatus,
    position: Option<u64>,
    estimated_wait_seconds: Option<u64>,
    poll_after_seconds: u32,
    issued_at: Millis,
    activated_at: Option<Millis>,
    expires_at: Millis,
    join_number: Option<u32>,
    draw_number: Option<u32>,
    paused: bool,
    message: Option<&'s str>,
}

impl TokenJson<'_> {
    /// A token as staff see it.
    pub fn of(seen: &Seen, language: Language) -> TokenJson<'_> {
        TokenJson {
            token: None,
            user_id: seen.user_id,
            status: seen.status,
            position: seen.position,
            estimated_wait_seconds: seen.advice.estimated_wait_seconds,
            poll_after_seconds: seen.advice.poll_after_seconds,
            issued_at: seen.issued_at,
            activated_at: seen.activated_at,
            expires_at: seen.expires_at,
            join_number: seen.join_number,
            draw_number: seen.draw_number,
            paused: seen.paused,
            message: seen.message.as_ref().map(|say| say.in_language(language)),
        }
    }
}

fn token_reply(seen: &Seen, status: u16, language: Language) -> Reply {
    let shown = TokenJson { token: Some(seen.key.to_string()), ..TokenJson::of(seen, language) };
    Reply::json(status, &shown).with("Retry-After", seen.advice.poll_after_seconds.to_string())
}

/// `POST /queue/tokens`: the caller's valid token, or a new one at the end of the line.
pub fn issue(venue: &Venue, line: &Arc<Line>, request: &Request) -> Outcome<Answer> {
    let mut fields = Fields::of(request)?;
    let user_id = fields.id("userId")?;
    let user_key = fields.text("userKey")?;
    fields.end()?;
    user::check_key(&venue.readers.get()?, user_id, &user_key)?;
    let language = request.language();
    if let Some(seen) = line.hear_user(user_id, venue.clock.now()) {
        return Ok(Answer::Ready(token_reply(&seen, 200, language)));
    }
    let line = Arc::clone(line);
    Answer::write(move |tx| {
        let (key, new) = super::issue(tx, &line, user_id)?;
        let status = if new { 201 } else { 200 };
        // As it stands at its own moment: an answer that is late for itself must not say that the token is over.
        let now = tx.now();
        Ok(Written::AfterCommit(Box::new(move || match line.hear(key, now, 0) {
            Some(Ok(seen)) if new => token_reply(&seen, status, language).with("Location", "/api/v1/queue/token"),
            Some(Ok(seen)) => token_reply(&seen, status, language),
            Some(Err((reason, _))) => Reply::refusal(&Refusal::TokenExpired { reason }, language),
            None => Reply::refusal(&Refusal::TokenInvalid, language), // it ended in the moment between
        })))
    })
}

/// `GET /queue/token`: the caller's own place.
pub fn poll(venue: &Venue, line: &Line, request: &Request) -> Outcome<Answer> {
    let wait = request.prefers_wait(WAIT_MAX_SECONDS);
    let seen = any_token(venue, line, request, wait.unwrap_or(0))?;
    Ok(match wait {
        Some(seconds) if seconds > 0 => Answer::Park(park(&seen, seconds)),
        Some(_) => Answer::Ready(token_reply(&seen, 200, request.language()).after_wait(0)),
        None => Answer::Ready(token_reply(&seen, 200, request.language())),
    })
}

/// `GET /queue/draw`: the latest draw; open to all.
pub fn draw(venue: &Venue) -> Outcome<Answer> {
    Answer::json(200, &super::draw::must_find(&*venue.readers.get()?)?)
}

/// Waiting for a change of a token: its status, or the staff's pause or word.
fn park(seen: &Seen, seconds: u32) -> Park {
    Park {
        topics: vec![topics::token(seen.key), topics::QUEUE],
        memo: format!("token {} {:x} {seconds}", seen.key, mark(seen)),
        wait_seconds: seconds,
    }
}

/// Differs when what a waiting caller waits for differs.
fn mark(seen: &Seen) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seen.status, seen.paused).hash(&mut hasher);
    seen.message.as_ref().map(|say| (&say.ko, &say.en)).hash(&mut hasher);
    hasher.finish()
}

/// Answers a caller who waited for a token, by the memo of `park`.
pub fn resume(venue: &Venue, line: &Line, request: &Request, memo: &str, over: bool, applied: bool) -> Outcome<Answer> {
    let mut words = memo.split(' ').skip(1);
    let mut next = || words.next().unwrap_or("");
    let key = TokenKey::parse(next()).ok_or(Refusal::Internal)?;
    let before = u64::from_str_radix(next(), 16).map_err(|_| Refusal::Internal)?;
    let seconds: u32 = next().parse().map_err(|_| Refusal::Internal)?;
    let seen = live_token(venue, line, key, 0)?;
    if mark(&seen) == before && !over {
        return Ok(Answer::Park(park(&seen, seconds)));
    }
    let reply = token_reply(&seen, 200, request.language());
    Ok(Answer::Ready(if applied { reply.after_wait(seconds) } else { reply }))
}
