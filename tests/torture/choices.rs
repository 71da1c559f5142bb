//! What a customer does next, and the call for it.

use boxoffice::clock::Millis;
use serde_json::{Value, json};

use super::calls::{Call, basic, bearer};
use super::customers::{Customer, Seats, TestApp};
use super::history::best::HALL;
use super::history::{Doing, is_for_a_child, price_of};
use super::served::{OWN_CONCERT, PRICE, STAFF_KEY};
use super::streams::Dice;

/// Dates are moved to moments from here on, in the year 2190.
const MOVED_TO: i64 = 6_942_585_600_000;

impl Customer {
    pub(super) fn decide(&self, dice: &mut Dice, app: &TestApp) -> Doing {
        let coin = dice.below(100);
        if self.id.is_empty() {
            return Doing::SignUp;
        }
        let by_others = self.at_the_counter(dice, app).or_else(|| self.by_the_venue(dice, app));
        if let Some(doing) = by_others.or_else(|| self.change_of_mind(dice, app)) {
            return doing;
        }
        match &self.pending {
            _ if coin < 4 => Doing::Balance,
            _ if self.token.is_empty() && coin < 20 => Doing::TopUp(1_000 + dice.below(1_000) as i64),
            _ if self.token.is_empty() => Doing::LineUp,
            None if !self.is_inside && coin < 94 => Doing::Poll,
            None if !self.is_inside => Doing::Leave,
            None if coin < 10 => Doing::Leave,
            None if coin < 14 => Doing::Map(self.own_date.unwrap_or_else(|| app.date())),
            None if dice.one_in(5) => Doing::HoldBest(self.own_date.unwrap_or_else(|| app.date()), 1 + dice.below(4)),
            None => {
                let (schedule, seats) = self.some_seats(dice, app);
                Doing::Hold(schedule, seats)
            }
            Some(held) if held.amount == 0 || coin < 12 => Doing::Look(held.id.clone()),
            Some(held) if coin < 22 => Doing::Cancel(held.id.clone()),
            Some(_) if coin < 27 => Doing::Leave,
            Some(held) if self.balance < held.amount && coin < 92 => Doing::TopUp(held.amount),
            Some(held) => Doing::Pay(held.id.clone(), held.amount),
        }
    }

    /// Seats of the date that they come for.
    fn some_seats(&self, dice: &mut Dice, app: &TestApp) -> (i64, Vec<String>) {
        match self.own_date {
            Some(date) => (date, vec![(1 + dice.below(app.seats)).to_string()]),
            None => (app.date(), app.choose(dice)),
        }
    }

    /// Seldom, and whatever they do on the web: what staff do for them.
    fn at_the_counter(&self, dice: &mut Dice, app: &TestApp) -> Option<Doing> {
        match (dice.below(100), &self.kept) {
            (0..25, Some(kept)) => Some(Doing::SellKept(kept.id.clone())),
            (25..35, Some(kept)) => Some(Doing::FreeKept(kept.id.clone())),
            (0..4, None) => {
                let (schedule, seats) = self.some_seats(dice, app);
                let until = if dice.one_in(2) { &self.told_until } else { "" };
                let until = if until.is_empty() { "2099-12-31T00:00:00Z" } else { until };
                Some(Doing::Keep { schedule, seats, until: until.to_owned() })
            }
            (4..8, None) => {
                let (schedule, seats) = self.some_seats(dice, app);
                let method = if dice.one_in(4) { "FREE" } else { "CASH" };
                Some(Doing::Sell { schedule, seats, method })
            }
            _ => None,
        }
    }

