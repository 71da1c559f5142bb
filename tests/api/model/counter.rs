//! The counter in the model: seats sold and kept past the line, money in and out again, refunds.

use super::choices::one;
use super::later::of_seats;
use super::words::{Expected, Fact, What, done, refused, refused_with};
use super::world::{HOLD_MS, Reservation, USERS, World};
use crate::support::invariants::Dice;

impl World {
    pub fn counter(&mut self, what: &What) -> Expected {
        let answered = match what {
            What::ChangeAny { reservation, seats } => Ok(self.change_hold(None, *reservation, seats)),
            What::SetLimit { user, seats } => Ok(self.set_limit(*user, *seats)),
            What::Ban { user, banned } => Ok(self.ban(*user, *banned)),
            What::RemoveUser { user } => Ok(self.remove_user(*user)),
            What::ExchangeAny { .. } => self.exchange_any(what),
            What::Sell { .. } => self.all_or_nothing(|world| world.sell(what)),
            What::Keep { user, schedule, seats, until } => {
                self.keep(*user, *schedule, seats, *until).map(|new| self.shown(201, new))
            }
            What::SellHeld { reservation, method } => {
                self.sell_held(*reservation, method).map(|it| self.shown(200, it))
            }
            What::FreeSeats { reservation } => self.free_seats(*reservation).map(|it| self.shown(200, it)),
            What::Refund { reservation, seats } => self.refund(*reservation, seats).map(|it| self.shown(200, it)),
            What::PayOut { user, amount } => self.pay_out(*user, *amount),
            other => unreachable!("{other:?}"),
        };
        answered.unwrap_or_else(|refusal| refusal)
    }

    fn shown(&self, status: u16, reservation: usize) -> Expected {
        let new_reservation = (status == 201).then_some(reservation);
        Expected { new_reservation, ..done(status, self.reservation_facts(reservation)) }
    }

    fn keep(&mut self, user: usize, schedule: i64, wanted: &[String], until: i64) -> Result<usize, Expected> {
        self.must_be_a_customer(user)?;
        let Some(schedule) = self.schedule(schedule) else { return Err(refused(404, "SCHEDULE_NOT_FOUND")) };
        schedule.must_take_place()?;
        let (missing, taken) = self.missing_and_taken(schedule.id, wanted);
        if !missing.is_empty() {
            return Err(of_seats(404, "SEAT_NOT_FOUND", missing));
        }
        if !taken.is_empty() {
            return Err(of_seats(409, "SEAT_UNAVAILABLE", taken));
        }
        let seats: Vec<String> = schedule.labels().into_iter().filter(|label| wanted.contains(label)).collect();
        let cost = schedule.cost(&seats);
        let held = Reservation::held(user, 0, schedule.id, seats, cost, self.now);
        self.reservations.push(Reservation { expires_at: until, at_counter: true, ..held });
        Ok(self.reservations.len() - 1)
    }

    fn all_or_nothing(
        &mut self,
        work: impl FnOnce(&mut World) -> Result<Expected, Expected>,
    ) -> Result<Expected, Expected> {
        let before = self.clone();
        work(self).inspect_err(|_| *self = before)
    }

    fn sell(&mut self, what: &What) -> Result<Expected, Expected> {
        let What::Sell { user, schedule, seats, method, amount, blocked_too } = what else { unreachable!() };
        if *blocked_too && self.must_be_a_customer(*user).is_ok() {
            let date = self.schedules.iter_mut().filter(|it| it.id == *schedule);
            date.for_each(|date| date.blocked.retain(|label| !seats.contains(label)));
        }
        let new = self.keep(*user, *schedule, seats, self.now + HOLD_MS)?;
        let asked = if *method == "FREE" { 0 } else { self.reservations[new].amount };
        if amount.is_some_and(|amount| amount != asked) {
            return Err(refused_with(422, "AMOUNT_MISMATCH", vec![("/expected", Fact::Number(asked))]));
        }
        self.take_money(new, method);
        Ok(self.shown(201, new))
    }

    /// Paid seats for as many others of any date of the concert. What was paid in money is made up for in money.
    fn exchange_any(&mut self, what: &What) -> Result<Expected, Expected> {
        let What::ExchangeAny { reservation, give_back, schedule, seats } = what else { unreachable!() };
        let id = reservation.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?;
        let concert_of = |id: i64| self.schedule(id).map(|date| date.concert);
        if concert_of(*schedule) != concert_of(self.reservations[id].schedule) {
            return Err(refused_with(400, "INVALID_REQUEST", vec![("/pointer", Fact::Word("/scheduleId"))]));
        }
        self.must_have(id, give_back)?;
        self.all_or_nothing(|world| {
            let count = if give_back.is_empty() { world.reservations[id].seats.len() } else { give_back.len() };
            let back = world.give_back(id, give_back);
            let Reservation { user, method, .. } = world.reservations[id];
            let new = world.keep(user, *schedule, seats, world.now + HOLD_MS)?;
            if seats.len() != count {
                return Err(refused_with(400, "INVALID_REQUEST", vec![("/pointer", Fact::Word("/seats"))]));
            }
            if method == Some("FREE") {
                world.reservations[new].amount = 0;
            }
            let due = world.reservations[new].amount;
            if matches!(method, Some("CASH" | "CARD")) && due != back {
                let kind = if due > back { "TOP_UP" } else { "PAYOUT" };
                world.change_balance(user, kind, due - back);
            }
            let balance = world.purses[user].balance;
            if balance < due {
                let facts = vec![("/balance", Fact::Number(balance)), ("/required", Fact::Number(due))];
                return Err(refused_with(402, "INSUFFICIENT_BALANCE", facts));
            }
            world.change_balance(user, "PAYMENT", -due);
            world.mark_paid(new, method.unwrap_or("POINTS"));
            let mut shown = world.shown(201, new);
            shown.facts.push(("/exchangedFrom", Fact::Reservation(id)));
            Ok(shown)
        })
    }

