//! Dates in the model that are moved, cancelled or deleted, and until when their seats are given back.

use super::choices::one;
use super::words::{Expected, Fact, What, done, refused, refused_with};
use super::world::{DATES, Schedule, World};
use crate::support::invariants::Dice;

impl Schedule {
    pub fn must_take_place(&self) -> Result<(), Expected> {
        if self.cancelled { Err(refused(409, "SCHEDULE_CANCELLED")) } else { Ok(()) }
    }
}

impl World {
    /// Staff say something else of a date that takes place.
    pub fn change_date(&mut self, id: i64, change: impl FnOnce(&mut Schedule)) -> Expected {
        let Some(date) = self.schedules.iter_mut().find(|it| it.id == id) else {
            return refused(404, "SCHEDULE_NOT_FOUND");
        };
        if let Err(refusal) = date.must_take_place() {
            return refusal;
        }
        let mut changed = date.clone();
        change(&mut changed);
        if changed.sale_opens_at > self.now && changed.sale_opens_at >= changed.starts_at() {
            return refused(400, "INVALID_REQUEST");
        }
        *date = changed;
        let hours = date.refund_hours.map_or(Fact::Null, Fact::Number);
        done(200, vec![("/scheduleId", Fact::Number(id)), ("/refundUntilHours", hours)])
    }

    /// Whether its date was moved since it was sold: whoever bought for another hour may give it back.
    pub fn is_moved(&self, id: usize) -> bool {
        let it = &self.reservations[id];
        let now = self.schedule(it.schedule).map(|date| date.moved_minutes);
        it.paid_at.is_some() && it.sold_for != now
    }

    /// As the date says, or said when it was sold; until the start of a date that was moved since.
    pub fn refund_until(&self, id: usize) -> Option<i64> {
        let it = &self.reservations[id];
        let date = self.schedule(it.schedule)?;
        match it.paid_at {
            None => date.refund_until(date.refund_hours),
            Some(_) if self.is_moved(id) => Some(date.starts_at()),
            Some(_) => date.refund_until(it.refund_hours),
        }
    }

    /// By the user.
    pub fn must_be_refundable(&self, id: usize) -> Result<(), Expected> {
        let may = self.refund_until(id).is_some_and(|until| self.now < until);
        if may { Ok(()) } else { Err(refused(409, "REFUND_CLOSED")) }
    }

    pub fn move_date(&mut self, id: i64, minutes: i64) -> Expected {
        self.change_date(id, |it| {
            let closed_with_start = it.sale_closes_at == it.starts_at();
            it.moved_minutes = minutes;
            if closed_with_start {
                it.sale_closes_at = it.starts_at();
            }
        })
    }

    /// Only where no seat was ever held.
    pub fn delete_date(&mut self, id: i64) -> Expected {
        if self.schedule(id).is_none() {
            return refused(404, "SCHEDULE_NOT_FOUND");
        }
        if self.reservations.iter().any(|it| it.schedule == id) {
            return refused_with(409, "DATE_IN_USE", vec![("/scheduleIds", Fact::Numbers(vec![id]))]);
        }
        self.schedules.retain(|it| it.id != id);
        done(204, vec![])
    }

    /// Nothing is sold for a date any more: holds end, and everybody has their points back.
    pub fn cancel_date(&mut self, id: i64) -> Expected {
        let Some(date) = self.schedules.iter_mut().find(|it| it.id == id) else {
            return refused(404, "SCHEDULE_NOT_FOUND");
        };
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
    let (sold, unsold): (Vec<i64>, Vec<i64>) =
        [2, 3, 4].into_iter().partition(|id| world.reservations.iter().any(|it| it.schedule == *id));
    match dice.below(8) {
        5 if !unsold.is_empty() && world.schedules.len() == DATES.len() => {
            What::DeleteDate { schedule: one(dice, &unsold) } // one of them at most
        }
        5 | 6 if !sold.is_empty() => What::DeleteDate { schedule: one(dice, &sold) },
        0 | 1 if world.story.len() > 30 => What::CancelDate { schedule: one(dice, &[2, 3, 4, 5]) },
        _ => What::MoveDate { schedule, minutes: one(dice, &[0, 15, 30]) },
    }
}
