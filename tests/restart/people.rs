//! Customers who keep book of every answer they were given, and check after a restart that all of it is still so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Value, json};

use crate::hall::{Answer, Client, PRICE, basic, bearer};
use crate::invariants::Dice;

/// What a customer does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    LineUp,
    Poll,
    Leave,
    TopUp(i64),
    Hold(Vec<String>),
    Pay(String),
    Cancel(String),
}

/// A call as it can be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    method: &'static str,
    path: String,
    authorization: String,
    key: String,
    body: String,
}

/// No answer came.
pub struct Unanswered;

impl Call {
    fn send(&self, url: &str, agent: &ureq::Agent) -> Result<Answer, Unanswered> {
        let mut request = ureq::http::Request::builder().method(self.method).uri(format!("{url}{}", self.path));
        for (name, value) in [("authorization", &self.authorization), ("idempotency-key", &self.key)] {
            if !value.is_empty() {
                request = request.header(name, value.as_str());
            }
        }
        let sent = if self.body.is_empty() {
            agent.run(request.body(()).unwrap())
        } else {
            agent.run(request.header("content-type", "application/json").body(self.body.clone()).unwrap())
        };
        let mut response = sent.map_err(|_| Unanswered)?;
        let text = response.body_mut().read_to_string().map_err(|_| Unanswered)?;
        let headers = response.headers().iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("").to_owned()));
        let headers = headers.collect();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status: response.status().as_u16(), headers, text, body })
    }
}

/// One customer and their book.
pub struct Person {
    id: String,
    user_key: String,
    token: Option<String>,
    /// When the token was asked for, when it was answered, and the last position told.
    asked: Instant,
    answered: Instant,
    position: u64,
    /// The last token that ended, and why.
    ended: Option<(String, &'static str)>,
    top_ups: BTreeMap<i64, i64>,
    balance: i64,
    reservations: BTreeMap<String, &'static str>,
    pending: Option<(String, i64)>,
    tickets: BTreeMap<String, Value>,
    last: Option<(Call, Answer)>,
    pub unanswered: Option<(Doing, Call)>,
    calls: u64,
    buys: bool,
}

impl Person {
    pub fn new(client: &Client, buys: bool) -> Person {
        let user = client.call("POST", "/api/v1/users", "", Some(json!({ "name": "Kim" }))).must(201).clone();
        Person {
            id: user["userId"].as_str().unwrap().to_owned(),
            user_key: user["userKey"].as_str().unwrap().to_owned(),
            token: None,
            asked: Instant::now(),
            answered: Instant::now(),
            position: 0,
            ended: None,
            top_ups: BTreeMap::new(),
            balance: 0,
            reservations: BTreeMap::new(),
            pending: None,
            tickets: BTreeMap::new(),
            last: None,
            unanswered: None,
            calls: 0,
            buys,
        }
    }

    fn decide(&self, dice: &mut Dice, seats: &[String]) -> Doing {
        let coin = dice.below(100);
        match (&self.token, &self.pending) {
            (None, _) if coin < 20 && self.buys => Doing::TopUp(1_000 + dice.below(1_000) as i64),
            (None, _) => Doing::LineUp,
            (Some(_), Some((id, _))) if coin < 15 => Doing::Cancel(id.clone()),
            (Some(_), Some(_)) if coin < 20 => Doing::Leave,
            (Some(_), Some((_, amount))) if self.balance < *amount => Doing::TopUp(*amount),
            (Some(_), Some((id, _))) => Doing::Pay(id.clone()),
            (Some(_), None) if self.position > 0 && coin < 95 => Doing::Poll,
            (Some(_), None) if self.position > 0 || !self.buys => Doing::Leave,
            (Some(_), None) => Doing::Hold(dice.pick(seats, 1 + coin as usize % 3)),
        }
    }

