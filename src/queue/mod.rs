//! Tokens: waiting → active → expired. How they come into a line stands here; who is let in next in `admit.rs`, what an
//! active token is worth and what ends it in `visit_end.rs`.
//!
//! The file is the truth and `memory/` its copy in memory. Use cases change the file; `sweeper.rs` calls the ones that
//! go by time with every transaction.

mod admit;
pub mod api;
mod authentication;
mod draw;
mod grace;
mod memory;
mod placement;
mod poll_advice;
mod rules;
mod sql;
pub mod staff_api;
mod visit_end;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

pub use admit::{admit_by_hand, admit_next};
pub use authentication::{
    Caller, RejectedCaller, active_token, any_token, own_user, streaming_caller, streaming_token, token_or_user_key,
};
pub use draw::{Draw, METHOD as DRAW_METHOD, draw_if_due, list_draws, order};
pub use grace::forget_kept_places;
pub use memory::{Figures, LineView, Lines, TokenView};
use placement::Placement;
use rules::RulesOfLine;
pub use rules::{Rules, StoredLine};
pub use sql::{delete_ended, find_live, list_live_of_user, move_visits};
pub use visit_end::{end, end_due, extend_visit, must_be_active};

use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::refusal::{Refusal, TokenEnd};
use crate::schedule;
use crate::settings::QueueSettings;
use crate::store::{Outcome, SkippedRows, column_words};
use crate::user;

column_words! {
    /// Where a token is in its life.
    TokenStatus { Waiting "WAITING", Active "ACTIVE", Expired "EXPIRED", }
}

/// A token as the file has it.
#[derive(Debug, Clone)]
pub struct Token {
    pub key: TokenKey,
    pub user_id: Uuid,
    pub line_id: LineId,
    pub status: TokenStatus,
    /// The visit's own end, once active.
    pub visit_until: Option<Millis>,
    /// The visit's end with the hold that extends it, once active.
    pub active_until: Option<Millis>,
    pub end_reason: Option<TokenEnd>,
}

/// How often the filling of a long line is told, in tokens.
const PROGRESS_EVERY: u64 = 100_000;

/// The line where people stand for a concert: its own, or else the shared line, as for no concert.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn line_of(connection: &Connection, concert_id: Option<i64>) -> Outcome<LineId> {
    let Some(concert_id) = concert_id else { return Ok(LineId::SHARED) };
    let own = LineId(concert_id);
    // No concert has the number of the shared line.
    if own != LineId::SHARED && sql::has_own_line(connection, concert_id)? {
        return Ok(own);
    }
    schedule::must_find_concert(connection, concert_id)?;
    Ok(LineId::SHARED)
}

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// It was there.
    Before,
    /// It is new, and its place too.
    New,
    /// It is new, on the place that its user had lost by inactivity.
    PlaceRestored,
}

/// The user's valid token in a line, or a new one: on the place that they lost, where grace has kept it, else at the
/// end. While a draw is to come, it gets a join number in place of a place.
///
/// # Errors
/// `USER_NOT_FOUND`, `USER_BANNED`.
pub fn issue(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid) -> Outcome<(TokenKey, Issued)> {
    user::must_be_welcome(tx, user_id)?;
    if let Some(token) = find_unless_over(tx, lines, line_id, user_id)? {
        return Ok((token.key, Issued::Before));
    }
    if let Some(kept) = grace::take(tx, line_id, user_id)? {
        return Ok((add(tx, lines, line_id, user_id, kept)?, Issued::PlaceRestored));
    }
    Ok((issue_first(tx, lines, line_id, user_id)?, Issued::New))
}

/// A new token at the end of a line for a user who never stood there, such as one whom this transaction registered:
/// nothing of them needs to be looked for.
pub fn issue_first(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid) -> Outcome<TokenKey> {
    let enqueue = sql::next_join_number(tx, line_id)?.map_or(Placement::Last, Placement::Draw);
    add(tx, lines, line_id, user_id, enqueue)
}

