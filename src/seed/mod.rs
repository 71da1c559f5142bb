//! Seeds: what a new venue begins with, as a JSON file says it: rules, concerts and dates, users with their points,
//! reservations and sales. `read.rs`: the file · `write.rs`: into a new venue, by the use cases of the API.
//!
//! The form of the file is `schema.json` (JSON Schema). Members that the API takes too are read by the code that reads
//! them there. Instants may also be said as an ISO 8601 duration from the beginning of the venue, such as `P30D`.

mod read;
mod write;

use std::path::Path;

use serde_json::Value;
use uuid::Uuid;

use crate::balance::PayMethod;
use crate::clock::Millis;
use crate::platform::read_at_most;
use crate::points::Points;
use crate::queue::staff_api::RulesChange;
use crate::reservation::{GivenIds, Status};
use crate::schedule::{ConcertWords, Tariffs, Times};
use crate::seat::{Layout, SeatWish};
use crate::settings::SaleSettings;
use crate::staff::Role;
use crate::store::OpenError;
use crate::ticket::GivenTicket;

pub use write::Seeded;

/// The form of the file, as a JSON Schema.
pub const SCHEMA: &str = include_str!("schema.json");
/// The demo hall.
const DEMO: &str = include_str!("demo.json");
/// The largest file, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// What a new venue begins with.
#[derive(Debug)]
pub struct Seed {
    /// Where it was read, for what is wrong in it.
    origin: String,
    rules: Option<RulesChange>,
    staff: Vec<(String, Role, String)>,
    concerts: Vec<Concert>,
    users: Vec<User>,
    reservations: Vec<Reservation>,
}

#[derive(Debug)]
struct Concert {
    id: Option<i64>,
    words: ConcertWords,
    dates: Vec<Date>,
    /// The rules of its own line, where it has one.
    line: Option<RulesChange>,
}

#[derive(Debug)]
struct Date {
    id: Option<i64>,
    times: Times,
    layout: Layout,
    tariffs: Tariffs,
    /// Seats that the venue keeps back, each with its reason.
    blocked: Vec<(String, Option<String>)>,
    cancelled: bool,
}

#[derive(Debug)]
struct User {
    id: Option<Uuid>,
    key: Option<String>,
    name: String,
    /// What is left after the sales.
    points: Points,
    contact: Option<String>,
    banned: bool,
    removed: bool,
}

#[derive(Debug)]
struct Reservation {
    ids: Option<GivenIds>,
    user_id: Uuid,
    schedule_id: i64,
    seats: Vec<SeatWish>,
    status: Status,
    /// Until when an unpaid one holds its seats.
    hold_expires_at: Option<Millis>,
    tickets: Vec<GivenTicket>,
    /// Whether staff made it at the counter.
    at_counter: bool,
    /// How it was paid at the counter.
    method: Option<PayMethod>,
    note: Option<String>,
}

impl Seed {
    /// Reads a file for a venue that begins at `now`. What it says of settings takes the place of those of `sale`.
    ///
    /// # Errors
    /// One sentence: the place, as a JSON pointer or a line, and what is wrong there.
    pub fn open(path: &Path, now: Millis, sale: &mut SaleSettings) -> Result<Seed, OpenError> {
        let origin = format!("--seed {}", path.display());
        let failed = |why: String| OpenError(format!("{origin}: {why}."));
        let text = read_at_most(path, MAX_BYTES).map_err(|error| failed(error.to_string()))?;
        Seed::read(origin.clone(), &text, now, sale)
    }

    /// The demo hall: one concert with two dates of 50 seats, on sale from now on.
    ///
    /// # Errors
    /// None, which a test sees to.
    pub fn demo(now: Millis, sale: &mut SaleSettings) -> Result<Seed, OpenError> {
        Seed::read("the demo hall".into(), DEMO.as_bytes(), now, sale)
    }
}

/// The form of the file, for who wants to see it.
///
/// # Errors
/// None, which a test sees to.
pub fn schema() -> Result<Value, serde_json::Error> {
    serde_json::from_str(SCHEMA)
}
