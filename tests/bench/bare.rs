//! The limit of SQLite: the statements of our writing calls, word for word, on the same file by one connection, without
//! HTTP, without JSON, without a queue. Each job takes them in the order of the writer, and what the writer runs once
//! for all jobs of a transaction is run once here too. What workers read before they queue a job is no part of it.
//! `same.rs` finds out when the statements drift from those of the rooms' `sql.rs`.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, Params, params};
use uuid::Uuid;

use crate::filling::{self, PRICE, SeatPosition};
use crate::stages::in_one_line;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Hold,
    TopUp,
    /// A token, a hold, a top-up and a payment.
    Purchase,
}

/// A piece of writing work with an answer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Join,
    Hold,
    TopUp,
    Pay,
}

impl Work {
    const fn jobs(self) -> &'static [Job] {
        match self {
            Work::Hold => &[Job::Hold],
            Work::TopUp => &[Job::TopUp],
            Work::Purchase => &[Job::Join, Job::Hold, Job::TopUp, Job::Pay],
        }
    }
}

/// How many rows the writer takes at most of what is due.
const DUE_HOLDS_MAX: i64 = 500;
const DUE_TOKENS_MAX: i64 = 1_000;
const SHARED_LINE: i64 = 0;

pub struct Bare {
    file: Connection,
    now_ms: i64,
    ids: u64,
    /// The statements in the order in which they were run, where that is wanted.
    ran: Option<RefCell<Vec<String>>>,
}

