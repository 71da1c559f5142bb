//! The grace: who was dropped for inactivity and comes back in time gets the old place back, if nobody overtook.
//!
//! A dropped token carries `grace_until` as long as its place may be taken again. It loses that with the first
//! admission of somebody who stood behind it, with a draw that is announced, held or called off in its line, and with
//! whatever place its user gets there; who was let in and missed the turn has it only while nobody from behind was let
//! in too. So no place is given back that is taken, or behind which somebody was let in.

mod sql;

use uuid::Uuid;

use super::placement::Placement;
use crate::call::Tx;
use crate::ids::LineId;
use crate::store::Outcome;
pub use sql::end_of_user as forget_kept_places;
pub(super) use sql::{begin, end_all, end_before};

/// The place that a user may take again in a line. From now on there is none: they stand there again.
pub(super) fn take(tx: &Tx, line_id: LineId, user_id: Uuid) -> Outcome<Option<Placement>> {
    let Some((kept, until)) = sql::find_kept(tx, line_id, user_id)? else { return Ok(None) };
    sql::end_of_user(tx, user_id, Some(line_id))?;
    Ok((tx.now() < until).then_some(Placement::Kept(kept)))
}