    fn sell_held(&mut self, reservation: Option<usize>, method: &'static str) -> Result<usize, Expected> {
        let id = reservation.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?;
        match self.reservations[id].status {
            "PENDING_PAYMENT" => self.take_money(id, method),
            "CONFIRMED" => return Err(refused_with(409, "ALREADY_PAID", vec![("/paymentId", Fact::Payment(id))])),
            "EXPIRED" => return Err(refused(409, "HOLD_EXPIRED")),
            _ => return Err(refused(409, "RESERVATION_NOT_PENDING")),
        }
        Ok(id)
    }

    fn take_money(&mut self, id: usize, method: &'static str) {
        self.mark_paid(id, method);
        let it = &mut self.reservations[id];
        it.amount = if method == "FREE" { 0 } else { it.amount };
        let (user, line, amount, at_counter) = (it.user, it.line, it.amount, it.at_counter);
        if amount > 0 {
            self.change_balance(user, "TOP_UP", amount);
        }
        self.change_balance(user, "PAYMENT", -amount);
        if let Some(token) = self.live_in(line, user).filter(|_| !at_counter) {
            self.tokens[token].active_until = self.tokens[token].visit_until;
        }
    }

    /// Paid, on the terms of its date now.
    pub fn mark_paid(&mut self, id: usize, method: &'static str) {
        let Some(date) = self.schedule(self.reservations[id].schedule) else { unreachable!() };
        let (hours, sold_for, now) = (date.refund_hours, Some(date.moved_minutes), self.now);
        let it = &mut self.reservations[id];
        it.sold_for = sold_for;
        (it.status, it.paid_at, it.method, it.refund_hours) = ("CONFIRMED", Some(now), Some(method), hours);
    }

    fn free_seats(&mut self, reservation: Option<usize>) -> Result<usize, Expected> {
        let id = reservation.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?;
        if self.reservations[id].status != "PENDING_PAYMENT" {
            return Err(refused(409, "RESERVATION_NOT_PENDING"));
        }
        self.end_unpaid(id, "CANCELLED");
        Ok(id)
    }

    fn refund(&mut self, reservation: Option<usize>, seats: &[String]) -> Result<usize, Expected> {
        let id = reservation.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?;
        self.must_have(id, seats)?;
        let amount = self.give_back(id, seats);
        let (user, method) = (self.reservations[id].user, self.reservations[id].method);
        if amount > 0 && method.is_some_and(|method| method != "POINTS") {
            self.change_balance(user, "PAYOUT", -amount);
        }
        Ok(id)
    }

    pub fn refund_own(&mut self, user: usize, reservation: Option<usize>, seats: &[String]) -> Expected {
        let Some(id) = reservation.filter(|id| self.reservations[*id].user == user) else {
            return refused(404, "RESERVATION_NOT_FOUND");
        };
        if let Err(refusal) = self.must_have(id, seats).and_then(|()| self.must_be_refundable(id)) {
            return refusal;
        }
        self.give_back(id, seats);
        done(200, self.reservation_facts(id))
    }

    pub fn must_have(&self, id: usize, seats: &[String]) -> Result<(), Expected> {
        let it = &self.reservations[id];
        let missing: Vec<String> = seats.iter().filter(|seat| !it.seats.contains(seat)).cloned().collect();
        match it.status {
            "CONFIRMED" if missing.is_empty() => Ok(()),
            "CONFIRMED" => Err(refused_with(404, "SEAT_NOT_FOUND", vec![("/seats", Fact::SetOfLabels(missing))])),
            _ => Err(refused(409, "RESERVATION_NOT_CONFIRMED")),
        }
    }

    /// Seats go back, all of them where none is named; says how many points that is.
    pub fn give_back(&mut self, id: usize, seats: &[String]) -> i64 {
        let goes = if seats.is_empty() { self.reservations[id].seats.clone() } else { seats.to_vec() };
        let amount = self.cost_of(id, &goes);
        let it = &mut self.reservations[id];
        if goes.len() == it.seats.len() {
            it.status = "REFUNDED";
        } else {
            it.seats.retain(|seat| !goes.contains(seat));
            it.returned += goes.len();
            it.amount -= amount;
        }
        let user = it.user;
        self.change_balance(user, "REFUND", amount);
        amount
    }

