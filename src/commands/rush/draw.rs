//! What a customer of an on-sale does before the draw: nothing, as far as the line allows.

use std::time::Duration;

use serde_json::Value;

use super::customer::{Customer, Phase};
use super::on_sale::OnSale;
use super::run::Run;
use crate::clock::Millis;

impl Customer {
    /// Nothing changes before the draw, whose order everybody can recompute: who waits for it comes back with their
    /// rank, and before only to stay in the line.
    pub(super) fn pause_until_draw(&mut self, run: &Run, seen: &Value) -> Duration {
        self.join_number = seen["joinNumber"].as_u64().and_then(|number| u32::try_from(number).ok());
        let until = seen["expiresAt"].as_str().and_then(Millis::parse_rfc3339);
        let lasting = self.issued.zip(until).map(|((issued, issued_ms), until)| {
            let lives = Duration::from_millis(u64::try_from(until.unix_ms() - issued_ms).unwrap_or(0));
            lives.saturating_sub(issued.elapsed())
        });
        let poll_after = run.pause_ms(seen["pollAfterSeconds"].as_u64().unwrap_or(1) * 1_000);
        if run.on_sale.as_ref().is_some_and(OnSale::is_drawn) {
            poll_after
        } else {
            lasting.map_or(poll_after, |left| left / 2)
        }
    }

    /// The number with which they wait for the draw, if they do.
    pub(super) fn number_to_draw(&self) -> Option<u32> {
        self.join_number.filter(|_| self.phase == Phase::InLine && self.position.is_none())
    }
}