impl Bare {
    /// Opens a file with the settings of the writer's connection.
    pub fn open(database: &Path) -> Bare {
        let file = Connection::open(database).unwrap();
        file.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4096;
             PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -8192",
        )
        .unwrap();
        file.set_prepared_statement_cache_capacity(256);
        let now_ms = file.query_row("SELECT seen_at FROM venue", [], |row| row.get(0)).unwrap();
        Bare { file, now_ms, ids: 1 << 40, ran: None }
    }

    /// The same, keeping the texts of the statements that it runs.
    pub fn recording(database: &Path) -> Bare {
        Bare { ran: Some(RefCell::default()), ..Bare::open(database) }
    }

    /// The statements that were run since, in order.
    pub fn into_ran(self) -> Vec<String> {
        self.ran.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Does the work of so many users, group after group, for a while; works a second. The jobs of a group that are the
    /// same share a transaction.
    pub fn run(&mut self, work: Work, first: SeatPosition, users: usize, batch: usize, lasting: Duration) -> f64 {
        let (start, mut done) = (Instant::now(), 0);
        while start.elapsed() < lasting && done < users {
            let group = done..(done + batch).min(users);
            for &job in work.jobs() {
                self.transact(work, job, group.clone(), first);
            }
            done = group.end;
        }
        done as f64 / start.elapsed().as_secs_f64()
    }

    fn transact(&mut self, work: Work, job: Job, group: Range<usize>, first: SeatPosition) {
        self.now_ms += 1;
        self.execute("BEGIN IMMEDIATE", []);
        self.read(
            "SELECT reservation_id FROM reservation WHERE status = 'PENDING_PAYMENT' AND hold_expires_at <= ?1
             ORDER BY hold_expires_at, reservation_id LIMIT ?2",
            (self.now_ms, DUE_HOLDS_MAX),
        );
        if (work, job) == (Work::Purchase, Job::Hold) {
            group.clone().for_each(|number| self.note_first_call(number));
        }
        self.read(
            "SELECT token FROM token WHERE status = 'ACTIVE' AND active_until <= ?1 ORDER BY active_until, token_id LIMIT ?2",
            (self.now_ms, DUE_TOKENS_MAX),
        );
        for number in group.clone() {
            let seat = first.after(number);
            match job {
                Job::Join => self.join(number),
                Job::Hold => self.hold(number, seat),
                Job::TopUp => self.top_up(number),
                Job::Pay => self.pay(number, seat),
            }
        }
        if job == Job::Join {
            self.admit(group);
        }
        self.execute("UPDATE venue SET seen_at = ?1 WHERE seen_at < ?1", [self.now_ms]);
        self.execute("COMMIT", []);
    }

    fn prepared(&self, statement: &str) -> CachedStatement<'_> {
        self.ran.iter().for_each(|ran| ran.borrow_mut().push(in_one_line(statement)));
        self.file.prepare_cached(statement).unwrap()
    }

    fn execute(&self, statement: &str, values: impl Params) {
        self.prepared(statement).execute(values).unwrap();
    }

    /// Of each row that is there the first value is read.
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
        let insert = "INSERT INTO event (type, at, data, key_id) VALUES (?1, ?2, ?3, ?4)";
        self.execute(insert, (kind, self.now_ms, told, None::<i64>));
    }

    fn must_exist(&self, user: Uuid) {
        self.read(
            "SELECT user_id, name, created_at, ifnull(number, 0), contact, banned_at, seats_per_user, removed_at FROM user
             WHERE user_id = ?1",
            [user],
        );
    }

    fn join(&mut self, number: usize) {
        let (token, user, now) = (filling::token_bytes(number), filling::user(number), self.now_ms);
        self.must_exist(user);
        self.read(
            "SELECT token, user_id, line_id, status, visit_until, active_until, end_reason FROM token
             WHERE user_id = ?1 AND line_id = ?2 AND status <> 'EXPIRED'",
            (user, SHARED_LINE),
        );
        self.read(
            "SELECT place, join_number, draw_number, grace_until FROM token
             WHERE user_id = ?1 AND line_id = ?2 AND grace_until IS NOT NULL",
            (user, SHARED_LINE),
        );
        self.read(
            "UPDATE queue SET joined_count = joined_count + 1 WHERE line_id = ?1 AND opens_at IS NOT NULL
             RETURNING joined_count",
            [SHARED_LINE],
        );
        self.read(
            "INSERT INTO token (token, user_id, place, join_number, draw_number, status, issued_at, line_id)
             VALUES (?1, ?2, iif(?7, (SELECT ifnull(max(token_id), 0) + 1 FROM token), ?3), ?4, ?5, 'WAITING', ?6, ?8)
             RETURNING token_id, place",
            params![token, user, None::<i64>, None::<i64>, None::<i64>, now, true, SHARED_LINE],
        );
        let told = "\"joinNumber\":null,\"guest\":false,\"placeRestored\":false,\"concertId\":null";
        self.event("TOKEN_ISSUED", &format!("{{\"userId\":\"{user}\",{told}}}"));
    }

    /// Lets everybody of a group in who has joined.
    fn admit(&mut self, group: Range<usize>) {
        self.read(
            "SELECT token, user_id, place FROM token WHERE status = 'WAITING' AND line_id = ?1 AND place IS NOT NULL
             ORDER BY place LIMIT ?2",
            (SHARED_LINE, group.len() as i64),
        );
        self.execute("SAVEPOINT piece", []);
        for number in group {
            let (token, user, now) = (filling::token_bytes(number), filling::user(number), self.now_ms);
            self.execute(
                "UPDATE token SET grace_until = NULL WHERE line_id = ?1 AND place < ?2 AND grace_until IS NOT NULL",
                (SHARED_LINE, number as i64 + 1),
            );
            self.execute(
                "UPDATE token SET status = 'ACTIVE', activated_at = ?2, visit_until = ?3, active_until = ?3
                 WHERE token = ?1 AND status = 'WAITING'",
                (token, now, now + 600_000),
            );
            self.event("TOKEN_ADMITTED", &format!("{{\"userId\":\"{user}\",\"byHand\":false,\"concertId\":null}}"));
        }
        self.execute("RELEASE piece", []);
    }

    /// The first call after an admission is noted with whatever is written next.
    fn note_first_call(&self, number: usize) {
        let update = "UPDATE token SET claimed_at = ?2 WHERE token = ?1 AND claimed_at IS NULL";
        self.execute(update, (filling::token_bytes(number), self.now_ms));
    }

    fn must_be_active(&self, number: usize) {
        self.read(
            "SELECT token, user_id, line_id, status, visit_until, active_until, end_reason FROM token WHERE token = ?1",
            [filling::token_bytes(number)],
        );
    }

    fn told(&self, user: Uuid, reservation: Uuid, seat: SeatPosition) -> String {
        let (date, label) = (seat.schedule_id, seat.label());
        format!(
            "{{\"reservationId\":\"{reservation}\",\"scheduleId\":{date},\"userId\":\"{user}\",\"seats\":[\"{label}\"]}}"
        )
    }

    fn count_seats_changed(&self, seat: SeatPosition) {
        let update = "UPDATE schedule SET version = version + 1 WHERE schedule_id = ?1 RETURNING version";
        self.read(update, [seat.schedule_id]);
    }

    fn hold(&mut self, number: usize, seat: SeatPosition) {
        let (user, now, until) = (filling::user(number), self.now_ms, self.now_ms + 300_000);
        let (reservation, payment) = (filling::reservation(number), self.id());
        self.must_be_active(number);
        self.read(
            "SELECT schedule_id, concert_id, concert.title, date, starts_at, sale_opens_at, sale_closes_at,
             seats_total, price_from, version, refund_until_hours, cancelled_at, settled_at, tariffs
             FROM schedule JOIN concert USING (concert_id) WHERE schedule_id = ?1",
            [seat.schedule_id],
        );
        let has_own_line = "SELECT EXISTS (SELECT 1 FROM queue WHERE line_id = ?1 AND closed_at IS NULL)";
        self.read(has_own_line, [1]);
        self.read(
            "SELECT seat_no, label, section, row, number, price, status, held_until
             FROM seat LEFT JOIN claim USING (schedule_id, seat_no) WHERE schedule_id = ?1 AND label = ?2",
            (seat.schedule_id, seat.label()),
        );
        self.read(
            "SELECT status, reservation_id, hold_expires_at,
             (SELECT count(*) FROM reservation_seat AS s WHERE s.reservation_id = r.reservation_id)
             FROM reservation AS r INDEXED BY reservation_user WHERE user_id = ?1
             AND ((status = 'PENDING_PAYMENT' AND at_counter = 0) OR (status = 'CONFIRMED' AND schedule_id = ?2))",
            (user, seat.schedule_id),
        );
        self.execute(
            "INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
             payment_id, at_counter, note, line_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                reservation,
                user,
                seat.schedule_id,
                "PENDING_PAYMENT",
                PRICE,
                now,
                until,
                payment,
                false,
                None::<String>,
                SHARED_LINE
            ],
        );
        self.execute(
            "INSERT INTO reservation_seat (reservation_id, seat_no, label, price, tariff, tariff_note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (reservation, seat.seat_no, seat.label(), PRICE, None::<String>, None::<String>),
        );
        self.execute(
            "INSERT INTO claim (schedule_id, seat_no, status, reservation_id, user_id, held_until)
             VALUES (?1, ?2, 'HELD', ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            (seat.schedule_id, seat.seat_no, reservation, user, until),
        );
        self.count_seats_changed(seat);
        self.event("SEATS_HELD", &self.told(user, reservation, seat));
    }

    /// Finds a balance and changes it.
    fn change_points(&self, user: Uuid, kind: &str, amount: i64, reservation: Option<Uuid>) {
        let find = "SELECT points, updated_at FROM balance WHERE user_id = ?1";
        let before: Option<i64> = self.prepared(find).query_row([user], |row| row.get(0)).ok();
        let after = before.unwrap_or(0) + amount;
        self.execute(
            "INSERT INTO balance (user_id, points, updated_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (user_id) DO UPDATE SET points = excluded.points, updated_at = excluded.updated_at",
            (user, after, self.now_ms),
        );
        let (reason, method, key_id) = (None::<String>, None::<String>, None::<i64>);
        self.execute(
            "INSERT INTO ledger_entry (user_id, kind, amount, balance_after, reservation_id, reason, at, method, key_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![user, kind, amount, after, reservation, reason, self.now_ms, method, key_id],
        );
    }

    fn top_up(&mut self, number: usize) {
        let user = filling::user(number);
        self.must_exist(user);
        self.change_points(user, "TOP_UP", PRICE, None);
        let of_it = format!("\"topUpId\":{number},\"amount\":{PRICE},\"balance\":{PRICE}");
        let told = format!("{{\"userId\":\"{user}\",{of_it},\"method\":null,\"reservationId\":null}}");
        self.event("POINTS_TOPPED_UP", &told);
    }

    fn pay(&mut self, number: usize, seat: SeatPosition) {
        let (user, now, reservation) = (filling::user(number), self.now_ms, filling::reservation(number));
        self.must_be_active(number);
        self.read(
            "SELECT reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at,
             failure, payment_id, declined_count, paid_at, refunded_at, ended_at, at_counter, method, note,
             sold_starts_at, refund_until_hours, line_id, exchanged_from FROM reservation WHERE reservation_id = ?1",
            [reservation],
        );
        self.read("SELECT cancelled_at IS NOT NULL FROM schedule WHERE schedule_id = ?1", [seat.schedule_id]);
        self.change_points(user, "PAYMENT", -PRICE, Some(reservation));
        self.read(
            "SELECT seat_no, label, of.price, tariff, tariff_note, section, row, number FROM reservation_seat AS of
             JOIN reservation USING (reservation_id) LEFT JOIN seat USING (schedule_id, seat_no, label)
             WHERE reservation_id = ?1 ORDER BY seat_no",
            [reservation],
        );
        self.execute(
            "UPDATE reservation SET status = 'CONFIRMED', ended_at = ?2, paid_at = ?2, method = ?3,
             (sold_starts_at, refund_until_hours) = (SELECT starts_at, s.refund_until_hours FROM schedule AS s
             WHERE s.schedule_id = reservation.schedule_id)
             WHERE reservation_id = ?1 AND status = 'PENDING_PAYMENT' AND ?2 < hold_expires_at",
            (reservation, now, None::<String>),
        );
        self.execute(
            "UPDATE claim SET status = 'SOLD', held_until = NULL
             WHERE schedule_id = ?1 AND seat_no = ?2 AND status = 'HELD' AND reservation_id = ?3 AND ?4 < held_until",
            (seat.schedule_id, seat.seat_no, reservation, now),
        );
        self.count_seats_changed(seat);
        self.event("SEATS_SOLD", &self.told(user, reservation, seat));
        let (ticket, (ticket_number, code)) = (self.id(), filling::ticket(number));
        self.execute(
            "INSERT INTO ticket (ticket_id, reservation_id, seat_no, label, number, code, issued_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (ticket, reservation, seat.seat_no, seat.label(), ticket_number, code, now),
        );
        self.execute(
            "UPDATE token SET status = 'EXPIRED', ended_at = ?2, end_reason = ?3 WHERE token = ?1 AND status <> 'EXPIRED'",
            (filling::token_bytes(number), now, "PAID"),
        );
        let told = "\"reason\":\"PAID\",\"wasActive\":true,\"concertId\":null";
        self.event("TOKEN_EXPIRED", &format!("{{\"userId\":\"{user}\",{told}}}"));
        let of_it = format!("\"userId\":\"{user}\",\"amount\":{PRICE},\"method\":\"POINTS\"");
        let told = format!("{{\"paymentId\":\"{ticket}\",\"reservationId\":\"{reservation}\",{of_it}}}");
        self.event("PAYMENT_COMPLETED", &told);
    }
}
