//! `scripts/bench`: every call beside its limits, at 64 connections that stay and with a connection for each request.

use std::path::Path;

use serde_json::{Value, json};

use crate::Wish;
use crate::bare::Work;
use crate::figures::Figure;
use crate::filling::{self, POINTS, SeatPosition};
use crate::halls::{ACTIVE, DATES, Halls, LARGE, SMALL, WAITING, seats_of};
use crate::load::{Load, Outcome, Play};
use crate::plays::{CALLS, Prepared, Purchases};
use crate::rounds::{Setup, compare};
use crate::same::must_run_the_same;
use crate::served::Served;
use crate::table;
use crate::wire::{Answer, Wire, request, with_field};

pub const CONNECTIONS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    Poll,
    Map { schedule_id: i64, seats: usize, is_known: bool },
    Dates,
    Balance,
    TopUp,
    Hold,
    Purchase,
}

/// A call, and what its rate must be at least of the constant answer behind the HTTP server.
pub struct Call {
    pub name: &'static str,
    pub kind: CallKind,
    /// What it writes; each round gets a fresh file then.
    pub work: Option<Work>,
    pub of_server: Option<f64>,
    pub written: Option<Written>,
}

/// What a call that writes is held to besides.
#[derive(Clone, Copy)]
pub struct Written {
    /// Its rate, at least, of that of its statements by SQLite alone.
    pub of_sqlite: f64,
    /// The server's processor time for one, at most, to the time that SQLite alone takes for it: two thirds of what it
    /// was on 2026-11-24, 2.7 for a hold and 3.0 for a purchase.
    pub cpu_of_sqlite: f64,
}

const fn reading(name: &'static str, kind: CallKind, of_server: Option<f64>) -> Call {
    Call { name, kind, work: None, of_server, written: None }
}

const fn writing(
    name: &'static str,
    kind: CallKind,
    work: Work,
    of_server: Option<f64>,
    written: Option<Written>,
) -> Call {
    Call { name, kind, work: Some(work), of_server, written }
}

const fn map(schedule_id: i64, seats: usize, is_known: bool) -> CallKind {
    CallKind::Map { schedule_id, seats, is_known }
}

static ALL: [Call; 10] = [
    reading("poll of a token", CallKind::Poll, Some(0.85)),
    reading("seat map, 50 seats", map(1, SMALL, false), Some(0.70)),
    reading("seat map, 50 seats, 304", map(1, SMALL, true), Some(0.80)),
    reading("seat map, 2,000 seats", map(5, LARGE, false), Some(1.0 / 1.3)),
    reading("seat map, 2,000 seats, 304", map(5, LARGE, true), Some(0.80)),
    reading("dates of a concert", CallKind::Dates, None),
    reading("balance", CallKind::Balance, Some(0.65)),
    writing("top-up", CallKind::TopUp, Work::TopUp, Some(0.60), None),
    writing(
        "hold of a seat",
        CallKind::Hold,
        Work::Hold,
        Some(0.40),
        Some(Written { of_sqlite: 0.65, cpu_of_sqlite: 1.8 }),
    ),
    writing(
        "whole purchase, 6 calls",
        CallKind::Purchase,
        Work::Purchase,
        None,
        Some(Written { of_sqlite: 0.65, cpu_of_sqlite: 2.0 }),
    ),
];

/// Those that write.
pub fn that_write() -> impl Iterator<Item = &'static Call> {
    ALL.iter().filter(|call| call.work.is_some())
}

