//! Ids, tokens and keys: what names a thing, and what proves who is calling.

use std::fmt;

use data_encoding::HEXLOWER;
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::{Builder, Uuid};

use crate::clock::Millis;

/// Random bytes for what a venue gives out: ids, keys, tokens, codes, draws. From the operating system, unless a test
/// asked for repeatable ones.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    match &mut state().repeatable {
        Some(repeatable) => repeatable.next(),
        None => system_bytes(),
    }
}

/// Random bytes from the operating system, whatever a test asked for: for what must not be the same twice.
///
/// # Panics
/// When the operating system has no randomness to give: nothing safe could follow.
pub fn system_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random numbers: {error}");
    }
    bytes
}

/// What the next id, and with `--test-random` every next random number, follows from. One for the process, as a process
/// serves one venue.
static STATE: Mutex<IdState> = Mutex::new(IdState { last: 0, repeatable: None });

/// Where the ids and the repeatable random numbers of this process stand.
#[derive(Debug, Clone)]
pub struct IdState {
    /// The greatest id that was given out, or found in a file, as a number.
    last: u128,
    repeatable: Option<Repeatable>,
}

/// Random numbers that are the same in every run: SHA-256 over a seed and a counter.
#[derive(Debug, Clone)]
struct Repeatable {
    seed: u64,
    counter: u64,
}

impl Repeatable {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(32) {
            self.counter += 1;
            let hash = sha256_of_parts(&[&self.seed.to_be_bytes(), &self.counter.to_be_bytes()]);
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
        bytes
    }
}

fn state() -> MutexGuard<'static, IdState> {
    STATE.lock()
}

/// From now on the random numbers of this process follow from a seed, and ids begin anew. Anyone can guess them.
pub fn repeat_random(seed: u64) {
    *state() = IdState { last: 0, repeatable: Some(Repeatable { seed, counter: 0 }) };
}

/// Where ids and repeatable random numbers stand now.
pub fn current_state() -> IdState {
    state().clone()
}

/// Goes back to where they stood once. Random numbers that do not repeat have no way back, and their ids go on.
pub fn go_back_to(before: &IdState) {
    if before.repeatable.is_some() {
        *state() = before.clone();
    }
}

/// Letters and digits for what people read out: 32 of them, none of 0, O, 1 and I, which people mix up.
pub const READABLE: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The bits of a UUID of version 7 that are neither its time nor its version and variant (RFC 9562, 5.7).
const RANDOM_BITS: u32 = 74;
/// Two ids of one millisecond are this far apart at most, and one at
/// least: a neighbour of an id is not guessed at once.
const STEP_BITS: u32 = 32;

/// A fresh id of a user, reservation, payment or ticket: a UUID of version 7 (RFC 9562), so that rows made
/// one after the other lie side by side in the file. Each is greater than all before it (6.2, method 2),
/// whatever the clock does: within one millisecond, on a clock that stands still or was set back, and
/// after [`continue_ids_after`] also over a restart.
pub fn new_id(now: Millis) -> Uuid {
    let mut state = state();
    let random = u128::from_be_bytes(match &mut state.repeatable {
        Some(repeatable) => repeatable.next(),
        None => SPARE.lock().next(),
    });
    state.last = number_after(state.last, now, random);
    id_of(state.last)
}

/// Random bytes of the operating system for the ids to come: a call of the system for each would cost as much as a
/// statement.
static SPARE: Mutex<SpareBytes> = Mutex::new(SpareBytes { bytes: [0; SPARE_BYTES], used: SPARE_BYTES });
const SPARE_BYTES: usize = 256;

struct SpareBytes {
    bytes: [u8; SPARE_BYTES],
    used: usize,
}

impl SpareBytes {
    fn next(&mut self) -> [u8; 16] {
        if self.used == SPARE_BYTES {
            *self = SpareBytes { bytes: system_bytes(), used: 0 };
        }
        let mut next = [0; 16];
        next.copy_from_slice(&self.bytes[self.used..self.used + 16]);
        self.used += 16;
        next
    }
}

/// Ids given out from now on are greater than this one: the greatest in a file. One that is not of version 7
/// has no place in the order, and changes nothing.
pub fn continue_ids_after(newest: Uuid) {
    if newest.get_version_num() == 7 {
        let mut state = state();
        state.last = state.last.max(number_of(newest));
    }
}

/// The time and the random bits of the id after `last`, as one number.
fn number_after(last: u128, now: Millis, random: u128) -> u128 {
    let unix_ms = u128::from(u64::try_from(now.unix_ms()).unwrap_or(0));
    // The highest random bit is 0, so that the ids of the same millisecond have room behind this one.
    let fresh = (unix_ms << RANDOM_BITS) | (random & ((1 << (RANDOM_BITS - 1)) - 1));
    if fresh >> RANDOM_BITS > last >> RANDOM_BITS { fresh } else { last + 1 + (random & ((1 << STEP_BITS) - 1)) }
}

/// The 48 bits of time, 12 behind the version and 62 behind the variant.
fn id_of(number: u128) -> Uuid {
    let (time, middle, low) = (number >> RANDOM_BITS, number >> 62 & 0xfff, number & ((1 << 62) - 1));
    let bytes = (time << 80 | middle << 64 | low).to_be_bytes();
    Builder::from_bytes(bytes).with_version(uuid::Version::SortRand).with_variant(uuid::Variant::RFC4122).into_uuid()
}

fn number_of(id: Uuid) -> u128 {
    let bits = id.as_u128();
    (bits >> 80) << RANDOM_BITS | (bits >> 64 & 0xfff) << 62 | bits & ((1 << 62) - 1)
}

