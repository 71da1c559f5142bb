//! What a customer of an on-sale does before the draw: nothing, as far as the line allows.

use std::time::Duration;

use super::customer::{Customer, Phase};
use super::on_sale::OnSale;
use super::run::Run;
use super::seen_token::SeenToken;

impl Customer {
    /// Nothing changes before the draw, whose order everybody can recompute: who waits for it comes back with their
    /// rank, and before only to stay in the line.
    pub(super) fn pause_until_draw(&mut self, run: &Run, seen: &SeenToken) -> Duration {
        self.join_number = seen.join_number;
        let lasting = self.issued.zip(seen.expires_at()).map(|((issued, issued_ms), until)| {
            let lives = Duration::from_millis(u64::try_from(until.unix_ms() - issued_ms).unwrap_or(0));
            lives.saturating_sub(issued.elapsed())
        });
        let poll_after = run.pause_ms(seen.poll_after_seconds * 1_000);
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