impl Call {
    /// The file that it is measured on.
    pub fn app<'h>(&self, halls: &'h Halls) -> &'h Path {
        match self.kind {
            CallKind::Hold | CallKind::TopUp => &halls.holding,
            CallKind::Purchase => &halls.buying,
            _ => &halls.reading,
        }
    }

    /// How many requests it takes.
    pub fn requests(&self) -> usize {
        if self.kind == CallKind::Purchase { CALLS.len() } else { 1 }
    }

    pub fn play(&self, halls: &Halls, served: &Served) -> Box<dyn Play> {
        match self.kind {
            CallKind::Poll => Box::new(polls()),
            CallKind::Map { schedule_id, seats, is_known } => Box::new(maps(served, schedule_id, seats, is_known)),
            CallKind::Dates => Box::new(dates()),
            CallKind::Balance => Box::new(balances()),
            CallKind::TopUp => Box::new(top_ups(halls.holders)),
            CallKind::Hold => Box::new(holds(0..halls.holders, seats_of(self.app(halls), halls))),
            CallKind::Purchase => {
                Box::new(Purchases::new(&CALLS, 0..halls.buyers, seats_of(self.app(halls), halls), DATES))
            }
        }
    }

    /// Ends the program unless the file of a round has what was answered, and is sound.
    pub fn audit(&self, database: &Path, outcome: &Outcome) {
        let file = rusqlite::Connection::open(database).unwrap();
        let count = |statement: &str| file.query_row(statement, [], |row| row.get::<_, i64>(0)).unwrap();
        let answered = match self.kind {
            CallKind::TopUp => "SELECT count(*) FROM ledger_entry WHERE kind = 'TOP_UP'",
            CallKind::Hold => "SELECT count(*) FROM claim WHERE status = 'HELD'",
            _ => "SELECT count(*) FROM ticket",
        };
        let heard = outcome.heard.last().copied().unwrap_or(0);
        assert_eq!(count(answered), heard as i64, "{}: in the file, and answered", self.name);
        for (what, statement) in [
            (
                "reservations without their seat",
                "SELECT count(*) FROM reservation LEFT JOIN claim USING (reservation_id)
                 WHERE claim.status IS NOT iif(reservation.status = 'CONFIRMED', 'SOLD', 'HELD')",
            ),
            (
                "paid reservations without a ticket",
                "SELECT count(*) FROM reservation LEFT JOIN ticket USING (reservation_id)
                 WHERE status = 'CONFIRMED' AND ticket_id IS NULL",
            ),
            (
                "balances that are not the sum of their entries",
                "SELECT count(*) FROM balance
                 WHERE points <> (SELECT sum(amount) FROM ledger_entry WHERE ledger_entry.user_id = balance.user_id)",
            ),
        ] {
            assert_eq!(count(statement), 0, "{}: {what}", self.name);
        }
    }
}

fn get(path: &str, number: usize) -> Vec<u8> {
    request("GET", path, &filling::token(number), &Value::Null)
}

/// Polls of those who wait in the hall for reading.
pub fn polls() -> Prepared {
    polls_of(WAITING)
}

/// Polls of people who wait.
pub fn polls_of(numbers: std::ops::Range<usize>) -> Prepared {
    let tokens: Vec<String> = numbers.clone().map(filling::token).collect();
    let requests = numbers.map(|number| get("/api/v1/queue/token", number)).collect();
    Prepared::endless(requests, move |number, answer| {
        let own = answer.member("token") == Some(&tokens[number]);
        answer.status == 200 && own && answer.member("status") == Some("WAITING")
    })
}

/// Maps of a date, as those see them who were let in.
pub fn maps(served: &Served, schedule_id: i64, seats: usize, is_known: bool) -> Prepared {
    let requests = ACTIVE.map(|number| get(&format!("/api/v1/schedules/{schedule_id}/seats"), number));
    if !is_known {
        let begin = format!("{{\"scheduleId\":{schedule_id},\"date\":\"");
        let last = format!("{{\"seat\":\"{seats}\",\"section\":null,");
        let right = move |_: usize, answer: &Answer| {
            let end = answer.text().rsplit_once("{\"seat\"").map_or(0, |(before, _)| before.len());
            answer.status == 200 && answer.text().starts_with(&begin) && answer.text()[end..].starts_with(&last)
        };
        return Prepared::endless(requests.collect(), right);
    }
    let mut wire = Wire::open(served.address);
    let known = |request: Vec<u8>| {
        let tag = wire.call(&request).header("etag").unwrap().to_owned();
        with_field(&request, &format!("If-None-Match: {tag}"))
    };
    Prepared::endless(requests.map(known).collect(), |_, answer| answer.status == 304 && answer.body.is_empty())
}