    fn call_for(&mut self, doing: &Doing) -> Call {
        self.calls += 1;
        let (method, path, body) = match doing {
            Doing::LineUp => ("POST", "/queue/tokens".into(), json!({ "userId": self.id, "userKey": self.user_key })),
            Doing::Poll => ("GET", "/queue/token".to_owned(), Value::Null),
            Doing::Leave => ("DELETE", "/queue/token".into(), Value::Null),
            Doing::TopUp(amount) => {
                ("POST", format!("/users/{}/balance/top-ups", self.id), json!({ "amount": amount }))
            }
            Doing::Hold(seats) => ("POST", "/reservations".into(), json!({ "scheduleId": 1, "seats": seats })),
            Doing::Pay(id) => {
                let amount = self.pending.as_ref().map_or(0, |(_, amount)| *amount);
                ("POST", "/payments".into(), json!({ "reservationId": id, "amount": amount }))
            }
            Doing::Cancel(id) => ("DELETE", format!("/reservations/{id}"), Value::Null),
        };
        let authorization = match (&self.token, doing) {
            (_, Doing::LineUp) => String::new(),
            (Some(token), _) => bearer(token),
            (None, _) => basic(&self.id, &self.user_key),
        };
        let keyed = matches!(doing, Doing::TopUp(_) | Doing::Hold(_) | Doing::Pay(_));
        Call {
            method,
            path: format!("/api/v1{path}"),
            authorization,
            key: if keyed { format!("call-{}", self.calls) } else { String::new() },
            body: if body.is_null() { String::new() } else { body.to_string() },
        }
    }

    /// Does one thing and writes the answer into the book.
    pub fn step(
        &mut self,
        url: &str,
        agent: &ureq::Agent,
        dice: &mut Dice,
        seats: &[String],
    ) -> Result<(), Unanswered> {
        let doing = self.decide(dice, seats);
        let call = self.call_for(&doing);
        let asked = Instant::now();
        let answer = match call.send(url, agent) {
            Ok(answer) if answer.status == 503 => return Err(Unanswered), // it is stopping and says so: nothing was done
            Ok(answer) => answer,
            Err(unanswered) => {
                if doing == Doing::LineUp {
                    self.asked = asked;
                }
                self.unanswered = Some((doing, call));
                return Err(unanswered);
            }
        };
        if doing == Doing::LineUp {
            (self.asked, self.answered) = (asked, Instant::now());
        }
        self.note(&doing, &answer);
        if !call.key.is_empty() {
            self.last = Some((call, answer));
        }
        Ok(())
    }

    fn note(&mut self, doing: &Doing, answer: &Answer) {
        let number = |name: &str| answer.body[name].as_i64().unwrap();
        match doing {
            Doing::LineUp | Doing::Poll => {
                assert!(matches!(answer.status, 200 | 201), "{doing:?}: {}", answer.text);
                self.token = Some(answer.body["token"].as_str().unwrap().to_owned());
                self.position = number("position") as u64;
            }
            Doing::Leave => {
                assert_eq!(answer.status, 204, "{}", answer.text);
                self.ended = self.token.take().map(|token| (token, "LEFT"));
                self.close("CANCELLED");
            }
            Doing::TopUp(amount) => {
                answer.must(201);
                self.top_ups.insert(number("topUpId"), *amount);
                self.balance = number("balance");
            }
            Doing::Hold(_) if answer.status == 409 => _ = answer.refused(409, "SEAT_UNAVAILABLE"),
            Doing::Hold(_) => {
                let id = answer.must(201)["reservationId"].as_str().unwrap().to_owned();
                self.reservations.insert(id.clone(), "PENDING_PAYMENT");
                self.pending = Some((id, number("amount")));
            }
            Doing::Pay(id) => {
                self.tickets.insert(id.clone(), answer.must(201)["tickets"].clone());
                self.balance = number("balance");
                self.close("CONFIRMED");
                self.ended = self.token.take().map(|token| (token, "PAID"));
            }
            Doing::Cancel(_) => {
                answer.must(200);
                self.close("CANCELLED");
            }
        }
    }

    fn close(&mut self, status: &'static str) {
        if let Some((id, _)) = self.pending.take() {
            self.reservations.insert(id, status);
        }
    }

    /// Looks after a restart whether everything in the book is there and the unanswered call was done whole or not at all
    /// (not at all when `none_unanswered`). Then repeats that call, and brings the book up to date.
    pub fn check(&mut self, client: &Client, none_unanswered: bool) {
        let get = |path: String| client.call("GET", &format!("/api/v1{path}"), &basic(&self.id, &self.user_key), None);
        let entries = get(format!("/users/{}/balance/entries?limit=200", self.id)).must(200)["entries"].clone();
        let entries = entries.as_array().unwrap();
        let shown = get("/reservations".into()).must(200)["reservations"].clone();
        let shown = shown.as_array().unwrap();
        let doing = self.unanswered.as_ref().map(|(doing, _)| doing.clone());

        let mut done = self.check_top_ups(entries, &doing);
        let paid = self.check_reservations(shown, entries, &doing, &mut done);
        self.check_token(client, &doing, paid, shown, &mut done);
        assert!(!(done && none_unanswered), "an orderly stop did {doing:?} and gave no answer");
        self.repeat(client, none_unanswered);
        self.read_again(client);
    }

