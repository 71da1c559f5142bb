//! Ids, tokens and keys: what names a thing, and what proves who is calling.

use std::fmt;
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Millis;

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing safe could follow.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random numbers: {error}");
    }
    bytes
}

/// Counts the ids of one millisecond (RFC 9562, 6.2), so that the newest of them is the greatest.
static WITHIN_THE_MILLISECOND: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A fresh id of a user, reservation, payment or ticket: a UUID of version 7 (RFC 9562), so that rows made one after the
/// other lie side by side in the file. Each is greater than all before it, also within one millisecond.
pub fn new_id(now: Millis) -> Uuid {
    let unix_ms = u64::try_from(now.unix_ms()).unwrap_or(0);
    let below_a_second_ns = (unix_ms % 1_000) as u32 * 1_000_000; // below 10^9
    Uuid::new_v7(Timestamp::from_unix(&WITHIN_THE_MILLISECOND, unix_ms / 1_000, below_a_second_ns))
}

/// An id as the wire writes it: lower case, hyphenated, and nothing else.
pub fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    (id.hyphenated().encode_lower(&mut buffer) == text).then_some(id)
}

/// A queue token: 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKey(pub u128);

impl TokenKey {
    /// A fresh token.
    pub fn random() -> TokenKey {
        TokenKey(u128::from_be_bytes(random_bytes()))
    }

    /// A token from its text; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<TokenKey> {
        let plain = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| u128::from_str_radix(text, 16).ok().map(TokenKey)).flatten()
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)") // a token opens a visit: it does not go into logs
    }
}

/// A fresh user or staff key: 128 random bits in hexadecimal.
pub fn new_key() -> String {
    format!("{:032x}", u128::from_be_bytes(random_bytes()))
}

/// SHA-256 of a key. Keys are 128 random bits, so one plain hash is as hard to turn back as the key is to guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> KeyHash {
        KeyHash(sha256_of(key.as_bytes()))
    }

    /// Whether `key` is the one that was hashed; takes the same time whatever the answer.
    pub fn matches(&self, key: &str) -> bool {
        self.same_as(&KeyHash::of(key))
    }

    /// Whether both are the same; takes the same time whatever the answer.
    pub fn same_as(&self, other: &KeyHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// SHA-256 over the parts, each preceded by its length so that no two lists of parts look alike.
pub fn sha256_of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of plain bytes.
pub fn sha256_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes from lower-case hexadecimal digits; `None` when the text is anything else.
pub fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f').then(|| char::from(byte).to_digit(16)).flatten();
    let digits: Vec<u32> = text.bytes().map(digit).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect(); // two digits
    if digits.len() == 2 * N { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_from_its_text_and_from_nothing_else() {
        let token = TokenKey(0xabc);
        assert_eq!(TokenKey::parse(&token.to_string()), Some(token));
        for wrong in ["", "abc", &"A".repeat(32), &"g".repeat(32), &format!("+{}", "1".repeat(31))] {
            assert_eq!(TokenKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_is_read_only_in_the_form_that_the_wire_writes() {
        let id = new_id(Millis::from_unix_ms(1_700_000_000_000));
        assert_eq!(parse_id(&id.to_string()), Some(id));
        assert_eq!(parse_id(&id.to_string().to_uppercase()), None);
        assert_eq!(parse_id(&id.simple().to_string()), None);
    }

    #[test]
    fn hexadecimal_digits_read_back_and_nothing_else_does() {
        assert_eq!(bytes_of_hex(&hex(&[0, 9, 0xaf])), Some([0, 9, 0xaf]));
        for wrong in ["", "0009a", "0009aF", "0009ag", "0009aff", "+009af", "é09af"] {
            assert_eq!(bytes_of_hex::<3>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_of_one_millisecond_grow() {
        let now = Millis::from_unix_ms(1_700_000_000_000);
        let ids: Vec<Uuid> = (0..10_000).map(|_| new_id(now)).collect();
        assert!(ids.is_sorted_by(|before, after| before < after));
    }

    #[test]
    fn a_key_matches_its_own_hash_only() {
        let (key, other) = (new_key(), new_key());
        assert!(KeyHash::of(&key).matches(&key));
        assert!(!KeyHash::of(&key).matches(&other));
    }
}