fn dates() -> Prepared {
    let requests = ACTIVE.map(|number| get("/api/v1/concerts/1/schedules", number)).collect();
    Prepared::endless(requests, |_, answer| {
        answer.status == 200 && answer.text().matches("\"scheduleId\":").count() == DATES
    })
}

fn balances() -> Prepared {
    let path = |number: usize| format!("/api/v1/users/{}/balance", filling::user(number));
    let requests = ACTIVE.map(|number| get(&path(number), number)).collect();
    let balance = format!("\"balance\":{POINTS},");
    Prepared::endless(requests, move |number, answer| {
        let user = filling::user(ACTIVE.start + number).to_string();
        answer.status == 200 && answer.member("userId") == Some(&user) && answer.text().contains(&balance)
    })
}

/// Each of so many users tops up once.
pub fn top_ups(users: usize) -> Prepared {
    let requests = (0..users).map(|number| {
        let path = format!("/api/v1/users/{}/balance/top-ups", filling::user(number));
        request("POST", &path, &filling::token(number), &json!({ "amount": filling::PRICE }))
    });
    let balance = format!("\"balance\":{}", filling::PRICE);
    Prepared::once(requests.collect(), move |_, answer| answer.status == 201 && answer.text().contains(&balance))
}

/// Each of these users holds a seat, one after the other from this one on.
pub fn holds(numbers: std::ops::Range<usize>, from: SeatPosition) -> Prepared {
    let first = numbers.start;
    let requests = numbers.map(|number| {
        request("POST", "/api/v1/reservations", &filling::token(number), &from.after(number - first).wanted())
    });
    Prepared::once(requests.collect(), move |number, answer| {
        let user = filling::user(first + number).to_string();
        let seat = format!("{{\"seat\":\"{}\",", from.after(number).label());
        answer.status == 201 && answer.member("userId") == Some(&user) && answer.text().contains(&seat)
    })
}

/// Every call in both ways; gives back the figures that have a target.
pub fn measure(wish: &Wish, halls: &Halls) -> (Vec<Figure>, Value) {
    let (server, direct) = (Served::limit("server"), Served::limit("direct"));
    let reading = Served::boxoffice(&halls.reading, &[]);
    let setup = Setup { halls, server, direct, reading };
    let (mut figures, mut told) = (Vec::new(), Vec::new());
    for is_new_each in [false, true] {
        let load = Load { connections: CONNECTIONS, is_new_each, per_second: None, lasting: wish.lasting() };
        let how = if is_new_each { "a connection for each request, 64 at once" } else { "64 connections that stay" };
        let wanted: Vec<&Call> = ALL.iter().filter(|call| wish.wants(&format!("{}, {how}", call.name))).collect();
        if !wanted.is_empty() {
            table::print_head(how);
        }
        for call in wanted {
            if let (Some(work), false) = (call.work, is_new_each) {
                same_statements(halls, call, work);
            }
            let compared = compare(&setup, call, load, wish.rounds);
            table::print(call, &compared);
            told.push(compared.json(call, load));
            if !is_new_each {
                figures.extend(table::targets(call, &compared));
            }
        }
    }
    (figures, json!(told))
}

fn same_statements(halls: &Halls, call: &Call, work: Work) {
    let app = call.app(halls);
    must_run_the_same(work, app, seats_of(app, halls), halls.folder(), |copy, log| {
        let served = Served::logging_statements(copy, log);
        let of_start = std::fs::metadata(log).unwrap().len() as usize;
        let (mut play, mut wire) = (call.play(halls, &served), Wire::open(served.address));
        for _ in 0..call.requests() {
            let mut request = Vec::new();
            play.ask(0, &mut request);
            play.hear(0, &wire.call(&request)).unwrap();
        }
        of_start
    });
}
