//! The limit of SQLite: the statements of our writing calls on the same file by one connection, without
//! HTTP, without JSON, without a queue. The statements are those of the rooms' `sql.rs`;
//! [`must_change_the_same`] finds out when they drift.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, Params, params};
use uuid::Uuid;

use crate::filling::{self, PRICE, SeatPosition};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Hold,
    TopUp,
    /// A token, a hold, a top-up and a payment.
    Purchase,
}

pub struct Bare {
    file: Connection,
    now_ms: i64,
    ids: u64,
}

impl Bare {
    pub fn open(database: &Path) -> Bare {
        let file = Connection::open(database).unwrap();
        file.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4096")
            .unwrap();
        file.set_prepared_statement_cache_capacity(256);
        let now_ms = file.query_row("SELECT seen_at FROM venue", [], |row| row.get(0)).unwrap();
        Bare { file, now_ms, ids: 1 << 40 }
    }

    /// Does the work of one user after the other for a while, so many jobs in a transaction; works a second.
    pub fn run(&mut self, work: Work, first: SeatPosition, users: usize, batch: usize, lasting: Duration) -> f64 {
        let (start, mut done) = (Instant::now(), 0);
        let (mut jobs, mut open) = (0, false);
        while start.elapsed() < lasting && done < users {
            for job in 0..work.jobs() {
                if !open {
                    self.execute("BEGIN IMMEDIATE", []);
                    open = true;
                }
                self.job(work, job, done, first.after(done));
                jobs += 1;
                if jobs % batch == 0 {
                    self.execute("COMMIT", []);
                    open = false;
                }
            }
            done += 1;
        }
        if open {
            self.execute("COMMIT", []);
        }
        done as f64 / start.elapsed().as_secs_f64()
    }

    fn job(&mut self, work: Work, job: usize, number: usize, seat: SeatPosition) {
        self.execute("SAVEPOINT piece", []);
        match (work, job) {
            (Work::Hold, _) | (Work::Purchase, 1) => self.hold(number, seat),
            (Work::TopUp, _) | (Work::Purchase, 2) => self.top_up(number),
            (Work::Purchase, 0) => self.let_in(number),
            (Work::Purchase, _) => self.pay(number, seat),
        }
        self.execute("RELEASE piece", []);
    }

