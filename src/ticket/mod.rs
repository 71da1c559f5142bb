//! Tickets: one a seat, made with the payment.

mod sql;

use rusqlite::Connection;
use uuid::Uuid;

use crate::ids;
use crate::store::Outcome;
use crate::venue::Tx;

/// A ticket.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The id.
    pub ticket_id: Uuid,
    /// The label of its seat.
    pub seat: String,
    /// What a person reads out and types: ten characters.
    pub number: String,
    /// What the QR code carries.
    pub code: String,
}

/// The letters and digits of numbers and codes: 32 of them, none of 0, O, 1 and I, which people mix up.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// 50 bits: nobody guesses one at the door.
const NUMBER_CHARS: usize = 10;
/// 130 bits: nobody makes one at home.
const CODE_CHARS: usize = 26;

/// Makes the ticket of a seat.
///
/// # Errors
/// SQLite's.
pub fn issue(tx: &Tx, reservation_id: Uuid, seat_no: i64, label: &str) -> Outcome<Ticket> {
    let ticket = Ticket {
        ticket_id: ids::new_id(tx.now()),
        seat: label.to_owned(),
        number: random_text::<NUMBER_CHARS>(),
        code: random_text::<CODE_CHARS>(),
    };
    sql::insert(tx, reservation_id, seat_no, &ticket)?;
    Ok(ticket)
}

/// The tickets of a reservation in layout order.
///
/// # Errors
/// SQLite's.
pub fn list_of_reservation(connection: &Connection, reservation_id: Uuid) -> Outcome<Vec<Ticket>> {
    Ok(sql::list_of_reservation(connection, reservation_id)?)
}

fn random_text<const CHARS: usize>() -> String {
    // 256 is a multiple of 32, so each character is as likely as the others.
    ids::random_bytes::<CHARS>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_ten_characters_that_nobody_mixes_up() {
        let number = random_text::<NUMBER_CHARS>();
        assert_eq!(number.len(), 10);
        assert!(!number.contains(['0', 'O', '1', 'I']), "{number}");
        assert_ne!(number, random_text::<NUMBER_CHARS>());
    }
}
