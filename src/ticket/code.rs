//! What the QR code of a ticket carries: 124 characters that say which ticket it is, signed by the venue's key.
//!
//! ```text
//! T | number, 10 | schedule, 6 | seat, 4 | signature over the 21 characters before it, 103
//! ```
//!
//! Everything is written with the 32 characters of [`ALPHABET`], five bits each, the highest first. They are all in the
//! alphanumeric set of QR codes, so that a code of version 7 (45 by 45 modules) has room for it at level Q, where a
//! quarter of it may be scratched; one character more would need the next size. There is nothing of its owner in it.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use super::scanner_input::readings;
use crate::ids;
use crate::signing::{PublicKey, SigningKey};

/// The letters and digits of numbers and codes.
pub const ALPHABET: &[u8; 32] = ids::READABLE;
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.extend(ALPHABET.iter().map(|byte| char::from(*byte)));
    specification.encoding().unwrap_or_else(|error| panic!("32 characters, none of them twice: {error}"))
});
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
    pub number: String,
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
    BASE32.encode(&ids::random_bytes::<7>())[..NUMBER_CHARS].to_owned() // the first 50 of 56 random bits
}

/// The code of a ticket; `None` when schedule or seat are beyond what it has room for, a billion and a million.
pub fn make(key: &SigningKey, payload: &CodePayload) -> Option<String> {
    let mut code = String::with_capacity(SIGNED_CHARS + SIGNATURE_CHARS);
    code.push(FORMAT);
    code.push_str(&payload.number);
    code.push_str(&digits(payload.schedule_id, SCHEDULE_CHARS)?);
    code.push_str(&digits(payload.seat_no, SEAT_CHARS)?);
    BASE32.encode_append(&key.sign(code.as_bytes()), &mut code);
    Some(code)
}

/// Whether a code is one of format 1.
pub fn is_legacy(text: &str) -> bool {
    text.len() == OLDER_CHARS && is_written_so(text)
}

/// What a code says, if the key has signed it.
///
/// # Errors
/// What is wrong with it.
pub fn read(public: &PublicKey, text: &str) -> Result<CodePayload, Fault> {
    if text.len() != SIGNED_CHARS + SIGNATURE_CHARS || !text.starts_with(FORMAT) {
        return Err(Fault::NotATicket);
    }
    if !is_written_so(text) {
        return Err(Fault::NotATicket);
    }
    let (signed, signature) = text.split_at(SIGNED_CHARS);
    // Bits left over must be zero: each signature is written in one way.
    let signature = BASE32.decode(signature.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    if !signature.is_some_and(|signature| public.verify(signed.as_bytes(), &signature)) {
        return Err(Fault::BadSignature);
    }
    let (number, place) = signed[1..].split_at(NUMBER_CHARS);
    let (schedule, seat) = place.split_at(SCHEDULE_CHARS);
    let (schedule_id, seat_no) = number_of(schedule).zip(number_of(seat)).ok_or(Fault::NotATicket)?;
    Ok(CodePayload { number: number.to_owned(), schedule_id, seat_no })
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
    OlderCode(String),
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
        _ if !is_written_so(reading) => None,
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
    readings(raw).into_iter().filter(|reading| reading.len() == NUMBER_CHARS && is_written_so(reading))
}

/// A number in so many characters, if it has room in them.
fn digits(number: i64, chars: usize) -> Option<String> {
    let has_room = (0..1 << (5 * chars)).contains(&number);
    has_room.then(|| BASE32.encode(&number.to_be_bytes()[3..])[8 - chars..].to_owned())
}

/// The number of so many characters, eight at most.
fn number_of(digits: &str) -> Option<i64> {
    let bytes = BASE32.decode(format!("{digits:2>8}").as_bytes()).ok()?; // `2` is zero
    Some(bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte)))
}

fn is_written_so(text: &str) -> bool {
    text.bytes().all(|byte| ALPHABET.contains(&byte))
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

    /// Codes that were handed out stay valid, and are made the same.
    #[test]
    fn codes_of_earlier_programs_are_read_and_made_again() {
        let secret = ids::bytes_of_hex("2c0d7bebfe65402c230d401e4a6590a4331ee02b51155fb4be547696c86527cb").unwrap();
        let key = SigningKey::of(&SigningSecret(secret));
        for (number, seat_no, signature) in [
            (
                "FSVY7B7Z5K",
                2,
                "CEGETB6Z8S29K3M6A6N4D3TE38TNAHX23L4FYL5XYNA8FHNRWCRVTEBSP87MDYMTLV2G2NU3SR3AF7ZUJ9GL6PUBNDEHQTSFPSUT232",
            ),
            (
                "7UN9ZHLXWH",
                3,
                "DZCWPPJQ9NSAY6JB27T8Y2EVV5F3DK85MJXWMLWSKJQSQSH2ZG63YC7E443QRGPZ37M2GHPK47399YSMZ96PX86C7Z7UVB27FKRWJ5J",
            ),
        ] {
            let code = format!("T{number}222223222{}{signature}", seat_no + 2);
            let payload = CodePayload { number: number.into(), schedule_id: 1, seat_no };
            assert_eq!(read(&key.public(), &code), Ok(payload.clone()));
            assert_eq!(make(&key, &payload), Some(code));
        }
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
    fn code_typed_number_forgives_small_letters_spaces_and_hyphens() {
        assert_eq!(number(" 5fan-y5cure ").as_deref(), Some("5FANY5CURE"));
        for wrong in ["", "5FANY5CUR", "5FANY5CUREX", "5FANY5CUR0", "좌석좌석좌석좌석좌석"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn code_is_found_behind_what_a_scanner_adds_and_two_codes_are_none() {
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
    fn code_what_has_no_room_in_a_code_gets_none() {
        let limit = |schedule_id, seat_no| make(&key(), &payload(schedule_id, seat_no)).is_some();
        assert!(limit((1 << 30) - 1, (1 << 20) - 1));
        assert!(!limit(1 << 30, 0) && !limit(1, 1 << 20) && !limit(-1, 0) && !limit(1, -1));
    }

    #[test]
    fn code_any_bit_that_is_flipped_anywhere_is_found_out() {
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
    fn code_another_venue_and_what_is_no_code_are_told_apart() {
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
        fn code_says_what_was_put_into_it(schedule_id in 0..1_i64 << 30, seat_no in 0..1_i64 << 20) {
            let said = CodePayload { number: new_number(), schedule_id, seat_no };
            let code = make(&key(), &said).unwrap();
            prop_assert_eq!(read(&key().public(), &code), Ok(said));
        }

        #[test]
        fn code_no_text_at_all_makes_the_reader_stumble(text in "\\PC{0,130}") {
            prop_assert!(read(&key().public(), &text).is_err());
            prop_assert!(!matches!(read_presented(&key().public(), &text), Ok(Presented::Signed(..))));
        }
    }
}
