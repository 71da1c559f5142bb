-- From format 3 to format 4. What stands here stands in `schema.sql` too; a test compares both ends.

-- Older programs gave people who waited for a draw places before some of those who had been let in. Where anybody was
-- let in stood does not matter any more, so they step in front: afterwards those let in stood before all who wait.
UPDATE token SET place = 0 WHERE activated_at IS NOT NULL AND place > (
    SELECT min(ifnull((SELECT min(place) FROM token WHERE status = 'WAITING' AND place >= 0), last), last - awaiting_draw)
    FROM (SELECT ifnull(max(token_id), 0) AS last FROM token),
        (SELECT count(*) AS awaiting_draw FROM token WHERE status = 'WAITING' AND place IS NULL));

ALTER TABLE venue ADD COLUMN set_back_entry_id INTEGER NOT NULL DEFAULT 0;

-- SQL cannot fold names: that is done when the file is opened.
ALTER TABLE user ADD COLUMN name_folded TEXT;
DROP INDEX user_name;
CREATE INDEX user_name_folded ON user (name_folded);

-- The answers that staff got under their idempotency keys were one set, which does not say whose each
-- was. Now each staff key has its own: all keys that open something get a copy, so that whoever
-- repeats a call gets its answer and does it once.
INSERT INTO idempotency_answer (caller_id, key, fingerprint, status, content_type, headers, body, at)
    SELECT unhex(printf('%032x', key_id)), key, fingerprint, status, content_type, headers, body, at
    FROM idempotency_answer JOIN staff_key ON revoked_at IS NULL WHERE caller_id = zeroblob(16);
DELETE FROM idempotency_answer WHERE caller_id = zeroblob(16);

-- A sale without an opening was open since 1970. When its date was made is not known any more; its
-- concert was made not later.
UPDATE schedule SET sale_opens_at = min(sale_closes_at - 1,
    (SELECT created_at FROM concert WHERE concert.concert_id = schedule.concert_id)) WHERE sale_opens_at = 0;

ALTER TABLE venue ADD COLUMN top_up_policy TEXT CHECK (top_up_policy IN ('self', 'staff'));

-- venue: the secret that signs tickets, by the name of the field
ALTER TABLE venue RENAME COLUMN seal_secret TO signing_secret;

-- schedule: the dates to come of all concerts
CREATE INDEX schedule_starts_at ON schedule (starts_at);

-- No statement took it: the dates of a concert are few, and come in their order from schedule_concert.
DROP INDEX schedule_date;

-- reservation: sales at the counter
ALTER TABLE reservation ADD COLUMN at_counter INTEGER NOT NULL DEFAULT 0 CHECK (at_counter IN (0, 1));
ALTER TABLE reservation ADD COLUMN method TEXT
    CHECK (method IS NULL OR (method IN ('CASH', 'CARD', 'FREE') AND paid_at IS NOT NULL AND (method <> 'FREE' OR amount = 0)));
ALTER TABLE reservation ADD COLUMN note TEXT CHECK (length(note) <= 200);
DROP INDEX reservation_pending;
CREATE UNIQUE INDEX reservation_pending ON reservation (user_id) WHERE status = 'PENDING_PAYMENT' AND at_counter = 0;

-- ledger_entry: money taken and given at the counter, and by whom
ALTER TABLE ledger_entry RENAME TO older_entry;
CREATE TABLE ledger_entry (
    entry_id       INTEGER PRIMARY KEY,
    user_id        BLOB    NOT NULL REFERENCES user (user_id),
    kind           TEXT    NOT NULL CHECK (kind IN ('TOP_UP', 'PAYMENT', 'REFUND', 'CORRECTION', 'PAYOUT')),
    amount         INTEGER NOT NULL,
    balance_after  INTEGER NOT NULL CHECK (balance_after >= 0),
    reservation_id BLOB REFERENCES reservation (reservation_id),
    reason         TEXT CHECK (length(reason) <= 200),
    at             INTEGER NOT NULL,
    method         TEXT CHECK (method IN ('CASH', 'CARD', 'FREE')),
    key_id         INTEGER REFERENCES staff_key (key_id),
    CHECK (kind <> 'TOP_UP' OR amount > 0),
    CHECK (kind <> 'REFUND' OR amount >= 0),
    CHECK (kind <> 'PAYMENT' OR amount <= 0),
    CHECK (kind <> 'PAYOUT' OR (amount < 0 AND method IS NOT NULL)),
    CHECK (kind NOT IN ('PAYMENT', 'REFUND') OR reservation_id IS NOT NULL),
    CHECK (kind <> 'CORRECTION' OR reservation_id IS NULL),
    CHECK (method IS NOT 'FREE' OR amount = 0)
) STRICT;
INSERT INTO ledger_entry (entry_id, user_id, kind, amount, balance_after, reservation_id, reason, at)
    SELECT entry_id, user_id, kind, amount, balance_after, reservation_id, reason, at FROM older_entry;
