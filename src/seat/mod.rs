//! Seats: available, held, sold or blocked as seen now.
//!
//! A seat is free when it has no live claim. The claim's row *is* the hold, the sale or the block, and its key makes a
//! second one impossible. A hold counts while `now < held_until`; the sweeper only takes its row away.

pub mod api;
mod attributes;
mod best_available;
pub mod concerts;
mod counts;
mod date_cache;
mod drawing;
mod frame;
mod front;
mod hall;
mod hold;
mod kinds;
mod labels;
mod layout;
mod map;
mod map_cache;
mod map_stream;
mod naming;
mod plan;
mod pretix;
mod prices;
mod rows;
mod spreadsheet_columns;
pub mod spreadsheet_table;
mod sql;
pub mod staff_api;
mod tariffs;

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

pub use attributes::{Attribute, Attributes};
pub use best_available::BestRequest;
pub use counts::{CountedSeats, DATES_COUNTED_MAX};
pub use drawing::Point;
pub use hall::Layout;
pub use hold::Hold;
pub use labels::{LayoutSeat, SeatName};
pub use layout::read as read_layout;
pub use map::{Free, MapPart};
pub use map_cache::{FreeSeats, MapCache};
pub use plan::Plan;
pub use sql::{count_available, list_layout, list_map};
pub use tariffs::{AgreedTariff, SeatWish, agree, change as change_tariffs};

use crate::call::{Change, Claim, EventType, SeatState, Tx, record};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::{self, Schedule, Times};
use crate::store::Outcome;

/// A seat of a date: what of it no customer changes.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Seat {
    /// Its number in layout order; higher than that of the seat before it.
    #[serde(skip)]
    pub seat_no: i64,
    #[serde(rename = "seat")]
    pub label: Box<str>,
    pub section: Option<Arc<str>>,
    pub row: Option<Arc<str>>,
    /// The number within its row or hall.
    pub number: Box<str>,
    /// What it costs; without a price it is not on sale.
    pub price: Option<Points>,
    /// What it is priced as, where the layout says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Arc<str>>,
    /// Where it stands in the plan: to the right and down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Seat {
    /// Its section, its row, and where it stands.
    fn place(&self) -> (Option<&str>, Option<&str>, Option<(f64, f64)>) {
        (self.section.as_deref(), self.row.as_deref(), self.x.zip(self.y))
    }

    /// Its category, or its section where it has none.
    fn priced_as(&self) -> Option<&str> {
        self.category.as_deref().or(self.section.as_deref())
    }
}

/// A seat of the map as one viewer sees it now.
#[derive(Debug, serde::Serialize)]
pub struct MapSeat<S> {
    #[serde(flatten)]
    pub seat: S,
    pub status: SeatState,
    /// Whether it is the viewer's.
    pub mine: bool,
    /// Why the venue keeps it back; only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who holds or owns it; only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<SeatHolder>,
}

/// Who holds or owns a seat.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatHolder {
    pub user_id: Uuid,
    pub name: String,
    pub reservation_id: Uuid,
    /// The end of a hold.
    pub held_until: Option<Millis>,
}

/// A seat that somebody wants, by its label.
#[derive(Debug, Clone)]
pub struct WantedSeat {
    pub seat_no: i64,
    pub label: String,
    pub name: SeatName,
    pub price: Points,
    /// The kind of price, if it is not the full one.
    pub tariff: Option<AgreedTariff>,
}

/// A claim on a seat that somebody wants.
#[derive(Debug)]
pub struct SeatClaim {
    pub seat_no: i64,
    pub label: String,
    pub state: SeatState,
    /// The end of a hold.
    pub held_until: Option<Millis>,
}

/// Adds a date with its seats, under an id that no other has if one is given.
///
/// # Errors
/// `CONCERT_NOT_FOUND`.
pub fn open_schedule(
    tx: &Tx,
    schedule_id: Option<i64>,
    concert_id: i64,
    times: &Times,
    layout: &Layout,
) -> Outcome<i64> {
    let seats = &layout.seats;
    let schedule_id = schedule::add(tx, schedule_id, concert_id, times, seats.len(), price_from(seats))?;
    sql::insert_seats(tx, schedule_id, seats)?;
    sql::put_drawing(tx, schedule_id, &layout.drawing_with_front())?;
    Ok(schedule_id)
}

