//! What people change later in the model: the seats of a hold, paid seats for others, a ticket for somebody else, and
//! how many seats one may have.

use super::choices::one;
use super::counter::some_of;
use super::words::{Expected, Fact, What, done, refused, refused_with};
use super::world::{Reservation, SEATS_PER_USER, World};
use crate::support::invariants::Dice;

pub fn of_seats(status: u16, code: &'static str, seats: Vec<String>) -> Expected {
    refused_with(status, code, vec![("/seats", Fact::SetOfLabels(seats))])
}

impl World {
    fn must_own(&self, user: usize, reservation: Option<usize>) -> Result<usize, Expected> {
        let own = reservation.filter(|id| self.reservations[*id].user == user);
        own.ok_or(refused(404, "RESERVATION_NOT_FOUND"))
    }

    /// Whether a user may have so many more seats of a date.
    pub fn must_be_allowed(&self, user: usize, schedule: i64, more: usize) -> Result<(), Expected> {
        let owns = |it: &&Reservation| it.user == user && it.schedule == schedule && it.status == "CONFIRMED";
        let owned: usize = self.reservations.iter().filter(owns).map(|it| it.seats.len()).sum();
        let limit = self.limits[user].unwrap_or(SEATS_PER_USER).max(SEATS_PER_USER);
        let facts = vec![("/seatsPerUser", Fact::Number(limit as i64)), ("/seatsTaken", Fact::Number(owned as i64))];
        if owned + more <= limit { Ok(()) } else { Err(refused_with(409, "SEAT_LIMIT", facts)) }
    }

    pub fn must_be_on_sale(&self, schedule: i64) -> Result<(), Expected> {
        let Some(schedule) = self.schedule(schedule) else { unreachable!() };
        schedule.must_take_place()?;
        match self.now {
            now if now < schedule.sale_opens_at => Err(refused(409, "SALE_NOT_OPEN")),
            now if now >= schedule.sale_closes_at => Err(refused(409, "SALE_CLOSED")),
            _ => Ok(()),
        }
    }

    /// Those of these labels that the date does not have, and those that are taken.
    pub fn missing_and_taken(&self, schedule: i64, labels: &[String]) -> (Vec<String>, Vec<String>) {
        let Some(schedule) = self.schedule(schedule) else { unreachable!() };
        let (known, missing): (Vec<_>, Vec<_>) =
            labels.iter().cloned().partition(|label| schedule.labels().contains(label));
        (missing, known.into_iter().filter(|label| self.seat(schedule, label).0 != "AVAILABLE").collect())
    }

    /// Other seats for an unpaid reservation: by its owner with a token, or by staff.
    pub fn change_hold(&mut self, by: Option<usize>, reservation: Option<usize>, wanted: &[String]) -> Expected {
        self.try_change_hold(by, reservation, wanted).unwrap_or_else(|refusal| refusal)
    }

    fn try_change_hold(
        &mut self,
        by: Option<usize>,
        reservation: Option<usize>,
        wanted: &[String],
    ) -> Result<Expected, Expected> {
        let id = match by {
            Some(token) => self.must_own(self.tokens[token].user, reservation)?,
            None => reservation.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?,
        };
        let it = &self.reservations[id];
        let (user, schedule) = (it.user, it.schedule);
        if it.status != "PENDING_PAYMENT" {
            return Err(refused(409, "RESERVATION_NOT_PENDING"));
        }
        let added: Vec<String> = wanted.iter().filter(|label| !it.seats.contains(label)).cloned().collect();
        let (missing, taken) = self.missing_and_taken(schedule, &added);
        if !missing.is_empty() {
            return Err(of_seats(404, "SEAT_NOT_FOUND", missing));
        }
        if let Some(token) = by.filter(|_| !added.is_empty()) {
            self.must_open(token, self.schedule(schedule).map_or(0, |date| date.concert))?;
            self.must_be_on_sale(schedule)?;
            if self.now >= self.tokens[token].visit_until {
                return Err(refused(409, "VISIT_OVER"));
            }
            self.must_be_allowed(user, schedule, wanted.len())?;
        }
        if !taken.is_empty() {
            return Err(of_seats(409, "SEAT_UNAVAILABLE", taken));
        }
        let labels = self.schedule(schedule).map(|date| date.labels()).unwrap_or_default();
        let seats: Vec<String> = labels.into_iter().filter(|label| wanted.contains(label)).collect();
        let amount = self.cost_of(id, &seats);
        (self.reservations[id].seats, self.reservations[id].amount) = (seats, amount);
        Ok(done(200, self.reservation_facts(id)))
    }

    /// Paid seats for as many others of the date; all of it or nothing.
    pub fn exchange(&mut self, token: usize, what: &What) -> Expected {
        let before = self.clone();
        self.try_exchange(token, what).unwrap_or_else(|refusal| {
            *self = before;
            refusal
        })
    }

