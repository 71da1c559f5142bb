//! A seed written into a new venue, by the use cases of the API: in one transaction, all of it or nothing.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Concert, Reservation, Seed, User};
use crate::balance;
use crate::call::Tx;
use crate::clock::Millis;
use crate::ids::{LineId, TokenMint};
use crate::payment::{self, CounterPayment};
use crate::points::Points;
use crate::queue::{self, Lines};
use crate::refusal::Refusal;
use crate::reservation::{self, ReservationDetails, Status, Terms};
use crate::schedule;
use crate::seat;
use crate::settings::{QueueSettings, SaleSettings};
use crate::signing::{SigningKey, SigningSecret};
use crate::staff;
use crate::store::{Failure, OpenError, Outcome, with_transaction};
use crate::user::{self, UserChange};

/// Users and reservations that are told at the start, at most.
const TOLD_MAX: usize = 1_000;

/// What a seed made, with the ids and keys by which it is found.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    /// The concerts, each with its dates.
    pub concerts: Vec<(i64, Vec<i64>)>,
    users: Vec<(Uuid, String)>,
    reservations: Vec<Uuid>,
}

impl Seeded {
    /// What was made, for who starts the server: of users and reservations the first thousand.
    pub fn to_json(&self) -> Value {
        let concerts = self.concerts.iter().map(|(id, dates)| json!({ "concertId": id, "scheduleIds": dates }));
        let users = self.users.iter().take(TOLD_MAX).map(|(id, key)| json!({ "userId": id, "userKey": key }));
        json!({
            "concerts": concerts.collect::<Vec<_>>(),
            "users": users.collect::<Vec<_>>(),
            "reservations": self.reservations.iter().take(TOLD_MAX).collect::<Vec<_>>(),
        })
    }
}

/// What makes tickets and tokens.
struct Issuer {
    signing: SigningKey,
    /// An empty line: those of the seed are in the file alone, from which the line is filled at the start.
    lines: Lines,
}

/// What is refused, with its place in the file.
type Placed<T> = Result<T, (String, Failure)>;

trait At<T> {
    /// Names the place.
    fn at(self, place: impl FnOnce() -> String) -> Placed<T>;
}

impl<T> At<T> for Outcome<T> {
    fn at(self, place: impl FnOnce() -> String) -> Placed<T> {
        self.map_err(|failure| (place(), failure))
    }
}

impl Seed {
    /// Writes it into a new file whose clock says `now`.
    ///
    /// # Errors
    /// One sentence: the place, as a JSON pointer, and what is wrong there. Nothing is written then.
    pub fn write(
        &self,
        connection: &Connection,
        now: Millis,
        secret: &SigningSecret,
        first: &QueueSettings,
        sale: &SaleSettings,
    ) -> Result<Seeded, OpenError> {
        let mut place = String::new();
        let issuer = Issuer { signing: SigningKey::of(secret), lines: Lines::new(TokenMint::of(&secret.0)) };
        let written = queue::settle_rules(connection, first).map_err(Failure::from).and_then(|_| {
            with_transaction(connection, now, |tx| {
                self.write_all(tx, &issuer, sale).map_err(|(at, failure)| {
                    place = at;
                    failure
                })
            })
        });
        written.map_err(|failure| {
            if let Failure::Broken(error) = &failure {
                log::error!(
                    "a seed was stopped by SQLite; look at the disk, its space and its rights: {}: {place}: {error}",
                    self.origin
                );
            }
            OpenError(format!("{}: {}", self.origin, failure.to_refusal().at(&place)))
        })
    }

