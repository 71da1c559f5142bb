//! Seats and points in the feed: held, changed, sold, refunded and exchanged by the rules of the venue.

use std::collections::BTreeSet;

use super::feed::{Event, Reserved, SeatExchange, Seats, Story, Timeline, TokenState};
use super::price_of;
use super::tables::Tables;

/// What a rule says of something that is not so.
pub(super) fn unless(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    is_so.then_some(()).ok_or_else(what)
}

impl Reserved {
    pub fn is_pending(&self) -> bool {
        *self.status.last() == "PENDING_PAYMENT"
    }

    /// What so many of its seats cost, as it was agreed.
    pub fn cost(&self, seats: &Seats, price: i64) -> i64 {
        if self.is_free { 0 } else { seats.iter().map(|(_, label)| price_of(label, price)).sum() }
    }
}

impl Story {
    /// Gives seats to a reservation from an event on; none of them has an owner.
    fn take(&mut self, n: usize, id: &str, seats: &Seats) -> Result<(), String> {
        for seat in seats {
            let timeline = self.seats.entry(seat.clone()).or_insert_with(|| Timeline::from(None));
            if let Some(other) = timeline.last() {
                return Err(format!("seat {seat:?} has an owner already: {other}"));
            }
            timeline.becomes(n, n, Some(id.to_owned()));
        }
        Ok(())
    }

    /// Takes seats from a reservation, which has them.
    fn free(&mut self, n: usize, seen_from: usize, id: &str, seats: &Seats) -> Result<(), String> {
        for seat in seats {
            let owned = self.seats.get_mut(seat).filter(|timeline| timeline.last().as_deref() == Some(id));
            owned.ok_or_else(|| format!("seat {seat:?} is not its own"))?.becomes(n, seen_from, None);
        }
        Ok(())
    }

    fn is_inside(&self, user: &str) -> bool {
        self.states.get(user).is_some_and(|states| *states.last() == TokenState::Active)
    }

    pub(super) fn held(&mut self, n: usize, user: String, event: &Event, tables: &Tables) -> Result<(), String> {
        let id = event.text("reservationId").to_owned();
        let at_counter = tables.reservations.get(&id).is_some_and(|row| row.at_counter);
        let is_inside = at_counter || self.is_inside(&user);
        let seats = event.seats("seats");
        self.take(n, &id, &seats)?;
        let mut status = Timeline::from("");
        status.becomes(n, n, "PENDING_PAYMENT");
        let mut had = Timeline::from(Seats::new());
        had.becomes(n, n, seats);
        let (sold, released, declined, paid) = (None, None, None, None);
        let (changed, refunded, returned) = Default::default();
        let new = Reserved {
            user,
            at_counter,
            seats: had,
            returned,
            is_free: false,
            held: n,
            changed,
            refunded,
            sold,
            released,
            declined,
            paid,
            balance_after: 0,
            status,
        };
        unless(self.reserved.insert(id, new).is_none(), || "held twice".into())?;
        self.must_take_place(event.number("scheduleId"))?;
        unless(is_inside, || "held by somebody who is not inside".into())
    }

    fn reservation(&mut self, event: &Event) -> Result<&mut Reserved, String> {
        let id = event.text("reservationId");
        let reserved = self.reserved.get_mut(id).ok_or("of a reservation that was never held")?;
        if reserved.user != event.text("userId") {
            return Err("of another user's reservation".into());
        }
        Ok(reserved)
    }

    /// Other seats while it is unpaid: what goes was its own, and what comes was free.
    pub(super) fn changed(&mut self, n: usize, event: &Event) -> Result<(), String> {
        let (id, user) = (event.text("reservationId"), event.text("userId"));
        let (added, removed) = (event.seats("added"), event.seats("removed"));
        let reserved = self.reservation(event)?;
        unless(reserved.is_pending(), || format!("changed although it is {}", reserved.status.last()))?;
        let is_allowed = reserved.at_counter;
        let after: Seats = reserved.seats.last().difference(&removed).chain(&added).cloned().collect();
        unless(!after.is_empty(), || "a hold of no seat".into())?;
        reserved.seats.becomes(n, n, after.clone());
        reserved.changed.push((n, after));
        self.free(n, n, id, &removed)?;
        self.take(n, id, &added)?;
        if !added.is_empty() {
            self.must_take_place(event.number("scheduleId"))?;
        }
        unless(is_allowed || self.is_inside(user), || "changed by somebody who is not inside".into())
    }