DROP TABLE older_entry;
CREATE INDEX ledger_entry_user ON ledger_entry (user_id, entry_id);
CREATE UNIQUE INDEX ledger_entry_paid ON ledger_entry (reservation_id) WHERE kind = 'PAYMENT';
CREATE UNIQUE INDEX ledger_entry_taken ON ledger_entry (reservation_id) WHERE kind = 'TOP_UP' AND reservation_id IS NOT NULL;
CREATE INDEX ledger_entry_refunded ON ledger_entry (reservation_id) WHERE kind = 'REFUND';
CREATE INDEX ledger_entry_at ON ledger_entry (at);

-- user: a code to say aloud, a contact, and who may not buy or is gone
ALTER TABLE user ADD COLUMN number INTEGER CHECK (number > 0);
ALTER TABLE user ADD COLUMN contact TEXT CHECK (length(contact) BETWEEN 1 AND 200);
ALTER TABLE user ADD COLUMN banned_at INTEGER;
ALTER TABLE user ADD COLUMN removed_at INTEGER CHECK (removed_at IS NULL OR contact IS NULL);
UPDATE user SET number = counted.number FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS number FROM user) AS counted
    WHERE counted.user_id = user.user_id;
CREATE UNIQUE INDEX user_number ON user (number);
CREATE INDEX user_contact ON user (contact) WHERE contact IS NOT NULL;

-- seat, drawing: what is special about a seat, what has no price, and what a plan shows beside its seats
ALTER TABLE seat ADD COLUMN attributes INTEGER NOT NULL DEFAULT 0 CHECK (attributes BETWEEN 0 AND 7);
ALTER TABLE seat ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0 CHECK (unpriced IN (0, 1));
CREATE TABLE drawing (
    schedule_id INTEGER PRIMARY KEY REFERENCES schedule (schedule_id),
    front_x     REAL,
    front_y     REAL,
    shapes      TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(shapes)),
    CHECK ((front_x IS NULL) = (front_y IS NULL))
) STRICT;

-- reservation, returned_seat: the terms of a sale, as far as they are known still, and seats that go back one by one
ALTER TABLE reservation ADD COLUMN sold_starts_at INTEGER CHECK (sold_starts_at IS NULL OR paid_at IS NOT NULL);
ALTER TABLE reservation ADD COLUMN refund_until_hours INTEGER CHECK (refund_until_hours BETWEEN 0 AND 8760);
UPDATE reservation SET (sold_starts_at, refund_until_hours) =
    (SELECT starts_at, schedule.refund_until_hours FROM schedule WHERE schedule.schedule_id = reservation.schedule_id)
    WHERE paid_at IS NOT NULL;
CREATE TABLE returned_seat (
    reservation_id BLOB    NOT NULL REFERENCES reservation (reservation_id),
    seat_no        INTEGER NOT NULL,
    label          TEXT    NOT NULL,
    price          INTEGER NOT NULL CHECK (price >= 0),
    entry_id       INTEGER NOT NULL REFERENCES ledger_entry (entry_id),
    tariff         TEXT,
    PRIMARY KEY (reservation_id, seat_no)
) STRICT, WITHOUT ROWID;

