//! The server of a rush: its own on a temporary file, or a running one; a date on sale on it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Rush;
use super::accounts::{get, last_event};
use super::connection::{Connection, Server};
use super::on_sale::{SOLD_OUT, SOLD_OUT_KO};
use crate::app::App;
use crate::client::{Call, ServerAddress};
use crate::clock::Clock;
use crate::commands::{Shutdown, TempVenue};
use crate::queue;
use crate::settings::environment;
use crate::store::OpenError;

/// What every seat costs.
const PRICE: i64 = 50_000;
/// Seats of a row of the hall of an on-sale.
const ROW_SEATS: u64 = 100;
/// Those who wait at an on-sale may be inactive for so long on a server of its own: a million need minutes to join, and
/// as long to come back.
const ON_SALE_ABANDON_SECONDS: u32 = 600;
/// The line of an on-sale is closed until everybody has joined.
const CLOSED_UNTIL: &str = "2099-12-31T00:00:00Z";
/// The draw comes so long after the last has joined: it must lie ahead when the server reads it.
const OPENS_AFTER: Duration = Duration::from_secs(1);

/// A date on sale. Fields are dropped in order: the server stops before its file is removed.
pub(super) struct Setup {
    /// Where customers go, and where staff do.
    pub server: Server,
    pub staff_server: Server,
    pub staff: String,
    pub concert_id: i64,
    pub schedule_id: i64,
    /// The last event before the rush.
    pub after: i64,
    /// The last draw before it.
    draws_before: i64,
    /// The rules of the line, as staff read them.
    pub rules: Value,
    /// The file, when the server is our own.
    pub file: Option<PathBuf>,
    /// Set when somebody wants the rush to end.
    pub stop: Arc<AtomicBool>,
    _app: Option<App>,
    _scratch: Option<TempVenue>,
}

impl Setup {
    /// Opens the sale with a draw; says how soon.
    pub(super) fn open_line(&self) -> Result<Duration, OpenError> {
        let opens_at = Clock::wall_now().plus_ms(OPENS_AFTER.as_millis() as i64); // a second
        change_line(&mut self.staff_server.connect(), &self.staff, json!({ "opensAt": opens_at }))?;
        Ok(OPENS_AFTER)
    }

    /// The line says that all seats are sold and lets nobody in, or does so no longer.
    pub(super) fn say_sold_out(&self, says: bool) -> Result<(), OpenError> {
        let message = says.then(|| json!({ "en": SOLD_OUT, "ko": SOLD_OUT_KO }));
        change_line(&mut self.staff_server.connect(), &self.staff, json!({ "message": message, "paused": says }))
    }

    /// The join numbers in the order of the draw, as anyone can recompute it; `None` before it is held.
    pub(super) fn drawn(&self) -> Result<Option<Vec<u32>>, OpenError> {
        let draw = last_draw(&mut self.server.connect())?.filter(|draw| draw.number > self.draws_before);
        Ok(draw.map(|draw| {
            let absent: HashSet<u32> = draw.absent.into_iter().collect();
            queue::order(&draw.seed, (1..=draw.joined).filter(|number| !absent.contains(number)))
        }))
    }
}

/// What of a draw gives its order.
#[derive(Deserialize)]
struct Drawn {
    number: i64,
    seed: String,
    joined: u32,
    absent: Vec<u32>,
}

/// The last draw of the shared line, if there was one.
fn last_draw(connection: &mut Connection) -> Result<Option<Drawn>, OpenError> {
    let failed = |why: String| OpenError(format!("GET /queue/draw: {why}"));
    let answer = connection.call(&Call::get("/queue/draw", "")).map_err(|error| failed(error.to_string()))?;
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map(Some).map_err(|error| failed(error.to_string())),
        404 => Ok(None),
        _ => Err(failed(format!("refused with {}", answer.told()))),
    }
}

pub(super) fn set(rush: &Rush) -> Result<Setup, OpenError> {
    let Some(url) = &rush.url else { return own_server(rush) };
    let stop = stop_flag(Shutdown::listen(false)?)?;
    let staff_key = rush.staff_key.as_deref().ok_or_else(|| OpenError("--url needs --staff-key too".into()))?;
    let ca = rush.ca.as_deref();
    let address = ServerAddress::parse(url, ca)?;
    let staff_address = match &rush.staff_url {
        None => address.clone(),
        Some(url) => {
            let refused = |why: OpenError| OpenError(why.0.replacen("--url", "--staff-url", 1));
            ServerAddress::parse(url, ca.filter(|_| url.trim().starts_with("https"))).map_err(refused)?
        }
    };
    let [address, staff_address] = match rush.without_proof {
        true => [address, staff_address].map(ServerAddress::without_proof),
        false => [address, staff_address],
    };
    open_sale(rush, Server::Other(address), Server::Other(staff_address), staff_key, stop, None)
}