    fn write_all(&self, tx: &Tx, issuer: &Issuer, sale: &SaleSettings) -> Placed<Seeded> {
        let mut seeded = Seeded::default();
        if let Some(rules) = &self.rules {
            queue::change_rules(tx, LineId::SHARED, |now| rules.apply(now)).at(|| "/queue".into())?;
        }
        for (index, (name, role, key)) in self.staff.iter().enumerate() {
            staff::replace(tx, name, *role, key).at(|| format!("/staffKeys/{index}"))?;
        }
        for (index, concert) in self.concerts.iter().enumerate() {
            seeded.concerts.push(concert.write(tx, &format!("/concerts/{index}"))?);
        }
        let spent = self.spent(tx)?;
        for (index, user) in self.users.iter().enumerate() {
            let spent = user.id.and_then(|id| spent.get(&id)).copied().unwrap_or(Points::ZERO);
            seeded.users.push(user.write(tx, spent).at(|| format!("/users/{index}"))?);
        }
        // A user has one unpaid reservation at most, and it is the last.
        let (unpaid, ended): (Vec<_>, Vec<_>) = (self.reservations.iter().enumerate())
            .partition(|(_, reservation)| reservation.status == Status::PendingPayment);
        let mut written: Vec<(usize, Uuid)> = Vec::with_capacity(self.reservations.len());
        for (index, reservation) in ended.into_iter().chain(unpaid) {
            let id = reservation.write(tx, issuer, sale).at(|| format!("/reservations/{index}"))?;
            written.push((index, id));
        }
        written.sort_unstable();
        seeded.reservations = written.into_iter().map(|(_, id)| id).collect();
        for (user, (user_id, _)) in self.users.iter().zip(&seeded.users) {
            if user.banned {
                user::ban(tx, *user_id, true).at(|| "/users".into())?;
            }
            if user.removed {
                user::remove(tx, *user_id).at(|| "/users".into())?;
            }
        }
        let dates =
            self.concerts.iter().zip(&seeded.concerts).flat_map(|(concert, (_, ids))| concert.dates.iter().zip(ids));
        for (_, &schedule_id) in dates.filter(|(date, _)| date.cancelled) {
            reservation::cancel_date(tx, schedule_id).at(|| "/concerts".into())?;
        }
        Ok(seeded)
    }

    /// What each user's confirmed reservations cost: they had so many points more before.
    fn spent(&self, tx: &Tx) -> Placed<HashMap<Uuid, Points>> {
        let mut spent: HashMap<Uuid, Points> = HashMap::new();
        for (index, reservation) in self.reservations.iter().enumerate() {
            if reservation.status != Status::Confirmed || reservation.method.is_some() {
                continue;
            }
            let place = || format!("/reservations/{index}");
            schedule::must_find(tx, reservation.schedule_id).at(place)?;
            let (seats, _) = seat::must_find(tx, reservation.schedule_id, &reservation.seats).at(place)?;
            let sum = spent.entry(reservation.user_id).or_insert(Points::ZERO);
            let after = Points::sum(seats.iter().map(|seat| seat.price).chain([*sum]));
            *sum = after.ok_or(Failure::from(Refusal::Internal)).at(place)?;
        }
        Ok(spent)
    }
}

impl Concert {
    fn write(&self, tx: &Tx, at: &str) -> Placed<(i64, Vec<i64>)> {
        if let Some(id) = self.id.filter(|id| schedule::must_find_concert(tx, *id).is_ok()) {
            return Err(taken(format!("{at}/concertId"), id));
        }
        let concert = schedule::add_concert(tx, self.id, &self.words).at(|| at.to_owned())?;
        let mut ids = Vec::with_capacity(self.dates.len());
        for (index, date) in self.dates.iter().enumerate() {
            let place = || format!("{at}/dates/{index}");
            if let Some(id) = date.id.filter(|id| schedule::must_find(tx, *id).is_ok()) {
                return Err(taken(format!("{}/scheduleId", place()), id));
            }
            let id = seat::open_schedule(tx, date.id, concert.concert_id, &date.times, &date.layout).at(place)?;
            if !date.tariffs.is_empty() {
                seat::change_tariffs(tx, id, &date.tariffs).at(place)?;
            }
            for (number, (label, reason)) in date.blocked.iter().enumerate() {
                seat::block(tx, id, label, true, reason.as_deref()).at(|| format!("{}/blocked/{number}", place()))?;
            }
            ids.push(id);
        }
        if let Some(line) = &self.line {
            let rules = queue::settle_own_line(tx, concert.concert_id, |rules| line.apply(rules));
            rules.at(|| format!("{at}/line"))?;
        }
        Ok((concert.concert_id, ids))
    }
}