    fn check_top_ups(&self, entries: &[Value], doing: &Option<Doing>) -> bool {
        let of_kind = entries.iter().filter(|entry| entry["kind"] == "TOP_UP");
        let mut extra: BTreeMap<i64, i64> =
            of_kind.map(|entry| (entry["entryId"].as_i64().unwrap(), entry["amount"].as_i64().unwrap())).collect();
        for (id, amount) in &self.top_ups {
            assert_eq!(extra.remove(id), Some(*amount), "an acknowledged top-up is gone");
        }
        match doing {
            Some(Doing::TopUp(amount)) => assert!(extra.is_empty() || extra.values().eq([amount]), "{extra:?}"),
            _ => assert!(extra.is_empty(), "top-ups nobody asked for: {extra:?}"),
        }
        !extra.is_empty()
    }

    /// Gives back which reservation the unanswered call paid, if it did.
    fn check_reservations(&self, shown: &[Value], entries: &[Value], doing: &Option<Doing>, done: &mut bool) -> bool {
        let id_of = |row: &Value| row["reservationId"].as_str().unwrap().to_owned();
        let mut extra: BTreeMap<String, &Value> = shown.iter().map(|row| (id_of(row), row)).collect();
        let mut paid_now = false;
        for (id, status) in &self.reservations {
            let row = extra.remove(id).unwrap_or_else(|| panic!("an acknowledged reservation is gone"));
            let now = row["status"].as_str().unwrap();
            let may_be = match doing {
                Some(Doing::Pay(paid)) if paid == id => Some("CONFIRMED"),
                Some(Doing::Cancel(cancelled)) if cancelled == id => Some("CANCELLED"),
                Some(Doing::Leave) if *status == "PENDING_PAYMENT" => Some("CANCELLED"),
                _ => None,
            };
            assert!(now == *status || Some(now) == may_be, "{now} instead of {status} or {may_be:?}");
            *done |= now != *status;
            paid_now |= now != *status && now == "CONFIRMED";
            if let Some(tickets) = self.tickets.get(id) {
                assert_eq!(&row["tickets"], tickets, "other tickets than were given");
            }
        }
        match doing {
            Some(Doing::Hold(seats)) => {
                assert!(extra.len() <= 1);
                for row in extra.values() {
                    let held = row["seats"].as_array().unwrap().iter().map(|seat| seat["seat"].as_str().unwrap());
                    assert_eq!(held.collect::<BTreeSet<_>>(), seats.iter().map(String::as_str).collect());
                    *done = true;
                }
            }
            _ => assert!(extra.is_empty(), "reservations nobody asked for"),
        }
        let confirmed = shown.iter().filter(|row| row["status"] == "CONFIRMED").map(id_of);
        let paid = entries.iter().filter(|entry| entry["kind"] == "PAYMENT").map(id_of);
        assert_eq!(confirmed.collect::<BTreeSet<_>>(), paid.collect());
        paid_now
    }

    fn check_token(&self, client: &Client, doing: &Option<Doing>, paid: bool, shown: &[Value], done: &mut bool) {
        let poll = |token: &str| client.call("GET", "/api/v1/queue/token", &bearer(token), None);
        if let Some((token, reason)) = &self.ended {
            assert_eq!(poll(token).refused(401, "TOKEN_EXPIRED")["reason"], *reason);
        }
        let Some(token) = &self.token else { return };
        let answer = poll(token);
        let may_end = match doing {
            Some(Doing::Pay(_)) if paid => "PAID",
            Some(Doing::Leave) => "LEFT",
            _ => "",
        };
        if answer.status == 401 {
            assert_eq!(answer.refused(401, "TOKEN_EXPIRED")["reason"], may_end);
            assert!(
                shown.iter().all(|row| row["status"] != "PENDING_PAYMENT"),
                "the visit is over and its hold is not"
            );
            *done = true;
        } else {
            assert_ne!(may_end, "PAID", "paid, and the visit goes on");
            let position = answer.must(200)["position"].as_u64().unwrap();
            assert!(position <= self.position, "fell back from {} to {position}", self.position);
        }
    }

