//! One seat more or less while a reservation is unpaid: its hold lasts as long as before.

use uuid::Uuid;

use super::{Reservation, ReservationDetails, Status, due, hold, must_be_of, sql};
use crate::ids::TokenKey;
use crate::points::Points;
use crate::queue;
use crate::refusal::Refusal;
use crate::schedule;
use crate::seat::{self, SeatClaim, WantedSeat};
use crate::settings::SaleSettings;
use crate::store::Outcome;
use crate::venue::Tx;

/// Changes the seats of a user's own unpaid reservation to these, all or nothing. Further seats need what a hold needs;
/// those that were held keep their price.
///
/// # Errors
/// The token's, `RESERVATION_NOT_FOUND`, `RESERVATION_NOT_PENDING`, `SEAT_NOT_FOUND`, `TOKEN_OTHER_LINE`,
/// `SALE_NOT_OPEN`, `SALE_CLOSED`, `SCHEDULE_CANCELLED`, `VISIT_OVER`, `SEAT_LIMIT`, `SEAT_UNAVAILABLE`.
pub fn change_own(
    tx: &Tx,
    key: TokenKey,
    reservation_id: Uuid,
    labels: &[String],
    sale: &SaleSettings,
) -> Outcome<ReservationDetails> {
    let token = queue::must_be_active(tx, key)?;
    let reservation = must_be_of(tx, token.user_id, reservation_id)?;
    let change = SeatChange::of(tx, &reservation, labels)?;
    if !change.added.is_empty() {
        let date = schedule::must_find(tx, reservation.schedule_id)?;
        queue::must_open(tx, token.line_id, date.concert_id)?;
        date.must_be_on_sale(tx.now())?;
        if token.visit_until.is_some_and(|until| tx.now() >= until) {
            return Err(Refusal::VisitOver.into());
        }
        let owned = sql::find_seats_of_user(tx, token.user_id, reservation.schedule_id)?.owned;
        hold::must_be_allowed(tx, token.user_id, owned, labels.len(), sale.seats_per_user)?;
    }
    change.write(tx, reservation)
}

/// The same by staff, for anybody: whatever the line, the times of the sale and the number of seats.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, `RESERVATION_NOT_PENDING`, `SEAT_NOT_FOUND`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`.
pub fn change_any(tx: &Tx, reservation_id: Uuid, labels: &[String]) -> Outcome<ReservationDetails> {
    let reservation = sql::find(tx, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    let change = SeatChange::of(tx, &reservation, labels)?;
    schedule::must_find(tx, reservation.schedule_id)?.must_take_place()?;
    change.write(tx, reservation)
}

/// The seats that a hold has before and after a change.
struct SeatChange {
    stay: Vec<WantedSeat>,
    removed: Vec<WantedSeat>,
    added: Vec<WantedSeat>,
    /// What stands in the way of those that are added.
    claims: Vec<SeatClaim>,
}

impl SeatChange {
    fn of(tx: &Tx, reservation: &Reservation, labels: &[String]) -> Outcome<SeatChange> {
        let status = reservation.status_at(tx.now());
        if status != Status::PendingPayment {
            return Err(Refusal::ReservationNotPending { status: status.word() }.into());
        }
        let before = sql::list_seats(tx, reservation.reservation_id)?;
        let (stay, removed): (Vec<_>, Vec<_>) = before.into_iter().partition(|seat| labels.contains(&seat.label));
        let is_new = |label: &&String| !stay.iter().any(|seat| seat.label == **label);
        let new: Vec<String> = labels.iter().filter(is_new).cloned().collect();
        let (mut added, mut claims) = seat::must_find(tx, reservation.schedule_id, &new)?;
        if claims.iter().any(|claim| claim.held_until.is_some_and(|until| until <= tx.now())) {
            due::expire_in_the_way(tx, reservation.schedule_id, reservation.user_id)?;
            (added, claims) = seat::must_find(tx, reservation.schedule_id, &new)?;
        }
        Ok(SeatChange { stay, removed, added, claims })
    }

    fn write(self, tx: &Tx, mut reservation: Reservation) -> Outcome<ReservationDetails> {
        let SeatChange { mut stay, removed, added, claims } = self;
        if !claims.is_empty() {
            return Err(
                Refusal::SeatUnavailable { seats: claims.into_iter().map(|claim| claim.label).collect() }.into()
            );
        }
        if !added.is_empty() || !removed.is_empty() {
            seat::change_hold(tx, &reservation.hold(), &added, &removed)?;
            sql::change_seats(tx, reservation.reservation_id, &added, &removed)?;
        }
        stay.extend(added);
        stay.sort_by_key(|seat| seat.seat_no);
        reservation.amount = Points::sum(stay.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)?;
        sql::update_amount(tx, reservation.reservation_id, reservation.amount)?;
        let date = schedule::must_find(tx, reservation.schedule_id)?;
        ReservationDetails::with(tx, reservation, date, stay)
    }
}
