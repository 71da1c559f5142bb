//! What staff say of a hall, read: its seats, what the plan shows beside them, and what looks like a mistake.

use super::drawing::Drawing;
use super::front;
use super::labels::LayoutSeat;
use crate::refusal::{Localized, Refusal};

/// What staff said of a hall.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub seats: Vec<LayoutSeat>,
    pub drawing: Drawing,
    /// What was taken although it looks like a mistake, for who gave it to read.
    pub remarks: Vec<Remark>,
}

impl Layout {
    pub(super) fn of(seats: Vec<LayoutSeat>) -> Layout {
        Layout { seats, ..Layout::default() }
    }

    /// The drawing with its front: what was said, or what the plan tells.
    pub fn drawing_with_front(&self) -> Drawing {
        let seats = self.seats.iter().map(|it| (it.section.as_deref(), it.row.as_deref(), it.at));
        front::settled(self.drawing.clone(), seats)
    }

    /// Refuses a date of which nothing is on sale.
    pub(super) fn must_have_a_price(&self, at: String) -> Result<(), Refusal> {
        match self.seats.iter().any(|seat| seat.price.is_some()) {
            true => Ok(()),
            false => Err(Refusal::invalid(at, "gives no seat a price", "가격이 있는 좌석이 없습니다")),
        }
    }

    /// A front needs seats before it.
    pub(super) fn must_have_places(&self, at: String) -> Result<(), Refusal> {
        if self.drawing.front.is_none() || self.seats.iter().any(|seat| seat.at.is_some()) {
            return Ok(());
        }
        let en = "needs seats with x and y; without them the row that is listed first is in front";
        Err(Refusal::invalid(at, en, "x와 y가 있는 좌석이 필요합니다. 없으면 첫 번째 열이 맨 앞입니다"))
    }
}

/// Something that was taken although it looks like a mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// How often.
    pub count: usize,
    /// One sentence.
    pub text: Localized,
}
