//! The wall clock steps while people hold seats and wait for a sale, and between two starts.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::torture::calls::{Call, basic, bearer};
use crate::torture::outside::{comes_true, pause};
use crate::torture::report::{Report, patience};
use crate::torture::served::{PRICE, Served, Start};
use crate::torture::shim::{Shim, Word};
use crate::torture::streams::Dice;

const HOLD: Duration = Duration::from_secs(2);
const OPENS_AFTER: Duration = Duration::from_secs(3);
const HOUR_MS: i64 = 3_600_000;

/// Each round is a step of the wall. Meanwhile holds live as long as they were promised to, by a clock that does not
/// step, and a sale opens when the wall says so: a step ahead is followed, one back is not.
pub fn steps(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let (folder, mut ended) = (tempfile::tempdir().unwrap(), 0);
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    let flags = ["--hold-seconds=2", "--max-active=0", "--seats-per-user=1000"];
    let start = Start { flags: &flags, shim: Some(&shim), traced: false };
    let Some(served) = report.got("opening", Served::open(&folder.path().join("venue.db"), start, 1, 1_000)) else {
        return;
    };
    let Some(customer) = report.got("a customer", Visitor::enter(&served)) else { return };
    let Some(early) = report.got("another", Visitor::enter(&served)) else { return };
    let Some(mut sale) = report.got("a sale", Sale::open_soon(&served, 2)) else { return };
    let (mut hold, mut ahead_ms): (Option<Hold>, i64) = (None, 0);
    while report.goes_on() {
        let step = [0, HOUR_MS, -HOUR_MS, dice.below(2 * HOUR_MS as usize) as i64 - HOUR_MS][dice.below(4)];
        shim.set(Word::WallMs, step);
        ahead_ms = ahead_ms.max(step);
        pause();
        let now = match hold.take() {
            Some(held) => held.until_over(report, &customer, &mut ended),
            None => report.got("holding", Hold::of(&customer, ended + 1)),
        };
        hold = now;
        sale.is_on_time(report, &early, ahead_ms);
    }
    let seen = comes_true(OPENS_AFTER * 2, || {
        sale.is_on_time(report, &early, ahead_ms);
        sale.is_open
    });
    report.check(seen, || "the sale never opened".into());
    // A clock that looks at its wall now and then may have missed all of these: two steps last as long as a hold each.
    for step in [HOUR_MS, -HOUR_MS] {
        shim.set(Word::WallMs, step);
        hold = hold.or_else(|| report.got("holding", Hold::of(&customer, ended + 1)));
        let is_over = comes_true(HOLD * 2, || {
            hold = hold.take().and_then(|held| held.until_over(report, &customer, &mut ended));
            hold.is_none()
        });
        report.check(is_over, || "a hold does not end".into());
    }
    report.note(format!("{ended} holds ended on time"));
}

/// Each round is a run of the program that ends in some way, on the file that the one before left, with the
/// wall somewhere else. Whatever the wall did: what was written later is not of an earlier moment, and
/// `check`, `backup` and the next start are content.
pub fn starts(report: &mut Report) {
    let mut dice = Dice::of(report.seed);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let Some(shim) = report.got("the shim", Shim::build()) else { return };
    let start = Start { shim: Some(&shim), ..Start::default() };
    let mut is_new = true;
    while report.goes_on() {
        let far = [2_000, 30_000, HOUR_MS][dice.below(3)];
        shim.set(Word::WallMs, dice.below(2 * far as usize) as i64 - far);
        let Some(served) = report.got("starting", Served::start(&database, start)) else { return };
        if is_new && report.got("dates", served.add_dates(1, 10)).is_none() {
            return;
        }
        is_new = false;
        for _ in 0..1 + dice.below(3) {
            report.got("a sale of points", top_up(&served));
            shim.set(Word::WallMs, dice.below(2 * far as usize) as i64 - far);
        }
        if dice.one_in(3) {
            report.check(served.terminate().is_some_and(|status| status.success()), || "it did not stop well".into());
        } else {
            served.kill();
        }
        if !is_content(report, &database) {
            return;
        }
    }
}

/// A new customer, to whom staff sell points.
fn top_up(served: &Served) -> std::io::Result<()> {
    let call = Call { method: "POST", body: json!({ "name": "Kim" }), ..Call::get("/api/v1/users") };
    let user: Value = serde_json::from_slice(&call.ask(&mut None, served.address)?.body).unwrap_or_default();
    let path = format!("/users/{}/balance/top-ups", user["userId"].as_str().unwrap_or(""));
    served.staff("POST", &path, json!({ "amount": PRICE }), 201).map(drop)
}

/// `check`, without a warning, and `backup`; and the order of what was written.
fn is_content(report: &mut Report, database: &Path) -> bool {
    let copy = database.with_extension("copy");
    let said = |arguments: &[&OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_sound, checked) = said(&["check".as_ref(), database.as_os_str()]);
    let is_sound = report.check(is_sound && !checked.contains("warning"), || format!("check: {checked}"));
    let (is_copied, told) = said(&["backup".as_ref(), copy.as_os_str(), "--database".as_ref(), database.as_os_str()]);
    let is_copied = report.check(is_copied, || format!("backup: {told}"));
    let _ = std::fs::remove_file(copy); // it may not have been made
    is_sound && is_copied
}

