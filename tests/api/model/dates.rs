//! Dates in the model that are moved, and dates that are cancelled.

use super::choices::one;
use super::words::{Expected, Fact, What, done, refused};
use super::world::{Schedule, World};
use crate::support::invariants::Dice;

impl Schedule {
    pub fn must_take_place(&self) -> Result<(), Expected> {
        if self.cancelled { Err(refused(409, "SCHEDULE_CANCELLED")) } else { Ok(()) }
    }
}

impl World {
    /// Staff say something else of a date that takes place.
    pub fn change_date(&mut self, id: i64, change: impl FnOnce(&mut Schedule)) -> Expected {
        let Some(date) = self.schedules.iter_mut().find(|it| it.id == id) else { unreachable!() };
        if let Err(refusal) = date.must_take_place() {
            return refusal;
        }
        change(date);
        let hours = date.refund_hours.map_or(Fact::Null, Fact::Number);
        done(200, vec![("/scheduleId", Fact::Number(id)), ("/refundUntilHours", hours)])
    }

    /// Whether its date was moved since it was sold: whoever bought for another hour may give it back.
    pub fn is_moved(&self, id: usize) -> bool {
        let it = &self.reservations[id];
        let now = self.schedule(it.schedule).map(|date| date.moved_minutes);
        it.paid_at.is_some() && it.sold_for != now
    }

    /// By the user, as the date said when it was sold; all dates are far away.
    pub fn must_be_refundable(&self, id: usize) -> Result<(), Expected> {
        let may = self.is_moved(id) || self.reservations[id].refund_hours.is_some();
        if may { Ok(()) } else { Err(refused(409, "REFUND_CLOSED")) }
    }

    /// Nothing is sold for a date any more: holds end, and everybody has their points back.
    pub fn cancel_date(&mut self, id: i64) -> Expected {
        let Some(date) = self.schedules.iter_mut().find(|it| it.id == id) else { unreachable!() };
        date.cancelled = true;
        for it in self.of_date(id, "PENDING_PAYMENT") {
            self.end_unpaid(it, "CANCELLED");
        }
        for it in self.of_date(id, "CONFIRMED") {
            self.give_back(it, &[]);
        }
        let refunded = self.of_date(id, "REFUNDED").len() as i64;
        done(
            200,
            vec![
                ("/refunded", Fact::Number(refunded)),
                ("/total", Fact::Number(refunded)),
                ("/holds", Fact::Number(0)),
            ],
        )
    }

    fn of_date(&self, id: i64, status: &str) -> Vec<usize> {
        let is_it = |it: &usize| self.reservations[*it].schedule == id && self.reservations[*it].status == status;
        (0..self.reservations.len()).filter(is_it).collect()
    }
}

/// A date is moved, or cancelled where much has happened on it; of those that were cancelled somebody wants a seat.
pub fn choose(world: &World, dice: &mut Dice) -> What {
    let schedule = one(dice, &[1, 2, 3, 4, 5]);
    match dice.below(5) {
        0 | 1 if world.story.len() > 30 => What::CancelDate { schedule: one(dice, &[2, 3, 4, 5]) },
        _ => What::MoveDate { schedule, minutes: one(dice, &[0, 15, 30]) },
    }
}
