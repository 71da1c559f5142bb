//! What a customer does inside: looks, chooses, holds, changes their mind, tops up and pays.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::customer::{Customer, text};
use super::plan::Behaviour;
use super::run::{Ending, Run, Worker};
use super::visit::Next;
use crate::call::SeatState;
use crate::client::Call;
use crate::reservation::Status;

/// How long someone lets the answer wait who watches a hold lapse, in seconds.
const WATCH_SECONDS: u32 = 5;
/// Who finds no seats at an on-sale looks again after two to this power of their usual pauses at most.
const LONGER_MAX: u32 = 3;
/// Pause between two looks at a hold without `Prefer: wait`, in milliseconds of the clock.
const WATCH_MS: u64 = 500;

#[derive(Deserialize)]
struct Map<'a> {
    #[serde(borrow)]
    seats: Vec<MapSeat<'a>>,
}

#[derive(Deserialize)]
struct MapSeat<'a> {
    seat: std::borrow::Cow<'a, str>,
    status: &'a str,
}

impl Customer {
    /// Does the next thing inside.
    pub(super) fn purchase_step(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        match self.visit.next {
            Next::Look if run.is_on_sale_over() => self.poll(run, worker), // and reads that it is
            // The best seats need no look, until there were none.
            Next::Look if run.on_sale.is_some() && self.visit.found_none == 0 => self.then(Next::Hold, run),
            Next::Look => self.look(run, worker),
            Next::ReadMap => self.read_map(run, worker),
            Next::Hold => self.hold(run, worker),
            Next::Watch => self.watch(run, worker),
            Next::Cancel => self.cancel(run, worker),
            Next::TopUp => self.top_up(run, worker),
            Next::Pay => self.pay(run, worker),
            Next::PayAgain => self.pay_again(worker),
        }
    }

    fn then(&mut self, next: Next, run: &Run) -> Duration {
        self.visit.next = next;
        if matches!(next, Next::Hold | Next::TopUp | Next::Pay) {
            self.visit.keys += 1;
            self.visit.key = format!("rush-{}-{}", self.number, self.visit.keys);
        }
        // Who takes the best seats has less to think about.
        let thinks_ms = u64::from(self.plan.thinks_ms) / if run.on_sale.is_some() { 2 } else { 1 };
        run.pause_ms(thinks_ms / 2 + self.dice.below(thinks_ms + 1))
    }

    /// An on-sale had no seats for them: they look again, each time after twice as long up to a limit.
    fn look_again(&mut self, run: &Run) -> Duration {
        let longer = 1 << self.visit.found_none.min(LONGER_MAX);
        self.visit.found_none += 1;
        self.then(Next::Look, run) * longer
    }

    /// A call with the token, repeat-safe where it is a POST.
    fn ask_inside(&mut self, worker: &mut Worker, name: &'static str, call: Call) -> Result<(u16, Value), Duration> {
        let (bearer, key) = (self.bearer(), self.visit.key.clone());
        let repeatable = call.method == "POST";
        let call = Call { authorization: &bearer, idempotency_key: repeatable.then_some(key.as_str()), ..call };
        let answer = self.ask(worker, name, &call)?;
        self.visit.receipt.clone_from(&answer.body);
        Ok((answer.status, answer.json()))
    }

    fn look(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let call = Call::get(format!("/concerts/{}/schedules", run.concert_id), "");
        let dates = match self.ask_inside(worker, "GET /concerts/{id}/schedules", call) {
            Ok((200, body)) => body,
            Ok((status, body)) => return self.surprised("the dates", status, &body),
            Err(pause) => return pause,
        };
        let dates = dates["schedules"].as_array().map(Vec::as_slice).unwrap_or_default();
        if dates.iter().any(|date| date["scheduleId"] == run.schedule_id) {
            let next = if run.on_sale.is_some() { Next::Hold } else { Next::ReadMap };
            return self.then(next, run);
        }
        if run.on_sale.is_some() {
            return self.look_again(run); // what is held may come back
        }
        self.visit.looks_left = self.visit.looks_left.saturating_sub(1);
        match self.visit.looks_left {
            0 => self.leave_as(Ending::FoundItSoldOut),
            _ => self.then(Next::Look, run),
        }
    }

