//! Refusals: every expected "no" of the house as a value, with one code each.
//!
//! The status of each is decided by `http/reply.rs`; what people read of it is in `texts.rs`.

mod texts;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock::Millis;
use crate::points::Points;

/// The languages in which people are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, the default.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// The best of an `Accept-Language` field (RFC 9110, 12.5.4): the highest weight wins, the first of equals.
    pub fn of_accept_language(field: &str) -> Language {
        let mut best = (0.0, Language::En);
        for range in field.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or("").trim();
            let weight =
                parts.find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok())).unwrap_or(1.0);
            let primary = tag.split('-').next().unwrap_or("");
            let language = if primary.eq_ignore_ascii_case("ko") {
                Language::Ko
            } else if primary.eq_ignore_ascii_case("en") || tag == "*" {
                Language::En
            } else {
                continue;
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A short text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Say {
    /// In English.
    pub en: String,
    /// In Korean.
    pub ko: String,
}

impl Say {
    /// The text in both languages.
    pub fn new(en: impl Into<String>, ko: impl Into<String>) -> Say {
        Say { en: en.into(), ko: ko.into() }
    }

    /// The text in one of them.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }
}

/// Why a token is no longer valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEnd {
    /// The visit ended with a payment.
    Paid,
    /// The visit's time was over.
    TimedOut,
    /// It was not polled while waiting, or not used after it was let in.
    Abandoned,
    /// Its owner left.
    Left,
    /// Staff ended it.
    Revoked,
}

/// Declares the refusals' codes: the variant, its word on the wire.
macro_rules! codes {
    ($($variant:ident $word:literal,)*) => {
        /// The stable machine word of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is explained, for people, in texts.rs")]
        pub enum Code { $($variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The word on the wire.
            pub const fn word(self) -> &'static str {
                match self { $(Code::$variant => $word,)* }
            }
        }
    };
}

codes! {
    InvalidJson "INVALID_JSON",
    InvalidRequest "INVALID_REQUEST",
    InvalidHeader "INVALID_HEADER",
    NotFound "NOT_FOUND",
    MethodNotAllowed "METHOD_NOT_ALLOWED",
    RequestTimeout "REQUEST_TIMEOUT",
    LengthRequired "LENGTH_REQUIRED",
    BodyTooLarge "BODY_TOO_LARGE",
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE",
    ExpectationFailed "EXPECTATION_FAILED",
    TooManyRequests "TOO_MANY_REQUESTS",
    HeadTooLarge "HEAD_TOO_LARGE",
    Internal "INTERNAL",
    Overloaded "OVERLOADED",
    Stopping "STOPPING",
    NotReady "NOT_READY",
    VersionNotSupported "VERSION_NOT_SUPPORTED",
    StorageFull "STORAGE_FULL",
    UserKeyInvalid "USER_KEY_INVALID",
    StaffKeyInvalid "STAFF_KEY_INVALID",
    TokenRequired "TOKEN_REQUIRED",
    TokenInvalid "TOKEN_INVALID",
    TokenExpired "TOKEN_EXPIRED",
    TokenWaiting "TOKEN_WAITING",
    NotYours "NOT_YOURS",
    UserNotFound "USER_NOT_FOUND",
    NoDraw "NO_DRAW",
    ConcertNotFound "CONCERT_NOT_FOUND",
    ScheduleNotFound "SCHEDULE_NOT_FOUND",
    SectionNotFound "SECTION_NOT_FOUND",
    SeatNotFound "SEAT_NOT_FOUND",
    DateAmbiguous "DATE_AMBIGUOUS",
    SaleNotOpen "SALE_NOT_OPEN",
    SaleClosed "SALE_CLOSED",
    ScheduleCancelled "SCHEDULE_CANCELLED",
    VisitOver "VISIT_OVER",
    ReservationPending "RESERVATION_PENDING",
    SeatLimit "SEAT_LIMIT",
    SeatUnavailable "SEAT_UNAVAILABLE",
    LayoutInUse "LAYOUT_IN_USE",
    ReservationNotFound "RESERVATION_NOT_FOUND",
    ReservationNotPending "RESERVATION_NOT_PENDING",
    ReservationNotConfirmed "RESERVATION_NOT_CONFIRMED",
    RefundClosed "REFUND_CLOSED",
    TopUpByStaffOnly "TOP_UP_BY_STAFF_ONLY",
    BalanceLimit "BALANCE_LIMIT",
    BalanceTooLow "BALANCE_TOO_LOW",
    PaymentNotFound "PAYMENT_NOT_FOUND",
    AmountMismatch "AMOUNT_MISMATCH",
    AlreadyPaid "ALREADY_PAID",
    HoldExpired "HOLD_EXPIRED",
    InsufficientBalance "INSUFFICIENT_BALANCE",
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED",
}

