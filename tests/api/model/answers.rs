//! What the model answers to a request, and what the request changes in it.

use super::words::{Asked, Expected, Fact, On, PaidFor, What, Who, done, refused, refused_with};
use super::world::{ATTEMPTS, BALANCE_MAX, Life, Reservation, STEADY, TOP_UP_MAX, Token, World};

/// A refusal of the credential, and whose it would have been.
type Stopped = (Expected, Option<usize>);

impl World {
    /// One step: the request, what follows from it, and the polls of the steady.
    pub fn step(&mut self, asked: Asked) {
        let expected = self.answer(&asked);
        self.settle();
        for user in 0..STEADY {
            let live = [0, 1].map(|line| self.live_in(line, user));
            live.into_iter().flatten().for_each(|token| self.hear(token));
        }
        if asked.key.is_some() {
            self.keyed.push(asked.clone());
        }
        self.story.push(format!("{:>8} ms {asked:?} -> {} {}", self.now, expected.status, expected.code));
        self.last = Some((asked, expected));
    }

    fn answer(&mut self, asked: &Asked) -> Expected {
        match &asked.what {
            What::LineUp { user, right_key, line } => self.line_up(*user, *right_key, *line),
            What::Draw => refused(404, "NO_DRAW"),
            What::Poll | What::Leave => match self.any_token(asked.who) {
                Ok(token) if asked.what == What::Poll => done(200, self.token_facts(token)),
                Ok(token) => {
                    self.end_visit(token, "LEFT");
                    done(204, vec![])
                }
                Err((stopped, _)) => stopped,
            },
            What::Hold { .. } | What::Pay { .. } | What::ChangeHold { .. } | What::Exchange { .. } => {
                match self.active_token(asked.who) {
                    Ok(token) => self.once(asked, self.tokens[token].user, |world| world.inside(token, &asked.what)),
                    Err(stopped) => self.once_more(asked, stopped),
                }
            }
            What::Dates { .. } | What::Map { .. } | What::MapOn { .. } => match self.active_token(asked.who) {
                Ok(token) => self.look(token, &asked.what),
                Err((stopped, _)) => stopped,
            },
            What::TopUp { user, amount } => match self.token_or_key(asked.who) {
                Ok(caller) if caller != *user => refused(403, "NOT_YOURS"),
                Ok(_) if self.staff_sells_points => refused(403, "TOP_UP_BY_STAFF_ONLY"),
                Ok(_) if !(1..=TOP_UP_MAX).contains(amount) => refused(400, "INVALID_REQUEST"),
                Ok(caller) => self.once(asked, caller, |world| world.top_up(caller, *amount)),
                Err(stopped) => self.once_more(asked, stopped),
            },
            What::Turn { ms } => {
                self.now += ms;
                self.settle();
                done(200, vec![("/now", Fact::At(self.now))])
            }
            What::Restart => {
                let now = self.now;
                self.tokens.iter_mut().for_each(|token| token.heard_at = now); // everybody gets a fresh limit
                done(200, vec![])
            }
            What::Revoke { .. }
            | What::SetRules(..)
            | What::Block { .. }
            | What::SetSale { .. }
            | What::SetTerms { .. }
            | What::MoveDate { .. }
            | What::CancelDate { .. }
            | What::DeleteDate { .. }
            | What::Correct { .. } => {
                let expected = self.staff(&asked.what);
                self.admit(); // with the change itself; what it makes due comes right after
                expected
            }
            What::Sell { .. }
            | What::Keep { .. }
            | What::SellHeld { .. }
            | What::FreeSeats { .. }
            | What::Refund { .. }
            | What::ChangeAny { .. }
            | What::SetLimit { .. }
            | What::Ban { .. }
            | What::RemoveUser { .. }
            | What::ExchangeAny { .. }
            | What::PayOut { .. } => {
                let expected = self.counter(&asked.what);
                self.admit();
                expected
            }
            _ => match self.token_or_key(asked.who) {
                Ok(user) => self.own(user, &asked.what),
                Err((stopped, _)) => stopped,
            },
        }
    }