/// Gives a date another layout, as long as no seat of it is held or sold.
/// Seats that are blocked stay so by their labels.
///
/// # Errors
/// `LAYOUT_IN_USE`.
pub fn change_layout(tx: &Tx, schedule_id: i64, layout: &Layout) -> Outcome<()> {
    let seats = &layout.seats;
    if sql::is_claimed(tx, schedule_id)? {
        return Err(Refusal::LayoutInUse.into());
    }
    let blocks = sql::list_blocks(tx, schedule_id)?;
    sql::delete_seats(tx, schedule_id)?;
    sql::insert_seats(tx, schedule_id, seats)?;
    sql::put_drawing(tx, schedule_id, &layout.drawing_with_front())?;
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

/// Says where the front of a date is; `None`: where its layout has it.
///
/// # Errors
/// `INVALID_REQUEST` for seats that have no places.
pub fn change_front(tx: &Tx, schedule_id: i64, front: Option<Point>) -> Outcome<()> {
    let mut drawing = sql::find_drawing(tx, schedule_id)?;
    let seats = sql::list_layout(tx, schedule_id)?;
    drawing.front = front;
    let layout = Layout { seats, drawing, remarks: Vec::new() };
    layout.must_have_places("/front".into())?;
    sql::put_drawing(tx, schedule_id, &layout.drawing_with_front())?;
    let (seats_total, price_from) = sql::count_seats(tx, schedule_id)?;
    schedule::change_seats(tx, schedule_id, seats_total, price_from)
}

fn price_from(seats: &[LayoutSeat]) -> Points {
    seats.iter().filter_map(|seat| seat.price).min().unwrap_or(Points::ZERO)
}

/// The seats of these labels, and which of them have a claim, each with the end of its hold.
///
/// # Errors
/// `SEAT_NOT_FOUND` with those that do not exist.
pub fn must_find(tx: &Tx, schedule_id: i64, wanted: &[SeatWish]) -> Outcome<(Vec<WantedSeat>, Vec<SeatClaim>)> {
    let (mut found, mut claims, mut missing) = (Vec::with_capacity(wanted.len()), Vec::new(), Vec::new());
    for wish in wanted {
        match sql::find_with_claim(tx, schedule_id, &wish.label)? {
            Some((seat, claim)) => {
                claims.extend(claim);
                found.push(seat);
            }
            None => missing.push(wish.label.clone()),
        }
    }
    claims.sort_by_key(|claim| claim.seat_no);
    if !missing.is_empty() {
        return Err(Refusal::SeatNotFound { seats: missing }.into());
    }
    let named = found.iter_mut().zip(wanted).filter_map(|(seat, wish)| Some((seat, wish.tariff.as_ref()?)));
    tariffs::agree(tx, schedule_id, named)?;
    Ok((found, claims))
}

/// Holds all these seats for a reservation until a moment, or none of them.
///
/// # Errors
/// `SEAT_UNAVAILABLE` with those that are taken; the caller takes back what was done.
pub fn hold(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    take(tx, claim, seats)?;
    record(tx, EventType::SeatsHeld, &claim.event_data(seats))?;
    Ok(())
}

/// Changes the seats that a reservation holds, all or nothing; its hold lasts as long as before.
///
/// # Errors
/// `SEAT_UNAVAILABLE` with those that are taken; the caller takes back what was done.
pub fn change_hold(tx: &Tx, claim: &Hold, added: &[WantedSeat], removed: &[WantedSeat]) -> Outcome<()> {
    if !added.is_empty() {
        take(tx, claim, added)?;
    }
    if !removed.is_empty() {
        free(tx, claim, removed)?;
    }
    let told = json!({
        "reservationId": claim.reservation_id, "scheduleId": claim.schedule_id, "userId": claim.user_id,
        "added": hold::labels(added), "removed": hold::labels(removed),
    });
    Ok(record(tx, EventType::HoldChanged, &told)?)
}

fn take(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    let mut taken = Vec::new();
    for seat in seats {
        if !sql::insert_hold_if_free(tx, claim, seat.seat_no)? {
            taken.push(seat.label.clone());
        }
    }
    if !taken.is_empty() {
        return Err(Refusal::SeatUnavailable { seats: taken }.into());
    }
    note_change(tx, claim.schedule_id, seat_nos(seats), Claim::AVAILABLE, claim.held())
}

/// Seats went from one state to another: the date counts it, and memory learns it after the commit. Whoever changes a
/// claim says so here.
fn note_change(tx: &Tx, schedule_id: i64, seat_nos: Vec<i64>, before: Claim, after: Claim) -> Outcome<()> {
    let version = schedule::count_seats_changed(tx, schedule_id)?;
    tx.push_change(Change::SeatsChanged { schedule_id, version, seat_nos, before, after });
    Ok(())
}

fn seat_nos(seats: &[WantedSeat]) -> Vec<i64> {
    seats.iter().map(|seat| seat.seat_no).collect()
}

/// Gives the seats of a reservation free, held or sold as they are.
pub fn release(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    free(tx, claim, seats)?;
    record(tx, EventType::SeatsReleased, &claim.event_data(seats))?;
    Ok(())
}

fn free(tx: &Tx, claim: &Hold, seats: &[WantedSeat]) -> Outcome<()> {
    let mut before = claim.held();
    for seat in seats {
        if sql::delete_claim_of(tx, claim, seat.seat_no)? == Some(SeatState::Sold) {
            before = Claim::sold(claim.user_id); // a reservation's seats are all held or all sold
        }
    }
    note_change(tx, claim.schedule_id, seat_nos(seats), before, Claim::AVAILABLE)
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
    note_change(tx, claim.schedule_id, seat_nos(seats), claim.held(), Claim::sold(claim.user_id))?;
    record(tx, EventType::SeatsSold, &claim.event_data(seats))?;
    Ok(true)
}

/// Keeps a seat back for the venue, or gives it free again; to say it twice changes nothing.
///
/// # Errors
/// `SEAT_NOT_FOUND`, `SEAT_UNAVAILABLE` when it is held or sold, or to be opened without a price.
pub fn block(tx: &Tx, schedule_id: i64, label: &str, blocked: bool, reason: Option<&str>) -> Outcome<()> {
    let seat =
        sql::find(tx, schedule_id, label)?.ok_or_else(|| Refusal::SeatNotFound { seats: vec![label.to_owned()] })?;
    let status = sql::find_claim(tx, schedule_id, seat.seat_no)?;
    let (changed, event) = match (status, blocked) {
        (Some(SeatState::Held | SeatState::Sold), _) => {
            return Err(Refusal::SeatUnavailable { seats: vec![seat.label] }.into());
        }
        (_, false) if sql::is_unpriced(tx, schedule_id, seat.seat_no)? => {
            return Err(Refusal::SeatUnavailable { seats: vec![seat.label] }.into());
        }
        (_, true) => (sql::upsert_block(tx, schedule_id, seat.seat_no, reason)?, EventType::SeatBlocked),
        (_, false) => (sql::delete_block(tx, schedule_id, seat.seat_no)?, EventType::SeatUnblocked),
    };
    if changed {
        let state = |blocked| if blocked { Claim::BLOCKED } else { Claim::AVAILABLE };
        note_change(tx, schedule_id, vec![seat.seat_no], state(status.is_some()), state(blocked))?;
        record_block(tx, event, schedule_id, &seat.label, reason)?;
    }
    Ok(())
}

fn record_block(tx: &Tx, event: EventType, schedule_id: i64, label: &str, reason: Option<&str>) -> Outcome<()> {
    Ok(record(tx, event, &json!({ "scheduleId": schedule_id, "seat": label, "reason": reason }))?)
}
