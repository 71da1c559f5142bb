//! New prices for a date that is there already. What holders agreed to pay stays: a reservation keeps its own prices.

use super::labels::price_range;
use super::sql;
use crate::call::Tx;
use crate::http::Fields;
use crate::points::Points;
use crate::refusal::Refusal;
use crate::schedule;
use crate::store::Outcome;

/// The new price of some seats.
#[derive(Debug, Clone)]
pub(super) struct NewPrice {
    /// The category, or the section where no category has this name; `None`: every seat.
    name: Option<String>,
    price: Points,
    /// The JSON pointer of the price.
    at: String,
}

/// Reads the members `price`, of every seat, and `prices`, of categories and sections by name.
///
/// # Errors
/// `INVALID_REQUEST`.
pub(super) fn read(fields: &mut Fields) -> Result<Vec<NewPrice>, Refusal> {
    let mut prices = Vec::new();
    if fields.has("price") {
        let price = Points::new(fields.integer("price", price_range())?);
        prices.push(NewPrice { name: None, price, at: fields.pointer("price") });
    }
    if fields.has("prices") {
        let mut named = fields.object("prices")?;
        for name in named.names() {
            let price = Points::new(named.integer(&name, price_range())?);
            prices.push(NewPrice { at: named.pointer(&name), name: Some(name), price });
        }
    }
    Ok(prices)
}

/// Gives seats their new prices, in the order in which they were said.
///
/// # Errors
/// `INVALID_REQUEST` for a name that the date does not have.
pub(super) fn change(tx: &Tx, schedule_id: i64, prices: &[NewPrice]) -> Outcome<()> {
    for NewPrice { name, price, at } in prices {
        let seats = match name {
            None => sql::update_every_price(tx, schedule_id, *price)?,
            Some(name) => match sql::update_prices_of(tx, schedule_id, "category", name, *price)? {
                0 => sql::update_prices_of(tx, schedule_id, "section", name, *price)?,
                seats => seats,
            },
        };
        if seats == 0 {
            return Err(Refusal::invalid(
                at,
                "is neither a category nor a section of this date",
                "이 일정의 등급도 구역도 아닙니다",
            )
            .into());
        }
    }
    let (seats_total, price_from) = sql::count_seats(tx, schedule_id)?;
    schedule::change_seats(tx, schedule_id, seats_total, price_from)
}
