//! What ends a token before its time: a payment, a ban, a removal, a new key, its owner who leaves. An unpaid hold of
//! the visit is given back first; what ends by time is in `queue/visit_end.rs`.

use uuid::Uuid;

use super::unpaid_hold_end::release;
use super::{Reservation, Status, sql};
use crate::call::Tx;
use crate::ids::LineId;
use crate::queue::{self, Token, TokenStatus};
use crate::refusal::TokenEnd;
use crate::store::Outcome;
use crate::user;

/// Gives a user a new key. What the old one opened ends with it: whoever had it may be in the line or inside.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn renew_key(tx: &Tx, user_id: Uuid) -> Outcome<String> {
    let user_key = user::renew_key(tx, user_id)?;
    end_visits(tx, user_id, None)?;
    Ok(user_key)
}

/// Revokes the tokens of a user, and the places that they lost a moment ago: in one line, or in whatever lines they
/// stand.
pub fn end_visits(tx: &Tx, user_id: Uuid, line_id: Option<LineId>) -> Outcome<()> {
    let tokens = queue::list_live_of_user(tx, user_id)?;
    let mut meant = tokens.iter().filter(|token| line_id.is_none_or(|line_id| line_id == token.line_id));
    meant.try_for_each(|token| end_visit(tx, token, TokenEnd::Revoked))?;
    Ok(queue::forget_kept_places(tx, user_id, line_id)?)
}

/// After a payment: the visit ends, unless `goes_on` says that it lasts until its own end; says what the token is then.
/// It never ends while something is held in it. What staff keep for its user is part of no visit.
pub fn end_paid_visit(tx: &Tx, token: &Token, paid: &Reservation, goes_on: bool) -> Outcome<TokenStatus> {
    // A user has one unpaid hold of their own at most: where they paid for it, there is none left.
    let hold = if paid.at_counter { find_hold_of(tx, token)? } else { None };
    if hold.as_ref().is_some_and(|own| own.status_at(tx.now()) == Status::PendingPayment) {
        return Ok(token.status);
    }
    if goes_on && token.visit_until.is_some_and(|until| tx.now() < until) {
        queue::extend_visit(tx, token, None)?;
        return Ok(token.status);
    }
    end_visit_with(tx, token, hold, TokenEnd::Paid)?;
    Ok(TokenStatus::Expired)
}

/// The unpaid reservation that is part of the visit of a token.
fn find_hold_of(tx: &Tx, token: &Token) -> Outcome<Option<Reservation>> {
    Ok(sql::find_pending_of_user(tx, token.user_id)?.filter(|pending| pending.line_id == token.line_id))
}

/// Ends a token before its time: an unpaid hold of the visit is given back, then the place in the line or the visit is
/// over.
pub fn end_visit(tx: &Tx, token: &Token, reason: TokenEnd) -> Outcome<()> {
    let hold = find_hold_of(tx, token)?;
    end_visit_with(tx, token, hold, reason)
}

fn end_visit_with(tx: &Tx, token: &Token, hold: Option<Reservation>, reason: TokenEnd) -> Outcome<()> {
    if let Some(reservation) = hold {
        let status = reservation.given_up_at(tx.now());
        release(tx, reservation, status)?;
    }
    queue::end(tx, token, reason)
}
