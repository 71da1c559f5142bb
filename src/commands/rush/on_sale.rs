//! `rush --on-sale`: everybody joins before the sale opens, the places are drawn, and the best seats go until none is
//! left.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::Rush;
use super::setup::{Setup, must};
use crate::clock::Clock;
use crate::commands::client::{Call, Client};
use crate::store::OpenError;

/// Seats of a row of the hall.
const ROW_SEATS: u64 = 100;
/// The line is closed until staff open it.
const CLOSED_UNTIL: &str = "2099-12-31T00:00:00Z";
/// The draw comes so long after the last has joined, in milliseconds: it must lie ahead when the server reads it.
const OPENS_AFTER: Duration = Duration::from_secs(1);

/// How far an on-sale is.
#[derive(Debug, Default)]
pub(super) struct OnSale {
    joined: AtomicU64,
    opened: OnceLock<Instant>,
    first_let_in: OnceLock<Instant>,
    sold_out: OnceLock<Instant>,
}

/// What each part of an on-sale took, in seconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Phases {
    /// From the first call until everybody has a place.
    pub join_seconds: f64,
    /// From the opening until the first is let in: the draw.
    pub draw_seconds: f64,
    /// From then until the last seat is sold, or until everybody is through.
    pub sale_seconds: f64,
}

impl OnSale {
    /// Somebody has a place in the line, or went home without one.
    pub(super) fn joined(&self) {
        self.joined.fetch_add(1, Relaxed);
    }

    pub(super) fn let_in(&self) {
        self.first_let_in.get_or_init(Instant::now);
    }

    pub(super) fn sold_out(&self) {
        self.sold_out.get_or_init(Instant::now);
    }

    /// Opens the sale once all so many have joined.
    pub(super) fn open_when_joined(&self, customers: u64, setup: &Setup) -> Result<(), OpenError> {
        if self.joined.load(Relaxed) < customers || self.opened.get().is_some() {
            return Ok(());
        }
        let opens_at = Clock::wall_now().plus_ms(OPENS_AFTER.as_millis() as i64); // a second
        set_opening(&mut Client::to(&setup.staff_address), &setup.staff, &json!(opens_at))?;
        self.opened.get_or_init(|| Instant::now() + OPENS_AFTER);
        Ok(())
    }

    /// `None` before it was opened.
    pub(super) fn phases(&self, began: Instant) -> Option<Phases> {
        let (opened, now) = (*self.opened.get()?, Instant::now());
        let first = self.first_let_in.get().copied().unwrap_or(now);
        Some(Phases {
            join_seconds: (opened - began).as_secs_f64(),
            draw_seconds: first.saturating_duration_since(opened).as_secs_f64(),
            sale_seconds: self.sold_out.get().copied().unwrap_or(now).saturating_duration_since(first).as_secs_f64(),
        })
    }
}

/// Closes the line until everybody has joined.
pub(super) fn close(client: &mut Client, staff: &str) -> Result<(), OpenError> {
    set_opening(client, staff, &json!(CLOSED_UNTIL))
}

fn set_opening(client: &mut Client, staff: &str, opens_at: &Value) -> Result<(), OpenError> {
    let call = Call { method: "PATCH", ..Call::post("/staff/queue", staff, json!({ "opensAt": opens_at })) };
    must(client, &call).map(drop)
}

/// A hall of rows, so that there are best seats.
pub(super) fn layout(rush: &Rush, price: i64) -> Value {
    let rows = (0..rush.seats.div_ceil(ROW_SEATS)).map(|row| {
        let count = ROW_SEATS.min(rush.seats - row * ROW_SEATS);
        json!({ "row": (row + 1).to_string(), "count": count })
    });
    json!({ "sections": [{ "name": "Hall", "price": price, "rows": rows.collect::<Vec<_>>() }] })
}

/// The most memory that this process had, in bytes, where the system tells (Linux).
pub(super) fn memory_peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}
