//! A seed's JSON.

use std::collections::HashSet;
use std::hash::Hash;

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};
use serde_json::Value;
use uuid::Uuid;

use super::{Concert, Date, Reservation, Seed, User};
use crate::balance::PayMethod;
use crate::balance::staff_api::read_method;
use crate::clock::Millis;
use crate::http::{Fields, parse_json};
use crate::payment::NOTE_MAX_CHARS;
use crate::points::Points;
use crate::queue::staff_api::RulesChange;
use crate::refusal::Refusal;
use crate::reservation::api::read_wanted_seats;
use crate::reservation::{GivenIds, Status};
use crate::schedule;
use crate::seat;
use crate::settings::{SaleSettings, TopUpPolicy, parse_staff_key, parse_zone};
use crate::staff::{self, Role};
use crate::store::OpenError;
use crate::ticket::{GivenTicket, code};
use crate::user;

const CONCERTS_MAX: usize = 1_000;
const DATES_MAX: usize = 1_000;
const USERS_MAX: usize = 100_000;
const RESERVATIONS_MAX: usize = 100_000;
/// Tickets of one reservation, and seats that the venue keeps back of one date.
const SEATS_MAX: usize = 1_000;
const BLOCKED_MAX: usize = 100_000;
const STAFF_MAX: usize = 199;
const USER_KEY_MAX: usize = 128;
/// A hold lasts a day at most.
const HOLD_MAX_MS: i64 = 86_400_000;
/// What a reservation of a seed can be.
const STATUSES: [Status; 4] = [Status::PendingPayment, Status::Confirmed, Status::Cancelled, Status::Refunded];

/// What is read on the way.
struct Reader<'s> {
    now: Millis,
    sale: &'s mut SaleSettings,
    users: HashSet<Uuid>,
    ids: HashSet<Uuid>,
    numbers: HashSet<String>,
}

impl Seed {
    /// Reads the text of a seed; `origin` says where it is from.
    pub(super) fn read(origin: String, text: &[u8], now: Millis, sale: &mut SaleSettings) -> Result<Seed, OpenError> {
        let value = parse_json(text).map_err(|reason| OpenError(format!("{origin}: {}.", reason.en)))?;
        let mut reader = Reader { now, sale, users: HashSet::new(), ids: HashSet::new(), numbers: HashSet::new() };
        reader.seed(value, &origin).map_err(|refusal| OpenError(format!("{origin}: {}", refusal.at(""))))
    }
}