-- webhook: receivers of events
CREATE TABLE webhook (
    webhook_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    url                TEXT    NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    event_types        TEXT    NOT NULL CHECK (json_valid(event_types)),
    signature          TEXT    NOT NULL CHECK (signature IN ('v1', 'v1a')),
    secret             BLOB    NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
    old_secret         BLOB    CHECK (length(old_secret) BETWEEN 24 AND 64),
    old_secret_until   INTEGER,
    created_at         INTEGER NOT NULL,
    revision           INTEGER NOT NULL DEFAULT 0,
    delivered_sequence INTEGER NOT NULL CHECK (delivered_sequence >= 0),
    failed_attempts    INTEGER NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
    next_attempt_at    INTEGER,
    last_at            INTEGER,
    last_outcome       TEXT    CHECK (last_outcome IN ('DELIVERED', 'BAD_STATUS', 'TIMED_OUT', 'UNREACHABLE', 'NOT_ALLOWED', 'TLS_FAILED', 'NOT_HTTP')),
    last_status        INTEGER,
    tests_asked        INTEGER NOT NULL DEFAULT 0,
    tests_sent         INTEGER NOT NULL DEFAULT 0 CHECK (tests_sent BETWEEN 0 AND tests_asked),
    test_at            INTEGER,
    test_outcome       TEXT    CHECK (test_outcome IN ('DELIVERED', 'BAD_STATUS', 'TIMED_OUT', 'UNREACHABLE', 'NOT_ALLOWED', 'TLS_FAILED', 'NOT_HTTP')),
    test_status        INTEGER,
    disabled_at        INTEGER,
    disabled_reason    TEXT    CHECK (disabled_reason IN ('STAFF', 'GONE', 'EXHAUSTED', 'COPIED')),
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CHECK (next_attempt_at IS NULL OR (failed_attempts > 0 AND disabled_at IS NULL)),
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((last_at IS NULL) = (last_outcome IS NULL)),
    CHECK ((test_at IS NULL) = (test_outcome IS NULL))
) STRICT;

-- queue, draw, token, reservation: lines of their own for concerts; what there was is the shared line, number 0
ALTER TABLE queue RENAME TO older_queue;
CREATE TABLE queue (
    line_id          INTEGER PRIMARY KEY,
    max_active       INTEGER NOT NULL CHECK (max_active >= 0),
    admit_per_minute INTEGER NOT NULL CHECK (admit_per_minute >= 0),
    visit_seconds    INTEGER NOT NULL CHECK (visit_seconds > 0),
    abandon_seconds  INTEGER NOT NULL CHECK (abandon_seconds > 0),
    claim_seconds    INTEGER NOT NULL CHECK (claim_seconds >= 0),
    grace_seconds    INTEGER NOT NULL DEFAULT 600 CHECK (grace_seconds >= 0),
    paused           INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    message_ko       TEXT,
    message_en       TEXT,
    opens_at         INTEGER,
    joined_count     INTEGER NOT NULL DEFAULT 0 CHECK (joined_count >= 0),
    closed_at        INTEGER CHECK (closed_at IS NULL OR (line_id <> 0 AND opens_at IS NULL AND paused = 0)),
    CHECK ((message_ko IS NULL) = (message_en IS NULL))
) STRICT;
INSERT INTO queue (line_id, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, paused, message_ko,
        message_en, opens_at, joined_count)
    SELECT 0, max_active, admit_per_minute, visit_seconds, abandon_seconds, claim_seconds, paused, message_ko, message_en,
        opens_at, joined_count FROM older_queue;
DROP TABLE older_queue;
ALTER TABLE draw RENAME TO older_draw;
CREATE TABLE draw (
    line_id  INTEGER NOT NULL REFERENCES queue (line_id),
    draw_id  INTEGER NOT NULL CHECK (draw_id > 0),
    seed     TEXT    NOT NULL CHECK (length(seed) = 64),
    joined   INTEGER NOT NULL CHECK (joined >= 0),
    drawn    INTEGER NOT NULL CHECK (drawn BETWEEN 0 AND joined),
    absent   TEXT    NOT NULL CHECK (json_valid(absent)),
    drawn_at INTEGER NOT NULL,
    guests        INTEGER CHECK (guests >= 0),
    guest_numbers TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(guest_numbers)),
    guests_later  INTEGER NOT NULL DEFAULT 0 CHECK (guests_later >= 0),
    PRIMARY KEY (line_id, draw_id)
) STRICT, WITHOUT ROWID;
INSERT INTO draw (line_id, draw_id, seed, joined, drawn, absent, drawn_at)
    SELECT 0, draw_id, seed, joined, drawn, absent, drawn_at FROM older_draw;