/// Gives a user a place at the front of a line, behind the guests before them: a new token, or the
/// one that they wait with. Who is active stays so.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn invite(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid) -> Outcome<()> {
    user::must_be_welcome(tx, user_id)?;
    match find_unless_over(tx, lines, line_id, user_id)? {
        None => {
            grace::take(tx, line_id, user_id)?; // the place at the front is better
            count_guest(tx, line_id)?;
            add(tx, lines, line_id, user_id, Placement::Guest).map(drop)
        }
        Some(token) if token.status == TokenStatus::Waiting && !sql::is_guest(tx, token.key)? => {
            let (place, join_number) = sql::update_to_front(tx, line_id, token.key)?;
            count_guest(tx, line_id)?;
            record(tx, EventType::TokenMoved, &json!({ "userId": user_id, "guest": true, "concertId": line_id }))?;
            tx.push_change(Change::TokenMoved { key: token.key, place, join_number });
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// Lets in a user without a token who was inside elsewhere, past the line and its limits; the visit begins now.
pub fn admit_elsewhere(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid) -> Outcome<Token> {
    grace::take(tx, line_id, user_id)?;
    let key = add(tx, lines, line_id, user_id, Placement::Guest)?;
    admit::begin_visit(tx, line_id, (key, user_id), sql::find_rules(tx, line_id)?.visit_seconds, true)?;
    sql::mark_first_call(tx, key)?; // there: who was inside is not dropped as inactive
    must_be_active(tx, key)
}

/// A place at the front is part of the draw that is to come, or else of the one whose people it stands before.
fn count_guest(tx: &Tx, line_id: LineId) -> Outcome<()> {
    if sql::find_rules(tx, line_id)?.opens_at.is_none() {
        draw::count_guest_after_draw(tx, line_id)?;
    }
    Ok(())
}

/// The live token of a user in a line; one that is over but not yet written down as such is ended here.
fn find_unless_over(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid) -> Outcome<Option<Token>> {
    let Some(token) = sql::find_live(tx, line_id, user_id)? else { return Ok(None) };
    let Some(reason) = lines.expiry_reason(token.key, tx.now()) else { return Ok(Some(token)) };
    end(tx, &token, reason)?;
    Ok(None)
}

/// Of a new token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IssueData {
    user_id: Uuid,
    join_number: Option<u32>,
    guest: bool,
    /// Whether it is on the place that its user had lost.
    place_restored: bool,
    #[serde(rename = "concertId")]
    line_id: LineId,
}

fn add(tx: &Tx, lines: &Lines, line_id: LineId, user_id: Uuid, enqueue: Placement) -> Outcome<TokenKey> {
    let key = lines.mint.fresh();
    let (token_id, place) = sql::insert(tx, line_id, key, user_id, enqueue)?;
    let (join_number, draw_number) = (enqueue.join_number(), enqueue.draw_number());
    let (guest, place_restored) = (place.is_some_and(|place| place < 0), matches!(enqueue, Placement::Kept(_)));
    record(tx, EventType::TokenIssued, &IssueData { user_id, join_number, guest, place_restored, line_id })?;
    tx.push_change(Change::TokenIssued { line_id, token_id, key, user_id, place, join_number, draw_number });
    Ok(key)
}

fn ended(token: &Token) -> Refusal {
    let reason = token.end_reason.unwrap_or(TokenEnd::TimedOut);
    Refusal::TokenExpired { reason }
}

/// A token that is no longer live, as its owner is told: expired, and why, or not one of ours.
///
/// # Errors
/// SQLite's. The refusal and the owner come back as values.
pub fn find_ended(connection: &Connection, key: TokenKey) -> Outcome<(Refusal, Option<Uuid>)> {
    Ok(match sql::find(connection, key)? {
        Some(token) => (ended(&token), Some(token.user_id)),
        None => (Refusal::TokenInvalid, None),
    })
}

/// Refuses a token of another line than the one where people stand for a concert. The line that a concert had of its
/// own goes on to open it when it is closed.
///
/// # Errors
/// `TOKEN_OTHER_LINE`.
pub fn must_open(connection: &Connection, line_id: LineId, concert_id: i64) -> Outcome<()> {
    let opens = match line_id.concert_id() {
        Some(of) => of == concert_id,
        None => !sql::has_own_line(connection, concert_id)?,
    };
    if opens { Ok(()) } else { Err(Refusal::TokenOtherLine { concert_id }.into()) }
}

/// The token, if it is waiting or active.
///
/// # Errors
/// `TOKEN_EXPIRED`; `TOKEN_INVALID` for one that is not there.
pub fn must_be_live(tx: &Tx, key: TokenKey) -> Outcome<Token> {
    let token = sql::find(tx, key)?.ok_or(Refusal::TokenInvalid)?;
    if token.status == TokenStatus::Expired { Err(ended(&token).into()) } else { Ok(token) }
}

/// When there will be something to write down although nobody asks: a visit's end, somebody inactive for too long, room
/// in the window of admissions, or a draw.
pub fn next_due(
    connection: &Connection,
    lines: &Lines,
    now: Millis,
    skipped: &SkippedRows,
) -> rusqlite::Result<Option<Millis>> {
    let time_outs = sql::list_next_time_outs(connection, 1 + skipped.len())?;
    let time_out = time_outs.into_iter().find(|(key, _)| !skipped.has(key.0)).map(|(_, until)| until);
    let moments = [time_out, lines.next_inactive(skipped), lines.next_admission(now)];
    let openings = lines.list_openings().into_iter().map(|(_, opens_at)| opens_at);
    Ok(moments.into_iter().flatten().chain(openings).min())
}

/// Concerts with a line of their own at most: each transaction looks at every line where somebody waits.
const OWN_LINES_MAX: u32 = 100;

/// Gives a concert a line of its own if it has none, with the limits of the shared line or those that it had when it
/// was closed; then changes its rules.
///
/// # Errors
/// `CONCERT_NOT_FOUND`, `LINE_LIMIT`; those of [`change_rules`].
pub fn settle_own_line(tx: &Tx, concert_id: i64, change: impl FnOnce(&mut Rules)) -> Outcome<Rules> {
    let line_id = LineId(concert_id);
    if line_of(tx, Some(concert_id))? != line_id {
        if sql::count_own_lines(tx)? >= OWN_LINES_MAX {
            return Err(Refusal::LineLimit { lines_max: OWN_LINES_MAX }.into());
        }
        sql::open_line(tx, line_id)?;
        record_change(tx, line_id, &sql::find_rules(tx, line_id)?)?;
    }
    change_rules(tx, line_id, change)
}

/// Closes the line that a concert has of its own: whoever comes from now on stands in the shared line. Those in it are
/// let in and shop to the end as before; a draw to come is called off, and a pause is over. To say it twice changes
/// nothing.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn close_own_line(tx: &Tx, concert_id: i64) -> Outcome<()> {
    let line_id = LineId(concert_id);
    if line_of(tx, Some(concert_id))? == line_id {
        change_rules(tx, line_id, |rules| (rules.opens_at, rules.paused) = (None, false))?;
        sql::close_line(tx, line_id)?;
        record(tx, EventType::LineClosed, &json!({ "concertId": concert_id }))?;
        tx.push_change(Change::QueueChanged { line_id });
    }
    Ok(())
}

