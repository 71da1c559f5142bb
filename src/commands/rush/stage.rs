//! The house of a rush: one of its own on a scratch file, or a running one; a date on sale in it.

use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};

use super::Rush;
use super::books::{get, last_event};
use super::wire::{Call, Place, Wire};
use crate::commands::{Scratch, Stops};
use crate::house::House;
use crate::settings::Settings;
use crate::store::OpenError;

/// What every seat costs.
const PRICE: i64 = 50_000;

/// A date on sale, ready for the crowd. Fields are dropped in order: the house closes before its file goes.
pub(super) struct Stage {
    pub place: Place,
    pub staff: String,
    pub concert_id: i64,
    pub schedule_id: i64,
    /// The last event before the rush.
    pub after: i64,
    /// The rules of the line, as staff read them.
    pub rules: Value,
    /// The file, when the house is our own.
    pub file: Option<PathBuf>,
    pub stops: Stops,
    _house: Option<House>,
    _scratch: Option<Scratch>,
}

/// Settings as an empty command line and the environment give them.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn set(rush: &Rush) -> Result<Stage, OpenError> {
    let stops = Stops::listen()?;
    let Some(url) = &rush.url else { return own_house(rush, stops) };
    let staff_key = rush.staff_key.as_deref().ok_or_else(|| OpenError("--url needs --staff-key too".into()))?;
    open_sale(rush, url, staff_key, stops, None)
}

fn own_house(rush: &Rush, stops: Stops) -> Result<Stage, OpenError> {
    let defaults = Defaults::try_parse_from(["boxoffice"]).map_err(|error| OpenError(error.to_string()))?;
    let mut settings = defaults.settings;
    let staff_key = rush.staff_key.clone().unwrap_or_else(crate::ids::new_key);
    settings.staff_key = Some(staff_key.clone());
    settings.queue.max_active = rush.max_active.unwrap_or(settings.queue.max_active);
    settings.queue.admit_per_minute = rush.admit_per_minute.unwrap_or(settings.queue.admit_per_minute);
    settings.queue.claim_seconds = rush.claim_seconds;
    settings.sale.hold_seconds = rush.hold_seconds;
    let scratch = Scratch::make()?;
    let database = scratch.database();
    let house = House::open(settings, &database, ([127, 0, 0, 1], 0).into(), stops.broken())?;
    let url = house.url();
    open_sale(rush, &url, &staff_key, stops, Some((house, scratch, database)))
}

/// Opens a concert with one date through the staff's API.
fn open_sale(
    rush: &Rush,
    url: &str,
    staff_key: &str,
    stops: Stops,
    own: Option<(House, Scratch, PathBuf)>,
) -> Result<Stage, OpenError> {
    let place = Place::parse(url).map_err(OpenError)?;
    let mut wire = Wire::to(&place);
    let staff = format!("Bearer {staff_key}");
    let concert = json!({ "title": "boxoffice rush", "venue": "Box", "description": "" });
    let concert_id = post(&mut wire, "/staff/concerts", &staff, concert)?["concertId"].as_i64();
    let concert_id = concert_id.ok_or_else(|| OpenError("a concert without an id".into()))?;
    let date = json!({
        "startsAt": "2100-01-01T10:00:00Z",
        "layout": { "numbered": { "count": rush.seats, "price": PRICE } },
    });
    let path = format!("/staff/concerts/{concert_id}/schedules");
    let schedule_id = post(&mut wire, &path, &staff, date)?["scheduleId"].as_i64();
    let schedule_id = schedule_id.ok_or_else(|| OpenError("a date without an id".into()))?;
    if own.is_none() {
        change_limits(rush, &mut wire, &staff)?;
    }
    let after = last_event(&mut wire, &staff).map_err(OpenError)?;
    let rules = get(&mut wire, "/staff/queue", &staff).map_err(OpenError)?;
    let (house, scratch, file) = match own {
        Some((house, scratch, file)) => (Some(house), Some(scratch), Some(file)),
        None => (None, None, None),
    };
    Ok(Stage { place, staff, concert_id, schedule_id, after, rules, file, stops, _house: house, _scratch: scratch })
}

/// A running house keeps its limits, unless it is told others.
fn change_limits(rush: &Rush, wire: &mut Wire, staff: &str) -> Result<(), OpenError> {
    let mut limits = json!({});
    for (name, limit) in [("maxActive", rush.max_active), ("admitPerMinute", rush.admit_per_minute)] {
        if let Some(limit) = limit {
            limits[name] = limit.into();
        }
    }
    if limits == json!({}) {
        return Ok(());
    }
    let call = Call { method: "PATCH", ..Call::post("/staff/queue", staff, limits) };
    must(wire, &call).map(drop)
}

fn post(wire: &mut Wire, path: &str, staff: &str, body: Value) -> Result<Value, OpenError> {
    must(wire, &Call::post(path, staff, body))
}

fn must(wire: &mut Wire, call: &Call) -> Result<Value, OpenError> {
    let failed = |why: String| OpenError(format!("{} {}: {why}", call.method, call.path));
    let answer = wire.call(call).map_err(|error| failed(error.to_string()))?;
    match answer.status {
        200..300 => Ok(answer.json()),
        status => Err(failed(format!("{status} {}", String::from_utf8_lossy(&answer.body)))),
    }
}
