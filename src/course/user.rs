//! Users of a course: a number in its words, and an id here that the number is read in.

use uuid::Uuid;

use crate::ids;
use crate::refusal::Refusal;
use crate::signing::SigningKey;

/// What their ids begin with; their numbers follow, in decimal digits.
const PREFIX: &str = "00000000-0000-8000-8000-";
/// The highest number: an id has room for so many digits.
const NUMBER_MAX: u64 = 999_999_999_999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    number: u64,
}

impl User {
    /// The user of a number.
    ///
    /// # Errors
    /// `INVALID_REQUEST` with the place that `at` tells.
    pub(super) fn parse(text: &str, at: impl FnOnce() -> String) -> Result<User, Refusal> {
        let number = text.parse().ok().filter(|number| (1..=NUMBER_MAX).contains(number));
        number.map(|number| User { number }).ok_or_else(|| {
            Refusal::invalid(at(), "must be the number of a user, from 1", "1 이상의 사용자 번호여야 합니다")
        })
    }

    /// The user with this id, where it is one of a course.
    pub fn of_id(id: Uuid) -> Option<User> {
        number_of(&id.to_string()).map(|number| User { number })
    }

    /// The id, of version 8, whose bits are free for such a use (RFC 9562, 5.8).
    pub fn id(self) -> Uuid {
        ids::parse_id(&format!("{PREFIX}{:012}", self.number)).unwrap_or_default() // it has so many digits at most
    }

    /// The name under which staff find the user.
    pub fn name(self) -> String {
        format!("User {}", self.number)
    }

    /// The key. A course has none: by a server that speaks it, whoever knows a number acts as that user. It follows
    /// from the venue's secret, so that without such a server nobody can.
    pub fn key(self, signing: &SigningKey) -> String {
        let signature = signing.sign(&ids::sha256_of_parts(&[b"user of a course", self.id().as_bytes()]));
        ids::hex(&ids::sha256_of(&signature)[..16])
    }
}

/// The number of the user with this id, where it is one of a course.
pub(super) fn number_of(id: &str) -> Option<u64> {
    let digits = id.strip_prefix(PREFIX).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_number_is_read_in_the_id_and_back() {
        for number in [1, 7, 10, 123_456_789_012, NUMBER_MAX] {
            let id = User { number }.id();
            assert_eq!(number_of(&id.to_string()), Some(number), "{id}");
            assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        }
        assert_eq!(User { number: 10 }.id().to_string(), "00000000-0000-8000-8000-000000000010");
        for other in ["00000000-0000-8000-8000-00000000000a", "00000000-0000-7000-8000-000000000007", ""] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
