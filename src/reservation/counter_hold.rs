//! Holds of the counter: past the line, for anybody, until a moment that staff say.

use uuid::Uuid;

use super::hold::ResolvedSeats;
use super::{DateRef, Reservation, ReservationDetails, SeatChoice, Terms, hold, sql, unpaid_hold_end};
use crate::call::{SeatState, Tx};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule::Schedule;
use crate::seat::{self, MapCache, WantedSeat};
use crate::store::Outcome;
use crate::user::{self, NewUser};

/// So long from now on the counter may keep seats of a date that begins or has begun.
const LATE_SECONDS: u32 = 3_600;

/// For whom staff hold seats.
#[derive(Debug)]
pub enum Customer {
    Known(Uuid),
    /// Somebody who is registered with the hold.
    New(NewUser),
}

/// What staff want to hold.
#[derive(Debug)]
pub struct CounterHold {
    pub date: DateRef,
    pub seats: SeatChoice,
    pub customer: Customer,
    /// Until when, at a moment that is still to come; `None`: for `hold_seconds`.
    pub until: Option<Millis>,
    pub hold_seconds: u32,
    pub note: Option<String>,
    /// Whether seats that the venue keeps back may be given.
    pub include_blocked: bool,
}

/// Holds seats at the counter, all of them or none: whatever the line, the times of the sale and the seats that the
/// customer has already. Not of a cancelled date.
///
/// # Errors
/// `CONCERT_NOT_FOUND`, `SCHEDULE_NOT_FOUND`, `DATE_AMBIGUOUS`, `USER_NOT_FOUND`, `USER_BANNED`, `SECTION_NOT_FOUND`,
/// `SEAT_NOT_FOUND`, `SCHEDULE_CANCELLED`, `SEAT_UNAVAILABLE`; the caller takes back what was done.
pub fn keep(tx: &Tx, maps: &MapCache, wanted: CounterHold) -> Outcome<ReservationDetails> {
    let date = wanted.date.must_find(tx)?;
    date.must_take_place()?;
    let user_id = match wanted.customer {
        Customer::Known(user_id) => user::must_be_welcome(tx, user_id)?.user_id,
        Customer::New(new) => user::register(tx, new)?.user_id,
    };
    unpaid_hold_end::expire_in_the_way(tx, date.schedule_id, user_id)?;
    let mut found = ResolvedSeats::of(tx, maps, date.schedule_id, &wanted.seats)?;
    if wanted.include_blocked {
        open_blocked(tx, date.schedule_id, &mut found)?;
    }
    if let Some(until) = wanted.until {
        must_suit(until, &date, tx.now())?;
    }
    let until = wanted.until.unwrap_or_else(|| tx.now().plus_seconds(wanted.hold_seconds));
    let of_user = sql::find_seats_of_user(tx, user_id, date.schedule_id)?;
    let terms = Terms::of_counter(until, wanted.note);
    let (reservation, seats) = hold::hold(tx, user_id, date.schedule_id, (found, of_user), terms)?;
    ReservationDetails::with(tx, reservation, date, seats)
}

/// Whether seats of a date may be kept until a moment: ahead, and not after its start; from then on for those who come
/// late.
fn must_suit(until: Millis, date: &Schedule, now: Millis) -> Result<(), Refusal> {
    if until <= now {
        return Err(Refusal::invalid("/until", "must lie ahead", "앞으로 올 시각이어야 합니다"));
    }
    if until > date.starts_at.max(now.plus_seconds(LATE_SECONDS)) {
        let begins = date.starts_at;
        return Err(Refusal::invalid(
            "/until",
            format!("must not be later than the start of the date, {begins}, or an hour from now"),
            format!("일정이 시작하는 {begins}이나 지금부터 한 시간 뒤보다 나중일 수 없습니다"),
        ));
    }
    Ok(())
}

/// Gives seats free that the venue kept back and that are wanted by their labels.
fn open_blocked(tx: &Tx, schedule_id: i64, found: &mut ResolvedSeats) -> Outcome<()> {
    let ResolvedSeats::Labelled { claims, .. } = found else { return Ok(()) };
    for claim in claims.iter().filter(|claim| claim.state == SeatState::Blocked) {
        seat::block(tx, schedule_id, &claim.label, false, None)?;
    }
    claims.retain(|claim| claim.state != SeatState::Blocked);
    Ok(())
}

/// Makes an unpaid reservation cost nothing: for guests.
pub fn make_free(tx: &Tx, reservation: &mut Reservation, seats: &mut [WantedSeat]) -> Outcome<()> {
    sql::update_to_free(tx, reservation.reservation_id)?;
    reservation.amount = Points::ZERO;
    seats.iter_mut().for_each(|seat| seat.price = Points::ZERO);
    Ok(())
}