impl Reader<'_> {
    fn seed(&mut self, value: Value, origin: &str) -> Result<Seed, Refusal> {
        let mut fields = Fields::of_value(value, String::new())?;
        fields.take("$schema"); // where editors find the form
        if fields.has("settings") {
            self.settings(Fields::of_value(fields.must("settings")?, fields.pointer("settings"))?)?;
        }
        let rules = fields.has("queue").then(|| self.rules(&mut fields, "queue")).transpose()?;
        let staff = each(&mut fields, "staffKeys", STAFF_MAX, |fields| self.staff_key(fields))?;
        reject_duplicates(&staff, "/staffKeys", "name", |(name, ..)| Some(name))?;
        reject_duplicates(&staff, "/staffKeys", "key", |(.., key)| Some(key))?;
        let concerts = each(&mut fields, "concerts", CONCERTS_MAX, |fields| self.concert(fields))?;
        reject_duplicates(&concerts, "/concerts", "concertId", |concert| concert.id)?;
        let users = each(&mut fields, "users", USERS_MAX, |fields| self.user(fields))?;
        let reservations = each(&mut fields, "reservations", RESERVATIONS_MAX, |fields| self.reservation(fields))?;
        fields.end()?;
        Ok(Seed { origin: origin.to_owned(), rules, staff, concerts, users, reservations })
    }

    fn settings(&mut self, mut fields: Fields) -> Result<(), Refusal> {
        let mut number = |name: &str, most| -> Result<Option<u32>, Refusal> {
            let number = fields.has(name).then(|| fields.integer(name, 1..=most)).transpose()?;
            Ok(number.and_then(|number| u32::try_from(number).ok())) // within the range
        };
        let hold_seconds = number("holdSeconds", 86_400)?;
        let seats_per_user = number("seatsPerUser", 1_000)?;
        let payment_attempts = number("paymentAttempts", 100)?;
        let sale = &mut *self.sale;
        sale.hold_seconds = hold_seconds.unwrap_or(sale.hold_seconds);
        sale.seats_per_user = seats_per_user.unwrap_or(sale.seats_per_user);
        sale.payment_attempts = payment_attempts.unwrap_or(sale.payment_attempts);
        if fields.has("topUpPolicy") {
            let policy = TopUpPolicy::parse(&fields.text("topUpPolicy")?);
            let wrong = || {
                Refusal::invalid(fields.pointer("topUpPolicy"), "must be self or staff", "self 또는 staff여야 합니다")
            };
            sale.top_up_policy = Some(policy.ok_or_else(wrong)?);
        }
        if fields.has("timeZone") {
            let zone = parse_zone(&fields.text("timeZone")?);
            sale.time_zone = zone.map_err(|_| {
                let en = "must be an IANA name such as Asia/Seoul";
                Refusal::invalid(fields.pointer("timeZone"), en, "Asia/Seoul과 같은 IANA 이름이어야 합니다")
            })?;
        }
        fields.end()
    }

    fn rules(&self, fields: &mut Fields, name: &str) -> Result<RulesChange, Refusal> {
        let (at, mut value) = (fields.pointer(name), fields.must(name)?);
        self.settle_instants(&mut value, &at, &["opensAt"])?;
        RulesChange::read(Fields::of_value(value, at)?)
    }

    fn staff_key(&self, mut fields: Fields) -> Result<(String, Role, String), Refusal> {
        let name = fields.line("name", 1..=staff::NAME_MAX_CHARS)?;
        if name == staff::FIRST_NAME {
            let en = "is the name of the key that --staff-key gives";
            return Err(Refusal::invalid(fields.pointer("name"), en, "--staff-key로 주는 키의 이름입니다"));
        }
        let role = staff::staff_api::read_role(&mut fields)?;
        let key = parse_staff_key(&fields.text("key")?);
        let wrong = |_| {
            Refusal::invalid(
                fields.pointer("key"),
                "must be 16 to 128 visible ASCII characters",
                "보이는 ASCII 문자 16~128자여야 합니다",
            )
        };
        let key = key.map_err(wrong)?;
        fields.end()?;
        Ok((name, role, key))
    }

    fn concert(&mut self, mut fields: Fields) -> Result<Concert, Refusal> {
        let id = number_id(&mut fields, "concertId")?;
        let at = fields.pointer("dates");
        let dates = each(&mut fields, "dates", DATES_MAX, |fields| self.date(fields))?;
        reject_duplicates(&dates, &at, "scheduleId", |date| date.id)?;
        let line = fields.has("line").then(|| self.rules(&mut fields, "line")).transpose()?;
        Ok(Concert { id, words: schedule::staff_api::read_concert(fields)?, dates, line })
    }

    fn date(&mut self, mut fields: Fields) -> Result<Date, Refusal> {
        let at = fields.pointer("");
        let at = at.trim_end_matches('/').to_owned();
        let id = number_id(&mut fields, "scheduleId")?;
        let cancelled = fields.has("cancelled").then(|| fields.truth("cancelled")).transpose()?.unwrap_or(false);
        let blocked = each(&mut fields, "blocked", BLOCKED_MAX, |mut fields| {
            let seat = fields.line("seat", 1..=80)?;
            let reason = fields.has("reason").then(|| fields.line("reason", 0..=200)).transpose()?;
            fields.end().map(|()| (seat, reason))
        })?;
        let zone: TimeZone = self.sale.time_zone.clone();
        let mut value = Value::Object(
            fields.names().into_iter().filter_map(|name| Some((name.clone(), fields.take(&name)?))).collect(),
        );
        self.settle_instants(&mut value, &at, &["startsAt", "saleOpensAt", "saleClosesAt"])?;
        let mut fields = Fields::of_value(value, at.clone())?;
        let (said, layout) = seat::staff_api::read_new_date(&mut fields, &zone)?;
        let tariffs = seat::staff_api::read_tariffs(&mut fields)?.unwrap_or_default();
        fields.end()?;
        let times = said.over(None, &zone, self.now).map_err(|refusal| below(&at, refusal))?;
        Ok(Date { id, times, layout, tariffs, blocked, cancelled })
    }

    fn user(&mut self, mut fields: Fields) -> Result<User, Refusal> {
        let id = fields.has("userId").then(|| fields.id("userId")).transpose()?;
        if let Some(id) = id.filter(|id| !self.users.insert(*id)) {
            let (en, ko) = (format!("is a second user {id}"), format!("두 번째 사용자 {id}입니다"));
            return Err(Refusal::invalid(fields.pointer("userId"), en, ko));
        }
        let key = fields.has("userKey").then(|| fields.text("userKey")).transpose()?;
        if key
            .as_ref()
            .is_some_and(|key| !(1..=USER_KEY_MAX).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()))
        {
            let at = fields.pointer("userKey");
            return Err(Refusal::invalid(
                at,
                "must be 1 to 128 visible ASCII characters",
                "보이는 ASCII 문자 1~128자여야 합니다",
            ));
        }
        let name = fields.line("name", 1..=user::NAME_MAX_CHARS)?;
        let most = Points::BALANCE_MAX.won();
        let points = fields.has("points").then(|| fields.integer("points", 0..=most)).transpose()?;
        let contact = fields.has("contact").then(|| user::api::contact(&mut fields)).transpose()?;
        let mut is = |name: &str| Ok(fields.has(name) && fields.truth(name)?);
        let (banned, removed) = (is("banned")?, is("removed")?);
        fields.end()?;
        Ok(User { id, key, name, points: Points::new(points.unwrap_or(0)), contact, banned, removed })
    }

    fn reservation(&mut self, mut fields: Fields) -> Result<Reservation, Refusal> {
        let (reservation_id, payment_id) =
            (self.fresh(&mut fields, "reservationId")?, self.fresh(&mut fields, "paymentId")?);
        let ids = match (reservation_id, payment_id) {
            (Some(reservation_id), Some(payment_id)) => Some(GivenIds { reservation_id, payment_id }),
            (None, None) => None,
            (has, _) => {
                let missing = fields.pointer(if has.is_some() { "paymentId" } else { "reservationId" });
                return Err(Refusal::invalid(
                    missing,
                    "is missing beside the other id",
                    "다른 id와 함께 있어야 합니다",
                ));
            }
        };
        let user_id = fields.id("userId")?;
        if !self.users.contains(&user_id) {
            return Err(Refusal::invalid(
                fields.pointer("userId"),
                "is no user of this seed",
                "이 시드의 사용자가 아닙니다",
            ));
        }
        let schedule_id = fields.integer("scheduleId", 1..=i64::MAX)?;
        let seats = read_wanted_seats(&mut fields)?;
        let labels: Vec<String> = seats.iter().map(|seat| seat.label.clone()).collect();
        let status = fields.has("status").then(|| fields.text("status")).transpose()?;
        let status = status.map_or(Some(Status::Confirmed), |word| STATUSES.into_iter().find(|one| one.word() == word));
        let words = STATUSES.map(Status::word).join(", ");
        let wrong = || {
            Refusal::invalid(
                fields.pointer("status"),
                format!("must be one of {words}"),
                format!("{words} 중 하나여야 합니다"),
            )
        };
        let status = status.ok_or_else(wrong)?;
        let at_counter = fields.has("atCounter") && fields.truth("atCounter")?;
        let hold_expires_at = self.hold(&mut fields, status, at_counter)?;
        let method = fields.has("method").then(|| read_method(&mut fields, PayMethod::ALL)).transpose()?;
        if method.is_some() && !matches!(status, Status::Confirmed | Status::Refunded) {
            let (en, ko) = ("is for what was paid", "결제된 예매에만 쓸 수 있습니다");
            return Err(Refusal::invalid(fields.pointer("method"), en, ko));
        }
        let note = fields.has("note").then(|| fields.line("note", 1..=NOTE_MAX_CHARS)).transpose()?;
        let tickets = each(&mut fields, "tickets", SEATS_MAX, |fields| self.ticket(fields, &labels))?;
        fields.end()?;
        Ok(Reservation { ids, user_id, schedule_id, seats, status, hold_expires_at, tickets, at_counter, method, note })
    }

    /// The end of an unpaid hold: within a day, unless staff keep the seats.
    fn hold(&self, fields: &mut Fields, status: Status, at_counter: bool) -> Result<Option<Millis>, Refusal> {
        const NAME: &str = "holdExpiresAt";
        if !fields.has(NAME) {
            return Ok(None);
        }
        let longest = if at_counter { i64::MAX } else { HOLD_MAX_MS };
        let at = fields.pointer(NAME);
        let text = fields.text(NAME)?;
        let until = self.after_start(&text).or_else(|| Millis::parse_rfc3339(&text));
        let until = until.filter(|until| (1..=longest).contains(&until.ms_since(self.now)));
        if status != Status::PendingPayment {
            return Err(Refusal::invalid(at, "is for PENDING_PAYMENT alone", "PENDING_PAYMENT에만 쓸 수 있습니다"));
        }
        let en = format!("must be an instant or a duration within a day after {}", self.now);
        let ko = format!("{} 이후 하루 안의 시각이나 기간이어야 합니다", self.now);
        until.map(Some).ok_or_else(|| Refusal::invalid(at, en, ko))
    }

    fn ticket(&mut self, mut fields: Fields, seats: &[String]) -> Result<GivenTicket, Refusal> {
        let seat = fields.text("seat")?;
        if !seats.contains(&seat) {
            return Err(Refusal::invalid(
                fields.pointer("seat"),
                "is no seat of the reservation",
                "이 예매의 좌석이 아닙니다",
            ));
        }
        let missing = Refusal::invalid(fields.pointer("ticketId"), "is missing", "빠졌습니다");
        let ticket_id = self.fresh(&mut fields, "ticketId")?.ok_or(missing)?;
        let number = fields.text("number")?;
        let is_number = number.len() == code::NUMBER_CHARS && number.bytes().all(|byte| code::ALPHABET.contains(&byte));
        if !is_number || !self.numbers.insert(number.clone()) {
            let (en, ko) = (
                "must be ten characters of a ticket's number, and of no other ticket",
                "다른 티켓에 없는 열 글자 티켓 번호여야 합니다",
            );
            return Err(Refusal::invalid(fields.pointer("number"), en, ko));
        }
        fields.end()?;
        Ok(GivenTicket { seat, ticket_id, number })
    }

    /// An id that may be given, and that nothing before has.
    fn fresh(&mut self, fields: &mut Fields, name: &str) -> Result<Option<Uuid>, Refusal> {
        let id = fields.has(name).then(|| fields.id(name)).transpose()?;
        match id.filter(|id| !self.ids.insert(*id)) {
            None => Ok(id),
            Some(_) => Err(Refusal::invalid(
                fields.pointer(name),
                "is the id of something else too",
                "다른 것에도 쓰인 id입니다",
            )),
        }
    }

    /// Puts instants in the place of durations since the beginning.
    fn settle_instants(&self, value: &mut Value, at: &str, names: &[&str]) -> Result<(), Refusal> {
        for name in names {
            let Some(text) =
                value.get(name).and_then(Value::as_str).filter(|text| text.trim_start_matches('-').starts_with('P'))
            else {
                continue;
            };
            let instant = self.after_start(text).ok_or_else(|| {
                let en = "must be an instant, or an ISO 8601 duration of days and less such as P30D or PT2H";
                Refusal::invalid(format!("{at}/{name}"), en, "시각이거나 P30D, PT2H와 같은 ISO 8601 기간이어야 합니다")
            })?;
            value[*name] = instant.to_string().into();
        }
        Ok(())
    }

    /// An instant so long after the beginning.
    fn after_start(&self, duration: &str) -> Option<Millis> {
        let span: Span = duration.parse().ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        let at = self.now.unix_ms().checked_add(i64::try_from(length.as_millis()).ok()?)?;
        Millis::RANGE.contains(&at).then(|| Millis::from_unix_ms(at))
    }
}

