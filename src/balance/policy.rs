//! Who may top up points, as the file keeps it: what a start was given holds for later starts that are given nothing.

use rusqlite::Connection;

use super::sql;
use crate::call::Tx;
use crate::clock::Millis;
use crate::settings::{SaleSettings, TopUpPolicy};
use crate::store::{Failure, with_transaction};

/// Settles the policy of a start: what it was given, else what the file says, else everybody
/// their own. What was given is kept in the file.
///
/// # Errors
/// A sentence, when the start would let everybody top up where the file was
/// last given staff, and has no flag that says so.
pub fn settle_policy(connection: &Connection, now: Millis, sale: &mut SaleSettings) -> Result<(), String> {
    let failed = |failure: Failure| format!("--top-up-policy can't be kept: {}", failure.to_refusal().code().word());
    let kept = sql::find_policy(connection).map_err(|error| failed(error.into()))?;
    let Some(given) = sale.top_up_policy else {
        sale.top_up_policy = kept;
        return Ok(());
    };
    let loosens = kept == Some(TopUpPolicy::Staff) && given == TopUpPolicy::Own;
    if loosens && !sale.loosen_top_up_policy {
        return Err("--top-up-policy self would let everyone top up their own balance, but this file was last given staff; give \
                    --top-up-policy staff, or --loosen-top-up-policy as well if points are to be free from now on."
            .into());
    }
    if loosens {
        log::warn!("--loosen-top-up-policy: from this start on everybody may top up their own balance");
    }
    if kept != Some(given) {
        with_transaction(connection, now, |tx: &Tx| Ok(sql::update_policy(tx, given)?)).map_err(failed)?;
    }
    Ok(())
}
