//! Files full of people, dates and sales. The rows are those that the rooms' `sql.rs` write for the same calls, put
//! in by one transaction: through HTTP a million sales would take minutes. The events that belong to them are left
//! out, because nothing that is measured reads them.

use std::path::Path;

use boxoffice::ids::KeyHash;
use rusqlite::Connection;
use serde_json::json;

use crate::served::Served;

pub const PRICE: i64 = 50_000;
/// What everybody has who has points.
pub const POINTS: i64 = 100_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Something of each kind that is spread over all 128 bits, as random ones are, and known to both sides by its number.
fn spread(kind: u64, number: usize) -> u128 {
    let mix = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let number = (number as u64 + 1) | kind << 56;
    u128::from(mix(number)) << 64 | u128::from(mix(!number))
}

/// The token of a number, as the wire writes it.
pub fn token(number: usize) -> String {
    format!("{:032x}", spread(0, number))
}

/// The same, as the file keeps it.
pub fn token_bytes(number: usize) -> [u8; 16] {
    spread(0, number).to_be_bytes()
}

/// The key of a user of a number.
pub fn key(number: usize) -> String {
    format!("{:032x}", spread(1, number))
}

/// An id of version 7, ascending with the number.
fn id(kind: u8, number: usize) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(1_700_000_000_000 + number as u64, &[kind; 10]).into_uuid()
}

/// The user of a number.
pub fn user(number: usize) -> uuid::Uuid {
    id(7, number)
}

/// The unpaid or paid reservation of the user of a number.
pub fn reservation(number: usize) -> uuid::Uuid {
    id(8, number)
}

/// The number and the code of the ticket of a user of a number: as long as real ones, spread as they are, none twice.
pub fn ticket(number: usize) -> (String, String) {
    let label = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) & ((1 << 40) - 1); // an odd factor: none twice
    let signature = format!("{:032X}", spread(2, number)).repeat(4);
    (format!("{label:010X}"), format!("T{label:010X}2222222222{}", &signature[..103]))
}

/// A file that no server has open, being filled.
pub struct Filling {
    file: Connection,
    now_ms: i64,
}

impl Filling {
    /// Makes a new file, with limits of the line that let everybody in, and the rules given besides.
    pub fn new(database: &Path, rules: &serde_json::Value) -> Filling {
        let served = Served::boxoffice(database, &["--max-active=0"]);
        if !rules.is_null() {
            served.change(rules);
        }
        drop(served);
        Filling::of(database)
    }

    /// Fills a file that is there.
    pub fn of(database: &Path) -> Filling {
        let file = Connection::open(database).unwrap();
        file.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN IMMEDIATE").unwrap();
        let now_ms = file.query_row("SELECT seen_at FROM venue", [], |row| row.get(0)).unwrap();
        Filling { file, now_ms }
    }

    pub fn done(self) {
        self.file.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }

    /// Users with these numbers; `has_key`: the file has the hash of their key, which takes a moment longer.
    pub fn users(&self, numbers: std::ops::Range<usize>, has_key: bool) {
        let insert = "INSERT INTO user (user_id, name, key_hash, created_at) VALUES (?1, 'Kim', ?2, ?3)";
        let mut insert = self.file.prepare(insert).unwrap();
        for number in numbers {
            let hash = if has_key { KeyHash::of(&key(number)).0 } else { [0; 32] };
            insert.execute((user(number), hash, self.now_ms)).unwrap();
        }
    }

    /// They wait in line, in the order of their numbers.
    pub fn waiting(&self, numbers: std::ops::Range<usize>) {
        let next = "SELECT coalesce(max(token_id), 0) + 1 FROM token";
        let first: i64 = self.file.query_row(next, [], |row| row.get(0)).unwrap();
        let insert = "INSERT INTO token (token, user_id, place, status, issued_at) VALUES (?1, ?2, ?3, 'WAITING', ?4)";
        let mut insert = self.file.prepare(insert).unwrap();
        for (place, number) in (first..).zip(numbers) {
            insert.execute((token_bytes(number), user(number), place, self.now_ms)).unwrap();
        }
    }