/// Starts a server of its own with the settings of the rush alone: the environment is for other servers.
fn own_server(rush: &Rush) -> Result<Setup, OpenError> {
    let shutdown = Shutdown::listen(false)?;
    let mut settings = environment::defaults().map_err(|error| OpenError(error.to_string()))?;
    let staff_key = crate::ids::new_key();
    settings.staff_key = Some(staff_key.clone());
    settings.queue.max_active = rush.max_active;
    settings.queue.admit_per_minute = rush.admit_per_minute;
    settings.queue.claim_seconds = Some(rush.claim_seconds);
    settings.queue.abandon_seconds = rush.on_sale.then_some(ON_SALE_ABANDON_SECONDS);
    settings.sale.hold_seconds = rush.hold_seconds;
    let scratch = TempVenue::make()?;
    let database = scratch.database();
    let app = App::open(settings, &database, ([127, 0, 0, 1], 0).into(), shutdown.broken())?;
    let stop = stop_flag(shutdown)?;
    let server = Server::Own(app.address());
    open_sale(rush, server.clone(), server, &staff_key, stop, Some((app, scratch, database)))
}

/// Set as soon as somebody wants the rush to end.
fn stop_flag(shutdown: Shutdown) -> Result<Arc<AtomicBool>, OpenError> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let wait = move || {
        if shutdown.receiver.recv().is_ok() {
            flag.store(true, Relaxed);
        }
    };
    let started = std::thread::Builder::new().name("stop".into()).spawn(wait);
    started.map(|_| stop).map_err(|error| OpenError(format!("signals can't be waited for: {error}")))
}

/// Opens a concert with one date through the staff's API.
fn open_sale(
    rush: &Rush,
    server: Server,
    staff_server: Server,
    staff_key: &str,
    stop: Arc<AtomicBool>,
    own: Option<(App, TempVenue, PathBuf)>,
) -> Result<Setup, OpenError> {
    let mut connection = staff_server.connect();
    let staff = format!("Bearer {staff_key}");
    let concert = json!({ "title": "boxoffice rush", "venue": "Box", "description": "" });
    let concert_id = post(&mut connection, "/staff/concerts", &staff, concert)?["concertId"].as_i64();
    let concert_id = concert_id.ok_or_else(|| OpenError("a concert without an id".into()))?;
    let layout = match rush.on_sale {
        true => rows(rush.seats),
        false => json!({ "numbered": { "count": rush.seats, "price": PRICE } }),
    };
    let date = json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout });
    let path = format!("/staff/concerts/{concert_id}/schedules");
    let schedule_id = post(&mut connection, &path, &staff, date)?["scheduleId"].as_i64();
    let schedule_id = schedule_id.ok_or_else(|| OpenError("a date without an id".into()))?;
    if own.is_none() {
        change_limits(rush, &mut connection, &staff)?;
    }
    if rush.on_sale {
        change_line(&mut connection, &staff, json!({ "opensAt": CLOSED_UNTIL }))?;
    }
    let after = last_event(&mut connection, &staff).map_err(OpenError)?;
    let rules = get(&mut connection, "/staff/queue", &staff).map_err(OpenError)?;
    let draws_before = last_draw(&mut server.connect())?.map_or(0, |draw| draw.number);
    let (app, scratch, file) = match own {
        Some((app, scratch, file)) => (Some(app), Some(scratch), Some(file)),
        None => (None, None, None),
    };
    Ok(Setup {
        server,
        staff_server,
        staff,
        concert_id,
        schedule_id,
        after,
        draws_before,
        rules,
        file,
        stop,
        _app: app,
        _scratch: scratch,
    })
}

/// A running server keeps its limits, unless others are given.
fn change_limits(rush: &Rush, connection: &mut Connection, staff: &str) -> Result<(), OpenError> {
    let mut limits = json!({});
    for (name, limit) in [("maxActive", rush.max_active), ("admitPerMinute", rush.admit_per_minute)] {
        if let Some(limit) = limit {
            limits[name] = limit.into();
        }
    }
    if limits == json!({}) {
        return Ok(());
    }
    change_line(connection, staff, limits)
}

/// Changes rules of the shared line.
fn change_line(connection: &mut Connection, staff: &str, rules: Value) -> Result<(), OpenError> {
    let call = Call { method: "PATCH", ..Call::post("/staff/queue", staff, rules) };
    must(connection, &call).map(drop)
}

fn post(connection: &mut Connection, path: &str, staff: &str, body: Value) -> Result<Value, OpenError> {
    must(connection, &Call::post(path, staff, body))
}

fn must(connection: &mut Connection, call: &Call) -> Result<Value, OpenError> {
    let failed = |why: String| OpenError(format!("{} {}: {why}", call.method, call.path));
    let answer = connection.call(call).map_err(|error| failed(error.to_string()))?;
    match answer.status {
        200..300 => Ok(answer.json()),
        _ => Err(failed(format!("refused with {}", answer.told()))),
    }
}

/// A hall of rows, so that there are best seats.
fn rows(seats: u64) -> Value {
    let rows = (0..seats.div_ceil(ROW_SEATS)).map(|row| {
        let count = ROW_SEATS.min(seats - row * ROW_SEATS);
        json!({ "row": (row + 1).to_string(), "count": count })
    });
    json!({ "sections": [{ "name": "Hall", "price": PRICE, "rows": rows.collect::<Vec<_>>() }] })
}