/// A list that may be missing, each of its objects read by `read`.
fn each<T>(
    fields: &mut Fields,
    name: &str,
    most: usize,
    mut read: impl FnMut(Fields) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    if !fields.has(name) {
        return Ok(Vec::new());
    }
    let values = fields.list(name, 0..=most)?;
    values.into_iter().map(|(at, value)| read(Fields::of_value(value, at)?)).collect()
}

fn number_id(fields: &mut Fields, name: &str) -> Result<Option<i64>, Refusal> {
    fields.has(name).then(|| fields.integer(name, 1..=i64::MAX)).transpose()
}

/// Refuses a second of what only one may be.
fn reject_duplicates<'v, T, K: Eq + Hash>(
    values: &'v [T],
    at: &str,
    name: &str,
    key: impl Fn(&'v T) -> Option<K>,
) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    match values.iter().position(|value| key(value).is_some_and(|key| !seen.insert(key))) {
        None => Ok(()),
        Some(index) => Err(Refusal::invalid(format!("{at}/{index}/{name}"), "is there twice", "두 번 있습니다")),
    }
}

/// A place that was named from the beginning of a request, here below an object of the file.
fn below(at: &str, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::InvalidRequest { pointer, reason } if !pointer.starts_with(at) => {
            Refusal::InvalidRequest { pointer: format!("{at}{pointer}"), reason }
        }
        other => other,
    }
}
