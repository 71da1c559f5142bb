//! Refusals: every expected "no" as a value, with one code each.
//!
//! The status of each is decided by `http/reply.rs`; what people read of it is in `texts.rs`.

mod language;
mod texts;

pub use language::{Language, Localized};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock::Millis;
use crate::points::Points;

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

/// Declares the refusals: the variant, what its answer tells beside the code, and the code's word on the wire.
macro_rules! refusals {
    ($($variant:ident $({ $($member:ident: $kind:ty),* })? $word:literal,)*) => {
        /// An expected "no", with what its answer tells beside the code.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Refusal { $($variant $({ $($member: $kind),* })?,)* }

        /// The stable machine word of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The word on the wire.
            pub const fn word(self) -> &'static str {
                match self { $(Code::$variant => $word,)* }
            }
        }

        impl Refusal {
            /// The stable machine word.
            pub const fn code(&self) -> Code {
                match self { $(Refusal::$variant { .. } => Code::$variant,)* }
            }
        }
    };
}

refusals! {
    InvalidJson { reason: Localized } "INVALID_JSON",
    InvalidRequest { pointer: String, reason: Localized } "INVALID_REQUEST",
    InvalidHeader { reason: Localized } "INVALID_HEADER",
    NotFound "NOT_FOUND",
    TestServerOnly "TEST_SERVER_ONLY",
    CourseUnmapped { reason: Localized } "COURSE_UNMAPPED",
    SnapshotNotFound "SNAPSHOT_NOT_FOUND",
    SnapshotLimit { snapshots_max: usize, max_bytes: u64 } "SNAPSHOT_LIMIT",
    MethodNotAllowed { allow: String } "METHOD_NOT_ALLOWED",
    RequestTimeout "REQUEST_TIMEOUT",
    LengthRequired "LENGTH_REQUIRED",
    BodyTooLarge { max_bytes: usize } "BODY_TOO_LARGE",
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE",
    ExpectationFailed "EXPECTATION_FAILED",
    TooManyRequests { retry_after_seconds: u32 } "TOO_MANY_REQUESTS",
    HeadTooLarge { max_bytes: usize, max_fields: usize } "HEAD_TOO_LARGE",
    Internal "INTERNAL",
    Overloaded { retry_after_seconds: u32 } "OVERLOADED",
    Stopping "STOPPING",
    NotReady { reason: &'static str } "NOT_READY",
    VersionNotSupported "VERSION_NOT_SUPPORTED",
    StorageFull "STORAGE_FULL",
    UserKeyInvalid "USER_KEY_INVALID",
    StaffKeyInvalid "STAFF_KEY_INVALID",
    RoleNotAllowed { role: &'static str, allowed: Vec<&'static str> } "ROLE_NOT_ALLOWED",
    StaffKeyNotFound "STAFF_KEY_NOT_FOUND",
    StaffNameTaken "STAFF_NAME_TAKEN",
    StaffKeyLimit { keys_max: u32 } "STAFF_KEY_LIMIT",
    LastAdminKey "LAST_ADMIN_KEY",
    WebhookNotFound "WEBHOOK_NOT_FOUND",
    WebhookLimit { webhooks_max: u32 } "WEBHOOK_LIMIT",
    TokenRequired "TOKEN_REQUIRED",
    TokenInvalid "TOKEN_INVALID",
    TokenExpired { reason: TokenEnd } "TOKEN_EXPIRED",
    TokenWaiting { position: Option<u64>, poll_after_seconds: u32 } "TOKEN_WAITING",
    TokenOtherLine { concert_id: i64 } "TOKEN_OTHER_LINE",
    LineLimit { lines_max: u32 } "LINE_LIMIT",
    NotYours "NOT_YOURS",
    UserNotFound "USER_NOT_FOUND",
    UserBanned "USER_BANNED",
    UserInUse { balance: Points, reservation_ids: Vec<Uuid> } "USER_IN_USE",
    NoDraw "NO_DRAW",
    ConcertNotFound "CONCERT_NOT_FOUND",
    ScheduleNotFound "SCHEDULE_NOT_FOUND",
    SectionNotFound "SECTION_NOT_FOUND",
    SeatNotFound { seats: Vec<String> } "SEAT_NOT_FOUND",
    DateAmbiguous { schedule_ids: Vec<i64> } "DATE_AMBIGUOUS",
    SaleNotOpen { sale_opens_at: Millis } "SALE_NOT_OPEN",
    SaleClosed { sale_closes_at: Millis } "SALE_CLOSED",
    ScheduleCancelled "SCHEDULE_CANCELLED",
    VisitOver "VISIT_OVER",
    ReservationPending { reservation_id: Uuid } "RESERVATION_PENDING",
    SeatLimit { seats_per_user: u32, seats_taken: u32 } "SEAT_LIMIT",
    SeatUnavailable { seats: Vec<String> } "SEAT_UNAVAILABLE",
    LayoutInUse "LAYOUT_IN_USE",
    DateInUse { schedule_ids: Vec<i64> } "DATE_IN_USE",
    ReservationNotFound "RESERVATION_NOT_FOUND",
    ReservationNotPending { status: &'static str } "RESERVATION_NOT_PENDING",
    ReservationNotConfirmed { status: &'static str } "RESERVATION_NOT_CONFIRMED",
    RefundClosed { refund_until: Option<Millis> } "REFUND_CLOSED",
    TopUpByStaffOnly "TOP_UP_BY_STAFF_ONLY",
    BalanceLimit { balance: Points } "BALANCE_LIMIT",
    BalanceTooLow { balance: Points } "BALANCE_TOO_LOW",
    TicketNotFound "TICKET_NOT_FOUND",
    TicketCodeInvalid { reason: &'static str } "TICKET_CODE_INVALID",
    TicketForOtherDate { schedule_id: i64, starts_at: Millis } "TICKET_FOR_OTHER_DATE",
    TicketVoid { ticket_id: Uuid } "TICKET_VOID",
    AlreadyCheckedIn { ticket_id: Uuid, at: Millis, door: Option<String>, offline: bool } "ALREADY_CHECKED_IN",
    TicketNotCheckedIn "TICKET_NOT_CHECKED_IN",
    TicketCheckedIn { ticket_id: Uuid, at: Millis } "TICKET_CHECKED_IN",
    PaymentNotFound "PAYMENT_NOT_FOUND",
    AmountMismatch { expected: Points } "AMOUNT_MISMATCH",
    AlreadyPaid { payment_id: Uuid } "ALREADY_PAID",
    HoldExpired "HOLD_EXPIRED",
    InsufficientBalance { balance: Points, required: Points, shortfall: Points, attempts_left: u32 } "INSUFFICIENT_BALANCE",
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED",
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
        Refusal::InvalidRequest { pointer: pointer.into(), reason: Localized::new(en, ko) }
    }

    /// The further members of the problem document (RFC 9457, 3.2).
    pub fn members(&self) -> Map<String, Value> {
        let members = match self {
            Refusal::InvalidRequest { pointer, .. } => json!({ "pointer": pointer }),
            Refusal::BodyTooLarge { max_bytes } => json!({ "maxBytes": max_bytes }),
            Refusal::HeadTooLarge { max_bytes, max_fields } => {
                json!({ "maxBytes": max_bytes, "maxFields": max_fields })
            }
            Refusal::SnapshotLimit { snapshots_max, max_bytes } => {
                json!({ "snapshotsMax": snapshots_max, "maxBytes": max_bytes })
            }
            Refusal::NotReady { reason } => json!({ "reason": reason }),
            Refusal::RoleNotAllowed { role, allowed } => json!({ "role": role, "allowed": allowed }),
            Refusal::StaffKeyLimit { keys_max } => json!({ "keysMax": keys_max }),
            Refusal::WebhookLimit { webhooks_max } => json!({ "webhooksMax": webhooks_max }),
            Refusal::TokenOtherLine { concert_id } => json!({ "concertId": concert_id }),
            Refusal::LineLimit { lines_max } => json!({ "linesMax": lines_max }),
            Refusal::TokenExpired { reason } => json!({ "reason": reason.word() }),
            Refusal::TokenWaiting { position, poll_after_seconds } => {
                json!({ "position": position, "pollAfterSeconds": poll_after_seconds })
            }
            Refusal::SeatNotFound { seats } | Refusal::SeatUnavailable { seats } => json!({ "seats": seats }),
            Refusal::DateAmbiguous { schedule_ids } | Refusal::DateInUse { schedule_ids } => {
                json!({ "scheduleIds": schedule_ids })
            }
            Refusal::SaleNotOpen { sale_opens_at } => json!({ "saleOpensAt": sale_opens_at }),
            Refusal::SaleClosed { sale_closes_at } => json!({ "saleClosesAt": sale_closes_at }),
            Refusal::ReservationPending { reservation_id } => json!({ "reservationId": reservation_id }),
            Refusal::SeatLimit { seats_per_user, seats_taken } => {
                json!({ "seatsPerUser": seats_per_user, "seatsTaken": seats_taken })
            }
            Refusal::ReservationNotPending { status } | Refusal::ReservationNotConfirmed { status } => {
                json!({ "reservationStatus": status })
            }
            Refusal::UserInUse { balance, reservation_ids } => {
                json!({ "balance": balance, "reservationIds": reservation_ids })
            }
            Refusal::RefundClosed { refund_until } => json!({ "refundUntil": refund_until }),
            Refusal::BalanceLimit { balance } | Refusal::BalanceTooLow { balance } => json!({ "balance": balance }),
            Refusal::TicketCodeInvalid { reason } => json!({ "reason": reason }),
            Refusal::TicketForOtherDate { schedule_id, starts_at } => {
                json!({ "scheduleId": schedule_id, "startsAt": starts_at })
            }
            Refusal::TicketVoid { ticket_id } => json!({ "ticketId": ticket_id }),
            Refusal::AlreadyCheckedIn { ticket_id, at, door, offline } => {
                json!({ "ticketId": ticket_id, "at": at, "door": door, "offline": offline })
            }
            Refusal::TicketCheckedIn { ticket_id, at } => json!({ "ticketId": ticket_id, "at": at }),
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

    /// In English what is wrong in a file, whose part at `at` (a JSON pointer) was refused: the place, and the fault.
    pub fn at(&self, at: &str) -> String {
        match self {
            Refusal::InvalidRequest { pointer, reason } if pointer.is_empty() && at.is_empty() => {
                format!("{}.", reason.en)
            }
            Refusal::InvalidRequest { pointer, reason } => format!("{at}{pointer}: {}.", reason.en),
            refusal => format!("{at}: {}", refusal.detail(Language::En)),
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
            Refusal::InvalidRequest { pointer, reason } if pointer.is_empty() => match language {
                Language::En => format!("the body {}", reason.en),
                Language::Ko => format!("본문은 {}", reason.ko),
            },
            Refusal::InvalidRequest { pointer, reason } => format!("{pointer}: {}", reason.in_language(language)),
            Refusal::InvalidJson { reason }
            | Refusal::InvalidHeader { reason }
            | Refusal::CourseUnmapped { reason } => reason.in_language(language).to_owned(),
            Refusal::SeatUnavailable { seats } if seats.is_empty() => {
                let fewer = Localized::new("fewer are free than were asked for", "요청한 수만큼 남아 있지 않습니다");
                fewer.in_language(language).to_owned()
            }
            Refusal::SeatNotFound { seats } | Refusal::SeatUnavailable { seats } => seats.join(", "),
            _ => String::new(),
        };
        if particular.is_empty() { sentence.to_owned() } else { format!("{sentence} ({particular})") }
    }
}

/// What the page of a code says, in one language: its title, what happened, and what to do.
pub fn explain(code: Code, language: Language) -> [&'static str; 3] {
    let text = texts::of(code, language);
    [text.title, text.detail, text.remedy]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_every_code_is_explained_in_both_languages_and_differently() {
        for &code in Code::ALL {
            let (en, ko) = (explain(code, Language::En), explain(code, Language::Ko));
            for (en, ko) in en.iter().zip(ko) {
                assert!(!en.is_empty() && !ko.is_empty(), "{}", code.word());
                assert!(en.is_ascii() && ko.chars().any(|c| ('가'..='힣').contains(&c)), "{}", code.word());
            }
        }
    }
}