fn taken(at: String, id: i64) -> (String, Failure) {
    (at, Refusal::invalid("", format!("is {id}, which another has"), format!("다른 것이 쓰는 {id}입니다")).into())
}

impl User {
    fn write(&self, tx: &Tx, spent: Points) -> Outcome<(Uuid, String)> {
        let made = user::register_as(tx, &self.name, self.id, self.key.clone())?;
        if self.contact.is_some() {
            let change = UserChange { contact: Some(self.contact.clone()), ..UserChange::default() };
            user::change(tx, made.user_id, change)?;
        }
        let before = self.points.plus(spent).ok_or(Refusal::BalanceLimit { balance: self.points })?;
        if before > Points::ZERO {
            balance::top_up(tx, made.user_id, before, None)?;
        }
        Ok((made.user_id, made.user_key))
    }
}

impl Reservation {
    fn write(&self, tx: &Tx, issuer: &Issuer, sale: &SaleSettings) -> Outcome<Uuid> {
        let (user_id, schedule_id) = (self.user_id, self.schedule_id);
        let line_id = queue::line_of(tx, Some(schedule::must_find(tx, schedule_id)?.concert_id))?;
        let needs_points = self.status == Status::Refunded && self.method.is_none();
        let lent = if needs_points { self.lend(tx)? } else { Points::ZERO };
        let until = self.hold_expires_at.unwrap_or_else(|| tx.now().plus_seconds(sale.hold_seconds));
        let of_customer = Terms::of_customer(line_id, sale.seats_per_user, until);
        let mut terms = if self.at_counter { Terms::of_counter(until, None) } else { of_customer };
        (terms.given, terms.note) = (self.ids, self.note.clone());
        let held = reservation::reserve_elsewhere(tx, user_id, schedule_id, &self.seats, terms)?;
        let id = held.reservation_id;
        let (is_kept, held_until) = (held.at_counter, held.hold_expires_at);
        match self.status {
            Status::Confirmed => self.pay(tx, issuer, held)?,
            Status::Refunded => {
                self.pay(tx, issuer, held)?;
                reservation::refund(tx, id, None)?;
                if let Some(back) = lent.negated().filter(|back| *back < Points::ZERO) {
                    balance::correct(tx, user_id, back, "seed")?;
                }
            }
            Status::Cancelled => drop(reservation::cancel(tx, user_id, id)?),
            Status::PendingPayment if is_kept => {}
            Status::PendingPayment => {
                // Who holds seats is inside until the hold is over.
                let token = queue::admit_elsewhere(tx, &issuer.lines, line_id, user_id)?;
                queue::extend_visit(tx, &token, Some(held_until))?;
            }
            Status::Failed | Status::Expired => {}
        }
        Ok(id)
    }

    fn pay(&self, tx: &Tx, issuer: &Issuer, held: reservation::Reservation) -> Outcome<()> {
        let Some(method) = self.method else {
            return payment::pay_elsewhere(tx, &issuer.signing, &held, &self.tickets);
        };
        let held = ReservationDetails::of(tx, held)?;
        payment::sell(tx, &issuer.signing, held, CounterPayment { method, amount: None }, &self.tickets).map(drop)
    }

    /// Gives the user what they lack to pay, until the refund; says how much.
    fn lend(&self, tx: &Tx) -> Outcome<Points> {
        let (seats, _) = seat::must_find(tx, self.schedule_id, &self.seats)?;
        let cost = Points::sum(seats.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)?;
        let lacking = cost.minus(balance::find(tx, self.user_id)?.balance).filter(|lacking| *lacking > Points::ZERO);
        lacking.map_or(Ok(Points::ZERO), |lacking| balance::top_up(tx, self.user_id, lacking, None).map(|_| lacking))
    }
}
