//! Each answer was true at some moment between its question and itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::effects::Order;
use super::feed::{Reserved, Seats, Story, Timeline, TokenState};
use super::promises::of;
use super::{Doing, Op, Said, price_of};

pub fn check(ops: &[Op], story: &Story, order: &Order, faults: &mut Vec<String>) {
    for op in ops {
        let Some(said) = op.certain() else { continue };
        let window = order.window(op, said);
        let view = View { op, said, story, order, window };
        if !view.is_true() {
            faults.push(format!(
                "from event {} to {} this was never so: {:?} of {} (token {}) answered {} {}",
                window.0, window.1, op.doing, op.user, op.token, said.status, said.text
            ));
        }
    }
}

struct View<'a> {
    op: &'a Op,
    said: &'a Said,
    story: &'a Story,
    order: &'a Order,
    window: (usize, usize),
}

impl View<'_> {
    fn is_true(&self) -> bool {
        let body = &self.said.body;
        match (self.said.status, self.said.code(), &self.op.doing) {
            (429 | 503 | 507, ..) => true,
            (200 | 201, _, Doing::LineUp | Doing::Poll) => self.stands_so(body),
            (200, _, Doing::Balance) => self.balance_was(body["balance"].as_i64()),
            (200, _, Doing::Look(id)) => {
                self.reservation_was(id, |status| Some(status) == body["status"].as_str())
                    && self.seats_were(id, body)
                    && self.date_was(id, body)
            }
            (200, _, Doing::ChangeHold { id, .. }) => self.seats_were(id, body),
            (200, _, Doing::Map(schedule)) => self.map_was(*schedule, body),
            // What these promise is looked for among the effects.
            (201, _, Doing::SignUp | Doing::TopUp(_) | Doing::Hold(..) | Doing::HoldBest(..) | Doing::Pay(..)) => true,
            (201, _, Doing::Sell { .. } | Doing::Keep { .. } | Doing::Exchange { .. }) => true,
            (200, _, Doing::Cancel(_) | Doing::SellKept(_) | Doing::FreeKept(_) | Doing::GiveBack { .. }) => true,
            (201, _, Doing::PayOut(_)) | (200, _, Doing::MoveDate { .. }) => true,
            (200 | 202, _, Doing::CancelDate(schedule)) => self.is_settled_so(*schedule, body),
            (204, _, Doing::Leave | Doing::Remove) => true,
            (401, "USER_KEY_INVALID", _) | (404, "USER_NOT_FOUND", _) => {
                self.story.was_removed_by(&self.op.user, self.window.1)
            }
            (409, "USER_IN_USE", Doing::Remove) => self.was_in_use(body),
            (409, "BALANCE_TOO_LOW", Doing::PayOut(amount)) => {
                let told = body["balance"].as_i64();
                told < Some(*amount) && self.balance_was(told)
            }
            (409, "SCHEDULE_CANCELLED", doing) => {
                self.date_of(doing).is_some_and(|date| self.story.was_cancelled_by(date, self.window.1))
            }
            (
                409,
                "REFUND_CLOSED",
                Doing::GiveBack { id, at_counter: false, .. } | Doing::Exchange { id, at_counter: false, .. },
            ) => {
                let reserved = self.story.reserved.get(id);
                reserved.is_some_and(|reserved| !self.story.may_go_back(reserved, self.window).1)
            }
            (409, "SEAT_UNAVAILABLE", Doing::HoldBest(schedule, count)) => {
                self.story.were_fewer(*schedule, *count, self.window)
            }
            // The moment until which seats were to be kept had passed by then.
            (400, "INVALID_REQUEST", Doing::Keep { .. }) => body["pointer"] == "/until",
            (402, "INSUFFICIENT_BALANCE", Doing::Exchange { id, give_back, .. }) => self.was_short(id, give_back, body),
            (402, "INSUFFICIENT_BALANCE", Doing::Pay(..)) => self.balance_was(body["balance"].as_i64()),
            // A change whose answer was lost may come to be after they looked again.
            (422, "AMOUNT_MISMATCH", Doing::Pay(id, amount)) => self.price_was(id, body["expected"].as_i64(), *amount),
            (403, "TOKEN_WAITING", _) => self.states(|states| *states == TokenState::Waiting),
            (401, "TOKEN_INVALID" | "TOKEN_EXPIRED", Doing::LineUp) => self.token_came_and_went(),
            (401, "TOKEN_EXPIRED", _) => self.token_was_over(body["reason"].as_str().unwrap_or("")),
            (409, "SEAT_UNAVAILABLE", Doing::Hold(schedule, seats)) => {
                self.exactly_these_were_taken(*schedule, seats, "", body)
            }
            (409, "SEAT_UNAVAILABLE", Doing::Sell { schedule, seats, .. } | Doing::Keep { schedule, seats, .. }) => {
                self.exactly_these_were_taken(*schedule, seats, "", body)
            }
            (409, "SEAT_UNAVAILABLE", Doing::ChangeHold { id, schedule, seats }) => {
                self.exactly_these_were_taken(*schedule, seats, id, body)
            }
            (409, "SEAT_UNAVAILABLE", Doing::Exchange { schedule, seats, .. }) => {
                self.exactly_these_were_taken(*schedule, seats, "", body)
            }
            (409, "RESERVATION_PENDING", Doing::Hold(..) | Doing::HoldBest(..) | Doing::Exchange { .. }) => {
                let id = body["reservationId"].as_str().unwrap_or("");
                self.reservation_was(id, |status| status == "PENDING_PAYMENT")
            }
            (409, "ALREADY_PAID", Doing::Pay(id, _) | Doing::SellKept(id)) => {
                self.reservation_was(id, |status| status == "CONFIRMED")
            }
            (409, "HOLD_EXPIRED", Doing::Pay(id, _) | Doing::SellKept(id)) => {
                self.reservation_was(id, |status| status == "EXPIRED")
            }
            (
                409,
                "RESERVATION_NOT_PENDING",
                Doing::Pay(id, _)
                | Doing::Cancel(id)
                | Doing::SellKept(id)
                | Doing::FreeKept(id)
                | Doing::ChangeHold { id, .. },
            ) => self.reservation_was(id, |status| status != "PENDING_PAYMENT" && !status.is_empty()),
            (409, "RESERVATION_NOT_CONFIRMED", Doing::GiveBack { id, .. } | Doing::Exchange { id, .. }) => {
                self.reservation_was(id, |status| status != "CONFIRMED" && !status.is_empty())
            }
            (409, "VISIT_OVER", Doing::Hold(..) | Doing::HoldBest(..) | Doing::ChangeHold { .. }) => {
                self.states(|states| *states == TokenState::Active)
            }
            _ => false,
        }
    }

    /// The date that a customer's wish is for.
    fn date_of(&self, doing: &Doing) -> Option<i64> {
        match doing {
            Doing::Hold(date, _) | Doing::HoldBest(date, _) => Some(*date),
            Doing::Sell { schedule, .. } | Doing::Keep { schedule, .. } | Doing::MoveDate { schedule, .. } => {
                Some(*schedule)
            }
            Doing::Exchange { schedule, .. } => Some(*schedule),
            Doing::Pay(id, _) | Doing::SellKept(id) | Doing::ChangeHold { id, .. } => {
                self.story.reserved.get(id).map(Reserved::schedule)
            }
            _ => None,
        }
    }

    /// When the date of a reservation began, and whether the reservation ended because it was cancelled.
    fn date_was(&self, id: &str, body: &Value) -> bool {
        let Some(reserved) = self.story.reserved.get(id) else { return false };
        let ended = match body["status"].as_str() {
            Some("CANCELLED") => reserved.released,
            Some("REFUNDED") => reserved.refunded.last().map(|(n, _)| *n),
            _ => None,
        };
        let with_date = ended.is_some_and(|ended| self.story.was_cancelled_by(reserved.schedule(), ended));
        let is_told = body["endReason"] == "SCHEDULE_CANCELLED";
        // Until the clock is turned, what ended before the date was cancelled may have ended with it.
        let at = |n: usize| self.story.events[n - 1].at;
        let cancelled = self.story.cancelled.get(&reserved.schedule());
        let at_once = || ended.zip(cancelled).is_some_and(|(ended, cancelled)| at(ended) == at(*cancelled));
        self.story.began_so(reserved, self.window, body) && (is_told == with_date || is_told && at_once())
    }

    /// A date that is settled has nobody any more who paid or holds seats.
    fn is_settled_so(&self, schedule: i64, body: &Value) -> bool {
        let of_date = self.story.reserved.values().filter(|reserved| reserved.schedule() == schedule);
        let mut at_the_end = of_date.filter(|reserved| reserved.held <= self.window.1);
        let is_open = |reserved: &Reserved| {
            let status = reserved.status.at(self.window.1).copied();
            matches!(status, Some("PENDING_PAYMENT" | "CONFIRMED"))
        };
        body["settledAt"].is_null() || !at_the_end.any(is_open)
    }

    /// What stood in the way of a removal: points, and reservations that were paid or held.
    fn was_in_use(&self, body: &Value) -> bool {
        let told: Vec<&str> =
            body["reservationIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut own = self.story.reserved.iter().filter(|(_, reserved)| reserved.user == self.op.user);
        let as_told = |(id, reserved): (&String, &Reserved)| {
            let was = |status: &&str| matches!(*status, "PENDING_PAYMENT" | "CONFIRMED") == told.contains(&id.as_str());
            reserved.status.was(self.window, was)
        };
        let balance = body["balance"].as_i64();
        self.balance_was(balance) && own.all(as_told) && (balance != Some(0) || !told.is_empty())
    }

    fn states(&self, is_so: impl Fn(&TokenState) -> bool) -> bool {
        let outside = Timeline::from(TokenState::Outside);
        self.story.states.get(&self.op.user).unwrap_or(&outside).was(self.window, is_so)
    }

    /// The place that a token was told: the number of those ahead who were still there, plus one.
    fn stands_so(&self, body: &Value) -> bool {
        let token = body["token"].as_str().unwrap_or("");
        let Some(&stay) = self.order.stays.get(token) else { return false };
        let found = &self.story.stays[stay];
        let over = found.ended.unwrap_or(usize::MAX);
        let (begin, end) = match body["status"].as_str() {
            Some("WAITING") => (found.issued, found.admitted.unwrap_or(over)),
            Some("ACTIVE") => match found.admitted {
                Some(admitted) => (admitted, over),
                None => return false,
            },
            _ => return false,
        };
        let (from, to) = (self.window.0.max(begin), self.window.1.min(end - 1));
        let place = |after| if body["status"] == "ACTIVE" { 0 } else { self.story.place(stay, after) as u64 };
        let told = body["position"].as_u64();
        // It falls, but for those to whom a place ahead was given back.
        let was_told =
            |told| (place(to)..=place(from)).contains(&told) || (from..=to).any(|after| place(after) == told);
        found.user == self.op.user && from <= to && told.is_some_and(was_told)
    }

    fn token_was_over(&self, reason: &str) -> bool {
        let Some(&stay) = self.order.stays.get(&self.op.token) else { return false };
        let stay = &self.story.stays[stay];
        let by_time = matches!(reason, "TIMED_OUT" | "ABANDONED");
        stay.ended.is_some_and(|ended| {
            (by_time || ended <= self.window.1) && self.story.events[ended - 1].text("reason") == reason
        })
    }

    fn token_came_and_went(&self) -> bool {
        let (from, to) = self.window;
        let mut stays = self.story.stays.iter().filter(|stay| stay.user == self.op.user);
        stays.any(|stay| stay.issued > from && stay.ended.is_some_and(|ended| ended <= to))
    }

    fn balance_was(&self, told: Option<i64>) -> bool {
        let nothing = Timeline::from(0);
        self.story.balances.get(&self.op.user).unwrap_or(&nothing).was(self.window, |points| Some(*points) == told)
    }

    fn reservation_was(&self, id: &str, is_so: impl Fn(&str) -> bool) -> bool {
        let reserved = self.story.reserved.get(id).filter(|reserved| reserved.user == self.op.user);
        reserved.is_some_and(|reserved| reserved.status.was(self.window, |status| is_so(status)))
    }

    /// The seats of a reservation with their prices, as they were told.
    fn seats_were(&self, id: &str, body: &Value) -> bool {
        let Some(reserved) = self.story.reserved.get(id) else { return false };
        let price = self.story.rules.price;
        let one = |seat: &Value| Some((seat["seat"].as_str()?.to_owned(), seat["price"].as_i64()?));
        let told: Option<BTreeSet<_>> = body["seats"].as_array().and_then(|seats| seats.iter().map(one).collect());
        let is_so = |seats: &Seats| {
            let agreed =
                |(_, label): &(i64, String)| (label.clone(), if reserved.is_free { 0 } else { price_of(label, price) });
            Some(seats.iter().map(agreed).collect()) == told
        };
        reserved.seats.was(self.window, is_so)
    }

    /// What the seats of a hold cost is what was told, and not what was offered.
    fn price_was(&self, id: &str, told: Option<i64>, offered: i64) -> bool {
        let Some(reserved) = self.story.reserved.get(id) else { return false };
        let cost = |seats: &Seats| reserved.cost(seats, self.story.rules.price);
        self.reservation_was(id, |status| status == "PENDING_PAYMENT")
            && reserved.seats.was(self.window, |seats| Some(cost(seats)) == told && cost(seats) != offered)
    }

    /// Too few points for an exchange: told is what there would have been with what goes back.
    fn was_short(&self, id: &str, give_back: &[String], body: &Value) -> bool {
        let Some(reserved) = self.story.reserved.get(id) else { return false };
        let back = reserved.cost(&of(0, give_back), self.story.rules.price);
        self.balance_was(body["balance"].as_i64().map(|balance| balance - back))
    }

    /// Whether there was one moment at which of these seats exactly those were taken for which `is_taken` says so, by
    /// others than this reservation.
    fn at_one_moment(&self, seats: &[((i64, String), bool)], own: &str) -> bool {
        let (from, to) = self.window;
        let is_taken = |owner: &Option<String>| owner.as_ref().is_some_and(|owner| owner != own);
        let free = Timeline::from(None);
        let timelines: Vec<_> =
            seats.iter().map(|(seat, taken)| (self.story.seats.get(seat).unwrap_or(&free), *taken)).collect();
        let changes = timelines.iter().flat_map(|(timeline, _)| timeline.changes());
        let mut moments: Vec<usize> = changes.filter(|event| from < *event && *event <= to).chain([from, to]).collect();
        moments.sort_unstable();
        moments.dedup();
        moments.into_iter().any(|moment| {
            timelines.iter().all(|(timeline, taken)| timeline.was((moment, moment), |owner| is_taken(owner) == *taken))
        })
    }

    fn exactly_these_were_taken(&self, schedule: i64, wanted: &[String], own: &str, body: &Value) -> bool {
        let taken = |seat: &str| body["seats"].as_array().is_some_and(|seats| seats.iter().any(|one| one == seat));
        let seats: Vec<_> = wanted.iter().map(|seat| ((schedule, seat.clone()), taken(seat))).collect();
        seats.iter().any(|(_, taken)| *taken) && self.at_one_moment(&seats, own)
    }

    fn map_was(&self, schedule: i64, body: &Value) -> bool {
        let Some(seats) = body["seats"].as_array() else { return false };
        let told =
            |seat: &Value| ((schedule, seat["seat"].as_str().unwrap_or("").to_owned()), seat["status"] != "AVAILABLE");
        self.at_one_moment(&seats.iter().map(told).collect::<Vec<_>>(), "")
    }
}
