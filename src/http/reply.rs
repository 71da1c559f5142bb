//! An answer as handlers give it, and the one table from refusals to statuses.

use std::borrow::Cow;

use serde::Serialize;

use super::Request;
use super::body::{Body, shared_by_hash};
use crate::ids;
use crate::refusal::{Code, Language, Refusal};

/// An answer. `X-Request-Id`, `Date`, `Content-Length`, `Connection` and, unless it is given here, `Cache-Control:
/// no-store` are added where answers are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// `Content-Type`; empty for an answer without content.
    pub content_type: Cow<'static, str>,
    /// Further header fields.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The content.
    pub body: Body,
    /// The refusal that it tells of, if it is one.
    pub refused: Option<Code>,
}

/// The type of a refusal's document.
pub(super) const PROBLEM: &str = "application/problem+json";

impl Reply {
    /// An answer without content.
    pub fn empty(status: u16) -> Reply {
        Reply { status, content_type: "".into(), headers: Vec::new(), body: Body::Own(Vec::new()), refused: None }
    }

    /// An answer in JSON. A value that has no JSON is answered as the mistake of ours that it
    /// is; work that was written for it is taken back.
    pub fn json(status: u16, value: &impl Serialize) -> Reply {
        match serde_json::to_vec(value) {
            Ok(body) => Reply::of_json(status, body),
            Err(error) => {
                log::error!("an answer could not be written as JSON, its client got 500; please report this: {error}");
                Reply::refusal(&Refusal::Internal, Language::default())
            }
        }
    }

    /// Whether it tells of a mistake of ours.
    pub fn is_failure(&self) -> bool {
        self.status == status_of(Code::Internal)
    }

    /// An answer whose JSON is already written.
    pub fn of_json(status: u16, body: impl Into<Body>) -> Reply {
        Reply { content_type: "application/json".into(), body: body.into(), ..Reply::empty(status) }
    }

    /// The same answer with content that its clones share.
    pub fn shared(mut self) -> Reply {
        self.body = self.body.into_shared();
        self
    }

    /// The same answer with one more header field.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same answer, which depends on the type that the caller asked for.
    pub fn negotiated(self) -> Reply {
        self.with("Vary", "Accept")
    }

    /// The answer to a caller whose `Prefer: wait` was granted (RFC 7240, section 3).
    pub fn after_wait(self, seconds: u32) -> Reply {
        self.with("Preference-Applied", format!("wait={seconds}"))
    }

    /// The answer with an `ETag` of its content, or 304 when the caller has it already. All who ask share one content.
    pub fn tagged(mut self, request: &Request) -> Reply {
        let hash = ids::hex(&ids::sha256_of(&self.body)[..16]);
        let tag = format!("\"{hash}\"");
        Reply::unless_known(request, tag, || {
            self.body = shared_by_hash(&hash, self.body);
            self
        })
    }

    /// The answer of a tag, or 304 when the caller has it already (RFC 9110, 13.1.2): then it is not made. The tag is
    /// sent as a weak one, since the same is said of the content as it is and compressed.
    pub fn unless_known(request: &Request, tag: String, make: impl FnOnce() -> Reply) -> Reply {
        let known = request.header("if-none-match").is_some_and(|field| {
            field.split(',').any(|one| matches!(one.trim(), "*") || one.trim().trim_start_matches("W/") == tag)
        });
        let reply = if known { Reply::empty(304) } else { make() };
        reply.with("ETag", format!("W/{tag}")).with("Cache-Control", "private, no-cache")
    }

