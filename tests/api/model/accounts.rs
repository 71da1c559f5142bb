//! Accounts in the model: how many seats a user may have, who may not buy, and who is removed.

use super::choices::one;
use super::words::{Expected, Fact, What, done, refused, refused_with};
use super::world::{STEADY, USERS, World};
use crate::support::invariants::Dice;

impl World {
    /// Whether the counter may give a user seats.
    pub fn must_be_a_customer(&self, user: usize) -> Result<(), Expected> {
        match (self.removed[user], self.banned[user]) {
            (true, _) => Err(refused(404, "USER_NOT_FOUND")),
            (_, true) => Err(refused(403, "USER_BANNED")),
            _ => Ok(()),
        }
    }

    pub fn set_limit(&mut self, user: usize, seats: Option<usize>) -> Expected {
        if self.removed[user] {
            return refused(404, "USER_NOT_FOUND");
        }
        self.limits[user] = seats;
        done(200, vec![("/seatsPerUser", seats.map_or(Fact::Null, |seats| Fact::Number(seats as i64)))])
    }

    pub fn ban(&mut self, user: usize, banned: bool) -> Expected {
        self.banned[user] = banned;
        if banned {
            self.revoke(user);
        }
        done(200, vec![("/userId", Fact::User(user)), ("/bannedAt", Fact::There(banned))])
    }

    /// Who has no points and no seats of a date to come; the sums stay in the books.
    pub fn remove_user(&mut self, user: usize) -> Expected {
        let balance = self.purses[user].balance;
        let is_to_come = |id: &usize| {
            let it = &self.reservations[*id];
            let date = self.schedule(it.schedule);
            let to_come = date.is_some_and(|date| date.starts_at() > self.now || date.cancelled);
            it.user == user && (it.status == "PENDING_PAYMENT" || it.status == "CONFIRMED" && to_come)
        };
        let to_come = (0..self.reservations.len()).filter(is_to_come).count();
        if balance > 0 || to_come > 0 {
            let facts = vec![("/balance", Fact::Number(balance)), ("/reservationIds", Fact::Length(to_come))];
            return refused_with(409, "USER_IN_USE", facts);
        }
        self.revoke(user);
        self.removed[user] = true;
        done(204, vec![])
    }
}

/// One account is removed in the end, if there is one that can be; most are still in use.
pub fn choose(world: &World, dice: &mut Dice) -> What {
    let others: Vec<usize> = (STEADY..USERS).collect();
    let in_use = |user: &usize| {
        let own = world.reservations.iter().filter(|it| it.user == *user);
        world.purses[*user].balance > 0
            || own.into_iter().any(|it| ["PENDING_PAYMENT", "CONFIRMED"].contains(&it.status))
    };
    let (used, unused): (Vec<usize>, Vec<usize>) = others.into_iter().partition(in_use);
    let is_late = world.story.len() > 60 && !world.removed.contains(&true);
    match (is_late && !unused.is_empty(), used.is_empty()) {
        (true, _) => What::RemoveUser { user: one(dice, &unused) },
        (false, false) => What::RemoveUser { user: one(dice, &used) },
        (false, true) => What::SetLimit { user: STEADY, seats: None },
    }
}
