//! What the QR code of a ticket carries: 124 characters that say which ticket it is, signed by the venue's key.
//!
//! ```text
//! T | number, 10 | schedule, 6 | seat, 4 | signature over the 21 characters before it, 103
//! ```
//!
//! Everything is written with the 32 characters of [`ALPHABET`], five bits each, the highest first. They are all in the
//! alphanumeric set of QR codes, so that a code of version 7 (45 by 45 modules) has room for it at level Q, where a
//! quarter of it may be scratched; one character more would need the next size. There is nothing of its owner in it.

use super::reading::readings;
use crate::ids;
use crate::signing::{PublicKey, SIGNATURE_BYTES, SigningKey};

/// The letters and digits of numbers and codes: 32 of them, none of 0, O, 1 and I, which people mix up.
pub const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// 50 bits: nobody guesses one at the door.
pub const NUMBER_CHARS: usize = 10;
/// The first character: what the others mean.
pub const FORMAT: char = 'T';
/// Characters of the schedule and of the seat's place in the layout.
pub const SCHEDULE_CHARS: usize = 6;
/// See [`SCHEDULE_CHARS`].
pub const SEAT_CHARS: usize = 4;
/// Characters that are signed.
pub const SIGNED_CHARS: usize = 1 + NUMBER_CHARS + SCHEDULE_CHARS + SEAT_CHARS;
/// Characters of the signature: 512 bits and three that are zero.
pub const SIGNATURE_CHARS: usize = 103;
/// Characters that a scanner may put before a code, such as its maker's name for a QR code.
const PREFIX_MAX_CHARS: usize = 8;
/// Characters of codes that older programs made: they say nothing and are only known to the file.
pub const OLDER_CHARS: usize = 26;

/// What a signed code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePayload {
    /// The number of the ticket.
    pub number: String,
    /// The date that it is for.
    pub schedule_id: i64,
    /// Where its seat stands in the layout of that date.
    pub seat_no: i64,
}

/// Why a text is no code of this venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not look like one: another QR code, or one that was read in part.
    NotATicket,
    /// It looks like one and the signature does not hold: damaged, forged, or of another venue.
    BadSignature,
}

impl Fault {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Fault::NotATicket => "NOT_A_TICKET",
            Fault::BadSignature => "SIGNATURE",
        }
    }
}

/// A fresh number.
pub fn new_number() -> String {
    // 256 is a multiple of 32, so each character is as likely as the others.
    ids::random_bytes::<NUMBER_CHARS>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// The code of a ticket; `None` when schedule or seat are beyond what it has room for, a billion and a million.
pub fn make(key: &SigningKey, payload: &CodePayload) -> Option<String> {
    let mut code = String::with_capacity(SIGNED_CHARS + SIGNATURE_CHARS);
    code.push(FORMAT);
    code.push_str(&payload.number);
    code.push_str(&digits::<SCHEDULE_CHARS>(payload.schedule_id)?);
    code.push_str(&digits::<SEAT_CHARS>(payload.seat_no)?);
    let signature = key.sign(code.as_bytes());
    push_bits(&mut code, &signature);
    Some(code)
}

/// Whether a code is one of format 1.
pub fn is_legacy(text: &str) -> bool {
    text.len() == OLDER_CHARS && values(text).is_some()
}

/// What a code says, if the key has signed it.
///
/// # Errors
/// What is wrong with it.
pub fn read(public: &PublicKey, text: &str) -> Result<CodePayload, Fault> {
    if text.len() != SIGNED_CHARS + SIGNATURE_CHARS || !text.starts_with(FORMAT) {
        return Err(Fault::NotATicket);
    }
    let values = values(text).ok_or(Fault::NotATicket)?;
    let signature = bits(&values[SIGNED_CHARS..]).ok_or(Fault::BadSignature)?;
    if !public.verify(&text.as_bytes()[..SIGNED_CHARS], &signature) {
        return Err(Fault::BadSignature);
    }
    let whole = |values: &[u8]| values.iter().fold(0, |sum, value| sum * 32 + i64::from(*value));
    let (schedule, seat) = values[1 + NUMBER_CHARS..SIGNED_CHARS].split_at(SCHEDULE_CHARS);
    Ok(CodePayload { number: text[1..=NUMBER_CHARS].to_owned(), schedule_id: whole(schedule), seat_no: whole(seat) })
}

/// What was shown at the door, once it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// A code whose signature holds, and what it says.
    Signed(String, CodePayload),
    /// What can be the code of format 1 or a number, in the order in which they are looked up.
    Unsigned(Vec<Candidate>),
}