    /// Still more seldom: what the venue does with dates and accounts.
    fn by_the_venue(&self, dice: &mut Dice, app: &TestApp) -> Option<Doing> {
        match dice.below(1_000) {
            0..3 => app.date_to_cancel(dice).map(Doing::CancelDate),
            3..12 => {
                let any = if dice.one_in(2) { app.date() } else { 1 + dice.below(app.dates) as i64 };
                let schedule = self.own_date.unwrap_or(any);
                let only_once = (self.name * 100_000 + self.keys) as i64 * 1_000;
                let starts_at = Millis::from_unix_ms(MOVED_TO + only_once).to_string();
                Some(Doing::MoveDate { schedule, starts_at })
            }
            12..22 if self.balance > 0 => Some(Doing::PayOut(self.balance)),
            22..37 => Some(Doing::Remove),
            37..87 if self.balance == 0 && self.paid.is_none() => Some(Doing::Remove),
            _ => None,
        }
    }

    /// Other seats for those that they hold, or have paid.
    fn change_of_mind(&self, dice: &mut Dice, app: &TestApp) -> Option<Doing> {
        let coin = dice.below(100);
        let has_token = !self.token.is_empty();
        if let Some(held) = self.pending.as_ref().filter(|held| has_token && held.amount > 0 && coin < 18) {
            return Some(Doing::ChangeHold {
                id: held.id.clone(),
                schedule: held.schedule,
                seats: one_more_or_less(held, dice, app),
            });
        }
        let paid = self.paid.as_ref()?;
        let may_exchange = has_token && self.is_inside && self.pending.is_none();
        let by_staff = dice.one_in(3);
        match coin {
            0..8 => {
                let all = dice.one_in(2);
                let seats =
                    if all { paid.seats.clone() } else { vec![paid.seats[dice.below(paid.seats.len())].clone()] };
                Some(Doing::GiveBack { id: paid.id.clone(), seats, at_counter: by_staff })
            }
            8..28 if may_exchange || by_staff => {
                let some = 1 + dice.below(paid.seats.len());
                let give_back = paid.seats[..some].to_vec();
                let other_date = by_staff && self.own_date.is_none() && dice.one_in(3);
                let schedule = if other_date { 1 + dice.below(app.dates) as i64 } else { paid.schedule };
                let first = give_back[0].parse().unwrap_or(0);
                let seats = others(paid, first + dice.below(20), some, app);
                Some(Doing::Exchange { id: paid.id.clone(), give_back, schedule, seats, at_counter: by_staff })
            }
            _ => None,
        }
    }

    pub(super) fn call_for(&mut self, doing: &Doing) -> Call {
        let (method, path, body) = self.request(doing);
        let by_key = matches!(
            doing,
            Doing::TopUp(_) | Doing::Balance | Doing::Look(_) | Doing::Cancel(_) | Doing::GiveBack { .. }
        );
        let authorization = match doing {
            Doing::SignUp | Doing::LineUp => String::new(),
            _ if path.starts_with("/staff/") => bearer(STAFF_KEY),
            _ if by_key => basic(&self.id, &self.user_key),
            _ => bearer(&self.token),
        };
        self.keys += 1;
        let is_keyed = method == "POST" && !matches!(doing, Doing::SignUp | Doing::LineUp);
        // Staff have one key for all of them.
        let key = if is_keyed { format!("call-{}-{}", self.name, self.keys) } else { String::new() };
        Call { method, path: format!("/api/v1{path}"), authorization, key, body }
    }