struct Visitor {
    token: String,
    by_key: String,
    address: std::net::SocketAddr,
}

impl Visitor {
    fn enter(served: &Served) -> std::io::Result<Visitor> {
        let post = |path: &str, body: Value| {
            let call = Call { method: "POST", path: path.into(), body, ..Call::get("") };
            call.ask(&mut None, served.address)
                .map(|answer| serde_json::from_slice::<Value>(&answer.body).unwrap_or_default())
        };
        let user = post("/api/v1/users", json!({ "name": "Kim" }))?;
        let token = post("/api/v1/queue/tokens", json!({ "userId": user["userId"], "userKey": user["userKey"] }))?;
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let by_key = basic(&text(&user["userId"]), &text(&user["userKey"]));
        Ok(Visitor { token: text(&token["token"]), by_key, address: served.address })
    }

    fn hold(&self, schedule: i64, seat: usize) -> std::io::Result<(u16, Value)> {
        let body = json!({ "scheduleId": schedule, "seats": [seat.to_string()] });
        let call =
            Call { method: "POST", body, authorization: bearer(&self.token), ..Call::get("/api/v1/reservations") };
        let answer = call.ask(&mut None, self.address)?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }
}

/// A hold, and the earliest and the latest moment at which it can have begun.
struct Hold {
    id: String,
    asked: Instant,
    heard: Instant,
}

impl Hold {
    fn of(visitor: &Visitor, seat: usize) -> std::io::Result<Hold> {
        let asked = Instant::now();
        let (status, body) = visitor.hold(1, seat)?;
        let id = body["reservationId"].as_str().filter(|_| status == 201);
        let id = id.ok_or_else(|| std::io::Error::other(body.to_string()))?.to_owned();
        Ok(Hold { id, asked, heard: Instant::now() })
    }

    /// Gives itself back while it lasts.
    fn until_over(self, report: &mut Report, visitor: &Visitor, ended: &mut usize) -> Option<Hold> {
        let before = Instant::now();
        let path = format!("/api/v1/reservations/{}", self.id);
        let call = Call { authorization: visitor.by_key.clone(), ..Call::get(&path) };
        let answer = report.got("looking", call.ask(&mut None, visitor.address))?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        // A clock of milliseconds, and 500 parts in a million by which the wall is followed.
        let slack = Duration::from_millis(5);
        match body["status"].as_str() {
            Some("PENDING_PAYMENT") => {
                let lived = before.duration_since(self.heard);
                report.check(lived <= HOLD + slack, || format!("a hold lives on after {lived:?}"));
                Some(self)
            }
            Some("EXPIRED") => {
                let lived = self.asked.elapsed();
                report.check(lived + slack >= HOLD, || format!("a hold ended after {lived:?}"));
                *ended += 1;
                None
            }
            _ => {
                report.check(false, || format!("a hold is {body}"));
                None
            }
        }
    }
}

/// A date whose sale opens soon.
struct Sale {
    schedule: i64,
    asked: Instant,
    heard: Instant,
    is_open: bool,
}

impl Sale {
    fn open_soon(served: &Served, schedule: i64) -> std::io::Result<Sale> {
        let asked = Instant::now(); // the wall has not stepped yet
        let wall = std::time::SystemTime::now() + OPENS_AFTER;
        let opens_ms = wall.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let opens_at = boxoffice::clock::Millis::from_unix_ms(opens_ms).to_string();
        let layout = json!({ "numbered": { "count": 100, "price": PRICE } });
        let date = json!({ "startsAt": "2100-02-01T10:00:00Z", "saleOpensAt": opens_at, "layout": layout });
        served.staff("POST", "/concerts/1/schedules", date, 201)?;
        Ok(Sale { schedule, asked, heard: Instant::now(), is_open: false })
    }

    fn is_on_time(&mut self, report: &mut Report, visitor: &Visitor, ahead_ms: i64) {
        if self.is_open {
            return;
        }
        let before = Instant::now();
        let Some((_, body)) = report.got("holding", visitor.hold(self.schedule, 1)) else { return };
        let slack = patience(10);
        match body["code"].as_str() {
            Some("SALE_NOT_OPEN") => {
                let late = before.duration_since(self.heard);
                report.check(late <= OPENS_AFTER + slack, || format!("the sale is not open after {late:?}"));
            }
            None => {
                let after = self.asked.elapsed() + Duration::from_millis(ahead_ms.unsigned_abs());
                report.check(after + slack >= OPENS_AFTER, || format!("the sale opened after {after:?}"));
                self.is_open = true;
            }
            _ => _ = report.check(false, || format!("the sale says {body}")),
        }
    }
}
