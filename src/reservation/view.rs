//! A reservation as the wire shows it, written without a tree of values: holds are answered by the thousand.

use serde::Serialize;
use uuid::Uuid;

use super::{ReservationDetails, ReturnedSeat, Status};
use crate::clock::Millis;
use crate::points::Points;
use crate::refusal::Code;
use crate::seat::{SeatName, WantedSeat};
use crate::ticket::Ticket;

/// A reservation as the wire shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservationView<'d> {
    reservation_id: Uuid,
    status: Status,
    user_id: Uuid,
    schedule_id: i64,
    concert_id: i64,
    concert_title: &'d str,
    date: &'d str,
    starts_at: Millis,
    seats: Vec<SeatView<'d>>,
    amount: Points,
    created_at: Millis,
    hold_expires_at: Millis,
    hold_expires_in_seconds: i64,
    failure: Option<&'d str>,
    end_reason: Option<&'static str>,
    moved_from: Option<Millis>,
    refund_until: Option<Millis>,
    payment: PaymentView,
    at_counter: bool,
    tickets: &'d [Ticket],
    returned_seats: &'d [ReturnedSeat],
    exchanged_from: Option<Uuid>,
    exchanged_for: Vec<Uuid>,
}

#[derive(Serialize)]
struct SeatView<'d> {
    seat: &'d str,
    #[serde(flatten)]
    name: &'d SeatName,
    price: Points,
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff: Option<&'d str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    payment_id: Uuid,
    status: &'static str,
    amount: Points,
    paid_at: Option<Millis>,
    refunded_at: Option<Millis>,
    method: Option<&'static str>,
}

impl ReservationView<'_> {
    pub fn of(details: &ReservationDetails, now: Millis) -> ReservationView<'_> {
        let ReservationDetails { reservation, date, seats, tickets, returned, exchanged } = details;
        let status = reservation.status_at(now);
        let left_ms = match status {
            Status::PendingPayment => reservation.hold_expires_at.ms_since(now),
            _ => 0,
        };
        ReservationView {
            reservation_id: reservation.reservation_id,
            status,
            user_id: reservation.user_id,
            schedule_id: reservation.schedule_id,
            concert_id: date.concert_id,
            concert_title: &date.concert_title,
            date: &date.date,
            starts_at: date.starts_at,
            seats: seats.iter().map(SeatView::of).collect(),
            amount: reservation.amount,
            created_at: reservation.created_at,
            hold_expires_at: reservation.hold_expires_at,
            hold_expires_in_seconds: left_ms.div_euclid(1_000) + i64::from(left_ms.rem_euclid(1_000) > 0),
            failure: reservation.failure.as_deref(),
            end_reason: end_reason(details, status),
            moved_from: reservation.moved_from(date),
            refund_until: reservation.refund_until(date),
            payment: PaymentView {
                payment_id: reservation.payment_id,
                status: status.of_payment(),
                amount: reservation.amount,
                paid_at: reservation.paid_at,
                refunded_at: reservation.refunded_at,
                method: reservation.paid_by(),
            },
            at_counter: reservation.at_counter,
            tickets,
            returned_seats: returned,
            exchanged_from: reservation.exchanged_from,
            exchanged_for: exchanged.iter().map(|(reservation_id, _)| *reservation_id).collect(),
        }
    }
}

impl SeatView<'_> {
    fn of(seat: &WantedSeat) -> SeatView<'_> {
        let tariff = seat.tariff.as_ref().map(|tariff| tariff.name.as_str());
        SeatView { seat: &seat.label, name: &seat.name, price: seat.price, tariff }
    }
}

/// Why it ended, where its user did not give it back.
fn end_reason(details: &ReservationDetails, status: Status) -> Option<&'static str> {
    let ReservationDetails { reservation, date, exchanged, .. } = details;
    if reservation.was_cancelled_with(date, status) {
        return Some(Code::ScheduleCancelled.word());
    }
    reservation.ended_in_exchange(exchanged).then_some("EXCHANGED")
}
