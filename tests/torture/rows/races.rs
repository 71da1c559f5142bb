//! Many for one seat.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::endings::file;
use crate::support::invariants;
use crate::torture::calls::{Call, basic, bearer};
use crate::torture::report::Report;
use crate::torture::served::{PRICE, Served, Start};
use crate::torture::streams::Dice;
use crate::torture::wire::{Answer, Wire};

/// What each client can pay for: one may win often.
const SEATS_EACH: i64 = 200;
const CLIENTS: usize = 200;
/// One of so many winners pays; the others give the seat back.
const PAYS_ONE_IN: usize = 4;
const SEATS: i64 = 200;

struct Client {
    wire: Option<Wire>,
    address: std::net::SocketAddr,
    user: Value,
    token: String,
}

impl Client {
    fn enter(address: std::net::SocketAddr) -> io::Result<Client> {
        let mut client = Client { wire: Some(Wire::open(address)?), address, user: Value::Null, token: String::new() };
        client.user = client.call("POST", "/users", "", json!({ "name": "Kim" }))?.1;
        let path = format!("/users/{}/balance/top-ups", client.text("userId"));
        client.call(
            "POST",
            &path,
            &basic(&client.text("userId"), &client.text("userKey")),
            json!({ "amount": SEATS_EACH * PRICE }),
        )?;
        client.line_up()?;
        Ok(client)
    }

    fn text(&self, name: &str) -> String {
        self.user[name].as_str().unwrap_or("").to_owned()
    }

    fn line_up(&mut self) -> io::Result<()> {
        let body = json!({ "userId": self.user["userId"], "userKey": self.user["userKey"] });
        let token = self.call("POST", "/queue/tokens", "", body)?.1;
        self.token = token["token"].as_str().unwrap_or("").to_owned();
        Ok(())
    }

    fn call(&mut self, method: &'static str, path: &str, authorization: &str, body: Value) -> io::Result<(u16, Value)> {
        let (path, authorization) = (format!("/api/v1{path}"), authorization.to_owned());
        let call = Call { method, path, authorization, key: String::new(), body };
        let answer = call.ask(&mut self.wire, self.address)?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    /// Asks for a seat, and does not wait for the answer.
    fn reach_for(&mut self, seat: i64) -> io::Result<()> {
        let body = json!({ "scheduleId": 1, "seats": [seat.to_string()] });
        let call =
            Call { method: "POST", body, authorization: bearer(&self.token), ..Call::get("/api/v1/reservations") };
        let wire = self.wire.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        wire.send(call.bytes())
    }

    fn hears(&mut self) -> io::Result<Answer> {
        self.wire.as_mut().ok_or(io::ErrorKind::NotConnected)?.answer_to("POST")
    }

    /// Pays for the seat and lines up again, or gives it back.
    fn settle(&mut self, reservation: &Value, pays: bool) -> io::Result<(u16, Value)> {
        let bearer = bearer(&self.token);
        if !pays {
            let path = format!("/reservations/{}", reservation.as_str().unwrap_or(""));
            return self.call("DELETE", &path, &bearer, Value::Null);
        }
        let body = json!({ "reservationId": reservation, "amount": PRICE });
        let paid = self.call("POST", "/payments", &bearer, body)?;
        self.line_up()?;
        Ok(paid)
    }
}

/// In each round 200 clients want the same seat. Whoever reads meanwhile
/// sees neither more nor fewer points than there are.
pub fn one_seat(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let flags = ["--max-active=0", "--seats-per-user=1000", "--visit-seconds=86400", "--abandon-seconds=86400"];
    let Some(served) =
        report.got("opening", Served::open(&database, Start { flags: &flags, ..Start::default() }, 1, SEATS as usize))
    else {
        return;
    };
    let clients: io::Result<Vec<Client>> = (0..CLIENTS).map(|_| Client::enter(served.address)).collect();
    let Some(mut clients) = report.got("entering", clients) else { return };
    let (enough, reads, mut sold) = (AtomicBool::new(false), AtomicUsize::new(0), 0);
    let wrong = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let file = file(&database);
            let mut wrong = None;
            while !enough.load(Relaxed) && wrong.is_none() {
                wrong = points_are_constant(&file).err();
                reads.fetch_add(1, Relaxed);
            }
            wrong
        });
        while report.goes_on() {
            let seat = 1 + sold;
            match one_wins(&mut clients, seat, dice.one_in(PAYS_ONE_IN) && sold < SEATS - 1) {
                Ok(is_sold) => sold += i64::from(is_sold),
                Err(what) => _ = report.check(false, || format!("seat {seat}: {what}")),
            }
        }
        enough.store(true, Relaxed);
        reader.join().unwrap()
    });
    report.check(wrong.is_none(), || wrong.unwrap_or_default());
    invariants::faults(&file(&database)).into_iter().for_each(|fault| _ = report.check(false, || fault));
    report.note(format!("{sold} sold, {} reads of all points", reads.into_inner()));
}

/// Says whether the seat was sold in the end.
fn one_wins(clients: &mut [Client], seat: i64, pays: bool) -> Result<bool, String> {
    let told = |error: io::Error| error.to_string();
    clients.iter_mut().try_for_each(|client| client.reach_for(seat)).map_err(told)?;
    let answers = clients.iter_mut().map(Client::hears).collect::<io::Result<Vec<_>>>().map_err(told)?;
    let winners: Vec<usize> = (0..answers.len()).filter(|n| answers[*n].status == 201).collect();
    let is_refused = |answer: &&Answer| answer.status == 409 && answer.text().contains("SEAT_UNAVAILABLE");
    let refused = answers.iter().filter(is_refused).count();
    let [winner] = winners[..] else { return Err(format!("{} won", winners.len())) };
    if refused != answers.len() - 1 {
        return Err(format!("{refused} were told that it is taken"));
    }
    let reservation = serde_json::from_slice::<Value>(&answers[winner].body).unwrap_or_default();
    let (status, body) = clients[winner].settle(&reservation["reservationId"], pays).map_err(told)?;
    let expected = if pays { 201 } else { 200 };
    (status == expected).then_some(pays).ok_or_else(|| format!("settled with {status} {body}"))
}

fn points_are_constant(file: &Connection) -> Result<(), String> {
    let sums = "SELECT (SELECT sum(points) FROM balance),
        (SELECT coalesce(sum(amount), 0) FROM reservation WHERE status = 'CONFIRMED'), (SELECT sum(amount) FROM ledger_entry)";
    let sums = file.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (left, spent, ledger): (i64, i64, i64) = sums.map_err(|error| error.to_string())?;
    let is_right = left + spent == CLIENTS as i64 * SEATS_EACH * PRICE && ledger == left;
    is_right.then_some(()).ok_or_else(|| format!("{left} points left, {spent} spent, {ledger} in the ledger"))
}
