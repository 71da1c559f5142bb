//! The code of a user that people say aloud: six characters without look-alikes, made of a number that counts users.

use crate::ids::READABLE;

const CHARS: usize = 6;
const BITS: u32 = 5 * CHARS as u32;
/// Odd, so that each number below 2^30 has a code of its own; large, so that neighbours do not sound alike.
const FACTOR: u64 = 0x2c92_77b5;
/// `FACTOR * INVERSE` is 1 modulo 2^30.
const INVERSE: u64 = 0x0c2b_fe9d;

const fn scattered(number: u64, factor: u64) -> u64 {
    number.wrapping_mul(factor) & ((1 << BITS) - 1)
}

/// The code of a number; beyond a billion users codes repeat.
pub(super) fn of_number(number: i64) -> String {
    let scattered = scattered(number.unsigned_abs(), FACTOR);
    let digit = |place| READABLE[(scattered >> (5 * place) & 31) as usize];
    (0..CHARS).rev().map(|place| char::from(digit(place))).collect()
}

/// The number of a code as people type it: small letters, spaces and hyphens too.
pub(super) fn number_of(typed: &str) -> Option<i64> {
    let typed = typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase());
    let mut digits = Vec::with_capacity(CHARS);
    for c in typed {
        digits.push(READABLE.iter().position(|one| char::from(*one) == c)? as u64);
    }
    let scattered = digits.iter().fold(0, |number, digit| number << 5 | digit);
    (digits.len() == CHARS).then(|| self::scattered(scattered, INVERSE) as i64) // below 2^30
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_each_user_is_its_own_and_reads_back_as_it_is_typed() {
        let mut codes = std::collections::HashSet::new();
        for number in (1..=100_000).chain([(1 << BITS) - 1]) {
            let code = of_number(number);
            assert_eq!(code.len(), CHARS);
            let typed = format!(" {}-{}", &code[..3].to_lowercase(), &code[3..]);
            assert_eq!((number_of(&code), number_of(&typed)), (Some(number), Some(number)), "{code}");
            assert!(codes.insert(code));
        }
        for wrong in ["", "K7Q2M", "K7Q2MFF", "K7Q2M0", "K7Q2MI", "김민수김민수"] {
            assert_eq!(number_of(wrong), None, "{wrong}");
        }
        let (one, next) = (of_number(1_000), of_number(1_001));
        let same = one.chars().zip(next.chars()).filter(|(one, next)| one == next).count();
        assert!(same < 3, "{one} {next}");
    }
}
