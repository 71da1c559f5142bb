//! Users who may not buy any more, and accounts that are removed where nothing forbids it.

use uuid::Uuid;

use super::{end_visits, sql};
use crate::balance;
use crate::call::Tx;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::ticket;
use crate::user::{self, User};

/// Bans a user, whose place in the line or visit ends with it, or lets them buy again. What is paid stays theirs.
///
/// # Errors
/// `USER_NOT_FOUND`.
pub fn ban_user(tx: &Tx, user_id: Uuid, banned: bool) -> Outcome<User> {
    let user = user::ban(tx, user_id, banned)?;
    if banned {
        end_visits(tx, user_id, None)?;
    }
    Ok(user)
}

/// Removes the account of a user who has no points and no seats of a date to come: name, contact, key, and what staff
/// noted. The ledger and the sales keep their sums.
///
/// # Errors
/// `USER_NOT_FOUND`, `USER_IN_USE`.
pub fn remove_user(tx: &Tx, user_id: Uuid) -> Outcome<()> {
    let balance = balance::find(tx, user_id)?.balance;
    let reservation_ids = sql::list_to_come(tx, user_id)?;
    if balance > Points::ZERO || !reservation_ids.is_empty() {
        return Err(Refusal::UserInUse { balance, reservation_ids }.into());
    }
    end_visits(tx, user_id, None)?;
    sql::delete_notes(tx, user_id)?;
    ticket::delete_holders(tx, user_id)?;
    user::remove(tx, user_id)
}