/// A reading that only the file or a list can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// The code of format 1.
    OlderCode(String),
    /// A number.
    Number(String),
}

/// Reads what a scanner or a hand typed, a code or a number alike. Of its
/// readings that one counts whose signature holds.
///
/// # Errors
/// What is wrong with it when no reading can be a ticket.
pub fn read_presented(public: &PublicKey, raw: &str) -> Result<Presented, Fault> {
    let readings = readings(raw);
    let mut fault = Fault::NotATicket;
    for code in readings.iter().map(|reading| code_in(reading)) {
        match read(public, code) {
            Ok(payload) => return Ok(Presented::Signed(code.to_owned(), payload)),
            Err(Fault::BadSignature) => fault = Fault::BadSignature,
            Err(Fault::NotATicket) => {}
        }
    }
    let candidate = |reading: &String| match reading.len() {
        _ if values(reading).is_none() => None,
        NUMBER_CHARS => Some(Candidate::Number(reading.clone())),
        OLDER_CHARS => Some(Candidate::OlderCode(reading.clone())),
        _ => None,
    };
    let candidates: Vec<Candidate> = readings.iter().filter_map(candidate).collect();
    if candidates.is_empty() { Err(fault) } else { Ok(Presented::Unsigned(candidates)) }
}

/// What of a reading may be a signed code: all of it, or what stands behind
/// a few characters that a scanner puts before it.
fn code_in(reading: &str) -> &str {
    const CHARS: usize = SIGNED_CHARS + SIGNATURE_CHARS;
    let surplus = reading.len().checked_sub(CHARS).filter(|surplus| *surplus <= PREFIX_MAX_CHARS);
    surplus.and_then(|surplus| reading.get(surplus..)).unwrap_or(reading)
}

/// The readings of what was typed that can be a number, in the order in which they are looked up.
pub fn typed_numbers(raw: &str) -> impl Iterator<Item = String> {
    readings(raw).into_iter().filter(|reading| reading.len() == NUMBER_CHARS && values(reading).is_some())
}

fn digits<const CHARS: usize>(mut number: i64) -> Option<String> {
    let mut text = [b' '; CHARS];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[usize::try_from(number.checked_rem_euclid(32)?).ok()?];
        number = number.div_euclid(32);
    }
    (number == 0).then(|| text.iter().map(|byte| char::from(*byte)).collect())
}

fn push_bits(text: &mut String, bytes: &[u8]) {
    let (mut held, mut count) = (0_u16, 0);
    for byte in bytes {
        held = (held << 8) | u16::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[usize::from((held >> count) & 31)]));
            held &= (1 << count) - 1;
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[usize::from((held << (5 - count)) & 31)]));
    }
}

/// The place of each character in the alphabet; `None` when one is not in it.
fn values(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| ALPHABET.iter().position(|one| *one == byte).map(|at| at as u8); // below 32
    text.bytes().map(value).collect()
}