    fn any_token(&mut self, who: Who) -> Result<usize, Stopped> {
        match who {
            Who::Nobody | Who::Key(_) | Who::WrongKey(_) => Err((refused(401, "TOKEN_REQUIRED"), None)),
            Who::Stranger => Err((refused(401, "TOKEN_INVALID"), None)),
            Who::Token(token) => {
                if let Life::Ended(reason) = self.tokens[token].life {
                    let expired = refused_with(401, "TOKEN_EXPIRED", vec![("/reason", Fact::Word(reason))]);
                    return Err((expired, Some(self.tokens[token].user)));
                }
                self.hear(token);
                Ok(token)
            }
        }
    }

    fn active_token(&mut self, who: Who) -> Result<usize, Stopped> {
        let token = self.any_token(who)?;
        if self.tokens[token].life == Life::Active {
            return Ok(token);
        }
        let facts =
            vec![("/position", Fact::Number(self.position(token))), ("/pollAfterSeconds", self.poll_after(token))];
        Err((refused_with(403, "TOKEN_WAITING", facts), Some(self.tokens[token].user)))
    }

    fn token_or_key(&mut self, who: Who) -> Result<usize, Stopped> {
        match who {
            Who::Key(user) if !self.removed[user] => Ok(user),
            Who::Key(_) | Who::WrongKey(_) => Err((refused(401, "USER_KEY_INVALID"), None)),
            who => self.any_token(who).map(|token| self.tokens[token].user),
        }
    }

    /// What stands under a key, if anything does.
    fn kept_under(&self, asked: &Asked, user: usize) -> Option<Expected> {
        let key = (user, asked.key?);
        let first = self.kept.get(&key)?;
        Some(if *first == asked.what {
            Expected { replayed: Some(key), ..Expected::default() }
        } else {
            refused(422, "IDEMPOTENCY_KEY_REUSED")
        })
    }

    /// A refused caller still gets the answer to a repetition.
    fn once_more(&self, asked: &Asked, (stopped, user): Stopped) -> Expected {
        user.and_then(|user| self.kept_under(asked, user)).unwrap_or(stopped)
    }

    /// Work whose answer is kept under its key. What cannot be read is refused before.
    fn once(&mut self, asked: &Asked, user: usize, work: impl FnOnce(&mut World) -> Expected) -> Expected {
        if !is_sound(&asked.what) {
            return refused(400, "INVALID_REQUEST");
        }
        if let Some(expected) = self.kept_under(asked, user) {
            return expected;
        }
        let mut expected = work(self);
        if let Some(key) = asked.key
            && matches!(expected.status, 200..=299 | 402 | 404 | 409 | 422)
        {
            self.kept.insert((user, key), asked.what.clone());
            expected.kept = Some((user, key));
        }
        expected
    }

    pub fn which(&self, on: &On) -> Result<i64, Expected> {
        let found: Vec<i64> = match on {
            On::Schedule(id) => self.schedule(*id).map(|schedule| schedule.id).into_iter().collect(),
            On::Date(concert, _) if !(1..=2).contains(concert) => return Err(refused(404, "CONCERT_NOT_FOUND")),
            On::Date(concert, date) => {
                let of = self.schedules.iter().filter(|it| it.concert == *concert && it.date == *date);
                let (taking_place, cancelled): (Vec<_>, Vec<_>) = of.partition(|it| !it.cancelled);
                let found = if taking_place.is_empty() { &cancelled[..cancelled.len().min(1)] } else { &taking_place };
                found.iter().map(|schedule| schedule.id).collect()
            }
        };
        match found.as_slice() {
            [] => Err(refused(404, "SCHEDULE_NOT_FOUND")),
            [id] => Ok(*id),
            several => {
                Err(refused_with(409, "DATE_AMBIGUOUS", vec![("/scheduleIds", Fact::Numbers(several.to_vec()))]))
            }
        }
    }

    fn inside(&mut self, token: usize, what: &What) -> Expected {
        match what {
            What::Hold { on, seats } => self.hold(token, on, seats).unwrap_or_else(|refusal| refusal),
            What::Pay { paid_for, amount } => self.pay(token, paid_for, *amount).unwrap_or_else(|refusal| refusal),
            What::ChangeHold { reservation, seats } => self.change_hold(Some(token), *reservation, seats),
            What::Exchange { .. } => self.exchange(token, what),
            other => unreachable!("{other:?}"),
        }
    }