    /// A refusal as a problem document (RFC 9457) in the reader's language.
    pub fn refusal(refusal: &Refusal, language: Language) -> Reply {
        let code = refusal.code();
        let status = status_of(code);
        let mut document = serde_json::Map::new();
        document.insert("type".into(), format!("/problems/{}", code.word().to_ascii_lowercase()).into());
        document.insert("title".into(), refusal.title(language).into());
        document.insert("status".into(), status.into());
        document.insert("detail".into(), refusal.detail(language).into());
        document.insert("code".into(), code.word().into());
        document.extend(refusal.members());
        let mut reply = Reply::of_json(status, serde_json::Value::from(document).to_string().into_bytes());
        reply.content_type = PROBLEM.into();
        reply.refused = Some(code);
        let tag = match language {
            Language::En => "en",
            Language::Ko => "ko",
        };
        reply = reply.with("Content-Language", tag);
        match refusal {
            Refusal::UserKeyInvalid => reply.with("WWW-Authenticate", "Basic realm=\"boxoffice\", charset=\"UTF-8\""),
            _ if status == 401 => reply.with("WWW-Authenticate", "Bearer realm=\"boxoffice\""),
            Refusal::MethodNotAllowed { allow } => reply.with("Allow", allow.clone()),
            Refusal::TokenWaiting { poll_after_seconds, .. } => {
                reply.with("Retry-After", poll_after_seconds.to_string())
            }
            Refusal::TooManyRequests { retry_after_seconds } | Refusal::Overloaded { retry_after_seconds } => {
                reply.with("Retry-After", retry_after_seconds.to_string())
            }
            _ if status == 503 => reply.with("Retry-After", "1"),
            _ => reply,
        }
    }
}

/// The status of each refusal. No default arm: a new code does not compile until its status is decided.
pub const fn status_of(code: Code) -> u16 {
    match code {
        Code::InvalidJson | Code::InvalidRequest | Code::InvalidHeader => 400,
        Code::UserKeyInvalid
        | Code::StaffKeyInvalid
        | Code::TokenRequired
        | Code::TokenInvalid
        | Code::TokenExpired => 401,
        Code::InsufficientBalance => 402,
        Code::UserBanned
        | Code::TokenWaiting
        | Code::TokenOtherLine
        | Code::NotYours
        | Code::TopUpByStaffOnly
        | Code::RoleNotAllowed => 403,
        Code::NotFound
        | Code::TestServerOnly
        | Code::CourseUnmapped
        | Code::SnapshotNotFound
        | Code::StaffKeyNotFound
        | Code::WebhookNotFound
        | Code::UserNotFound
        | Code::NoDraw
        | Code::ConcertNotFound
        | Code::ScheduleNotFound
        | Code::SectionNotFound
        | Code::SeatNotFound
        | Code::ReservationNotFound
        | Code::TicketNotFound
        | Code::PaymentNotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::RequestTimeout => 408,
        Code::StaffNameTaken
        | Code::StaffKeyLimit
        | Code::WebhookLimit
        | Code::LineLimit
        | Code::SnapshotLimit
        | Code::LastAdminKey
        | Code::TicketForOtherDate
        | Code::TicketVoid
        | Code::AlreadyCheckedIn
        | Code::TicketNotCheckedIn
        | Code::TicketCheckedIn
        | Code::DateAmbiguous
        | Code::SaleNotOpen
        | Code::SaleClosed
        | Code::ScheduleCancelled
        | Code::VisitOver
        | Code::ReservationPending
        | Code::UserInUse
        | Code::SeatLimit
        | Code::SeatUnavailable
        | Code::LayoutInUse
        | Code::DateInUse
        | Code::ReservationNotPending
        | Code::ReservationNotConfirmed
        | Code::RefundClosed
        | Code::BalanceLimit
        | Code::BalanceTooLow
        | Code::AlreadyPaid
        | Code::HoldExpired => 409,
        Code::LengthRequired => 411,
        Code::BodyTooLarge => 413,
        Code::UnsupportedMediaType => 415,
        Code::ExpectationFailed => 417,
        Code::TicketCodeInvalid | Code::AmountMismatch | Code::IdempotencyKeyReused => 422,
        Code::TooManyRequests => 429,
        Code::HeadTooLarge => 431,
        Code::Internal => 500,
        Code::Overloaded | Code::Stopping | Code::NotReady => 503,
        Code::VersionNotSupported => 505,
        Code::StorageFull => 507,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialization_a_value_without_json_is_a_500_and_not_an_empty_answer() {
        let reply = Reply::json(200, &std::collections::BTreeMap::from([((1, 2), 3)]));
        assert_eq!((reply.status, reply.content_type.as_ref()), (500, "application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((&problem["code"], reply.is_failure()), (&"INTERNAL".into(), true));
    }
}
