//! The events that answers promise.

use std::collections::HashMap;

use boxoffice::clock::Millis;

use super::feed::{Reserved, Seats, Stay, Story};
use super::tables::Tables;
use super::{Doing, Op, Said, is_for_a_child, price_of};

/// An answer that is final, and what it is held against.
pub struct Promise<'a> {
    pub op: &'a Op,
    pub said: &'a Said,
    pub story: &'a Story,
    pub tables: &'a Tables,
    pub stays: &'a HashMap<String, usize>,
    /// The last event that their user was promised before.
    pub after: usize,
}

/// Seats of a date by their labels.
pub fn of(schedule: i64, labels: &[String]) -> Seats {
    labels.iter().map(|label| (schedule, label.clone())).collect()
}

impl<'a> Promise<'a> {
    fn text(&self, name: &str) -> &'a str {
        self.said.body[name].as_str().unwrap_or("")
    }

    fn stay(&self, token: &str) -> Option<&'a Stay> {
        self.stays.get(token).map(|stay| &self.story.stays[*stay]).filter(|stay| stay.user == self.op.user)
    }

    fn reserved(&self, id: &str) -> Option<&'a Reserved> {
        self.story.reserved.get(id).filter(|reserved| reserved.user == self.op.user)
    }

    /// Whether the answer tells of a reservation what was agreed: what these seats cost, and until when they are held.
    fn agrees(&self, id: &str, seats: &Seats, is_free: bool) -> bool {
        let cost: i64 = seats.iter().map(|(_, label)| price_of(label, self.story.rules.price)).sum();
        let until = self.tables.reservations.get(id).map(|row| Millis::from_unix_ms(row.hold_expires_at).to_string());
        self.said.body["amount"] == if is_free { 0 } else { cost }
            && until.as_deref() == Some(self.text("holdExpiresAt"))
    }

    /// The event that the answer promises, if it promises one.
    ///
    /// # Errors
    /// What is missing in the file.
    pub fn event(&self) -> Result<Option<usize>, String> {
        let found = match (&self.op.doing, self.said.status) {
            (Doing::SignUp, 201) => {
                let known = self.tables.users.contains(self.text("userId"));
                return known.then_some(None).ok_or_else(|| "an acknowledged user is gone".into());
            }
            (Doing::LineUp, 201) => self.stay(self.text("token")).map(|stay| stay.issued),
            (Doing::Leave, 204) => {
                let ended = self.stay(&self.op.token).and_then(|stay| stay.ended);
                ended.filter(|n| self.story.events[n - 1].text("reason") == "LEFT")
            }
            (Doing::TopUp(amount), 201) => self.counted(&self.story.topped_up, "topUpId", *amount),
            (Doing::Hold(schedule, seats), 201) => self.held(*schedule, seats, false),
            (Doing::HoldBest(schedule, count), 201) => self.held_best(*schedule, *count),
            (Doing::Keep { schedule, seats, .. }, 201) => self.held(*schedule, seats, true),
            (Doing::Sell { schedule, seats, method }, 201) => self.sold(*schedule, seats, method),
            (Doing::SellKept(id), 200) => self.reserved(id).and_then(|reserved| reserved.paid),
            (Doing::Pay(id, _), 201) => self.paid(id),
            (Doing::Pay(id, _), 402) => self.reserved(id).and_then(|reserved| reserved.declined),
            (Doing::Cancel(id) | Doing::FreeKept(id), 200) => self.reserved(id).and_then(|reserved| reserved.released),
            (Doing::ChangeHold { id, schedule, seats }, 200) => {
                let wanted = of(*schedule, seats);
                let Some(reserved) = self.reserved(id).filter(|_| self.agrees(id, &wanted, false)) else {
                    return Err("other terms than were agreed".into());
                };
                let mut changes = reserved.changed.iter().filter(|(n, after)| *n > self.after && *after == wanted);
                changes.next().map(|(n, _)| *n)
            }
            (Doing::GiveBack { id, seats, at_counter }, 200) => self.given_back(id, seats, *at_counter),
            (Doing::Exchange { id, give_back, schedule, seats, at_counter }, 201) => {
                self.exchanged(id, give_back, &of(*schedule, seats)).filter(|n| {
                    let before = self.reserved(id).map(|from| self.story.may_go_back(from, (n - 1, n - 1)).0);
                    *at_counter || before == Some(true)
                })
            }
            (Doing::PayOut(amount), 201) => self.counted(&self.story.paid_out, "payoutId", *amount),
            (Doing::Remove, 204) => self.story.removed.get(&self.op.user).copied(),
            (Doing::CancelDate(schedule), 200 | 202) => self.story.cancelled.get(schedule).copied(),
            (Doing::MoveDate { schedule, starts_at }, 200) => {
                let starts = self.story.starts.get(schedule).and_then(|starts| starts.became(starts_at));
                starts.filter(|_| self.text("startsAt") == starts_at)
            }
            _ => return Ok(None),
        };
        found.map(Some).ok_or_else(|| "an acknowledged effect is gone, or is another".into())
    }

    /// Points that came or went over the counter, told by a number of their own.
    fn counted(&self, entries: &HashMap<i64, usize>, name: &str, amount: i64) -> Option<usize> {
        let id = self.said.body[name].as_i64()?;
        entries.get(&id).copied().filter(|n| {
            let event = &self.story.events[n - 1];
            let is_as_told = self.said.body["balance"] == event.told["balance"];
            event.text("userId") == self.op.user && event.number("amount") == amount && is_as_told
        })
    }

    fn held(&self, schedule: i64, seats: &[String], at_counter: bool) -> Option<usize> {
        let (id, wanted) = (self.text("reservationId"), of(schedule, seats));
        let reserved = self.reserved(id).filter(|reserved| reserved.at_counter == at_counter)?;
        let is_as_told = reserved.seats.at(reserved.held) == Some(&wanted) && self.agrees(id, &wanted, false);
        is_as_told.then_some(reserved.held)
    }

    /// The best seats that were free just before, at their full price.
    fn held_best(&self, schedule: i64, count: usize) -> Option<usize> {
        let id = self.text("reservationId");
        let reserved = self.reserved(id).filter(|reserved| !reserved.at_counter)?;
        let seats = reserved.seats.at(reserved.held).filter(|seats| seats.len() == count)?;
        let is_as_told = seats.iter().all(|(_, label)| !is_for_a_child(label)) && self.agrees(id, seats, false);
        (is_as_told && self.story.were_best(schedule, seats, reserved.held)).then_some(reserved.held)
    }

    fn sold(&self, schedule: i64, seats: &[String], method: &str) -> Option<usize> {
        let (id, wanted) = (self.text("reservationId"), of(schedule, seats));
        let reserved = self.reserved(id).filter(|reserved| reserved.at_counter)?;
        let is_as_told =
            reserved.seats.at(reserved.held) == Some(&wanted) && self.agrees(id, &wanted, method == "FREE");
        let tickets = self.said.body["tickets"].as_array().map_or(0, Vec::len);
        reserved.paid.filter(|_| is_as_told && tickets == wanted.len())
    }

    fn paid(&self, id: &str) -> Option<usize> {
        let reserved = self.reserved(id)?;
        let seats = reserved.paid.and_then(|paid| reserved.seats.at(paid)).map_or(0, Seats::len);
        let tickets = self.said.body["tickets"].as_array().map_or(0, Vec::len);
        reserved.paid.filter(|_| tickets == seats && self.said.body["balance"] == reserved.balance_after)
    }

    /// What was paid in money comes back in money at the counter, beside the refund.
    fn given_back(&self, id: &str, seats: &[String], at_counter: bool) -> Option<usize> {
        let reserved = self.reserved(id)?;
        let is_it = |(n, back): &&(usize, Seats)| {
            *n > self.after && back.len() == seats.len() && back.iter().all(|(_, label)| seats.contains(label))
        };
        let (n, back) = reserved.refunded.iter().find(is_it)?;
        let is_allowed = at_counter || self.story.may_go_back(reserved, (n - 1, n - 1)).0;
        let paid = reserved.paid.map(|paid| self.story.events[paid - 1].text("method"));
        let in_money = at_counter && paid == Some("CASH") && reserved.cost(back, self.story.rules.price) > 0;
        let is_out = self
            .story
            .events
            .get(*n)
            .is_some_and(|next| next.kind == "POINTS_PAID_OUT" && next.text("reservationId") == id);
        (is_out == in_money && is_allowed).then_some(*n)
    }

    fn exchanged(&self, id: &str, give_back: &[String], wanted: &Seats) -> Option<usize> {
        let new = self.text("reservationId");
        let (exchange, reserved) = (self.story.exchanges.get(new)?, self.reserved(new)?);
        let back = exchange.back.iter().map(|(_, label)| label);
        let is_as_told = exchange.from == id
            && back.clone().all(|label| give_back.contains(label))
            && exchange.back.len() == give_back.len()
            && reserved.seats.at(reserved.held) == Some(wanted)
            && self.agrees(new, wanted, reserved.is_free);
        reserved.paid.filter(|_| is_as_told)
    }
}
