//! One seat more or less while a reservation is unpaid: its hold lasts as long as before.

use uuid::Uuid;

use super::{Reservation, ReservationDetails, hold, must_be_of, sql, unpaid_hold_end};
use crate::call::Tx;
use crate::ids::TokenKey;
use crate::points::Points;
use crate::queue;
use crate::refusal::Refusal;
use crate::schedule;
use crate::seat::{self, SeatClaim, SeatWish, WantedSeat};
use crate::settings::SaleSettings;
use crate::store::Outcome;

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
    wanted: &[SeatWish],
    sale: &SaleSettings,
) -> Outcome<ReservationDetails> {
    let token = queue::must_be_active(tx, key)?;
    let reservation = must_be_of(tx, token.user_id, reservation_id)?;
    let change = SeatChange::of(tx, &reservation, wanted)?;
    if !change.added.is_empty() {
        let date = schedule::must_find(tx, reservation.schedule_id)?;
        queue::must_open(tx, token.line_id, date.concert_id)?;
        date.must_be_on_sale(tx.now())?;
        token.must_have_visit(tx.now())?;
        let owned = sql::find_seats_of_user(tx, token.user_id, reservation.schedule_id)?.owned;
        hold::must_be_allowed(tx, token.user_id, owned, wanted.len(), sale.seats_per_user)?;
    }
    change.write(tx, reservation)
}

/// The same by staff, for anybody: whatever the line, the times of the sale and the number of seats.
///
/// # Errors
/// `RESERVATION_NOT_FOUND`, `RESERVATION_NOT_PENDING`, `SEAT_NOT_FOUND`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`.
pub fn change_any(tx: &Tx, reservation_id: Uuid, wanted: &[SeatWish]) -> Outcome<ReservationDetails> {
    let reservation = sql::find(tx, reservation_id)?.ok_or(Refusal::ReservationNotFound)?;
    let change = SeatChange::of(tx, &reservation, wanted)?;
    schedule::must_find(tx, reservation.schedule_id)?.must_take_place()?;
    change.write(tx, reservation)
}

/// The seats that a hold has before and after a change.
struct SeatChange {
    stay: Vec<WantedSeat>,
    /// Those that stay at another tariff.
    repriced: Vec<WantedSeat>,
    removed: Vec<WantedSeat>,
    added: Vec<WantedSeat>,
    /// What stands in the way of those that are added.
    claims: Vec<SeatClaim>,
}

impl SeatChange {
    fn of(tx: &Tx, reservation: &Reservation, wanted: &[SeatWish]) -> Outcome<SeatChange> {
        reservation.must_be_pending(tx.now())?;
        let before = sql::list_seats(tx, reservation.reservation_id)?;
        let is_wanted = |seat: &WantedSeat| wanted.iter().any(|wish| wish.label == seat.label);
        let (mut stay, removed): (Vec<_>, Vec<_>) = before.into_iter().partition(is_wanted);
        let repriced = reprice(tx, reservation.schedule_id, &mut stay, wanted)?;
        let is_new = |wish: &&SeatWish| !stay.iter().any(|seat| seat.label == wish.label);
        let new: Vec<SeatWish> = wanted.iter().filter(is_new).cloned().collect();
        let (mut added, mut claims) = seat::must_find(tx, reservation.schedule_id, &new)?;
        if claims.iter().any(|claim| claim.held_until.is_some_and(|until| until <= tx.now())) {
            unpaid_hold_end::expire_in_the_way(tx, reservation.schedule_id, reservation.user_id)?;
            (added, claims) = seat::must_find(tx, reservation.schedule_id, &new)?;
        }
        Ok(SeatChange { stay, repriced, removed, added, claims })
    }

    fn write(self, tx: &Tx, mut reservation: Reservation) -> Outcome<ReservationDetails> {
        let SeatChange { mut stay, repriced, removed, added, claims } = self;
        if !claims.is_empty() {
            return Err(hold::unavailable(claims).into());
        }
        if !added.is_empty() || !removed.is_empty() {
            seat::change_hold(tx, &reservation.hold(), &added, &removed)?;
            sql::change_seats(tx, reservation.reservation_id, &added, &removed)?;
        }
        sql::change_seats(tx, reservation.reservation_id, &repriced, &repriced)?;
        stay.extend(added);
        stay.sort_by_key(|seat| seat.seat_no);
        reservation.amount = Points::sum(stay.iter().map(|seat| seat.price)).ok_or(Refusal::Internal)?;
        sql::update_amount(tx, reservation.reservation_id, reservation.amount)?;
        ReservationDetails::with_seats(tx, reservation, stay)
    }
}

/// Gives seats that stay another price where they are wanted at another tariff than they have, and says which those
/// are.
fn reprice(tx: &Tx, schedule_id: i64, stay: &mut [WantedSeat], wanted: &[SeatWish]) -> Outcome<Vec<WantedSeat>> {
    let agreed = |label: &str| stay.iter().find(|seat| seat.label == label).map(|seat| tariff_name(seat));
    let is_other = |wish: &&SeatWish| {
        let wanted = wish.tariff.as_ref().map(|tariff| tariff.name.as_deref());
        agreed(&wish.label).zip(wanted).is_some_and(|(agreed, wanted)| agreed != wanted)
    };
    let other: Vec<SeatWish> = wanted.iter().filter(is_other).cloned().collect();
    let (repriced, _) = seat::must_find(tx, schedule_id, &other)?;
    for seat in stay {
        if let Some(again) = repriced.iter().find(|again| again.seat_no == seat.seat_no) {
            *seat = again.clone();
        }
    }
    Ok(repriced)
}

fn tariff_name(seat: &WantedSeat) -> Option<&str> {
    seat.tariff.as_ref().map(|tariff| &*tariff.name)
}