    /// They were let in an hour ago, for a day.
    pub fn active(&self, numbers: std::ops::Range<usize>) {
        let insert =
            "INSERT INTO token (token, user_id, place, status, issued_at, activated_at, claimed_at, visit_until,
             active_until) VALUES (?1, ?2, ?3, 'ACTIVE', ?4, ?4, ?4, ?5, ?5)";
        let mut insert = self.file.prepare(insert).unwrap();
        for number in numbers {
            let (then, until) = (self.now_ms - 3_600_000, self.now_ms + DAY_MS);
            insert.execute((token_bytes(number), user(number), number as i64 + 1, then, until)).unwrap();
        }
    }

    /// They topped up once.
    pub fn points(&self, numbers: std::ops::Range<usize>) {
        let balance = "INSERT INTO balance (user_id, points, updated_at) VALUES (?1, ?2, ?3)";
        let entry =
            "INSERT INTO ledger_entry (user_id, kind, amount, balance_after, at) VALUES (?1, 'TOP_UP', ?2, ?2, ?3)";
        let (mut balance, mut entry) = (self.file.prepare(balance).unwrap(), self.file.prepare(entry).unwrap());
        for number in numbers {
            balance.execute((user(number), POINTS, self.now_ms)).unwrap();
            entry.execute((user(number), POINTS, self.now_ms)).unwrap();
        }
    }

    /// A concert with so many dates of so many numbered seats each, on sale; gives back the id of its first date.
    pub fn concert(&self, dates: usize, seats: usize) -> i64 {
        let insert = "INSERT INTO concert (title, venue, description, created_at) VALUES ('Bench', '', '', ?1)";
        let concert = self.file.prepare_cached(insert).unwrap().insert([self.now_ms]).unwrap();
        let (mut first, total) = (0, seats as i64);
        for day in 0..dates {
            let insert =
                "INSERT INTO schedule (concert_id, starts_at, date, sale_opens_at, sale_closes_at, seats_total,
                 price_from) VALUES (?1, ?2, date(?2 / 1000, 'unixepoch', '+9 hours'), ?3, ?2, ?4, ?5)";
            let starts_at = self.now_ms + (day as i64 + 30) * DAY_MS;
            let values = (concert, starts_at, self.now_ms - DAY_MS, total, PRICE);
            let schedule = self.file.prepare_cached(insert).unwrap().insert(values).unwrap();
            let insert = "INSERT INTO seat (schedule_id, seat_no, label, number, price) VALUES (?1, ?2, ?3, ?3, ?4)";
            let mut insert = self.file.prepare_cached(insert).unwrap();
            for seat_no in 0..total {
                insert.execute((schedule, seat_no, (seat_no + 1).to_string(), PRICE)).unwrap();
            }
            first = if day == 0 { schedule } else { first };
        }
        first
    }

    /// Each of these users holds a seat, unpaid, from this one on: one seat after the other, one date after the other.
    pub fn held(&self, numbers: std::ops::Range<usize>, from: SeatPosition) {
        for (turn, number) in numbers.enumerate() {
            self.reservation(number, from.after(turn), false);
        }
    }

    /// Each of these users, whose token is over, bought a seat.
    pub fn sold(&self, numbers: std::ops::Range<usize>, from: SeatPosition) {
        let token =
            "INSERT INTO token (token, user_id, place, status, issued_at, activated_at, claimed_at, visit_until,
             active_until, ended_at, end_reason) VALUES (?1, ?2, ?3, 'EXPIRED', ?4, ?4, ?4, ?4, ?4, ?4, 'PAID')";
        let ticket = "INSERT INTO ticket (ticket_id, reservation_id, seat_no, label, number, code, issued_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let entry = "INSERT INTO ledger_entry (user_id, kind, amount, balance_after, reservation_id, at)
             VALUES (?1, 'PAYMENT', -?2, ?3, ?4, ?5)";
        let spend = "UPDATE balance SET points = points - ?2 WHERE user_id = ?1";
        let [mut token, mut ticket, mut entry, mut spend] =
            [token, ticket, entry, spend].map(|statement| self.file.prepare(statement).unwrap());
        self.points(numbers.clone());
        for (turn, number) in numbers.enumerate() {
            let place = from.after(turn);
            self.reservation(number, place, true);
            let then = self.now_ms - 3_600_000;
            token.execute((token_bytes(number), user(number), number as i64 + 1, then)).unwrap();
            spend.execute((user(number), PRICE)).unwrap();
            entry.execute((user(number), PRICE, POINTS - PRICE, reservation(number), then)).unwrap();
            let (label, (ticket_number, code)) = (place.label(), self::ticket(number));
            ticket
                .execute((id(10, number), reservation(number), place.seat_no, label, ticket_number, code, then))
                .unwrap();
        }
    }

    fn reservation(&self, number: usize, place: SeatPosition, is_paid: bool) {
        let (then, until) = (self.now_ms - 3_600_000, self.now_ms + DAY_MS);
        let (status, claim) = if is_paid { ("CONFIRMED", "SOLD") } else { ("PENDING_PAYMENT", "HELD") };
        let (paid_at, held_until) = (is_paid.then_some(then), (!is_paid).then_some(until));
        let (label, payment) = (place.label(), id(9, number));
        let insert = "INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at,
             hold_expires_at, payment_id, ended_at, paid_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)";
        let values =
            (reservation(number), user(number), place.schedule_id, status, PRICE, then, until, payment, paid_at);
        self.file.prepare_cached(insert).unwrap().execute(values).unwrap();
        let insert = "INSERT INTO reservation_seat (reservation_id, seat_no, label, price) VALUES (?1, ?2, ?3, ?4)";
        let values = (reservation(number), place.seat_no, label, PRICE);
        self.file.prepare_cached(insert).unwrap().execute(values).unwrap();
        let insert = "INSERT INTO claim (schedule_id, seat_no, status, reservation_id, user_id, held_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = (place.schedule_id, place.seat_no, claim, reservation(number), user(number), held_until);
        self.file.prepare_cached(insert).unwrap().execute(values).unwrap();
    }
}

/// A seat of a date, and how many seats its dates have.
#[derive(Debug, Clone, Copy)]
pub struct SeatPosition {
    pub schedule_id: i64,
    pub seat_no: i64,
    pub seats: i64,
}

impl SeatPosition {
    /// The first seat of a date.
    pub fn first(schedule_id: i64, seats: usize) -> SeatPosition {
        SeatPosition { schedule_id, seat_no: 0, seats: seats as i64 }
    }

    /// So many seats further, over the dates that follow.
    pub fn after(self, turn: usize) -> SeatPosition {
        let at = self.seat_no + turn as i64;
        SeatPosition { schedule_id: self.schedule_id + at / self.seats, seat_no: at % self.seats, ..self }
    }

    /// The label of the seat.
    pub fn label(self) -> String {
        (self.seat_no + 1).to_string()
    }

    /// What a hold of it asks for.
    pub fn wanted(self) -> serde_json::Value {
        json!({ "scheduleId": self.schedule_id, "seats": [self.label()] })
    }
}
