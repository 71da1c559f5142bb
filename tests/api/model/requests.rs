//! What is asked, as method, path and body.

use serde_json::{Value, json};
use uuid::Uuid;

use super::tested::Tested;
use super::words::{On, PaidFor, What};
use super::world::{CHILD, DATES, Rules, USERS};

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

impl Tested {
    fn reservation(&self, reservation: Option<usize>) -> &str {
        reservation.map_or(NOBODY, |it| &self.reservations[it].0)
    }

    /// The request on the wire; its path is below `/api/v1`.
    pub fn request(&self, what: &What) -> (&'static str, String, Value) {
        let none = Value::Null;
        match what {
            What::LineUp { user, right_key, line } => {
                let it = &self.users[*user];
                let key = if *right_key { &it.key } else { &self.users[(user + 1) % USERS].key };
                let concert = if *line == 0 { Value::Null } else { json!(2) };
                ("POST", "/queue/tokens".into(), json!({ "userId": it.id, "userKey": key, "concertId": concert }))
            }
            What::Poll => ("GET", "/queue/token".into(), none),
            What::Leave => ("DELETE", "/queue/token".into(), none),
            What::Draw => ("GET", "/queue/draw".into(), none),
            What::Dates { concert, all } => ("GET", format!("/concerts/{concert}/schedules?all={all}"), none),
            What::Map { schedule } => ("GET", format!("/schedules/{schedule}/seats"), none),
            What::MapOn { concert, date } => ("GET", format!("/concerts/{concert}/seats?date={date}"), none),
            What::Hold { on: On::Schedule(id), seats } => {
                ("POST", "/reservations".into(), json!({ "scheduleId": id, "seats": wishes(seats) }))
            }
            What::Hold { on: On::Date(concert, date), seats } => {
                ("POST", "/reservations".into(), json!({ "concertId": concert, "date": date, "seats": wishes(seats) }))
            }
            What::Pay { paid_for: PaidFor::Reservation(it), amount } => {
                ("POST", "/payments".into(), json!({ "reservationId": self.reservation(*it), "amount": amount }))
            }
            What::Pay { paid_for: PaidFor::Seats(id, seats), amount } => {
                ("POST", "/payments".into(), json!({ "scheduleId": id, "seats": seats, "amount": amount }))
            }
            What::Cancel { reservation } => {
                ("DELETE", format!("/reservations/{}", self.reservation(*reservation)), none)
            }
            What::RefundOwn { reservation, seats } => {
                ("POST", format!("/reservations/{}/refund", self.reservation(*reservation)), some_seats(seats))
            }
            What::ChangeHold { reservation, seats } => (
                "PATCH",
                format!("/reservations/{}", self.reservation(*reservation)),
                json!({ "seats": wishes(seats) }),
            ),
            What::Exchange { reservation, give_back, seats, amount } => {
                let path = format!("/reservations/{}/exchange", self.reservation(*reservation));
                let mut body = some_seats(give_back);
                body["giveBack"] = body["seats"].take();
                (body["seats"], body["amount"]) = (json!(wishes(seats)), json!(amount));
                ("POST", path, body)
            }
            What::HandOver { reservation } => {
                let ticket = self.first_ticket(*reservation);
                ("POST", format!("/tickets/{ticket}/reissue"), json!({ "holder": "Lee" }))
            }
            What::See { reservation } => ("GET", format!("/reservations/{}", self.reservation(*reservation)), none),
            What::List => ("GET", "/reservations".into(), none),
            What::TopUp { user, amount } => {
                ("POST", format!("/users/{}/balance/top-ups", self.users[*user].id), json!({ "amount": amount }))
            }
            What::Balance { user } => ("GET", format!("/users/{}/balance", self.users[*user].id), none),
            What::Entries { user } => ("GET", format!("/users/{}/balance/entries", self.users[*user].id), none),
            What::SeePayment { reservation } => {
                ("GET", format!("/payments/{}", reservation.map_or(NOBODY, |it| &self.reservations[it].1)), none)
            }
            staff => self.staff_request(staff),
        }
    }

    /// The ticket for the first seat of a reservation.
    fn first_ticket(&self, reservation: Option<usize>) -> String {
        let id: Option<Uuid> = reservation.and_then(|it| self.reservations[it].0.parse().ok());
        let first = "SELECT ticket_id FROM ticket JOIN reservation_seat USING (reservation_id, seat_no)
                     WHERE reservation_id = ?1 ORDER BY seat_no LIMIT 1";
        let found = self.file.query_row(first, [id], |row| row.get::<_, Uuid>(0));
        found.map_or_else(|_| NOBODY.to_owned(), |ticket| ticket.to_string())
    }

