//! What customers do: one prepared request after the other, or a whole purchase from the token to the ticket.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use serde_json::json;
use uuid::Uuid;

use crate::filling::{self, SeatPosition};
use crate::load::Play;
use crate::wire::{Answer, request, with_field};

/// Whether an answer is the right one for the request of a number.
pub type Check = Box<dyn Fn(usize, &Answer) -> bool + Send>;

/// Prepared requests, one after the other, whoever asks.
pub struct Prepared {
    requests: Vec<Vec<u8>>,
    next: usize,
    /// Begins anew after the last one.
    is_endless: bool,
    /// The number of the request that each place waits for.
    asked: Vec<usize>,
    check: Check,
}

impl Prepared {
    /// Each request again and again.
    pub fn endless(requests: Vec<Vec<u8>>, check: impl Fn(usize, &Answer) -> bool + Send + 'static) -> Prepared {
        Prepared { requests, next: 0, is_endless: true, asked: Vec::new(), check: Box::new(check) }
    }

    /// Each request once.
    pub fn once(requests: Vec<Vec<u8>>, check: impl Fn(usize, &Answer) -> bool + Send + 'static) -> Prepared {
        Prepared { is_endless: false, ..Prepared::endless(requests, check) }
    }
}

impl Play for Prepared {
    fn ask(&mut self, place: usize, request: &mut Vec<u8>) -> Option<usize> {
        if self.is_endless && self.next >= self.requests.len() {
            self.next = 0;
        }
        request.extend_from_slice(self.requests.get(self.next)?);
        self.asked.resize(self.asked.len().max(place + 1), 0);
        self.asked[place] = self.next;
        self.next += 1;
        Some(0)
    }

    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String> {
        let number = self.asked[place];
        if (self.check)(number, answer) {
            return Ok(());
        }
        let asked = String::from_utf8_lossy(&self.requests[number]);
        let head: String = asked.lines().take(1).collect();
        let told: String = answer.text().chars().take(300).collect();
        Err(format!("{head} was answered {}: {told}", answer.status))
    }
}

/// A play beside other work: it goes on until that is over, and tells how many answers came.
pub struct Beside<'a, P> {
    pub play: P,
    pub heard: &'a AtomicUsize,
    pub is_over: &'a AtomicBool,
}

impl<P: Play> Play for Beside<'_, P> {
    fn ask(&mut self, place: usize, request: &mut Vec<u8>) -> Option<usize> {
        if self.is_over.load(Relaxed) { None } else { self.play.ask(place, request) }
    }

    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String> {
        self.heard.fetch_add(1, Relaxed);
        self.play.hear(place, answer)
    }

    fn series(&self) -> usize {
        self.play.series()
    }
}

/// The calls of a whole purchase, in order.
pub const CALLS: [&str; 6] = ["token", "dates", "seats", "hold", "top-up", "pay"];
/// The calls of somebody who was let in and has points.
pub const BUY: [&str; 2] = ["hold", "pay"];

#[derive(Default)]
struct Customer {
    number: usize,
    /// Calls that were answered; all of them: the next customer takes this place.
    calls: usize,
    token: String,
    reservation: String,
}

/// Whole purchases: each by a user of their own, who buys the seat of their number.
pub struct Purchases {
    calls: &'static [&'static str],
    customers: Vec<Customer>,
    /// Users that have not come yet, and seats for all of them.
    users: std::ops::Range<usize>,
    /// The seat of user 0, and how many dates a concert has.
    first: SeatPosition,
    dates: i64,
    /// Whether what is written is asked under an `Idempotency-Key`.
    has_keys: bool,
    /// Every so many customers, one leaves with the seat held.
    leaves_every: usize,
}

impl Purchases {
    pub fn new(
        calls: &'static [&'static str],
        users: std::ops::Range<usize>,
        first: SeatPosition,
        dates: usize,
    ) -> Purchases {
        let (customers, dates) = (Vec::new(), dates as i64);
        Purchases { calls, customers, users, first, dates, has_keys: false, leaves_every: usize::MAX }
    }

    /// The same with an `Idempotency-Key` on what is written, and with some who leave with the seat held.
    pub fn of_a_day(self, leaves_every: usize) -> Purchases {
        Purchases { has_keys: true, leaves_every, ..self }
    }
}

impl Play for Purchases {
    fn series(&self) -> usize {
        self.calls.len()
    }