/// An expected "no", with what its answer tells beside the code.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the codes are explained, for people, in texts.rs")]
pub enum Refusal {
    InvalidJson { reason: String },
    InvalidRequest { pointer: String, reason: Say },
    InvalidHeader { reason: Say },
    NotFound,
    MethodNotAllowed { allow: &'static str },
    RequestTimeout,
    LengthRequired,
    BodyTooLarge { max_bytes: usize },
    UnsupportedMediaType,
    ExpectationFailed,
    TooManyRequests { retry_after_seconds: u32 },
    HeadTooLarge { max_bytes: usize, max_fields: usize },
    Internal,
    Overloaded { retry_after_seconds: u32 },
    Stopping,
    NotReady { reason: &'static str },
    VersionNotSupported,
    StorageFull,
    UserKeyInvalid,
    StaffKeyInvalid,
    TokenRequired,
    TokenInvalid,
    TokenExpired { reason: TokenEnd },
    TokenWaiting { position: Option<u64>, poll_after_seconds: u32 },
    NotYours,
    UserNotFound,
    NoDraw,
    ConcertNotFound,
    ScheduleNotFound,
    SectionNotFound,
    SeatNotFound { seats: Vec<String> },
    DateAmbiguous { schedule_ids: Vec<i64> },
    SaleNotOpen { sale_opens_at: Millis },
    SaleClosed { sale_closes_at: Millis },
    ScheduleCancelled,
    VisitOver,
    ReservationPending { reservation_id: Uuid },
    SeatLimit { seats_per_user: u32, seats_taken: u32 },
    SeatUnavailable { seats: Vec<String> },
    LayoutInUse,
    ReservationNotFound,
    ReservationNotPending { status: &'static str },
    ReservationNotConfirmed { status: &'static str },
    RefundClosed { refund_until: Option<Millis> },
    TopUpByStaffOnly,
    BalanceLimit { balance: Points },
    BalanceTooLow { balance: Points },
    PaymentNotFound,
    AmountMismatch { expected: Points },
    AlreadyPaid { payment_id: Uuid },
    HoldExpired,
    InsufficientBalance { balance: Points, required: Points, shortfall: Points, attempts_left: u32 },
    IdempotencyKeyReused,
}

impl TokenEnd {
    /// Every reason.
    pub const ALL: &[TokenEnd] =
        &[TokenEnd::Paid, TokenEnd::TimedOut, TokenEnd::Abandoned, TokenEnd::Left, TokenEnd::Revoked];

    /// The word on the wire and in the file.
    pub const fn word(self) -> &'static str {
        match self {
            TokenEnd::Paid => "PAID",
            TokenEnd::TimedOut => "TIMED_OUT",
            TokenEnd::Abandoned => "ABANDONED",
            TokenEnd::Left => "LEFT",
            TokenEnd::Revoked => "REVOKED",
        }
    }
}

impl Refusal {
    /// A refusal of one place of a request, named by a JSON pointer (RFC 6901) or `?parameter`.
    pub fn invalid(pointer: impl Into<String>, en: impl Into<String>, ko: impl Into<String>) -> Refusal {
        Refusal::InvalidRequest { pointer: pointer.into(), reason: Say::new(en, ko) }
    }

    /// The stable machine word.
    pub fn code(&self) -> Code {
        match self {
            Refusal::InvalidJson { .. } => Code::InvalidJson,
            Refusal::InvalidRequest { .. } => Code::InvalidRequest,
            Refusal::InvalidHeader { .. } => Code::InvalidHeader,
            Refusal::NotFound => Code::NotFound,
            Refusal::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Refusal::RequestTimeout => Code::RequestTimeout,
            Refusal::LengthRequired => Code::LengthRequired,
            Refusal::BodyTooLarge { .. } => Code::BodyTooLarge,
            Refusal::UnsupportedMediaType => Code::UnsupportedMediaType,
            Refusal::ExpectationFailed => Code::ExpectationFailed,
            Refusal::TooManyRequests { .. } => Code::TooManyRequests,
            Refusal::HeadTooLarge { .. } => Code::HeadTooLarge,
            Refusal::Internal => Code::Internal,
            Refusal::Overloaded { .. } => Code::Overloaded,
            Refusal::Stopping => Code::Stopping,
            Refusal::NotReady { .. } => Code::NotReady,
            Refusal::VersionNotSupported => Code::VersionNotSupported,
            Refusal::StorageFull => Code::StorageFull,
            Refusal::UserKeyInvalid => Code::UserKeyInvalid,
            Refusal::StaffKeyInvalid => Code::StaffKeyInvalid,
            Refusal::TokenRequired => Code::TokenRequired,
            Refusal::TokenInvalid => Code::TokenInvalid,
            Refusal::TokenExpired { .. } => Code::TokenExpired,
            Refusal::TokenWaiting { .. } => Code::TokenWaiting,
            Refusal::NotYours => Code::NotYours,
            Refusal::UserNotFound => Code::UserNotFound,
            Refusal::NoDraw => Code::NoDraw,
            Refusal::ConcertNotFound => Code::ConcertNotFound,
            Refusal::ScheduleNotFound => Code::ScheduleNotFound,
            Refusal::SectionNotFound => Code::SectionNotFound,
            Refusal::SeatNotFound { .. } => Code::SeatNotFound,
            Refusal::DateAmbiguous { .. } => Code::DateAmbiguous,
            Refusal::SaleNotOpen { .. } => Code::SaleNotOpen,
            Refusal::SaleClosed { .. } => Code::SaleClosed,
            Refusal::ScheduleCancelled => Code::ScheduleCancelled,
            Refusal::VisitOver => Code::VisitOver,
            Refusal::ReservationPending { .. } => Code::ReservationPending,
            Refusal::SeatLimit { .. } => Code::SeatLimit,
            Refusal::SeatUnavailable { .. } => Code::SeatUnavailable,
            Refusal::LayoutInUse => Code::LayoutInUse,
            Refusal::ReservationNotFound => Code::ReservationNotFound,
            Refusal::ReservationNotPending { .. } => Code::ReservationNotPending,
            Refusal::ReservationNotConfirmed { .. } => Code::ReservationNotConfirmed,
            Refusal::RefundClosed { .. } => Code::RefundClosed,
            Refusal::TopUpByStaffOnly => Code::TopUpByStaffOnly,
            Refusal::BalanceLimit { .. } => Code::BalanceLimit,
            Refusal::BalanceTooLow { .. } => Code::BalanceTooLow,
            Refusal::PaymentNotFound => Code::PaymentNotFound,
            Refusal::AmountMismatch { .. } => Code::AmountMismatch,
            Refusal::AlreadyPaid { .. } => Code::AlreadyPaid,
            Refusal::HoldExpired => Code::HoldExpired,
            Refusal::InsufficientBalance { .. } => Code::InsufficientBalance,
            Refusal::IdempotencyKeyReused => Code::IdempotencyKeyReused,
        }
    }

    /// The further members of the problem document (RFC 9457, 3.2).
    pub fn members(&self) -> Map<String, Value> {
        let members = match self {
            Refusal::InvalidRequest { pointer, .. } => json!({ "pointer": pointer }),
            Refusal::BodyTooLarge { max_bytes } => json!({ "maxBytes": max_bytes }),
            Refusal::HeadTooLarge { max_bytes, max_fields } => {
                json!({ "maxBytes": max_bytes, "maxFields": max_fields })
            }
            Refusal::NotReady { reason } => json!({ "reason": reason }),
            Refusal::TokenExpired { reason } => json!({ "reason": reason.word() }),
            Refusal::TokenWaiting { position, poll_after_seconds } => {
                json!({ "position": position, "pollAfterSeconds": poll_after_seconds })
            }
            Refusal::SeatNotFound { seats } | Refusal::SeatUnavailable { seats } => json!({ "seats": seats }),
            Refusal::DateAmbiguous { schedule_ids } => json!({ "scheduleIds": schedule_ids }),
            Refusal::SaleNotOpen { sale_opens_at } => json!({ "saleOpensAt": sale_opens_at }),
            Refusal::SaleClosed { sale_closes_at } => json!({ "saleClosesAt": sale_closes_at }),
            Refusal::ReservationPending { reservation_id } => json!({ "reservationId": reservation_id }),
            Refusal::SeatLimit { seats_per_user, seats_taken } => {
                json!({ "seatsPerUser": seats_per_user, "seatsTaken": seats_taken })
            }
            Refusal::ReservationNotPending { status } | Refusal::ReservationNotConfirmed { status } => {
                json!({ "reservationStatus": status })
            }
            Refusal::RefundClosed { refund_until } => json!({ "refundUntil": refund_until }),
            Refusal::BalanceLimit { balance } | Refusal::BalanceTooLow { balance } => json!({ "balance": balance }),
            Refusal::AmountMismatch { expected } => json!({ "expected": expected }),
            Refusal::AlreadyPaid { payment_id } => json!({ "paymentId": payment_id }),
            Refusal::InsufficientBalance { balance, required, shortfall, attempts_left } => json!({
                "balance": balance, "required": required, "shortfall": shortfall, "attemptsLeft": attempts_left
            }),
            _ => Value::Null,
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The short title in the reader's language; the same for every refusal of one code.
    pub fn title(&self, language: Language) -> &'static str {
        texts::of(self.code(), language).title
    }

    /// What happened, in the reader's language: the code's sentence, and what is special about this time.
    pub fn detail(&self, language: Language) -> String {
        let sentence = texts::of(self.code(), language).detail;
        let particular = match self {
            Refusal::InvalidJson { reason } => reason.clone(),
            Refusal::InvalidRequest { pointer, reason } if pointer.is_empty() => match language {
                Language::En => format!("the body {}", reason.en),
                Language::Ko => format!("본문은 {}", reason.ko),
            },
            Refusal::InvalidRequest { pointer, reason } => format!("{pointer}: {}", reason.in_language(language)),
            Refusal::InvalidHeader { reason } => reason.in_language(language).to_owned(),
            Refusal::SeatNotFound { seats } | Refusal::SeatUnavailable { seats } => seats.join(", "),
            _ => String::new(),
        };
        if particular.is_empty() { sentence.to_owned() } else { format!("{sentence} ({particular})") }
    }
}

/// What the page of a code says, in one language: its title, what happened, and what to do.
pub fn explain(code: Code, language: Language) -> [&'static str; 3] {
    let text = texts::of(code, language);
    [text.title, text.detail, text.mend]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_is_chosen() {
        for (field, language) in [
            ("", Language::En),
            ("ko", Language::Ko),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Ko),
            ("en;q=0.5, ko;q=0.9", Language::Ko),
            ("de, fr;q=0.9", Language::En),
            ("fr, ko;q=0.1", Language::Ko),
            ("en, ko", Language::En),
            ("ko;q=0", Language::En),
        ] {
            assert_eq!(Language::of_accept_language(field), language, "{field}");
        }
    }

    #[test]
    fn every_code_is_explained_in_both_languages_and_differently() {
        for &code in Code::ALL {
            let (en, ko) = (explain(code, Language::En), explain(code, Language::Ko));
            for (en, ko) in en.iter().zip(ko) {
                assert!(!en.is_empty() && !ko.is_empty(), "{}", code.word());
                assert!(en.is_ascii() && ko.chars().any(|c| ('가'..='힣').contains(&c)), "{}", code.word());
            }
        }
    }
}