    /// What some seats of a reservation cost, or would cost in it.
    pub fn cost_of(&self, id: usize, seats: &[String]) -> i64 {
        let Some(date) = self.schedule(self.reservations[id].schedule) else { unreachable!() };
        if self.reservations[id].method == Some("FREE") { 0 } else { date.cost(seats) }
    }

    fn pay_out(&mut self, user: usize, amount: i64) -> Result<Expected, Expected> {
        if self.purses[user].balance < amount {
            return Err(refused(409, "BALANCE_TOO_LOW"));
        }
        let balance = self.change_balance(user, "PAYOUT", -amount);
        Ok(done(201, vec![("/balance", Fact::Number(balance)), ("/amount", Fact::Number(amount))]))
    }
}

/// What staff do at the counter for this user, or with somebody's seats.
pub fn choose(world: &World, dice: &mut Dice, user: usize) -> What {
    let schedule = one(dice, &[1, 1, 2, 3, 4]);
    let labels = world.schedule(schedule).map(|it| it.labels()).unwrap_or_default();
    let free: Vec<String> = world.schedule(schedule).map_or(Vec::new(), |it| {
        labels.iter().filter(|label| world.seat(it, label).0 == "AVAILABLE").cloned().collect()
    });
    let count = one(dice, &[1, 1, 2, 4]);
    let any = free.len() < count || dice.below(4) == 0;
    let mut seats = dice.pick(if any { &labels } else { &free }, count);
    if seats.is_empty() {
        seats.push("1".into()); // of a date that is deleted
    }
    let method = one(dice, &["CASH", "CASH", "CARD", "FREE"]);
    let statuses = ["PENDING_PAYMENT", "PENDING_PAYMENT", "CONFIRMED", "EXPIRED"];
    let status = one(dice, &statuses);
    let of: Vec<usize> = (0..world.reservations.len()).filter(|it| world.reservations[*it].status == status).collect();
    let reservation = (!of.is_empty()).then(|| one(dice, &of));
    match dice.below(19) {
        17 | 18 => super::accounts::choose(world, dice),
        14..16 => match reservation {
            Some(id) => exchange(world, dice, id),
            None => What::SellHeld { reservation, method },
        },
        16 => match world.banned.iter().position(|banned| *banned) {
            Some(user) if dice.below(2) == 0 => What::Ban { user, banned: false },
            _ => What::Ban { user, banned: true },
        },
        0..3 => {
            let amount = world.schedule(schedule).map(|it| it.cost(&seats)).filter(|_| method != "FREE");
            let amount = if dice.below(8) == 0 { Some(7) } else { amount };
            What::Sell { user, schedule, seats, method, amount, blocked_too: dice.below(3) == 0 }
        }
        3..6 => What::Keep { user, schedule, seats, until: world.now + one(dice, &[1, 20_000, 90_000, 200_000]) },
        6..8 => What::SellHeld { reservation, method },
        8 if reservation.is_some() => {
            let seats = reservation.map(|id| super::later::change(world, dice, id)).unwrap_or_default();
            What::ChangeAny { reservation, seats }
        }
        8 => What::SellHeld { reservation, method },
        9 => What::FreeSeats { reservation },
        10..12 => {
            let any = dice.below(1 + world.reservations.len() as u64) as usize;
            let reservation = if dice.below(3) == 0 { reservation } else { any.checked_sub(1) };
            What::Refund { seats: some_of(world, dice, reservation), reservation }
        }
        _ => {
            let balance = world.purses[user % USERS].balance;
            What::PayOut { user, amount: one(dice, &[1, balance.clamp(1, 10_000_000), 10_000_000]) }
        }
    }
}

/// Seats of a reservation for others of any date, mostly free ones and as many.
fn exchange(world: &World, dice: &mut Dice, id: usize) -> What {
    let it = &world.reservations[id];
    let give_back = some_of(world, dice, Some(id));
    let count = if give_back.is_empty() { it.seats.len() } else { give_back.len() };
    let schedule = one(dice, &[it.schedule, it.schedule, 1, 2, 5]);
    let schedule = if world.schedule(schedule).is_some() { schedule } else { 1 };
    let Some(date) = world.schedule(schedule) else { unreachable!() };
    let free = date.labels().into_iter().filter(|label| world.seat(date, label).0 == "AVAILABLE").collect();
    let labels = if dice.below(6) == 0 { date.labels() } else { free };
    let wanted = if dice.below(10) == 0 { count + 1 } else { count };
    let mut seats = dice.pick(&labels, wanted);
    if seats.is_empty() || dice.below(12) == 0 {
        seats.push("99".into());
    }
    What::ExchangeAny { reservation: Some(id), give_back, schedule, seats }
}

/// Some seats of a reservation, or none for all of them; seldom one that it has not.
pub fn some_of(world: &World, dice: &mut Dice, reservation: Option<usize>) -> Vec<String> {
    let Some(id) = reservation.filter(|_| dice.below(3) > 0) else { return vec![] };
    let count = 1 + dice.below(2) as usize;
    match dice.below(8) {
        0 => vec!["1".into(), "99".into()],
        _ => dice.pick(&world.reservations[id].seats, count),
    }
}
