//! Seats that are wanted by their labels, each at its tariff, and what they cost then.

use rusqlite::Row;
use serde_json::Value;

use super::attributes::Attribute;
use super::{SeatName, WantedSeat, sql};
use crate::call::Tx;
use crate::http::Fields;
use crate::refusal::Refusal;
use crate::schedule::{self, Tariffs};
use crate::store::Outcome;

/// A seat that is wanted.
#[derive(Debug, Clone)]
pub struct SeatWish {
    pub label: String,
    /// `None`: the full price, or what was agreed where the seat is held already.
    pub tariff: Option<TariffWish>,
}

/// The kind of price at which a seat is wanted.
#[derive(Debug, Clone)]
pub struct TariffWish {
    /// `None`: the full price.
    pub name: Option<String>,
    /// Its JSON pointer.
    at: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedTariff {
    pub name: String,
    /// What the door looks at.
    pub note: Option<String>,
}

impl AgreedTariff {
    /// From two columns, its name and its note.
    pub fn read(row: &Row, first: usize) -> rusqlite::Result<Option<AgreedTariff>> {
        let (name, note): (Option<String>, _) = (row.get(first)?, row.get(first + 1)?);
        Ok(name.map(|name| AgreedTariff { name, note }))
    }
}

impl WantedSeat {
    /// Reads a seat as it was agreed: `seat_no, label, price, tariff, tariff_note, section, row, number`.
    ///
    /// # Errors
    /// Where the columns are of another type.
    pub fn read(row: &Row) -> rusqlite::Result<WantedSeat> {
        let (label, tariff): (String, _) = (row.get(1)?, AgreedTariff::read(row, 3)?);
        let name = SeatName::read(row, 5, &label)?;
        Ok(WantedSeat { seat_no: row.get(0)?, label, name, price: row.get(2)?, tariff })
    }
}

impl SeatWish {
    /// A label, or an object of `seat` and `tariff`.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn read(at: String, value: Value) -> Result<SeatWish, Refusal> {
        match value {
            Value::String(label) => Ok(SeatWish { label, tariff: None }),
            Value::Object(_) => {
                let mut fields = Fields::of_value(value, at)?;
                let label = fields.text("seat")?;
                let name = fields.has("tariff").then(|| fields.text("tariff")).transpose()?;
                let tariff = Some(TariffWish { name, at: fields.pointer("tariff") });
                fields.end()?;
                Ok(SeatWish { label, tariff })
            }
            _ => {
                let (en, ko) = ("must be a text, or an object with a seat", "문자열이거나 seat이 있는 객체여야 합니다");
                Err(Refusal::invalid(at, en, ko))
            }
        }
    }
}

impl AsRef<str> for SeatWish {
    fn as_ref(&self) -> &str {
        &self.label
    }
}

impl TariffWish {
    /// A tariff of the best seats: a name, for a seat without attributes, or an object of `tariff` and `attribute`.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn read(at: String, value: Value) -> Result<(Option<Attribute>, TariffWish), Refusal> {
        match value {
            Value::String(name) => Ok((None, TariffWish { name: Some(name), at })),
            Value::Object(_) => {
                let mut fields = Fields::of_value(value, at)?;
                let name = fields.text("tariff")?;
                let attribute = fields.text("attribute")?;
                let attribute = Attribute::read(fields.pointer("attribute"), &attribute.into())?;
                let wish = TariffWish { name: Some(name), at: fields.pointer("tariff") };
                fields.end()?;
                Ok((Some(attribute), wish))
            }
            _ => {
                let (en, ko) =
                    ("must be a text, or an object with a tariff", "문자열이거나 tariff가 있는 객체여야 합니다");
                Err(Refusal::invalid(at, en, ko))
            }
        }
    }

    /// The refusal of a wish for a seat that is not asked for.
    pub(super) fn without_seat(self) -> Refusal {
        let en = "is for more seats of its kind than are asked for; with an attribute it says for which";
        let ko = "요청한 그 종류의 좌석보다 많습니다. attribute로 어느 좌석의 요금인지 말해 주세요";
        Refusal::invalid(self.at, en, ko)
    }
}

/// Gives seats the prices of the tariffs at which they are wanted.
///
/// # Errors
/// `INVALID_REQUEST` for a tariff that the date does not have, or not for such a seat.
pub fn agree<'s>(
    tx: &Tx,
    schedule_id: i64,
    wanted: impl Iterator<Item = (&'s mut WantedSeat, &'s TariffWish)>,
) -> Outcome<()> {
    let mut tariffs: Option<Tariffs> = None;
    for (seat, wish) in wanted {
        let Some(name) = &wish.name else { continue };
        if tariffs.is_none() {
            tariffs = Some(schedule::must_find(tx, schedule_id)?.tariffs);
        }
        let tariff = tariffs
            .as_ref()
            .and_then(|tariffs| tariffs.find(name))
            .ok_or_else(|| Refusal::invalid(&wish.at, "is no tariff of this date", "이 일정에 없는 요금입니다"))?;
        let category = sql::find_priced_as(tx, schedule_id, seat.seat_no)?;
        seat.price = tariff.price(seat.price, category.as_deref()).ok_or_else(|| {
            let (en, ko) = ("is no tariff for the category of this seat", "이 좌석 등급에는 없는 요금입니다");
            Refusal::invalid(&wish.at, en, ko)
        })?;
        seat.tariff = Some(AgreedTariff { name: tariff.name.clone(), note: tariff.note.clone() });
    }
    Ok(())
}

/// Gives a date other tariffs.
///
/// # Errors
/// `INVALID_REQUEST` for a category that the date does not have.
pub fn change(tx: &Tx, schedule_id: i64, tariffs: &Tariffs) -> Outcome<()> {
    for (at, name) in tariffs.categories() {
        if !sql::has_category(tx, schedule_id, name)? {
            return Err(Refusal::invalid(at, "is no category of this date", "이 일정에 없는 등급입니다").into());
        }
    }
    schedule::change_tariffs(tx, schedule_id, tariffs)
}