    fn request(&self, doing: &Doing) -> (&'static str, String, Value) {
        let customer = json!({ "userId": self.id });
        let staff = |at_counter: &bool| if *at_counter { "/staff" } else { "" };
        match doing {
            Doing::SignUp => ("POST", "/users".into(), json!({ "name": format!("Kim {}", self.name) })),
            Doing::LineUp => {
                let concert = self.own_date.map(|_| OWN_CONCERT);
                let body = json!({ "userId": self.id, "userKey": self.user_key, "concertId": concert });
                ("POST", "/queue/tokens".into(), body)
            }
            Doing::Poll => ("GET", "/queue/token".to_owned(), Value::Null),
            Doing::Leave => ("DELETE", "/queue/token".into(), Value::Null),
            Doing::TopUp(amount) => {
                ("POST", format!("/users/{}/balance/top-ups", self.id), json!({ "amount": amount }))
            }
            Doing::Hold(date, seats) => {
                ("POST", "/reservations".into(), json!({ "scheduleId": date, "seats": wishes(seats) }))
            }
            Doing::Pay(id, amount) => ("POST", "/payments".into(), json!({ "reservationId": id, "amount": amount })),
            Doing::Cancel(id) => ("DELETE", format!("/reservations/{id}"), Value::Null),
            Doing::Look(id) => ("GET", format!("/reservations/{id}"), Value::Null),
            Doing::Balance => ("GET", format!("/users/{}/balance", self.id), Value::Null),
            Doing::Map(date) => ("GET", format!("/schedules/{date}/seats"), Value::Null),
            Doing::ChangeHold { id, seats, .. } => {
                ("PATCH", format!("/reservations/{id}"), json!({ "seats": wishes(seats) }))
            }
            Doing::GiveBack { id, seats, at_counter } => {
                ("POST", format!("{}/reservations/{id}/refund", staff(at_counter)), json!({ "seats": seats }))
            }
            Doing::Exchange { id, give_back, schedule, seats, at_counter } => {
                let mut body = json!({ "giveBack": give_back, "seats": wishes(seats) });
                if *at_counter {
                    body["scheduleId"] = json!(schedule);
                } else {
                    body["amount"] = json!(seats.iter().map(|label| price_of(label, PRICE)).sum::<i64>());
                }
                ("POST", format!("{}/reservations/{id}/exchange", staff(at_counter)), body)
            }
            Doing::Sell { schedule, seats, method } => {
                let seats = wishes(seats);
                let body = json!({ "scheduleId": schedule, "seats": seats, "customer": customer, "method": method });
                ("POST", "/staff/sales".into(), body)
            }
            Doing::Keep { schedule, seats, until } => {
                let seats = wishes(seats);
                let body = json!({ "scheduleId": schedule, "seats": seats, "customer": customer, "until": until });
                ("POST", "/staff/reservations".into(), body)
            }
            Doing::HoldBest(date, count) => {
                let best = json!({ "count": count, "categories": [HALL] });
                ("POST", "/reservations".into(), json!({ "scheduleId": date, "bestAvailable": best }))
            }
            Doing::PayOut(amount) => {
                ("POST", format!("/staff/users/{}/balance/payouts", self.id), json!({ "amount": amount }))
            }
            Doing::Remove => ("DELETE", format!("/staff/users/{}", self.id), Value::Null),
            Doing::CancelDate(date) => ("POST", format!("/staff/schedules/{date}/cancellation"), json!({})),
            Doing::MoveDate { schedule, starts_at } => {
                ("PATCH", format!("/staff/schedules/{schedule}"), json!({ "startsAt": starts_at }))
            }
            Doing::SellKept(id) => ("POST", format!("/staff/reservations/{id}/sale"), json!({ "method": "CASH" })),
            Doing::FreeKept(id) => ("DELETE", format!("/staff/reservations/{id}"), Value::Null),
        }
    }
}

/// Seats with the kind of price of those that are for children.
fn wishes(labels: &[String]) -> Vec<Value> {
    let wish = |label: &String| match is_for_a_child(label) {
        true => json!({ "seat": label, "tariff": "Child" }),
        false => json!(label),
    };
    labels.iter().map(wish).collect()
}

/// So many seats from a number on, none of them one of these.
fn others(these: &Seats, from: usize, count: usize, app: &TestApp) -> Vec<String> {
    let labels = (0..app.seats).map(|n| (1 + (from + n) % app.seats).to_string());
    labels.filter(|label| !these.seats.contains(label)).take(count).collect()
}

fn one_more_or_less(held: &Seats, dice: &mut Dice, app: &TestApp) -> Vec<String> {
    let first = held.seats.first().and_then(|label| label.parse().ok()).unwrap_or(0);
    let more = others(held, first + dice.below(8), 1, app);
    match dice.below(3) {
        0 if held.seats.len() > 1 => held.seats[1..].to_vec(),
        1 => more.into_iter().chain(held.seats[1..].iter().cloned()).collect(),
        _ => held.seats.iter().cloned().chain(more).collect(),
    }
}
