//! Every statement that reads or writes `grace_until` of `token`, but for places at the front and a clock that moves.

use uuid::Uuid;

use crate::call::Tx;
use crate::clock::Millis;
use crate::ids::{LineId, TokenKey};
use crate::queue::placement::KeptPlace;
use crate::store::{Blob16, Statements};

/// A token was dropped: its place waits for its user for `graceSeconds`. Who had been let in stands before all others
/// again, unless somebody behind was let in too, or the order is that of a draw to come; a guest who had been let in is
/// invited anew. Places are let in by their order, so who is behind was let in at the same moment or later.
pub(in crate::queue) fn begin(tx: &Tx, key: TokenKey) -> rusqlite::Result<()> {
    let update = "UPDATE token SET grace_until = ?2 + 1000 * grace_seconds FROM queue
         WHERE token = ?1 AND queue.line_id = token.line_id AND grace_seconds > 0
         AND iif(place < 0, activated_at IS NULL, (place IS NULL) = (opens_at IS NOT NULL))
         AND NOT EXISTS (SELECT 1 FROM token AS t
                         WHERE t.activated_at >= token.activated_at AND t.line_id = token.line_id AND t.place > token.place)";
    tx.run(update, (Blob16::from(key), tx.now()))
}

/// The place that waits for a user in a line, and until when.
pub(super) fn find_kept(tx: &Tx, line_id: LineId, user_id: Uuid) -> rusqlite::Result<Option<(KeptPlace, Millis)>> {
    let select = "SELECT place, join_number, draw_number, grace_until FROM token
         WHERE user_id = ?1 AND line_id = ?2 AND grace_until IS NOT NULL";
    tx.find(select, (user_id, line_id), |row| {
        let kept = KeptPlace { place: row.get(0)?, join_number: row.get(1)?, draw_number: row.get(2)? };
        Ok((kept, row.get(3)?))
    })
}

/// No place waits for a user any more, in one line or in any.
pub fn end_of_user(tx: &Tx, user_id: Uuid, line_id: Option<LineId>) -> rusqlite::Result<()> {
    let update = "UPDATE token SET grace_until = NULL
         WHERE user_id = ?1 AND grace_until IS NOT NULL AND line_id = ifnull(?2, line_id)";
    tx.run(update, (user_id, line_id))
}

/// Somebody on a place was let in: who was dropped in front of it has been overtaken.
pub(in crate::queue) fn end_before(tx: &Tx, line_id: LineId, place: i64) -> rusqlite::Result<()> {
    let update = "UPDATE token SET grace_until = NULL WHERE line_id = ?1 AND place < ?2 AND grace_until IS NOT NULL";
    tx.run(update, (line_id, place))
}

/// The order of a line is made anew by a draw: no former place of it is given back.
pub(in crate::queue) fn end_all(tx: &Tx, line_id: LineId) -> rusqlite::Result<()> {
    tx.run("UPDATE token SET grace_until = NULL WHERE line_id = ?1 AND grace_until IS NOT NULL", [line_id])
}
