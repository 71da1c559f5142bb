//! From when until when a certificate is valid, read from its DER (X.690; RFC 5280, 4.1.2.5).

use time::{Date, Month, PrimitiveDateTime, Time};

use crate::clock::Millis;

/// The two moments of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Valid from here on.
    pub from: Millis,
    /// Valid until here.
    pub until: Millis,
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl Validity {
    /// That of a certificate; `None` where this is none.
    pub fn of(certificate: &[u8]) -> Option<Validity> {
        let (_, certificate, _) = element(certificate)?;
        let (_, mut rest, _) = element(certificate)?;
        let (tag, _, behind) = element(rest)?;
        if tag == VERSION {
            rest = behind;
        }
        // The serial number, the algorithm and the issuer stand before it.
        for _ in 0..3 {
            rest = element(rest)?.2;
        }
        let (SEQUENCE, times, _) = element(rest)? else { return None };
        let (tag, from, rest) = element(times)?;
        let from = moment(tag, from)?;
        let (tag, until, _) = element(rest)?;
        Some(Validity { from, until: moment(tag, until)? })
    }
}

/// The first element of some bytes: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((tag, content, behind))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn moment(tag: u8, text: &[u8]) -> Option<Millis> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2_000 + year } else { 1_900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let pair = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(pair(0)?).ok()?, pair(2)?).ok()?;
    let at = PrimitiveDateTime::new(date, Time::from_hms(pair(4)?, pair(6)?, pair(8)?).ok()?).assume_utc();
    (rest.len() == 10).then(|| Millis::from_unix_ms(at.unix_timestamp() * 1_000))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn validity_is_read_from_certificates_of_both_centuries_and_any_size() {
        for (from, until, names) in [
            ((2026, 1, 2), (2026, 4, 2), 1),
            ((1999, 12, 31), (2049, 12, 31), 20),
            ((2049, 12, 31), (2050, 1, 1), 300),
            ((1970, 1, 1), (9999, 12, 31), 1),
        ] {
            let names: Vec<String> = (0..names).map(|name| format!("door-{name}.local")).collect();
            let mut params = CertificateParams::new(names).unwrap();
            let at = |(year, month, day)| date_time_ymd(year, month, day);
            (params.not_before, params.not_after) = (at(from), at(until));
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let ms = |day| Millis::from_unix_ms(at(day).unix_timestamp() * 1_000);
            assert_eq!(Validity::of(certificate.der()), Some(Validity { from: ms(from), until: ms(until) }));
            for end in 0..60 {
                assert_eq!(Validity::of(&certificate.der()[..end]), None, "cut short");
            }
        }
    }

    #[test]
    fn validity_of_what_is_no_certificate_is_none() {
        for wrong in
            [&b""[..], b"0", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"-----BEGIN CERTIFICATE-----", &[0x30; 400]]
        {
            assert_eq!(Validity::of(wrong), None);
        }
        for wrong in ["260230000000Z", "2602280000Z", "260228000000", "2602280000+0Z", "269928000000Z", "260228250000Z"]
        {
            assert_eq!(moment(UTC_TIME, wrong.as_bytes()), None, "{wrong}");
        }
    }
}