DROP TABLE older_draw;
ALTER TABLE token ADD COLUMN line_id INTEGER NOT NULL DEFAULT 0 REFERENCES queue (line_id);
DROP INDEX token_live;
CREATE UNIQUE INDEX token_live ON token (user_id, line_id) WHERE status <> 'EXPIRED';
DROP INDEX token_waiting;
CREATE UNIQUE INDEX token_waiting ON token (line_id, place) WHERE status = 'WAITING';
ALTER TABLE token ADD COLUMN grace_until INTEGER CHECK (grace_until IS NULL OR end_reason = 'ABANDONED');
CREATE UNIQUE INDEX token_kept ON token (user_id, line_id) WHERE grace_until IS NOT NULL;
CREATE INDEX token_kept_place ON token (line_id, place) WHERE grace_until IS NOT NULL;
ALTER TABLE reservation ADD COLUMN line_id INTEGER NOT NULL DEFAULT 0 CHECK (line_id = 0 OR at_counter = 0);

-- reservation, ticket, user: exchanges, tickets that are made out anew, and how many seats somebody may have
ALTER TABLE reservation ADD COLUMN exchanged_from BLOB REFERENCES reservation (reservation_id);
CREATE INDEX reservation_exchanged ON reservation (exchanged_from) WHERE exchanged_from IS NOT NULL;
ALTER TABLE ticket ADD COLUMN holder TEXT CHECK (length(holder) BETWEEN 1 AND 80);
CREATE TABLE former_code (
    ticket_id BLOB    NOT NULL REFERENCES ticket (ticket_id),
    number    TEXT    NOT NULL UNIQUE CHECK (length(number) = 10),
    code      TEXT    NOT NULL,
    ended_at  INTEGER NOT NULL,
    PRIMARY KEY (ticket_id, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE user ADD COLUMN seats_per_user INTEGER CHECK (seats_per_user BETWEEN 1 AND 1000);

-- venue, concert: their own look, with pictures, and words by language
CREATE TABLE picture (
    hash      TEXT    PRIMARY KEY CHECK (length(hash) = 32),
    format    TEXT    NOT NULL CHECK (format IN ('png', 'jpeg', 'webp')),
    width_px  INTEGER NOT NULL CHECK (width_px BETWEEN 1 AND 3000),
    height_px INTEGER NOT NULL CHECK (height_px BETWEEN 1 AND 3000),
    content   BLOB    NOT NULL CHECK (length(content) BETWEEN 1 AND 524288)
) STRICT;
CREATE TABLE venue_text (
    name     TEXT NOT NULL CHECK (name IN ('name', 'contact', 'address', 'refundRule', 'terms', 'privacy')),
    language TEXT NOT NULL CHECK (language IN ('ko', 'en')),
    text     TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 20000),
    PRIMARY KEY (name, language)
) STRICT, WITHOUT ROWID;
ALTER TABLE venue ADD COLUMN colour TEXT CHECK (colour GLOB '#[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]');
ALTER TABLE venue ADD COLUMN map_url TEXT CHECK (length(map_url) <= 500);
ALTER TABLE venue ADD COLUMN logo TEXT REFERENCES picture (hash);
ALTER TABLE concert ADD COLUMN running_minutes INTEGER CHECK (running_minutes BETWEEN 1 AND 1440);
ALTER TABLE concert ADD COLUMN age_from INTEGER CHECK (age_from BETWEEN 0 AND 99);
ALTER TABLE concert ADD COLUMN map_url TEXT CHECK (length(map_url) <= 500);
ALTER TABLE concert ADD COLUMN poster TEXT REFERENCES picture (hash);
CREATE TABLE concert_text (
    concert_id  INTEGER NOT NULL REFERENCES concert (concert_id),
    language    TEXT    NOT NULL CHECK (language IN ('ko', 'en')),
    title       TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    venue       TEXT    NOT NULL CHECK (length(venue) <= 200),
    description TEXT    NOT NULL CHECK (length(description) <= 4000),
    PRIMARY KEY (concert_id, language)
) STRICT, WITHOUT ROWID;

-- schedule, reservation_seat: kinds of price, and which was agreed
ALTER TABLE schedule ADD COLUMN tariffs TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tariffs));
ALTER TABLE reservation_seat ADD COLUMN tariff TEXT;
ALTER TABLE reservation_seat ADD COLUMN tariff_note TEXT CHECK (tariff_note IS NULL OR tariff IS NOT NULL);
