//! The headers by which a request says who calls and which call it repeats.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Request;
use crate::refusal::{Localized, Refusal};

/// What a caller shows to prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing, or a scheme that is not ours.
    Nothing,
    /// `Authorization: Bearer …`: a queue token or the staff key.
    Bearer(String),
    /// `Authorization: Basic …`: a user id and a user key.
    Basic(String, String),
}

impl Credential {
    /// The credential of a request.
    pub fn of(request: &Request) -> Credential {
        let Some((scheme, rest)) = request.header("authorization").and_then(|field| field.split_once(' ')) else {
            return Credential::Nothing;
        };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Credential::Bearer(rest.to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Credential::Nothing;
        }
        let pair = BASE64.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = pair.and_then(|pair| pair.split_once(':').map(|(user, key)| (user.to_owned(), key.to_owned())));
        let (user, key) = pair.unwrap_or_default(); // unreadable: no user has an empty id
        Credential::Basic(user, key)
    }
}

/// The `Idempotency-Key` of a request.
///
/// # Errors
/// `INVALID_HEADER` when it is not 1 to 128 visible ASCII characters.
pub fn idempotency_key(request: &Request) -> Result<Option<&str>, Refusal> {
    let Some(key) = request.header("idempotency-key") else { return Ok(None) };
    let sound = (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound {
        return Ok(Some(key));
    }
    let reason = Localized::new(
        "Idempotency-Key must be 1 to 128 visible ASCII characters",
        "Idempotency-Key는 보이는 ASCII 문자 1~128자여야 합니다",
    );
    Err(Refusal::InvalidHeader { reason })
}