/// Changes the rules of a line. Once a draw is to come, those in the line wait for it too, with join numbers in their
/// order; when it is called off, they stand in the order of their join numbers.
///
/// # Errors
/// `INVALID_REQUEST` for an opening that does not lie ahead: it would draw at once, and once more with each repetition.
pub fn change_rules(tx: &Tx, line_id: LineId, change: impl FnOnce(&mut Rules)) -> Outcome<Rules> {
    let mut rules = sql::find_rules(tx, line_id)?;
    let before = rules.clone();
    change(&mut rules);
    if rules == before {
        return Ok(rules);
    }
    if rules.opens_at.is_some_and(|opens_at| opens_at <= tx.now()) {
        return Err(Refusal::invalid("/opensAt", "must lie ahead", "아직 오지 않은 시각이어야 합니다").into());
    }
    sql::update_rules(tx, line_id, &rules)?;
    match (before.opens_at, rules.opens_at) {
        (None, Some(_)) => draw::announce(tx, line_id)?,
        (Some(_), None) => draw::call_off(tx, line_id)?,
        _ => {}
    }
    record_change(tx, line_id, &rules)?;
    Ok(rules)
}

fn record_change(tx: &Tx, line_id: LineId, rules: &Rules) -> Outcome<()> {
    record(tx, EventType::QueueChanged, &RulesOfLine { line_id, rules })?;
    tx.push_change(Change::QueueChanged { line_id });
    Ok(())
}

/// Fills the lines from the file at start; a new file takes its first rules from the flags, an older one keeps its own,
/// and a difference is logged. `progress` hears, every now and then, how many of how many are in.
pub fn load(
    connection: &Connection,
    lines: &Lines,
    first: &QueueSettings,
    now: Millis,
    progress: impl Fn(u64, u64),
) -> rusqlite::Result<()> {
    let new = settle_rules(connection, first)?;
    if !new {
        log_differences(&sql::find_rules(connection, LineId::SHARED)?, first);
    }
    fill(connection, lines, now, progress)
}

/// The lines that a commit changed, as the file has them now.
pub fn read_changed(connection: &Connection, changes: &[Change]) -> rusqlite::Result<Vec<StoredLine>> {
    let changed = changes.iter().filter_map(|change| match change {
        Change::QueueChanged { line_id } => sql::find_line(connection, *line_id).transpose(),
        _ => None,
    });
    changed.collect()
}

/// Gives a new file its first rules from the flags; says whether it had none.
pub fn settle_rules(connection: &Connection, first: &QueueSettings) -> rusqlite::Result<bool> {
    sql::insert_rules(connection, first)
}

/// Fills the lines anew from a file that was put back to an earlier moment.
pub fn load_again(connection: &Connection, lines: &Lines, now: Millis) -> rusqlite::Result<()> {
    fill(connection, lines, now, |_, _| {})
}

fn fill(connection: &Connection, lines: &Lines, now: Millis, progress: impl Fn(u64, u64)) -> rusqlite::Result<()> {
    let admissions = sql::list_admissions(connection, now.plus_ms(-memory::WINDOW_MS), now)?;
    let (mut done, total) = (0, sql::count_live(connection)?);
    lines.load(sql::list_lines(connection)?, &admissions, |take| {
        sql::each_live(connection, now, &mut |line_id, entry| {
            take(line_id, entry);
            done += 1;
            if done % PROGRESS_EVERY == 0 {
                progress(done, total);
            }
        })
    })
}

/// The file wins over flags: says which of those that were given are not followed.
fn log_differences(rules: &Rules, flags: &QueueSettings) {
    let Rules { max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, grace_seconds, .. } =
        rules;
    let kept = [max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, grace_seconds];
    for ((flag, given, _), kept) in flags.rules().into_iter().zip(kept) {
        if let Some(given) = given.filter(|given| given != kept) {
            log::warn!(
                "a setting is not followed, staff have set it in the file and can change it there: {flag} {given}, in \
                 the file {kept}"
            );
        }
    }
}
