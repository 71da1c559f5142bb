//! For whom seats are held, sold and released, and what the feed tells of it.

use serde::Serialize;
use uuid::Uuid;

use super::WantedSeat;
use crate::call::Claim;
use crate::clock::Millis;

/// For whom seats are held, sold or released.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    pub schedule_id: i64,
    pub reservation_id: Uuid,
    pub user_id: Uuid,
    pub until: Millis,
}

impl Hold {
    pub(super) fn held(&self) -> Claim {
        Claim::held(self.user_id, self.until)
    }

    /// What the feed tells of these seats.
    pub(super) fn event_data<'s>(&self, seats: &'s [WantedSeat]) -> SeatsData<'s> {
        SeatsData {
            reservation_id: self.reservation_id,
            schedule_id: self.schedule_id,
            user_id: self.user_id,
            seats: labels(seats),
        }
    }
}

/// What the feed tells of held, sold and released seats.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeatsData<'s> {
    reservation_id: Uuid,
    schedule_id: i64,
    user_id: Uuid,
    seats: Vec<&'s str>,
}

pub(super) fn labels(seats: &[WantedSeat]) -> Vec<&str> {
    seats.iter().map(|seat| seat.label.as_str()).collect()
}