    /// The unanswered call again under its key has one effect in all; the last answered one again gives the same bytes.
    fn repeat(&mut self, client: &Client, none_unanswered: bool) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        if let Some((call, first)) = &self.last {
            let Ok(again) = call.send(&client.url, &agent) else { panic!("no answer") };
            assert_eq!((again.status, &again.text), (first.status, &first.text));
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
        }
        let Some((doing, call)) = self.unanswered.take() else { return };
        if doing == Doing::LineUp {
            let Ok(again) = call.send(&client.url, &agent) else { panic!("no answer") };
            assert!(again.status == 201 || (again.status == 200 && !none_unanswered), "{}", again.text);
            self.answered = Instant::now();
            self.note(&doing, &again);
        }
        if call.key.is_empty() {
            return;
        }
        let Ok(first) = call.send(&client.url, &agent) else { panic!("no answer") };
        let Ok(again) = call.send(&client.url, &agent) else { panic!("no answer") };
        assert!(matches!(first.status, 201 | 409), "{doing:?}: {}", first.text);
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        self.last = Some((call, first));
    }

    /// Brings the book up to date with what the server says.
    fn read_again(&mut self, client: &Client) {
        let get = |path: String| client.call("GET", &format!("/api/v1{path}"), &basic(&self.id, &self.user_key), None);
        let entries = get(format!("/users/{}/balance/entries?limit=200", self.id)).must(200)["entries"].clone();
        let rows = get("/reservations".into()).must(200)["reservations"].clone();
        let of_kind = entries.as_array().unwrap().iter().filter(|entry| entry["kind"] == "TOP_UP");
        let top_ups: BTreeMap<i64, i64> =
            of_kind.map(|entry| (entry["entryId"].as_i64().unwrap(), entry["amount"].as_i64().unwrap())).collect();
        let one_more = usize::from(self.top_ups.len() < top_ups.len());
        assert_eq!(top_ups.len(), self.top_ups.len() + one_more, "a repeated top-up came twice");
        self.top_ups = top_ups;
        self.balance = get(format!("/users/{}/balance", self.id)).must(200)["balance"].as_i64().unwrap();
        self.pending = None;
        for row in rows.as_array().unwrap() {
            let id = row["reservationId"].as_str().unwrap().to_owned();
            let status = match row["status"].as_str().unwrap() {
                "PENDING_PAYMENT" => "PENDING_PAYMENT",
                "CONFIRMED" => "CONFIRMED",
                "CANCELLED" => "CANCELLED",
                other => panic!("{other}"),
            };
            if status == "PENDING_PAYMENT" {
                self.pending = Some((id.clone(), row["amount"].as_i64().unwrap()));
            }
            if status == "CONFIRMED" {
                self.tickets.insert(id.clone(), row["tickets"].clone());
            }
            self.reservations.insert(id, status);
        }
        self.read_place(client);
    }

    /// Asks for the token's place.
    pub fn read_place(&mut self, client: &Client) {
        let Some(token) = self.token.take() else { return };
        let answer = client.call("GET", "/api/v1/queue/token", &bearer(&token), None);
        if answer.status == 200 {
            self.position = answer.body["position"].as_u64().unwrap();
            self.token = Some(token);
            return;
        }
        let reason = if answer.refused(401, "TOKEN_EXPIRED")["reason"] == "PAID" { "PAID" } else { "LEFT" };
        self.ended = Some((token, reason));
    }

    /// The place in the line, if waiting: position, when it was asked for and when answered.
    pub fn place(&self) -> Option<(u64, Instant, Instant)> {
        (self.token.is_some() && self.position > 0).then_some((self.position, self.asked, self.answered))
    }

    /// What the book says of all points: those bought, less those spent.
    pub fn points(&self) -> i64 {
        let seats: usize = self.tickets.values().map(|tickets| tickets.as_array().unwrap().len()).sum();
        self.top_ups.values().sum::<i64>() - seats as i64 * PRICE
    }
}