/// A hyphenated id, in lower or upper case (some clients write upper case by default), and no other form.
pub fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then_some(id)
}

/// A waiting line: the shared line, or the one that a concert has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub i64);

impl LineId {
    /// The line of all concerts that have none of their own.
    pub const SHARED: LineId = LineId(0);

    /// The concert whose own line it is; `None`: the shared line.
    pub fn concert_id(self) -> Option<i64> {
        (self != LineId::SHARED).then_some(self.0)
    }
}

impl serde::Serialize for LineId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.concert_id().serialize(serializer)
    }
}

/// A queue token: 128 bits that nobody can guess, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKey(pub u128);

impl TokenKey {
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

/// Makes queue tokens, and knows them again when the file has forgotten them: 80 random bits, and 48 bits of a keyed
/// hash of them. Without the secret no bit of a token follows from the others.
pub struct TokenMint([u8; 32]);

/// Bytes of a token that are random; the others are the hash.
const RANDOM_BYTES: usize = 10;

impl TokenMint {
    /// The mint of a secret that the venue keeps.
    pub fn of(secret: &[u8; 32]) -> TokenMint {
        TokenMint(sha256_of(&[b"boxoffice queue token\0".as_slice(), secret].concat()))
    }

    pub fn fresh(&self) -> TokenKey {
        self.completed(random_bytes())
    }

    /// Whether a token was made here, by this program or an earlier run of it.
    pub fn has_made(&self, key: TokenKey) -> bool {
        let mut random = [0; RANDOM_BYTES];
        random.copy_from_slice(&key.0.to_be_bytes()[..RANDOM_BYTES]);
        self.completed(random) == key
    }

    fn completed(&self, random: [u8; RANDOM_BYTES]) -> TokenKey {
        let hash = sha256_of(&[self.0.as_slice(), &random].concat());
        let mut token = [0; 16];
        token[..RANDOM_BYTES].copy_from_slice(&random);
        token[RANDOM_BYTES..].copy_from_slice(&hash[..16 - RANDOM_BYTES]);
        TokenKey(u128::from_be_bytes(token))
    }
}

impl fmt::Debug for TokenMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenMint(…)")
    }
}

/// 128 random bits of the operating system in hexadecimal, whatever a test asked for: for the names of folders, and for
/// what keeps the sockets of this process to itself.
pub fn system_key() -> String {
    format!("{:032x}", u128::from_be_bytes(system_bytes()))
}

/// A fresh user or staff key: 128 random bits in hexadecimal.
pub fn new_key() -> String {
    format!("{:032x}", u128::from_be_bytes(random_bytes()))
}

/// SHA-256 of a key. Keys are 128 random bits, so one plain hash is as hard to turn back as the key is to guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
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
    HEXLOWER.encode(bytes)
}

/// So many bytes from lower-case hexadecimal digits; `None` when the text is anything else.
pub fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_reads_back_from_its_text_and_from_nothing_else() {
        let token = TokenKey(0xabc);
        assert_eq!(TokenKey::parse(&token.to_string()), Some(token));
        for wrong in ["", "abc", &"A".repeat(32), &"g".repeat(32), &format!("+{}", "1".repeat(31))] {
            assert_eq!(TokenKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn mint_knows_its_own_tokens_after_a_restart_and_no_others() {
        let (mint, again, other) = (TokenMint::of(&[7; 32]), TokenMint::of(&[7; 32]), TokenMint::of(&[8; 32]));
        let (token, next) = (mint.fresh(), mint.fresh());
        assert_ne!(token, next);
        assert!(again.has_made(token) && !other.has_made(token));
        for bit in 0..128 {
            assert!(!mint.has_made(TokenKey(token.0 ^ (1 << bit))), "bit {bit}");
        }
    }

    #[test]
    fn id_is_read_hyphenated_in_either_case_and_in_no_other_form() {
        let id = new_id(Millis::from_unix_ms(1_700_000_000_000));
        assert_eq!(parse_id(&id.to_string()), Some(id));
        assert_eq!(parse_id(&id.to_string().to_uppercase()), Some(id));
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

    /// The newest of a file may be of a later millisecond than the clock says, and the last of its millisecond.
    #[test]
    fn ids_go_on_behind_the_newest_of_a_file_whatever_the_clock_says() {
        let now = Millis::from_unix_ms(1_700_000_000_000);
        for newest in ["018bcfe5-6800-7fff-bfff-ffffffffffff", "118bcfe5-6800-7000-8000-000000000000"] {
            let newest = Uuid::parse_str(newest).unwrap();
            assert_eq!(id_of(number_of(newest)), newest);
            let after = id_of(number_after(number_of(newest), now, u128::MAX));
            assert!(after > newest, "{after}");
            assert_eq!((after.get_version_num(), after.get_variant()), (7, uuid::Variant::RFC4122));
        }
        let fresh = id_of(number_after(0, now, u128::MAX));
        assert_eq!(fresh.get_timestamp().map(|at| at.to_unix().0), Some(1_700_000_000));
        let before = new_id(now);
        continue_ids_after(Uuid::from_u128(u128::MAX)); // not of version 7
        let next = new_id(now);
        assert!(next > before && next.as_u128() - before.as_u128() < 1 << 80);
    }

    #[test]
    fn key_matches_its_own_hash_only() {
        let (key, other) = (new_key(), new_key());
        assert!(KeyHash::of(&key).matches(&key));
        assert!(!KeyHash::of(&key).matches(&other));
    }
}