    fn read_map(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let bearer = self.bearer();
        let call = Call::get(format!("/schedules/{}/seats", run.schedule_id), &bearer);
        let answer = match self.ask(worker, "GET /schedules/{id}/seats", &call) {
            Ok(answer) if answer.status == 200 => answer,
            Ok(answer) => return self.surprised("the seats", answer.status, &answer.json()),
            Err(pause) => return pause,
        };
        let Ok(map) = serde_json::from_slice::<Map>(&answer.body) else {
            return self.fault("the seat map can't be read".into());
        };
        let free = map
            .seats
            .into_iter()
            .filter(|seat| seat.status == SeatState::Available.word())
            .map(|seat| seat.seat.into_owned());
        self.visit.free = free.collect();
        self.choose(run)
    }

    /// Chooses seats side by side in the list of those that were free.
    fn choose(&mut self, run: &Run) -> Duration {
        let free = &self.visit.free;
        if free.is_empty() {
            return self.then(Next::Look, run);
        }
        let party = usize::from(self.plan.party).min(free.len());
        let starts = (free.len() - party + 1) as u64;
        let start = match self.plan.behaviour {
            Behaviour::WantsTheFront => self.dice.below(starts.min(10)),
            _ => self.dice.below(starts),
        };
        self.visit.chosen = free.iter().skip(start as usize).take(party).cloned().collect();
        self.then(Next::Hold, run)
    }