    fn try_exchange(&mut self, token: usize, what: &What) -> Result<Expected, Expected> {
        let What::Exchange { reservation, give_back, seats, amount } = what else { unreachable!() };
        let (user, line) = (self.tokens[token].user, self.tokens[token].line);
        let id = self.must_own(user, *reservation)?;
        let schedule = self.reservations[id].schedule;
        self.must_have(id, give_back)?;
        self.must_be_refundable(id)?;
        self.must_open(token, self.schedule(schedule).map_or(0, |date| date.concert))?;
        self.must_be_on_sale(schedule)?;
        let count = if give_back.is_empty() { self.reservations[id].seats.len() } else { give_back.len() };
        if count != seats.len() {
            return Err(refused_with(400, "INVALID_REQUEST", vec![("/pointer", Fact::Word("/seats"))]));
        }
        self.give_back(id, give_back);
        let (missing, taken) = self.missing_and_taken(schedule, seats);
        if !missing.is_empty() {
            return Err(of_seats(404, "SEAT_NOT_FOUND", missing));
        }
        if let Some(pending) = self.pending_of(user) {
            return Err(refused_with(409, "RESERVATION_PENDING", vec![("/reservationId", Fact::Reservation(pending))]));
        }
        self.must_be_allowed(user, schedule, seats.len())?;
        if !taken.is_empty() {
            return Err(of_seats(409, "SEAT_UNAVAILABLE", taken));
        }
        let new = self.pay_exchanged(user, line, schedule, seats, *amount)?;
        let mut facts = self.reservation_facts(new);
        facts.push(("/exchangedFrom", Fact::Reservation(id)));
        Ok(Expected { new_reservation: Some(new), ..done(201, facts) })
    }

    fn pay_exchanged(
        &mut self,
        user: usize,
        line: usize,
        schedule: i64,
        seats: &[String],
        amount: i64,
    ) -> Result<usize, Expected> {
        let Some(date) = self.schedule(schedule) else { unreachable!() };
        let due = date.cost(seats);
        let seats = date.labels().into_iter().filter(|label| seats.contains(label)).collect();
        if amount != due {
            return Err(refused_with(422, "AMOUNT_MISMATCH", vec![("/expected", Fact::Number(due))]));
        }
        let balance = self.purses[user].balance;
        if balance < due {
            let facts = vec![
                ("/balance", Fact::Number(balance)),
                ("/required", Fact::Number(due)),
                ("/shortfall", Fact::Number(due - balance)),
            ];
            return Err(refused_with(402, "INSUFFICIENT_BALANCE", facts));
        }
        self.change_balance(user, "PAYMENT", -due);
        let new = self.reservations.len();
        self.reservations.push(Reservation::held(user, line, schedule, seats, due, self.now));
        self.mark_paid(new, "POINTS");
        Ok(new)
    }

    /// A ticket of a reservation, the one for its first seat, made out anew for somebody else.
    pub fn hand_over(&self, user: usize, reservation: Option<usize>) -> Expected {
        let has_tickets = |id: &usize| matches!(self.reservations[*id].status, "CONFIRMED" | "REFUNDED");
        match self.must_own(user, reservation).ok().filter(has_tickets) {
            None => refused(404, "TICKET_NOT_FOUND"),
            Some(id) if self.reservations[id].status == "REFUNDED" => refused(409, "TICKET_VOID"),
            Some(_) => done(200, vec![("/holder", Fact::Word("Lee")), ("/status", Fact::Word("VALID"))]),
        }
    }
}

/// Some seats of the date of a reservation: mostly free ones, as many as are wanted.
fn others(world: &World, dice: &mut Dice, id: usize, count: usize) -> Vec<String> {
    let Some(date) = world.schedule(world.reservations[id].schedule) else { return vec![] };
    let free: Vec<String> =
        date.labels().into_iter().filter(|label| world.seat(date, label).0 == "AVAILABLE").collect();
    let any = free.len() < count || dice.below(6) == 0;
    dice.pick(&if any { date.labels() } else { free }, count)
}

/// Other seats for a hold: one more, one fewer, or others.
pub fn change(world: &World, dice: &mut Dice, id: usize) -> Vec<String> {
    let own = &world.reservations[id].seats;
    let more = others(world, dice, id, 1);
    match dice.below(8) {
        0..3 => own.iter().cloned().chain(more.into_iter().filter(|label| !own.contains(label))).collect(),
        3..6 if own.len() > 1 => own[1..].to_vec(),
        6 => vec!["99".into()],
        _ => more,
    }
}

/// An exchange of paid seats, of some users' own.
pub fn exchange(world: &World, dice: &mut Dice, id: usize) -> What {
    let it = &world.reservations[id];
    let give_back = some_of(world, dice, Some(id));
    let count = if give_back.is_empty() { it.seats.len() } else { give_back.len() };
    let wanted = if dice.below(10) == 0 { count + 1 } else { count };
    let seats = others(world, dice, id, wanted);
    let due = world.schedule(it.schedule).map_or(0, |date| date.cost(&seats));
    let amount = if dice.below(10) == 0 { due + 3 } else { due };
    What::Exchange { reservation: Some(id), give_back, seats, amount }
}

/// A change of a user who is inside: of what they hold, or of what they have paid for.
pub fn choose(world: &World, dice: &mut Dice, user: usize) -> What {
    let of = |status: &str| {
        let is_it = |id: &usize| world.reservations[*id].user == user && world.reservations[*id].status == status;
        (0..world.reservations.len()).filter(is_it).collect::<Vec<usize>>()
    };
    let (held, paid) = (of("PENDING_PAYMENT"), of("CONFIRMED"));
    match dice.below(10) {
        0..4 if !held.is_empty() => {
            let id = one(dice, &held);
            What::ChangeHold { reservation: Some(id), seats: change(world, dice, id) }
        }
        0..8 if !paid.is_empty() => {
            let id = one(dice, &paid);
            exchange(world, dice, id)
        }
        8 => What::SetTerms { schedule: one(dice, &[1, 2, 3, 4, 5]), hours: Some(0) },
        _ => What::SetLimit { user, seats: one(dice, &[None, Some(2), Some(5)]) },
    }
}
