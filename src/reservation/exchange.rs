//! Paid seats that are exchanged for others: they go back from one reservation, and another has the new ones.

use serde_json::json;
use uuid::Uuid;

use super::refund::{Split, give_back};
use super::{Reservation, Status, Terms, hold, sql, unpaid_hold_end};
use crate::call::{EventType, Tx, record};
use crate::clock::Millis;
use crate::points::Points;
use crate::seat::SeatWish;
use crate::store::Outcome;

/// What went back in an exchange.
#[derive(Debug)]
pub struct Exchanged {
    /// Its seats as they were named, else in layout order.
    pub labels: Vec<String>,
    /// What came back for it.
    pub amount: Points,
}

/// Takes seats of a paid reservation back in an exchange, all of them where none is named: points back, tickets void.
///
/// # Errors
/// `RESERVATION_NOT_CONFIRMED`, `SEAT_NOT_FOUND`, `TICKET_CHECKED_IN`.
pub fn give_in_exchange(tx: &Tx, reservation: &Reservation, labels: Option<&[String]>) -> Outcome<Exchanged> {
    let split = Split::of(tx, reservation, labels)?;
    let in_layout = || split.back.iter().map(|seat| seat.label.clone()).collect();
    let exchanged = Exchanged { labels: labels.map_or_else(in_layout, <[String]>::to_vec), amount: split.amount()? };
    give_back(tx, reservation.clone(), split)?;
    Ok(exchanged)
}

/// Holds these seats for a customer who is about to pay for them in an exchange.
///
/// # Errors
/// `SEAT_NOT_FOUND`, `RESERVATION_PENDING`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn hold_in_exchange(tx: &Tx, of: &Reservation, wanted: &[SeatWish], terms: Terms) -> Outcome<Reservation> {
    unpaid_hold_end::expire_in_the_way(tx, of.schedule_id, of.user_id)?;
    hold::reserve_elsewhere(tx, of.user_id, of.schedule_id, wanted, terms)
}

/// Notes that seats of one reservation were exchanged for those of another.
pub fn mark_exchanged(tx: &Tx, from: &Reservation, to: &mut Reservation) -> Outcome<()> {
    sql::update_exchanged_from(tx, to.reservation_id, from.reservation_id)?;
    to.exchanged_from = Some(from.reservation_id);
    let told = json!({
        "reservationId": from.reservation_id, "exchangedFor": to.reservation_id, "userId": from.user_id,
        "scheduleId": from.schedule_id, "newScheduleId": to.schedule_id, "amount": to.amount,
    });
    Ok(record(tx, EventType::SeatsExchanged, &told)?)
}

impl Reservation {
    /// Whether its last seats went in an exchange, of which `exchanged` lists all.
    pub(super) fn ended_in_exchange(&self, exchanged: &[(Uuid, Millis)]) -> bool {
        self.status == Status::Refunded && exchanged.iter().any(|(_, at)| self.refunded_at == Some(*at))
    }
}