/// The bytes of a signature; `None` when the bits left over are not zero: each signature is written in one way.
fn bits(values: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let mut bytes = [0; SIGNATURE_BYTES];
    let mut places = bytes.iter_mut();
    let (mut held, mut count) = (0_u16, 0);
    for value in values {
        held = (held << 5) | u16::from(*value);
        count += 5;
        if count >= 8 {
            count -= 8;
            *places.next()? = (held >> count) as u8; // at most eight bits are left
            held &= (1 << count) - 1;
        }
    }
    (held == 0 && places.next().is_none()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signing::SigningSecret;

    fn key() -> SigningKey {
        SigningKey::of(&SigningSecret([7; 32]))
    }

    fn payload(schedule_id: i64, seat_no: i64) -> CodePayload {
        CodePayload { number: "5FANY5CURE".into(), schedule_id, seat_no }
    }

    #[test]
    fn numbers_have_ten_characters_that_nobody_mixes_up() {
        let number = new_number();
        assert_eq!(number.len(), 10);
        assert!(!number.contains(['0', 'O', '1', 'I']), "{number}");
        assert_ne!(number, new_number());
    }

    fn number(raw: &str) -> Option<String> {
        match read_presented(&key().public(), raw) {
            Ok(Presented::Unsigned(candidates)) => match candidates.into_iter().next() {
                Some(Candidate::Number(number)) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }

    #[test]
    fn a_typed_number_forgives_small_letters_spaces_and_hyphens() {
        assert_eq!(number(" 5fan-y5cure ").as_deref(), Some("5FANY5CURE"));
        for wrong in ["", "5FANY5CUR", "5FANY5CUREX", "5FANY5CUR0", "좌석좌석좌석좌석좌석"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_is_found_behind_what_a_scanner_adds_and_two_codes_are_none() {
        let code = make(&key(), &payload(3, 17)).unwrap();
        let read = |raw: &str| read_presented(&key().public(), raw);
        let small = code.to_lowercase();
        for raw in [&code, &small, &format!("]Q1{code}\r\n"), &format!("QR{code}"), &format!("T{small}")] {
            assert_eq!(read(raw), Ok(Presented::Signed(code.clone(), payload(3, 17))), "{raw}");
        }
        let other = make(&key(), &payload(3, 18)).unwrap();
        assert!(read(&format!("{code}{other}")).is_err());
        assert_eq!(read(&code.replace(&code[120..], "2222")), Err(Fault::BadSignature));
        assert!(read(&format!("{code}X")).is_err());
        assert_eq!(read(&code[1..]), Err(Fault::NotATicket));
    }

    #[test]
    fn what_has_no_room_in_a_code_gets_none() {
        let limit = |schedule_id, seat_no| make(&key(), &payload(schedule_id, seat_no)).is_some();
        assert!(limit((1 << 30) - 1, (1 << 20) - 1));
        assert!(!limit(1 << 30, 0) && !limit(1, 1 << 20) && !limit(-1, 0) && !limit(1, -1));
    }

    #[test]
    fn any_bit_that_is_flipped_anywhere_is_found_out() {
        let code = make(&key(), &payload(3, 17)).unwrap();
        assert_eq!(code.len(), 124);
        for at in 0..code.len() {
            for bit in 0..8 {
                let mut bytes = code.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(flipped) = String::from_utf8(bytes) else { continue };
                assert!(read(&key().public(), &flipped).is_err(), "character {at}, bit {bit}");
            }
            for other in ALPHABET.iter().map(|byte| char::from(*byte)).filter(|c| !code[at..].starts_with(*c)) {
                let flipped = format!("{}{other}{}", &code[..at], &code[at + 1..]);
                assert!(read(&key().public(), &flipped).is_err(), "character {at}, {other}");
            }
        }
    }

    #[test]
    fn another_venue_and_what_is_no_code_are_told_apart() {
        let code = make(&key(), &payload(3, 17)).unwrap();
        let other = SigningKey::of(&SigningSecret([8; 32]));
        assert_eq!(read(&other.public(), &code), Err(Fault::BadSignature));
        for foreign in ["", "https://example.org/", &code[1..], &code.to_lowercase(), &"J".repeat(26)] {
            assert_eq!(read(&key().public(), foreign), Err(Fault::NotATicket), "{foreign}");
        }
        assert!(is_legacy(&"J".repeat(26)) && !is_legacy(&"0".repeat(26)) && !is_legacy(&code));
    }

    proptest! {
        #[test]
        fn a_code_says_what_was_put_into_it(schedule_id in 0..1_i64 << 30, seat_no in 0..1_i64 << 20) {
            let said = CodePayload { number: new_number(), schedule_id, seat_no };
            let code = make(&key(), &said).unwrap();
            prop_assert_eq!(read(&key().public(), &code), Ok(said));
        }

        #[test]
        fn no_text_at_all_makes_the_reader_stumble(text in "\\PC{0,130}") {
            prop_assert!(read(&key().public(), &text).is_err());
            prop_assert!(!matches!(read_presented(&key().public(), &text), Ok(Presented::Signed(..))));
        }
    }
}