    fn hold(&mut self, token: usize, on: &On, wanted: &[String]) -> Result<Expected, Expected> {
        let Token { user, line, .. } = self.tokens[token];
        let schedule = self.which(on)?;
        let Some(schedule) = self.schedule(schedule) else { unreachable!() };
        self.must_open(token, schedule.concert)?;
        let labels = schedule.labels();
        let not = |seats: Vec<String>, code, status| {
            Err(refused_with(status, code, vec![("/seats", Fact::SetOfLabels(seats))]))
        };
        let missing: Vec<String> = wanted.iter().filter(|seat| !labels.contains(seat)).cloned().collect();
        if !missing.is_empty() {
            return not(missing, "SEAT_NOT_FOUND", 404);
        }
        self.must_be_on_sale(schedule.id)?;
        if self.now >= self.tokens[token].visit_until {
            return Err(refused(409, "VISIT_OVER"));
        }
        if let Some(pending) = self.pending_of(user) {
            let facts = vec![("/reservationId", Fact::Reservation(pending))];
            return Err(refused_with(409, "RESERVATION_PENDING", facts));
        }
        self.must_be_allowed(user, schedule.id, wanted.len())?;
        let taken: Vec<String> =
            wanted.iter().filter(|label| self.seat(schedule, label).0 != "AVAILABLE").cloned().collect();
        if !taken.is_empty() {
            return not(taken, "SEAT_UNAVAILABLE", 409);
        }
        let seats: Vec<String> = labels.into_iter().filter(|label| wanted.contains(label)).collect();
        let amount = schedule.cost(&seats);
        let reservation = Reservation::held(user, line, schedule.id, seats, amount, self.now);
        let token = &mut self.tokens[token];
        token.active_until = token.visit_until.max(reservation.expires_at);
        let new = self.reservations.len();
        self.reservations.push(reservation);
        Ok(Expected { new_reservation: Some(new), ..done(201, self.reservation_facts(new)) })
    }

    fn pay(&mut self, token: usize, paid_for: &PaidFor, amount: i64) -> Result<Expected, Expected> {
        let user = self.tokens[token].user;
        let found = match paid_for {
            PaidFor::Reservation(reservation) => reservation.filter(|it| self.reservations[*it].user == user),
            PaidFor::Seats(schedule, seats) => self.reservations.iter().rposition(|it| {
                let same = it.seats.len() == seats.len() && seats.iter().all(|seat| it.seats.contains(seat));
                it.user == user && it.schedule == *schedule && same
            }),
        };
        let id = found.ok_or(refused(404, "RESERVATION_NOT_FOUND"))?;
        let it = self.reservations[id].clone();
        match it.status {
            "PENDING_PAYMENT" => {}
            "CONFIRMED" => return Err(refused_with(409, "ALREADY_PAID", vec![("/paymentId", Fact::Payment(id))])),
            "EXPIRED" => return Err(refused(409, "HOLD_EXPIRED")),
            _ => return Err(refused(409, "RESERVATION_NOT_PENDING")),
        }
        if amount != it.amount {
            return Err(refused_with(422, "AMOUNT_MISMATCH", vec![("/expected", Fact::Number(it.amount))]));
        }
        let balance = self.purses[user].balance;
        if balance < amount {
            let declined = it.declined + 1;
            self.reservations[id].declined = declined;
            if declined >= ATTEMPTS {
                self.end_unpaid(id, "FAILED");
            }
            let facts = vec![
                ("/balance", Fact::Number(balance)),
                ("/required", Fact::Number(amount)),
                ("/shortfall", Fact::Number(amount - balance)),
                ("/attemptsLeft", Fact::Number(i64::from(ATTEMPTS - declined))),
            ];
            return Err(refused_with(402, "INSUFFICIENT_BALANCE", facts));
        }
        let left = self.change_balance(user, "PAYMENT", -amount);
        self.mark_paid(id, "POINTS");
        let visit = if it.at_counter { None } else { self.live_in(it.line, user) };
        let visit = visit.unwrap_or(token);
        let line = self.tokens[visit].line;
        let holds_more = self.pending_of(user).is_some_and(|it| self.reservations[it].line == line);
        let goes_on = holds_more || self.visits_go_on && self.now < self.tokens[visit].visit_until;
        if !goes_on {
            self.end_token(visit, "PAID");
        } else if !holds_more {
            self.tokens[visit].active_until = self.tokens[visit].visit_until;
        }
        Ok(done(
            201,
            vec![
                ("/paymentId", Fact::Payment(id)),
                ("/status", Fact::Word("COMPLETED")),
                ("/reservationId", Fact::Reservation(id)),
                ("/amount", Fact::Number(amount)),
                ("/balance", Fact::Number(left)),
                ("/paidAt", Fact::At(self.now)),
                ("/tickets", Fact::Length(it.seats.len())),
                ("/tokenStatus", Fact::Word(if goes_on { "ACTIVE" } else { "EXPIRED" })),
            ],
        ))
    }

