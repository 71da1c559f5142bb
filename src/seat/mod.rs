//! Seats: available, held, sold or blocked as seen now.
//!
//! A seat is free when it has no live claim. The claim's row *is* the hold, the sale or the block, and its key makes a
//! second one impossible. A hold counts while `now < held_until`; the sweeper only takes its row away.

pub mod api;
mod best;
mod dates;
mod layout;
mod map;
mod map_cache;
mod plan;
mod pretix;
mod prices;
mod rows;
mod sql;
pub mod staff_api;
pub mod table;

use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

pub use layout::{LayoutSeat, read as read_layout};
pub use map::Free;
pub use map_cache::{FreeSeats, MapCache};
pub use plan::{Plan, PlanSeat};
pub use sql::count_available;

use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule, Times};
use crate::store::{Outcome, column_words};
use crate::venue::{Change, EventType, SeatState, Tx, record};

column_words! {
    /// What a claim is.
    ClaimStatus { Held "HELD", Sold "SOLD", Blocked "BLOCKED", }
}

/// A seat of the map as one viewer sees it now.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapSeat {
    /// The label.
    pub seat: String,
    /// The section, when there are sections.
    pub section: Option<String>,
    /// The row, when there are rows.
    pub row: Option<String>,
    /// The number within its row or hall.
    pub number: String,
    /// What it costs.
    pub price: Points,
    /// `AVAILABLE`, `HELD`, `SOLD` or `BLOCKED`.
    pub status: &'static str,
    /// Whether it is the viewer's.
    pub mine: bool,
    /// Why the venue keeps it back; only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it is priced as, where the layout says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where it stands in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Where it stands in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
}

/// A seat that somebody wants, by its label.
#[derive(Debug, Clone)]
pub struct WantedSeat {
    /// Its number in layout order.
    pub seat_no: i64,
    /// Its label.
    pub label: String,
    /// What it costs.
    pub price: Points,
}

/// Adds a date with its seats.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn open_schedule(tx: &Tx, concert_id: i64, times: &Times, seats: &[LayoutSeat]) -> Outcome<i64> {
    let schedule_id = schedule::add(tx, concert_id, times, seats.len(), price_from(seats))?;
    sql::insert_seats(tx, schedule_id, seats)?;
    Ok(schedule_id)
}

/// Gives a date another layout, as long as no seat of it is held or sold.
/// Seats that are blocked stay so by their labels.
///
/// # Errors
/// `LAYOUT_IN_USE`.
pub fn change_layout(tx: &Tx, schedule_id: i64, seats: &[LayoutSeat]) -> Outcome<()> {
    if sql::is_claimed(tx, schedule_id)? {
        return Err(Refusal::LayoutInUse.into());
    }
    let blocks = sql::list_blocks(tx, schedule_id)?;
    sql::delete_seats(tx, schedule_id)?;
    sql::insert_seats(tx, schedule_id, seats)?;
    for (label, reason) in blocks {
        match sql::find(tx, schedule_id, &label)? {
            Some(seat) => drop(sql::upsert_block(tx, schedule_id, seat.seat_no, reason.as_deref())?),
            None => record_block(tx, EventType::SeatUnblocked, schedule_id, &label, None)?,
        }
    }
    schedule::change_seats(tx, schedule_id, seats.len(), price_from(seats))
}

/// Deletes a date with its seats, none of which was ever held. What was kept back of it ends with it.
pub fn delete_schedule(tx: &Tx, date: &Schedule) -> Outcome<()> {
    let schedule_id = date.schedule_id;
    for (label, _) in sql::list_blocks(tx, schedule_id)? {
        record_block(tx, EventType::SeatUnblocked, schedule_id, &label, None)?;
    }
    sql::delete_seats(tx, schedule_id)?;
    schedule::delete(tx, date)
}

fn price_from(seats: &[LayoutSeat]) -> Points {
    seats.iter().map(|seat| seat.price).min().unwrap_or(Points::ZERO)
}

/// The seats of a schedule as they were laid out; none when there is no such schedule.
pub fn list_layout(connection: &Connection, schedule_id: i64) -> Outcome<Vec<LayoutSeat>> {
    Ok(sql::list_layout(connection, schedule_id)?)
}

/// The map of a schedule at `now`, in layout order, as `viewer` sees it; without one, as staff do.
pub fn list_map(connection: &Connection, schedule_id: i64, viewer: Option<Uuid>, now: Millis) -> Outcome<Vec<MapSeat>> {
    Ok(sql::list_map(connection, schedule_id, None, viewer, now)?)
}

/// What the cheapest seat costs that is free at `now`; `None` when none is.
pub fn find_price_from(connection: &Connection, schedule_id: i64, now: Millis) -> Outcome<Option<Points>> {
    Ok(sql::find_price_from(connection, schedule_id, now)?)
}

/// One seat of the map as staff see it at `now`.
pub fn find_in_map(connection: &Connection, schedule_id: i64, label: &str, now: Millis) -> Outcome<Option<MapSeat>> {
    Ok(sql::list_map(connection, schedule_id, Some(label), None, now)?.pop())
}

/// The seats of these labels.
///
/// # Errors
/// `SEAT_NOT_FOUND` with those that do not exist.
pub fn must_find(connection: &Connection, schedule_id: i64, labels: &[String]) -> Outcome<Vec<WantedSeat>> {
    let (mut found, mut missing) = (Vec::with_capacity(labels.len()), Vec::new());
    for label in labels {
        match sql::find(connection, schedule_id, label)? {
            Some(seat) => found.push(seat),
            None => missing.push(label.clone()),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Refusal::SeatNotFound { seats: missing }.into()) }
}