    fn hold(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let body = match run.on_sale {
            Some(_) => json!({ "scheduleId": run.schedule_id, "bestAvailable": { "count": self.plan.party } }),
            None => json!({ "scheduleId": run.schedule_id, "seats": self.visit.chosen }),
        };
        match self.ask_inside(worker, "POST /reservations", Call::post("/reservations", "", body)) {
            Ok((201, held)) => {
                let amount = held["amount"].as_i64().unwrap_or(0);
                self.visit.found_none = 0;
                self.visit.reservation = Some((text(&held, "reservationId"), amount));
                let seats = held["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
                self.visit.chosen = seats.iter().map(|seat| text(seat, "seat")).collect();
                self.after_hold(run)
            }
            Ok((409, refusal)) if refusal["code"] == "SEAT_UNAVAILABLE" => self.try_others(run, &refusal),
            Ok((409, refusal)) if refusal["code"] == "VISIT_OVER" => self.leave_as(Ending::HadNoLuck),
            Ok((status, body)) => self.surprised("a hold", status, &body),
            Err(pause) => pause,
        }
    }

    /// The seats were taken: others of the same map, or of a fresh one.
    fn try_others(&mut self, run: &Run, refusal: &Value) -> Duration {
        if run.on_sale.is_some() {
            self.plan.party = 1.max(self.plan.party - 1); // what comes back is few and far between
            return self.look_again(run);
        }
        self.visit.tries_left = self.visit.tries_left.saturating_sub(1);
        if self.visit.tries_left == 0 {
            return self.leave_as(Ending::HadNoLuck);
        }
        let taken = refusal["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.visit.free.retain(|seat| !taken.iter().any(|taken| taken == seat.as_str()));
        if self.visit.tries_left.is_multiple_of(2) { self.then(Next::Look, run) } else { self.choose(run) }
    }

    fn after_hold(&mut self, run: &Run) -> Duration {
        let first_time = !self.visit.changed_mind;
        let next = match self.plan.behaviour {
            Behaviour::Lapses if first_time => Next::Watch,
            Behaviour::Cancels if first_time => Next::Cancel,
            Behaviour::ShortOfPoints if first_time => Next::Pay,
            _ => Next::TopUp,
        };
        self.visit.changed_mind = true;
        self.then(next, run)
    }

    /// Watches the hold lapse.
    fn watch(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let Some((id, _)) = self.visit.reservation.clone() else { return self.then(Next::Look, run) };
        let waits = run.may_wait();
        let call = Call {
            prefer_wait_seconds: waits.then_some(WATCH_SECONDS),
            ..Call::get(format!("/reservations/{id}"), "")
        };
        let name = if waits { "GET /reservations/{id}, waiting" } else { "GET /reservations/{id}" };
        let answer = self.ask_inside(worker, name, call);
        if waits {
            run.waited();
        }
        match answer {
            Ok((200, body)) if body["status"] == Status::PendingPayment.word() => Duration::from_millis(WATCH_MS),
            Ok((200, body)) if body["status"] == Status::Expired.word() && self.plan.tries_again => {
                self.visit.reservation = None;
                self.then(Next::Look, run)
            }
            Ok((200, body)) if body["status"] == Status::Expired.word() => self.leave_as(Ending::LetItLapse),
            Ok((status, body)) => self.surprised("a hold that lapses", status, &body),
            Err(pause) => pause,
        }
    }

    fn cancel(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let Some((id, _)) = self.visit.reservation.clone() else { return self.then(Next::Look, run) };
        let call = Call::delete(format!("/reservations/{id}"), "");
        match self.ask_inside(worker, "DELETE /reservations/{id}", call) {
            Ok((200, body)) if body["status"] == Status::Cancelled.word() => {
                self.visit.reservation = None;
                self.then(Next::Look, run)
            }
            Ok((409, _)) => self.then(Next::Look, run), // it had lapsed
            Ok((status, body)) => self.surprised("giving a hold back", status, &body),
            Err(pause) => pause,
        }
    }

    fn top_up(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        let needed = self.visit.reservation.as_ref().map_or(0, |(_, amount)| amount - self.visit.points);
        if needed <= 0 {
            return self.then(Next::Pay, run);
        }
        let path = format!("/users/{}/balance/top-ups", self.user_text());
        match self.ask_inside(
            worker,
            "POST /users/{id}/balance/top-ups",
            Call::post(path, "", json!({ "amount": needed })),
        ) {
            Ok((201, body)) => {
                self.visit.topped_up += needed;
                self.visit.points += needed;
                if body["balance"] != self.visit.points {
                    self.faults.push(format!("a balance of {} where {} is due", body["balance"], self.visit.points));
                }
                self.then(Next::Pay, run)
            }
            Ok((status, body)) => self.surprised("a top-up", status, &body),
            Err(pause) => pause,
        }
    }

    fn payment(&self) -> Call<'static> {
        let (id, amount) = self.visit.reservation.clone().unwrap_or_default();
        Call::post("/payments", "", json!({ "reservationId": id, "amount": amount }))
    }

    fn pay(&mut self, run: &Run, worker: &mut Worker) -> Duration {
        match self.ask_inside(worker, "POST /payments", self.payment()) {
            Ok((201, body)) => self.bought(run, &body),
            Ok((402, _)) if self.visit.points == 0 => self.then(Next::Look, run),
            Ok((409, body)) if body["code"] == "HOLD_EXPIRED" || body["code"] == "RESERVATION_NOT_PENDING" => {
                self.visit.reservation = None;
                self.visit.tries_left = self.visit.tries_left.saturating_sub(1);
                match self.visit.tries_left {
                    0 => self.leave_as(Ending::HadNoLuck),
                    _ => self.then(Next::Look, run),
                }
            }
            Ok((status, body)) => self.surprised("a payment", status, &body),
            Err(pause) => pause,
        }
    }

    fn bought(&mut self, run: &Run, paid: &Value) -> Duration {
        let amount = paid["amount"].as_i64().unwrap_or(0);
        self.visit.paid += amount;
        self.visit.points -= amount;
        let tickets = paid["tickets"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.visit.seats.extend(tickets.iter().map(|ticket| text(ticket, "seat")));
        run.sell(tickets.len() as u64);
        if paid["balance"] != self.visit.points {
            self.faults.push(format!("a balance of {} where {} is due", paid["balance"], self.visit.points));
        }
        let mut chosen = self.visit.chosen.clone();
        let mut ticketed = self.visit.seats.clone();
        chosen.sort();
        ticketed.sort();
        if chosen != ticketed {
            self.faults.push(format!("paid for {chosen:?} and got tickets for {ticketed:?}"));
        }
        if self.plan.behaviour != Behaviour::PaysTwice {
            return self.end(Ending::Bought);
        }
        self.visit.next = Next::PayAgain;
        Duration::ZERO
    }

    /// The same payment under the same key: the same answer, and nothing paid twice.
    fn pay_again(&mut self, worker: &mut Worker) -> Duration {
        let first = self.visit.receipt.clone();
        match self.ask_inside(worker, "POST /payments, again", self.payment()) {
            Ok((201, _)) if self.visit.receipt == first => {}
            Ok((status, body)) => self.faults.push(format!("a repeated payment was answered {status}: {body}")),
            Err(pause) => return pause,
        }
        self.end(Ending::Bought)
    }

    fn surprised(&mut self, what: &str, status: u16, body: &Value) -> Duration {
        self.fault(format!("{what} was answered {status}: {body}"))
    }
}