    pub(super) fn released(&mut self, n: usize, event: &Event, tables: &Tables) -> Result<(), String> {
        let id = event.text("reservationId");
        let row = tables.reservations.get(id).ok_or("of a reservation that is not in its table")?;
        // A hold that ends by time is over before it is written down: after the last event before its end.
        let before_its_end = self.events.partition_point(|one| one.at < row.hold_expires_at);
        let next = self.events.get(n).map_or("", |next| &*next.kind).to_owned();
        let reserved = self.reservation(event)?;
        let seats = event.seats("seats");
        if *reserved.status.last() == "CONFIRMED" {
            unless(matches!(&*next, "SEATS_REFUNDED" | "RESERVATION_REFUNDED"), || {
                "paid seats free for nothing".into()
            })?;
            return self.free(n, n, id, &seats);
        }
        let by_time = row.status == "EXPIRED";
        if !reserved.is_pending() || reserved.sold.is_some() || *reserved.seats.last() != seats {
            return Err(format!("of {:?}, which is {}", reserved.seats.last(), reserved.status.last()));
        }
        let seen_from = if by_time { before_its_end.max(reserved.held) } else { n };
        reserved.released = Some(n);
        reserved.status.becomes(n, seen_from, row.status);
        self.free(n, seen_from, id, &seats)?;
        unless(!by_time || event.at >= row.hold_expires_at, || "a hold ended before its time".into())
    }

    pub(super) fn sold(&mut self, n: usize, event: &Event, tables: &Tables) -> Result<(), String> {
        let reserved = self.reservation(event)?;
        let is_held = reserved.is_pending() && *reserved.seats.last() == event.seats("seats");
        reserved.sold = Some(n);
        unless(is_held, || format!("sold what is {} {:?}", reserved.status.last(), reserved.seats.last()))?;
        let row = tables.reservations.get(event.text("reservationId"));
        let in_time = row.is_some_and(|row| event.at < row.hold_expires_at);
        unless(in_time, || "a hold lived on after its end".into())?;
        self.must_take_place(event.number("scheduleId"))
    }

    pub(super) fn points(&mut self, n: usize, user: &str, amount: i64, after: Option<i64>) -> Result<(), String> {
        let timeline = self.balances.entry(user.to_owned()).or_insert_with(|| Timeline::from(0));
        let now = timeline.last() + amount;
        timeline.becomes(n, n, now);
        unless(now >= 0 && after.is_none_or(|after| after == now), || format!("the balance is {now}"))
    }

    /// Seats sold, visit over, points gone: one payment, side by side in the feed. At the counter the money comes in
    /// before it, and no visit ends; in an exchange neither.
    pub(super) fn paid(&mut self, n: usize, user: &str, event: &Event) -> Result<(), String> {
        let (amount, price) = (event.number("amount"), self.rules.price);
        let is_enough = self.points(n, user, -amount, None);
        let balance_after = *self.balances[user].last();
        let id = event.text("reservationId");
        let is_exchange = self.exchanges.contains_key(id);
        let before = |back: usize| self.events.get(n.wrapping_sub(1 + back));
        let is_sold = |one: &Event| one.kind == "SEATS_SOLD" && one.text("reservationId") == id;
        let money = |one: &Event| {
            one.kind == "POINTS_TOPPED_UP" && one.text("reservationId") == id && one.number("amount") == amount
        };
        let over =
            |one: &Event| one.kind == "TOKEN_EXPIRED" && one.text("userId") == user && one.text("reason") == "PAID";
        let next_to_it = before(1).is_some_and(is_sold);
        let taken = amount == 0 || before(2).is_some_and(money);
        let online = before(2).is_some_and(is_sold) && before(1).is_some_and(over);
        let method = event.text("method").to_owned();
        let reserved = self.reservation(event)?;
        reserved.is_free = method == "FREE";
        let is_whole = match reserved.at_counter {
            _ if is_exchange => next_to_it,
            true => next_to_it && taken && method != "POINTS",
            false => online,
        };
        let cost = reserved.cost(reserved.seats.last(), price);
        if !reserved.is_pending() || amount != cost {
            let seats = reserved.seats.last();
            return Err(format!("paid {amount} of {cost} for {seats:?}, which is {}", reserved.status.last()));
        }
        reserved.paid = Some(n);
        reserved.balance_after = balance_after;
        reserved.status.becomes(n, n, "CONFIRMED");
        unless(is_whole, || "half a payment".into())?;
        is_enough
    }