    fn ask(&mut self, place: usize, out: &mut Vec<u8>) -> Option<usize> {
        while self.customers.len() <= place {
            self.customers.push(Customer { calls: self.calls.len(), ..Customer::default() });
        }
        let customer = &mut self.customers[place];
        let is_leaving = customer.number % self.leaves_every == self.leaves_every - 1;
        if customer.calls == self.calls.len() || (is_leaving && self.calls[customer.calls] == "pay") {
            let number = self.users.next()?;
            *customer = Customer { number, token: filling::token(number), ..Customer::default() };
        }
        let (user, seat, name) =
            (filling::user(customer.number), self.first.after(customer.number), self.calls[customer.calls]);
        let asked = call(name, customer, user, seat, self.dates);
        if self.has_keys && matches!(name, "hold" | "top-up" | "pay") {
            out.extend(with_field(&asked, &format!("Idempotency-Key: {name}-{}", customer.number)));
        } else {
            out.extend(asked);
        }
        Some(customer.calls)
    }

    fn hear(&mut self, place: usize, answer: &Answer) -> Result<(), String> {
        let customer = &mut self.customers[place];
        let (user, seat, name) =
            (filling::user(customer.number), self.first.after(customer.number), self.calls[customer.calls]);
        if !is_right(name, customer, user, seat, answer) {
            customer.calls = self.calls.len(); // the next one, please
            return Err(format!(
                "{name} of user {} was answered {}: {}",
                customer.number,
                answer.status,
                answer.text()
            ));
        }
        match name {
            "token" => customer.token = answer.member("token").unwrap_or_default().to_owned(),
            "hold" => customer.reservation = answer.member("reservationId").unwrap_or_default().to_owned(),
            _ => {}
        }
        customer.calls += 1;
        Ok(())
    }
}

fn call(name: &str, customer: &Customer, user: Uuid, seat: SeatPosition, dates: i64) -> Vec<u8> {
    let get = |path: String| request("GET", &path, &customer.token, &serde_json::Value::Null);
    match name {
        "token" => {
            let body = json!({ "userId": user, "userKey": filling::key(customer.number) });
            request("POST", "/api/v1/queue/tokens", "", &body)
        }
        "dates" => get(format!("/api/v1/concerts/{}/schedules", (seat.schedule_id - 1) / dates + 1)),
        "seats" => get(format!("/api/v1/schedules/{}/seats", seat.schedule_id)),
        "hold" => request("POST", "/api/v1/reservations", &customer.token, &seat.wanted()),
        "top-up" => {
            let body = json!({ "amount": filling::PRICE });
            request("POST", &format!("/api/v1/users/{user}/balance/top-ups"), &customer.token, &body)
        }
        _ => {
            let body = json!({ "reservationId": customer.reservation, "amount": filling::PRICE });
            request("POST", "/api/v1/payments", &customer.token, &body)
        }
    }
}

fn is_right(name: &str, customer: &Customer, user: Uuid, seat: SeatPosition, answer: &Answer) -> bool {
    let (text, user) = (answer.text(), user.to_string());
    let is = |member: &str, value: &str| answer.member(member) == Some(value);
    match name {
        "token" => answer.status == 201 && is("userId", &user) && is("status", "ACTIVE"),
        "dates" => answer.status == 200 && text.contains(&format!("\"scheduleId\":{},", seat.schedule_id)),
        "seats" => {
            let of_date = text.starts_with(&format!("{{\"scheduleId\":{},", seat.schedule_id));
            let own = text.split_once(&format!("\"seat\":\"{}\",", seat.label())).map_or("", |(_, after)| after);
            let own = own.split('}').next().unwrap_or_default();
            answer.status == 200 && of_date && own.contains("\"status\":\"AVAILABLE\"")
        }
        "hold" => {
            let wanted = format!("\"seats\":[{{\"seat\":\"{}\",\"price\":{}}}]", seat.label(), filling::PRICE);
            answer.status == 201 && is("status", "PENDING_PAYMENT") && is("userId", &user) && text.contains(&wanted)
        }
        "top-up" => answer.status == 201 && text.contains(&format!("\"balance\":{}", filling::PRICE)),
        _ => {
            let paid = is("status", "COMPLETED") && is("reservationId", &customer.reservation);
            answer.status == 201 && paid && is("seat", &seat.label()) && is("tokenStatus", "EXPIRED")
        }
    }
}