/// Holds all these seats for a reservation until a moment, or none of them.
///
/// # Errors
/// `SEAT_UNAVAILABLE` with those that are taken; the caller takes back what was done.
pub fn hold(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    let mut taken = Vec::new();
    for seat in seats {
        if !sql::insert_hold_if_free(tx, claim, seat.seat_no)? {
            taken.push(seat.label.clone());
        }
    }
    if !taken.is_empty() {
        return Err(Refusal::SeatUnavailable { seats: taken }.into());
    }
    note_change(tx, claim.schedule_id, seat_nos(seats), SeatState::Free, claim.held())?;
    record(tx, EventType::SeatsHeld, &claim.event_data(seats.iter().map(|seat| seat.label.as_str())))?;
    Ok(())
}

/// For whom seats are held, sold or released.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// Of which date.
    pub schedule_id: i64,
    /// For which reservation.
    pub reservation_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Until when, unless paid.
    pub until: Millis,
}

impl Hold {
    fn held(&self) -> SeatState {
        SeatState::Held { user_id: self.user_id, until: self.until }
    }

    fn sold(&self) -> SeatState {
        SeatState::Sold { user_id: self.user_id }
    }

    fn event_data<'s>(&self, seats: impl Iterator<Item = &'s str>) -> serde_json::Value {
        json!({
            "reservationId": self.reservation_id,
            "scheduleId": self.schedule_id,
            "userId": self.user_id,
            "seats": seats.collect::<Vec<_>>(),
        })
    }
}

/// Seats went from one state to another: the date counts it, and memory learns it after
/// the commit. Whoever changes a claim says so here.
fn note_change(tx: &Tx, schedule_id: i64, seat_nos: Vec<i64>, before: SeatState, after: SeatState) -> Outcome<()> {
    let version = schedule::count_seats_changed(tx, schedule_id)?;
    tx.push_change(Change::SeatsChanged { schedule_id, version, seat_nos, before, after });
    Ok(())
}

fn seat_nos(seats: &[WantedSeat]) -> Vec<i64> {
    seats.iter().map(|seat| seat.seat_no).collect()
}

/// Gives the seats of a reservation free, held or sold as they are.
pub fn release(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    let mut before = claim.held();
    for seat in seats {
        if sql::delete_claim_of(tx, claim, seat.seat_no)? == Some(ClaimStatus::Sold) {
            before = claim.sold(); // a reservation's seats are all held or all sold
        }
    }
    note_change(tx, claim.schedule_id, seat_nos(seats), before, SeatState::Free)?;
    record(tx, EventType::SeatsReleased, &claim.event_data(seats.iter().map(|seat| seat.label.as_str())))?;
    Ok(())
}

/// Moves the end of a hold, with the claims on its seats.
pub fn move_hold(tx: &Tx, claim: &Hold, seats: &[WantedSeat], ms: i64) -> Outcome<()> {
    for seat in seats {
        sql::move_claim_of(tx, claim, seat.seat_no, ms)?;
    }
    let moved = Hold { until: claim.until.plus_ms(ms), ..*claim };
    note_change(tx, claim.schedule_id, seat_nos(seats), claim.held(), moved.held())
}

/// Makes the held seats of a reservation sold. Says whether every one of them was still held.
pub fn sell(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<bool> {
    for seat in seats {
        if !sql::mark_sold_if_held(tx, claim, seat.seat_no)? {
            return Ok(false);
        }
    }
    note_change(tx, claim.schedule_id, seat_nos(seats), claim.held(), claim.sold())?;
    record(tx, EventType::SeatsSold, &claim.event_data(seats.iter().map(|seat| seat.label.as_str())))?;
    Ok(true)
}

/// Keeps a seat back for the venue, or gives it free again; to say it twice changes nothing.
///
/// # Errors
/// `SEAT_NOT_FOUND`, `SEAT_UNAVAILABLE` when it is held or sold.
pub fn block(tx: &Tx, schedule_id: i64, label: &str, blocked: bool, reason: Option<&str>) -> Outcome<()> {
    let seat =
        sql::find(tx, schedule_id, label)?.ok_or_else(|| Refusal::SeatNotFound { seats: vec![label.to_owned()] })?;
    let status = sql::find_claim(tx, schedule_id, seat.seat_no)?;
    let (changed, event) = match (status, blocked) {
        (Some(ClaimStatus::Held | ClaimStatus::Sold), _) => {
            return Err(Refusal::SeatUnavailable { seats: vec![seat.label] }.into());
        }
        (_, true) => (sql::upsert_block(tx, schedule_id, seat.seat_no, reason)?, EventType::SeatBlocked),
        (_, false) => (sql::delete_block(tx, schedule_id, seat.seat_no)?, EventType::SeatUnblocked),
    };
    if changed {
        let state = |blocked| if blocked { SeatState::Blocked } else { SeatState::Free };
        note_change(tx, schedule_id, vec![seat.seat_no], state(status.is_some()), state(blocked))?;
        record_block(tx, event, schedule_id, &seat.label, reason)?;
    }
    Ok(())
}

fn record_block(tx: &Tx, event: EventType, schedule_id: i64, label: &str, reason: Option<&str>) -> Outcome<()> {
    Ok(record(tx, event, &json!({ "scheduleId": schedule_id, "seat": label, "reason": reason }))?)
}