    fn prepared(&self, statement: &str) -> CachedStatement<'_> {
        self.file.prepare_cached(statement).unwrap()
    }

    fn execute(&self, statement: &str, values: impl Params) {
        self.prepared(statement).execute(values).unwrap();
    }

    /// The first row must be there, and its first value is read.
    fn read(&self, statement: &str, values: impl Params) {
        let mut statement = self.prepared(statement);
        let mut rows = statement.query(values).unwrap();
        while let Some(row) = rows.next().unwrap() {
            std::hint::black_box(row.get_ref(0).unwrap());
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        uuid::Builder::from_unix_timestamp_millis(self.ids, &[11; 10]).into_uuid()
    }

    fn event(&self, kind: &str, told: &str) {
        self.execute("INSERT INTO event (type, at, data) VALUES (?1, ?2, ?3)", (kind, self.now_ms, told));
    }

    fn token(&self, number: usize) -> [u8; 16] {
        filling::token_bytes(number)
    }

    fn let_in(&mut self, number: usize) {
        let (token, user, now) = (self.token(number), filling::user(number), self.now_ms);
        self.read("SELECT token, user_id, status FROM token WHERE user_id = ?1 AND status <> 'EXPIRED'", [user]);
        self.read("SELECT coalesce(max(token_id), 0) + 1 FROM token", []);
        self.execute(
            "INSERT INTO token (token, user_id, place, status, issued_at) VALUES (?1, ?2, ?3, 'WAITING', ?4)",
            (token, user, number as i64 + 1, now),
        );
        self.event("TOKEN_ISSUED", &format!("{{\"userId\":\"{user}\",\"joinNumber\":null,\"guest\":false}}"));
        self.read(
            "SELECT token, user_id FROM token WHERE status = 'WAITING' AND place IS NOT NULL ORDER BY place LIMIT 1",
            [],
        );
        self.execute(
            "UPDATE token SET status = 'ACTIVE', activated_at = ?2, visit_until = ?3, active_until = ?3, claimed_at = ?2
             WHERE token = ?1 AND status = 'WAITING'",
            (token, now, now + 600_000),
        );
        self.event("TOKEN_ADMITTED", &format!("{{\"userId\":\"{user}\",\"byHand\":false}}"));
    }

    fn must_be_active(&self, number: usize) {
        let statement =
            "SELECT token, user_id, status, visit_until, active_until, end_reason FROM token WHERE token = ?1";
        self.read(statement, [self.token(number)]);
    }

    fn told(&self, user: Uuid, reservation: Uuid, seat: SeatPosition) -> String {
        let (date, label) = (seat.schedule_id, seat.label());
        format!(
            "{{\"reservationId\":\"{reservation}\",\"scheduleId\":{date},\"userId\":\"{user}\",\"seats\":[\"{label}\"]}}"
        )
    }

    fn hold(&mut self, number: usize, seat: SeatPosition) {
        let (user, now, until) = (filling::user(number), self.now_ms, self.now_ms + 300_000);
        let (reservation, payment) = (filling::reservation(number), self.id());
        self.must_be_active(number);
        self.read("SELECT * FROM schedule JOIN concert USING (concert_id) WHERE schedule_id = ?1", [seat.schedule_id]);
        let one_seat = "SELECT seat_no, label, price FROM seat WHERE schedule_id = ?1 AND label = ?2";
        self.read(one_seat, (seat.schedule_id, seat.label()));
        self.read("SELECT reservation_id FROM reservation WHERE user_id = ?1 AND status = 'PENDING_PAYMENT'", [user]);
        self.read(
            "SELECT count(*) FROM reservation JOIN reservation_seat USING (reservation_id)
             WHERE user_id = ?1 AND schedule_id = ?2 AND status IN ('PENDING_PAYMENT', 'CONFIRMED')",
            (user, seat.schedule_id),
        );
        self.execute(
            "INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
             payment_id) VALUES (?1, ?2, ?3, 'PENDING_PAYMENT', ?4, ?5, ?6, ?7)",
            params![reservation, user, seat.schedule_id, PRICE, now, until, payment],
        );
        self.execute(
            "INSERT INTO reservation_seat (reservation_id, seat_no, label, price) VALUES (?1, ?2, ?3, ?4)",
            (reservation, seat.seat_no, seat.label(), PRICE),
        );
        self.execute(
            "INSERT INTO claim (schedule_id, seat_no, status, reservation_id, user_id, held_until)
             VALUES (?1, ?2, 'HELD', ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            (seat.schedule_id, seat.seat_no, reservation, user, until),
        );
        self.execute("UPDATE schedule SET version = version + 1 WHERE schedule_id = ?1", [seat.schedule_id]);
        self.event("SEATS_HELD", &self.told(user, reservation, seat));
    }

    fn change_points(&self, user: Uuid, kind: &str, amount: i64, reservation: Option<Uuid>) {
        let find = "SELECT points FROM balance WHERE user_id = ?1";
        let before: Option<i64> = self.prepared(find).query_row([user], |row| row.get(0)).ok();
        let after = before.unwrap_or(0) + amount;
        self.execute(
            "INSERT INTO balance (user_id, points, updated_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (user_id) DO UPDATE SET points = excluded.points, updated_at = excluded.updated_at",
            (user, after, self.now_ms),
        );
        self.execute(
            "INSERT INTO ledger_entry (user_id, kind, amount, balance_after, reservation_id, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (user, kind, amount, after, reservation, self.now_ms),
        );
    }

    fn top_up(&mut self, number: usize) {
        let user = filling::user(number);
        self.change_points(user, "TOP_UP", PRICE, None);
        let told = format!("{{\"userId\":\"{user}\",\"topUpId\":{number},\"amount\":{PRICE},\"balance\":{PRICE}}}");
        self.event("POINTS_TOPPED_UP", &told);
    }

    fn pay(&mut self, number: usize, seat: SeatPosition) {
        let (user, now, reservation) = (filling::user(number), self.now_ms, filling::reservation(number));
        self.must_be_active(number);
        self.read("SELECT * FROM reservation WHERE reservation_id = ?1", [reservation]);
        self.change_points(user, "PAYMENT", -PRICE, Some(reservation));
        self.read("SELECT seat_no, label, price FROM reservation_seat WHERE reservation_id = ?1", [reservation]);
        self.execute(
            "UPDATE reservation SET status = 'CONFIRMED', ended_at = ?2, paid_at = ?2
             WHERE reservation_id = ?1 AND status = 'PENDING_PAYMENT' AND ?2 < hold_expires_at",
            (reservation, now),
        );
        self.execute(
            "UPDATE claim SET status = 'SOLD', held_until = NULL
             WHERE schedule_id = ?1 AND seat_no = ?2 AND status = 'HELD' AND reservation_id = ?3 AND ?4 < held_until",
            (seat.schedule_id, seat.seat_no, reservation, now),
        );
        self.execute("UPDATE schedule SET version = version + 1 WHERE schedule_id = ?1", [seat.schedule_id]);
        self.event("SEATS_SOLD", &self.told(user, reservation, seat));
        let (ticket, (ticket_number, code)) = (self.id(), filling::ticket(number));
        self.execute(
            "INSERT INTO ticket (ticket_id, reservation_id, seat_no, label, number, code, issued_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (ticket, reservation, seat.seat_no, seat.label(), ticket_number, code, now),
        );
        self.execute(
            "UPDATE token SET status = 'EXPIRED', ended_at = ?2, end_reason = 'PAID' WHERE token = ?1 AND status <> 'EXPIRED'",
            (self.token(number), now),
        );
        self.event("TOKEN_EXPIRED", &format!("{{\"userId\":\"{user}\",\"reason\":\"PAID\"}}"));
        let told = format!("{{\"paymentId\":\"{ticket}\",\"reservationId\":\"{reservation}\",\"amount\":{PRICE}}}");
        self.event("PAYMENT_COMPLETED", &told);
    }
}

impl Work {
    /// How many pieces of writing work, each with an answer of its own.
    fn jobs(self) -> usize {
        if self == Work::Purchase { 4 } else { 1 }
    }
}

/// How many rows each table has.
fn rows(database: &Path) -> Vec<(String, i64)> {
    let file = Connection::open(database).unwrap();
    let mut tables = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |table: &str| file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    tables.into_iter().map(|table| (table.clone(), count(&table))).collect()
}

/// Ends the program unless the work done here leaves as many rows in each table as our own, done by `ours` on a copy.
pub fn must_change_the_same(work: Work, template: &Path, first: SeatPosition, folder: &Path, ours: impl FnOnce(&Path)) {
    let [by_us, bare] = ["by-us.db", "bare.db"].map(|name| folder.join(name));
    std::fs::copy(template, &by_us).unwrap();
    std::fs::copy(template, &bare).unwrap();
    ours(&by_us);
    Bare::open(&bare).run(work, first, 1, 1, Duration::from_secs(1));
    assert_eq!(
        rows(&by_us),
        rows(&bare),
        "the statements of {work:?} in tests/bench/bare.rs are no longer those of src/"
    );
}