    pub(super) fn declined(&mut self, n: usize, user: &str, event: &Event) -> Result<(), String> {
        let balance = self.balances.get(user).map_or(0, |timeline| *timeline.last());
        let reserved = self.reservation(event)?;
        reserved.declined = Some(n);
        let is_right = balance < event.number("amount") && reserved.is_pending();
        unless(is_right, || format!("declined with a balance of {balance}"))
    }

    /// Some paid seats or all of them go back, at what they cost; the event before has freed them.
    pub(super) fn refunded(&mut self, n: usize, user: &str, event: &Event) -> Result<(), String> {
        let (amount, price) = (event.number("amount"), self.rules.price);
        self.points(n, user, amount, Some(event.number("balance")))?;
        let freed = self.events.get(n.wrapping_sub(2)).cloned();
        let back = event.seats("seats");
        let reserved = self.reservation(event)?;
        let stay: Seats = reserved.seats.last().difference(&back).cloned().collect();
        let cost = reserved.cost(&back, price);
        let is_own = back.is_subset(reserved.seats.last()) && !back.is_empty();
        if *reserved.status.last() != "CONFIRMED" || !is_own || amount != cost {
            let seats = reserved.seats.last();
            return Err(format!(
                "{amount} of {cost} back for {back:?} of {seats:?}, which is {}",
                reserved.status.last()
            ));
        }
        reserved.refunded.push((n, back.clone()));
        let is_whole = event.kind == "RESERVATION_REFUNDED";
        unless(is_whole == stay.is_empty(), || format!("{stay:?} stay"))?;
        if is_whole {
            reserved.status.becomes(n, n, "REFUNDED");
        } else {
            reserved.seats.becomes(n, n, stay);
            reserved.returned.extend(back.clone());
        }
        let is_freed =
            |one: &Event| one.kind == "SEATS_RELEASED" && one.told["reservationId"] == event.told["reservationId"];
        let freed = freed.filter(is_freed).map(|one| one.seats("seats"));
        unless(freed == Some(back), || "refunded seats are not free".into())
    }

    /// As many seats went back as are held for it, in one act.
    pub(super) fn exchanged(&mut self, event: &Event) -> Result<(), String> {
        let (from, to) = (event.text("reservationId").to_owned(), event.text("exchangedFor").to_owned());
        let last = self.reservation(event)?.refunded.last().cloned();
        let (refund, back) =
            last.filter(|(refund, _)| self.events[refund - 1].at == event.at).ok_or("nothing went back")?;
        let new = self.reserved.get(&to).filter(|new| new.user == event.text("userId") && new.is_pending());
        let new = new.ok_or("exchanged for what is not held")?;
        let (seats, is_later) = (new.seats.last(), new.held > refund);
        let dates: BTreeSet<i64> = seats.iter().map(|(schedule, _)| *schedule).collect();
        let is_right =
            is_later && seats.len() == back.len() && dates == BTreeSet::from([event.number("newScheduleId")]);
        let said = format!("{back:?} exchanged for {seats:?}");
        self.exchanges.insert(to, SeatExchange { from, back, refund });
        unless(is_right, || said)
    }
}