    fn top_up(&mut self, user: usize, amount: i64) -> Expected {
        if self.purses[user].balance + amount > BALANCE_MAX {
            return refused(409, "BALANCE_LIMIT");
        }
        let balance = self.change_balance(user, "TOP_UP", amount);
        let at = Fact::At(self.now);
        done(201, vec![("/amount", Fact::Number(amount)), ("/balance", Fact::Number(balance)), ("/at", at)])
    }

    /// Every visit and place of a user ends, those that are kept for them too.
    pub fn revoke(&mut self, user: usize) {
        while let Some(token) = self.live_token(user) {
            self.end_visit(token, "REVOKED");
        }
        self.tokens.iter_mut().filter(|token| token.user == user).for_each(|token| token.kept_until = None);
    }

    fn staff(&mut self, what: &What) -> Expected {
        match what {
            What::Revoke { user } => {
                self.revoke(*user);
                done(204, vec![])
            }
            What::SetRules(line, rules) => {
                self.rules[*line] = rules.clone();
                done(200, vec![("/maxActive", Fact::Number(rules.max_active)), ("/paused", Fact::Truth(rules.paused))])
            }
            What::Block { schedule, seat, blocked } => {
                let Some(at) = self.schedules.iter().position(|it| it.id == *schedule) else {
                    return refused(404, "SCHEDULE_NOT_FOUND");
                };
                if matches!(self.seat(&self.schedules[at], seat).0, "HELD" | "SOLD") {
                    return refused(409, "SEAT_UNAVAILABLE");
                }
                let now_blocked = &mut self.schedules[at].blocked;
                _ = if *blocked { now_blocked.insert(seat.clone()) } else { now_blocked.remove(seat) };
                done(200, vec![("/status", Fact::Word(if *blocked { "BLOCKED" } else { "AVAILABLE" }))])
            }
            What::SetSale { schedule, opens, closes } => self.change_date(*schedule, |it| {
                (it.sale_opens_at, it.sale_closes_at) = (*opens, *closes);
            }),
            What::SetTerms { schedule, hours } => self.change_date(*schedule, |it| it.refund_hours = *hours),
            What::MoveDate { schedule, minutes } => self.move_date(*schedule, *minutes),
            What::DeleteDate { schedule } => self.delete_date(*schedule),
            What::CancelDate { schedule } => self.cancel_date(*schedule),
            What::Correct { amount, .. } if amount.abs() > BALANCE_MAX => refused(400, "INVALID_REQUEST"),
            What::Correct { user, amount } if self.removed[*user] && *amount > 0 => refused(404, "USER_NOT_FOUND"),
            What::Correct { user, amount } => match self.purses[*user].balance + amount {
                ..0 => refused(409, "BALANCE_TOO_LOW"),
                after if after > BALANCE_MAX && *amount > 0 => refused(409, "BALANCE_LIMIT"),
                _ => {
                    let balance = self.change_balance(*user, "CORRECTION", *amount);
                    done(201, vec![("/balance", Fact::Number(balance))])
                }
            },
            other => unreachable!("{other:?}"),
        }
    }
}

/// Whether the body of a request can be read.
fn is_sound(what: &What) -> bool {
    let listed =
        |seats: &[String]| !seats.is_empty() && seats.iter().enumerate().all(|(n, seat)| !seats[..n].contains(seat));
    match what {
        What::Hold { on: On::Date(_, date), seats } => !date.contains("-13-") && listed(seats),
        What::Hold { seats, .. } | What::Pay { paid_for: PaidFor::Seats(_, seats), .. } => listed(seats),
        What::ChangeHold { seats, .. } | What::Exchange { seats, .. } => listed(seats),
        _ => true,
    }
}