    fn staff_request(&self, what: &What) -> (&'static str, String, Value) {
        match what {
            What::Turn { ms } => ("POST", "/staff/clock".into(), json!({ "advanceMilliseconds": ms })),
            What::Revoke { user } => ("DELETE", format!("/staff/queue/tokens/{}", self.users[*user].id), Value::Null),
            What::SetRules(0, rules) => ("PATCH", "/staff/queue".into(), rules_json(rules)),
            What::SetRules(_, rules) => ("PUT", "/staff/concerts/2/line".into(), rules_json(rules)),
            What::Block { schedule, seat, blocked } => {
                ("PUT", format!("/staff/schedules/{schedule}/seats/{seat}"), json!({ "blocked": blocked }))
            }
            What::SetSale { schedule, opens, closes } => {
                let window = json!({ "saleOpensAt": self.instant(*opens), "saleClosesAt": self.instant(*closes) });
                ("PATCH", format!("/staff/schedules/{schedule}"), window)
            }
            What::MoveDate { schedule, minutes } => {
                ("PATCH", format!("/staff/schedules/{schedule}"), json!({ "startsAt": starts_at(*schedule, *minutes) }))
            }
            What::CancelDate { schedule } => ("POST", format!("/staff/schedules/{schedule}/cancellation"), Value::Null),
            What::DeleteDate { schedule } => ("DELETE", format!("/staff/schedules/{schedule}"), Value::Null),
            What::RemoveUser { user } => ("DELETE", format!("/staff/users/{}", self.users[*user].id), Value::Null),
            What::SetTerms { schedule, hours } => {
                ("PATCH", format!("/staff/schedules/{schedule}"), json!({ "refundUntilHours": hours }))
            }
            What::Correct { user, amount } => {
                let path = format!("/staff/users/{}/balance/corrections", self.users[*user].id);
                ("POST", path, json!({ "amount": amount, "reason": "counted again" }))
            }
            counter => self.counter_request(counter),
        }
    }

    fn counter_request(&self, what: &What) -> (&'static str, String, Value) {
        let one = |reservation: &Option<usize>| format!("/staff/reservations/{}", self.reservation(*reservation));
        let customer = |user: &usize| json!({ "userId": self.users[*user].id });
        match what {
            What::Ban { user, banned } => {
                ("PUT", format!("/staff/users/{}/ban", self.users[*user].id), json!({ "banned": banned }))
            }
            What::ExchangeAny { reservation, give_back, schedule, seats } => {
                let mut body = some_seats(give_back);
                body["giveBack"] = body["seats"].take();
                (body["seats"], body["scheduleId"]) = (json!(wishes(seats)), json!(schedule));
                ("POST", format!("{}/exchange", one(reservation)), body)
            }
            What::Sell { user, schedule, seats, method, amount, blocked_too } => {
                let mut body = json!({ "scheduleId": schedule, "seats": wishes(seats), "customer": customer(user) });
                body["includeBlocked"] = json!(blocked_too);
                (body["method"], body["amount"]) = (json!(method), json!(amount));
                ("POST", "/staff/sales".into(), body)
            }
            What::Keep { user, schedule, seats, until } => {
                let until = self.instant(*until);
                let body = json!({ "scheduleId": schedule, "seats": wishes(seats), "customer": customer(user), "until": until });
                ("POST", "/staff/reservations".into(), body)
            }
            What::SellHeld { reservation, method } => {
                ("POST", format!("{}/sale", one(reservation)), json!({ "method": method }))
            }
            What::ChangeAny { reservation, seats } => ("PATCH", one(reservation), json!({ "seats": wishes(seats) })),
            What::SetLimit { user, seats } => {
                ("PATCH", format!("/staff/users/{}", self.users[*user].id), json!({ "seatsPerUser": seats }))
            }
            What::FreeSeats { reservation } => ("DELETE", one(reservation), Value::Null),
            What::Refund { reservation, seats } => ("POST", format!("{}/refund", one(reservation)), some_seats(seats)),
            What::PayOut { user, amount } => {
                let path = format!("/staff/users/{}/balance/payouts", self.users[*user].id);
                ("POST", path, json!({ "amount": amount }))
            }
            other => unreachable!("{other:?}"),
        }
    }
}

/// When a date starts that was moved by so many minutes.
pub fn starts_at(schedule: i64, moved_minutes: i64) -> String {
    let date = DATES[[0, 1, 2, 2, 0][schedule as usize - 1]];
    format!("{date}T{:02}:{moved_minutes:02}:00Z", 9 + schedule)
}

/// Seats, that for a child at the tariff of children.
fn wishes(seats: &[String]) -> Vec<Value> {
    let wish = |seat: &String| if seat == CHILD { json!({ "seat": seat, "tariff": "Child" }) } else { json!(seat) };
    seats.iter().map(wish).collect()
}

fn some_seats(seats: &[String]) -> Value {
    if seats.is_empty() { json!({}) } else { json!({ "seats": seats }) }
}

fn rules_json(rules: &Rules) -> Value {
    json!({
        "maxActive": rules.max_active,
        "admitPerMinute": rules.admit_per_minute,
        "visitSeconds": rules.visit_ms / 1_000,
        "abandonSeconds": rules.abandon_ms / 1_000,
        "claimSeconds": rules.claim_ms / 1_000,
        "graceSeconds": rules.grace_ms / 1_000,
        "paused": rules.paused,
    })
}
