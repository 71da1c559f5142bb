-- The whole current schema of a boxoffice file. `src/store/migrations.rs` brings older files up to it.
--
-- Ids of people's things are 16-byte UUIDs (version 7), kept WITHOUT ROWID so that the id is the key of the tree.
-- Instants (`…_at`, `…_until`) are UTC milliseconds since 1970. Points are whole won.
-- Status words are the words of the wire.

-- The venue itself: one row.
CREATE TABLE venue (
    id                INTEGER PRIMARY KEY CHECK (id = 1),
    created_at        INTEGER NOT NULL,
    -- The latest instant that the file has seen, written with every change: no clock starts behind it.
    seen_at           INTEGER NOT NULL,
    -- The last ledger entry before staff last set the clock back: its moment, and those before it, may lie ahead.
    set_back_entry_id INTEGER NOT NULL DEFAULT 0,
    -- The sum of all advances of a test clock.
    clock_advanced_ms INTEGER NOT NULL DEFAULT 0 CHECK (clock_advanced_ms >= 0),
    -- The secret half of the key pair that signs tickets. Null only until a file of format 1 is opened.
    signing_secret       BLOB    CHECK (length(signing_secret) = 32),
    -- Who may top up points, as it was last given; null until it was. A
    -- start that would let everybody do so again says it.
    top_up_policy     TEXT    CHECK (top_up_policy IN ('self', 'staff')),
    -- The venue's own look, as staff set it; null: as the pages come.
    colour            TEXT    CHECK (colour GLOB '#[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'),
    map_url           TEXT    CHECK (length(map_url) <= 500),
    logo              TEXT    REFERENCES picture (hash)
) STRICT;

-- Pictures that staff gave: the logo and the posters. What is shown nowhere any more is deleted with the change.
CREATE TABLE picture (
    -- The first 16 bytes of the SHA-256 of the content, in hexadecimal: part of the address, which is kept for good.
    hash      TEXT    PRIMARY KEY CHECK (length(hash) = 32),
    format    TEXT    NOT NULL CHECK (format IN ('png', 'jpeg', 'webp')),
    width_px  INTEGER NOT NULL CHECK (width_px BETWEEN 1 AND 3000),
    height_px INTEGER NOT NULL CHECK (height_px BETWEEN 1 AND 3000),
    content   BLOB    NOT NULL CHECK (length(content) BETWEEN 1 AND 524288)
) STRICT;

-- What the venue says of itself, by language. What is missing in one is said in the other.
CREATE TABLE venue_text (
    name     TEXT NOT NULL CHECK (name IN ('name', 'contact', 'address', 'refundRule', 'terms', 'privacy')),
    language TEXT NOT NULL CHECK (language IN ('ko', 'en')),
    text     TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 20000),
    PRIMARY KEY (name, language)
) STRICT, WITHOUT ROWID;

-- Who works here: a key each. A revoked key stays, because the events of its time name it.
CREATE TABLE staff_key (
    key_id     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'counter', 'door')),
    -- SHA-256 of the key: the key itself is shown once and kept nowhere.
    key_hash   BLOB    NOT NULL CHECK (length(key_hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
-- A name stands for one key at a time, so that "who" has one answer; and one key for one name.
CREATE UNIQUE INDEX staff_key_name ON staff_key (name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX staff_key_hash ON staff_key (key_hash) WHERE revoked_at IS NULL;

-- Everything that happened, in commit order. The rowid is the sequence: one writer and no deletes leave no gap.
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    type     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    data     TEXT    NOT NULL CHECK (json_valid(data)),
    -- The staff key by which it was done; null where no staff did it.
    key_id   INTEGER REFERENCES staff_key (key_id)
) STRICT;

-- Receivers to which staff have the events of the feed sent, and how far each has come.
CREATE TABLE webhook (
    webhook_id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: what is under way names it
    url                TEXT    NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    -- The types that are sent: a JSON array, empty for all of them.
    event_types        TEXT    NOT NULL CHECK (json_valid(event_types)),
    signature          TEXT    NOT NULL CHECK (signature IN ('v1', 'v1a')),
    -- Signs what is sent, so it is kept as it is: a shared secret, or the secret half of a key pair.
    secret             BLOB    NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
    -- The secret before it signs too until then, so that receivers can change over.
    old_secret         BLOB    CHECK (length(old_secret) BETWEEN 24 AND 64),
    old_secret_until   INTEGER,
    created_at         INTEGER NOT NULL,
    -- Counts the changes by staff: what was sent before one tells nothing of what is so after it.
    revision           INTEGER NOT NULL DEFAULT 0,
    -- Of the events up to this one, all that are wanted were delivered.
    delivered_sequence INTEGER NOT NULL CHECK (delivered_sequence >= 0),
    -- How often the next event was tried in vain, and when it is tried again; null: at once.
    failed_attempts    INTEGER NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
    next_attempt_at    INTEGER,
    last_at            INTEGER,
    last_outcome       TEXT    CHECK (last_outcome IN ('DELIVERED', 'BAD_STATUS', 'TIMED_OUT', 'UNREACHABLE', 'NOT_ALLOWED', 'TLS_FAILED', 'NOT_HTTP')),
    last_status        INTEGER,
    -- Test deliveries that were asked for, and how many of them were sent.
    tests_asked        INTEGER NOT NULL DEFAULT 0,
    tests_sent         INTEGER NOT NULL DEFAULT 0 CHECK (tests_sent BETWEEN 0 AND tests_asked),
    test_at            INTEGER,
    test_outcome       TEXT    CHECK (test_outcome IN ('DELIVERED', 'BAD_STATUS', 'TIMED_OUT', 'UNREACHABLE', 'NOT_ALLOWED', 'TLS_FAILED', 'NOT_HTTP')),
    test_status        INTEGER,
    -- Nothing is sent from then on: staff said so, the receiver did (410), it was tried for days in vain, or the file
    -- is a copy for tests, whose receivers are those of the venue.
    disabled_at        INTEGER,
    disabled_reason    TEXT    CHECK (disabled_reason IN ('STAFF', 'GONE', 'EXHAUSTED', 'COPIED')),
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CHECK (next_attempt_at IS NULL OR (failed_attempts > 0 AND disabled_at IS NULL)),
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((last_at IS NULL) = (last_outcome IS NULL)),
    CHECK ((test_at IS NULL) = (test_outcome IS NULL))
) STRICT;

-- Answers kept for the repetition of a request: the first answer again, byte for byte.
CREATE TABLE idempotency_answer (
    -- The caller: a user's id, or the id of a staff key as a number of 16 bytes, which no user's id is.
    caller_id    BLOB    NOT NULL CHECK (length(caller_id) = 16),
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    -- SHA-256 over method, path and body: another request under the same key is refused.
    fingerprint  BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status       INTEGER NOT NULL CHECK (status BETWEEN 200 AND 499),
    content_type TEXT    NOT NULL,
    -- Header fields of the answer: a JSON array of [name, value].
    headers      TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (caller_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_answer_at ON idempotency_answer (at); -- pruned from the oldest on

CREATE TABLE user (
    user_id    BLOB    PRIMARY KEY CHECK (length(user_id) = 16),
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    key_hash   BLOB    NOT NULL CHECK (length(key_hash) = 32),
    created_at INTEGER NOT NULL,
    -- The name folded by Unicode, as it is searched for. Null only until a file of an older format is opened.
    name_folded TEXT,
    -- Counts the users: the code that people say aloud at the counter is made of it.
    number     INTEGER CHECK (number > 0),
    -- An e-mail address or a telephone number, as it was typed. Nothing is ever sent there.
    contact    TEXT CHECK (length(contact) BETWEEN 1 AND 200),
    -- From then on they get no place in the line, and buy nothing; null: they may.
    banned_at  INTEGER,
    -- Seats that they may have of one date, where staff raised that for them.
    seats_per_user INTEGER CHECK (seats_per_user BETWEEN 1 AND 1000),
    -- When name, contact and key were taken out. The books go on naming the user.
    removed_at INTEGER CHECK (removed_at IS NULL OR contact IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_name_folded ON user (name_folded); -- a search reads this alone
CREATE UNIQUE INDEX user_number ON user (number);
CREATE INDEX user_contact ON user (contact) WHERE contact IS NOT NULL; -- a search reads this alone

-- The waiting lines with their settings: the shared line, number 0, and those of concerts that have one of their own,
-- each under the id of its concert. The file wins over flags of the same names.
CREATE TABLE queue (
    line_id          INTEGER PRIMARY KEY,
    max_active       INTEGER NOT NULL CHECK (max_active >= 0),       -- 0: no limit
    admit_per_minute INTEGER NOT NULL CHECK (admit_per_minute >= 0), -- 0: no limit
    visit_seconds    INTEGER NOT NULL CHECK (visit_seconds > 0),
    abandon_seconds  INTEGER NOT NULL CHECK (abandon_seconds > 0),
    claim_seconds    INTEGER NOT NULL CHECK (claim_seconds >= 0),    -- 0: off
    grace_seconds    INTEGER NOT NULL DEFAULT 600 CHECK (grace_seconds >= 0), -- 0: off
    paused           INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    message_ko       TEXT,
    message_en       TEXT,
    -- While it lies ahead, tokens wait without a place for the draw; null when there is none to come.
    opens_at         INTEGER,
    -- Join numbers given out for the draw to come.
    joined_count     INTEGER NOT NULL DEFAULT 0 CHECK (joined_count >= 0),
    -- From then on nobody joins it, and its concert has the shared line; null while it is in use. Its row stays: tokens
    -- and draws name it.
    closed_at        INTEGER CHECK (closed_at IS NULL OR (line_id <> 0 AND opens_at IS NULL AND paused = 0)),
    CHECK ((message_ko IS NULL) = (message_en IS NULL))
) STRICT;

-- The draws that were held, counted from 1 in each line. Seed and join numbers give the order to anyone who recomputes
-- it.
CREATE TABLE draw (
    line_id  INTEGER NOT NULL REFERENCES queue (line_id),
    draw_id  INTEGER NOT NULL CHECK (draw_id > 0),
    seed     TEXT    NOT NULL CHECK (length(seed) = 64),
    joined   INTEGER NOT NULL CHECK (joined >= 0),
    drawn    INTEGER NOT NULL CHECK (drawn BETWEEN 0 AND joined),
    -- The join numbers that were not drawn, because their owners had left or stood at the front: a JSON array.
    absent   TEXT    NOT NULL CHECK (json_valid(absent)),
    drawn_at INTEGER NOT NULL,
    -- How many stood at the front, by a place that staff gave them, when it was held. Null for draws of older formats.
    guests        INTEGER CHECK (guests >= 0),
    -- The join numbers of such guests: a JSON array.
    guest_numbers TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(guest_numbers)),
    -- How many were given a place at the front later, while people of this draw were waiting.
    guests_later  INTEGER NOT NULL DEFAULT 0 CHECK (guests_later >= 0),
    PRIMARY KEY (line_id, draw_id)
) STRICT, WITHOUT ROWID;

-- Tokens. `place` orders the line: first committed, first served; null while the draw is still to come. Guests, whom
-- staff gave a place at the front, have negative places.
CREATE TABLE token (
    token_id     INTEGER PRIMARY KEY,
    token        BLOB    NOT NULL UNIQUE CHECK (length(token) = 16),
    user_id      BLOB    NOT NULL REFERENCES user (user_id),
    -- Where it stands; it opens the concerts of this line.
    line_id      INTEGER NOT NULL DEFAULT 0 REFERENCES queue (line_id),
    place        INTEGER,
    join_number  INTEGER CHECK (join_number > 0),
    draw_number  INTEGER CHECK (draw_number > 0),
    status       TEXT    NOT NULL CHECK (status IN ('WAITING', 'ACTIVE', 'EXPIRED')),
    issued_at    INTEGER NOT NULL,
    activated_at INTEGER,
    -- The first call after being let in; null until then, and for those who never came.
    claimed_at   INTEGER,
    -- The visit's own end, and the end with the hold that extends it.
    visit_until  INTEGER,
    active_until INTEGER,
    ended_at     INTEGER,
    end_reason   TEXT CHECK (end_reason IN ('PAID', 'TIMED_OUT', 'ABANDONED', 'LEFT', 'REVOKED')),
    -- Until then its user may take the place again: it was dropped for inactivity, and nobody behind was let in since.
    grace_until  INTEGER CHECK (grace_until IS NULL OR end_reason = 'ABANDONED'),
    CHECK ((status = 'EXPIRED') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)),
    CHECK (status <> 'ACTIVE' OR (activated_at IS NOT NULL AND visit_until IS NOT NULL AND active_until >= visit_until)),
    CHECK (status <> 'WAITING' OR activated_at IS NULL),
    CHECK (place IS NOT NULL OR join_number IS NOT NULL),
    CHECK (draw_number IS NULL OR (join_number IS NOT NULL AND place IS NOT NULL))
) STRICT;
-- One valid token a user in each line, even for wrong code.
CREATE UNIQUE INDEX token_live ON token (user_id, line_id) WHERE status <> 'EXPIRED';
-- The lines themselves; no two stand on one place.
CREATE UNIQUE INDEX token_waiting ON token (line_id, place) WHERE status = 'WAITING';
-- The places that wait for their users, found by either.
CREATE UNIQUE INDEX token_kept ON token (user_id, line_id) WHERE grace_until IS NOT NULL;
CREATE INDEX token_kept_place ON token (line_id, place) WHERE grace_until IS NOT NULL;
CREATE INDEX token_active ON token (active_until) WHERE status = 'ACTIVE';
CREATE INDEX token_activated ON token (activated_at) WHERE activated_at IS NOT NULL; -- of the last minute, at start
CREATE INDEX token_ended ON token (ended_at) WHERE ended_at IS NOT NULL; -- pruned from the oldest on

CREATE TABLE concert (
    concert_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    title       TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    venue       TEXT    NOT NULL CHECK (length(venue) <= 200),
    description TEXT    NOT NULL CHECK (length(description) <= 4000),
    created_at  INTEGER NOT NULL,
    running_minutes INTEGER CHECK (running_minutes BETWEEN 1 AND 1440),
    -- From which age on one may come; 0: everybody may.
    age_from    INTEGER CHECK (age_from BETWEEN 0 AND 99),
    map_url     TEXT    CHECK (length(map_url) <= 500),
    poster      TEXT    REFERENCES picture (hash)
) STRICT;

-- A concert's words in a language, where they are others than those of the concert itself.
CREATE TABLE concert_text (
    concert_id  INTEGER NOT NULL REFERENCES concert (concert_id),
    language    TEXT    NOT NULL CHECK (language IN ('ko', 'en')),
    title       TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    -- Empty: as the concert itself says it.
    venue       TEXT    NOT NULL CHECK (length(venue) <= 200),
    description TEXT    NOT NULL CHECK (length(description) <= 4000),
    PRIMARY KEY (concert_id, language)
) STRICT, WITHOUT ROWID;

-- One date of a concert.
CREATE TABLE schedule (
    schedule_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    concert_id     INTEGER NOT NULL REFERENCES concert (concert_id),
    starts_at      INTEGER NOT NULL,
    -- The calendar date of `starts_at` in the venue's time zone, by which people ask for it.
    date           TEXT    NOT NULL CHECK (date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    sale_opens_at  INTEGER NOT NULL,
    sale_closes_at INTEGER NOT NULL,
    seats_total    INTEGER NOT NULL CHECK (seats_total > 0),
    price_from     INTEGER NOT NULL CHECK (price_from >= 0),
    -- Counts every change of the date and its seats.
    version        INTEGER NOT NULL DEFAULT 1,
    -- Until so many hours before the start users may take their points back; null: they may not.
    refund_until_hours INTEGER CHECK (refund_until_hours BETWEEN 0 AND 8760),
    -- From then on nothing is sold and everybody gets their points back.
    cancelled_at   INTEGER,
    -- When the last of them had: until then the rest of the work is found by this.
    settled_at     INTEGER CHECK (settled_at IS NULL OR (cancelled_at IS NOT NULL AND settled_at >= cancelled_at)),
    -- Its kinds of price, in the order of staff. What was agreed at a hold stands with the reservation's seats.
    tariffs        TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(tariffs)),
    CHECK (sale_opens_at < sale_closes_at)
) STRICT;
CREATE INDEX schedule_concert ON schedule (concert_id, starts_at);
CREATE INDEX schedule_starts_at ON schedule (starts_at);
CREATE INDEX schedule_to_settle ON schedule (cancelled_at) WHERE cancelled_at IS NOT NULL AND settled_at IS NULL;

-- The seats of a date in layout order. What a seat is right now stands in `claim`.
CREATE TABLE seat (
    schedule_id INTEGER NOT NULL REFERENCES schedule (schedule_id),
    seat_no     INTEGER NOT NULL CHECK (seat_no >= 0),
    label       TEXT    NOT NULL CHECK (length(label) BETWEEN 1 AND 80),
    section     TEXT,
    row         TEXT,
    number      TEXT    NOT NULL,
    -- What it is priced as, where the layout says so.
    category    TEXT,
    price       INTEGER NOT NULL CHECK (price >= 0),
    x           REAL,
    y           REAL,
    -- What is special about it: 1 for wheelchairs, 2 for their companions, 4 a restricted view, added up.
    attributes  INTEGER NOT NULL DEFAULT 0 CHECK (attributes BETWEEN 0 AND 7),
    -- It has no price yet, whatever stands there: until then it is kept back.
    unpriced    INTEGER NOT NULL DEFAULT 0 CHECK (unpriced IN (0, 1)),
    PRIMARY KEY (schedule_id, seat_no),
    UNIQUE (schedule_id, label)
) STRICT, WITHOUT ROWID;

-- What the plan of a date shows beside its seats: where the front is, and outlines with texts.
CREATE TABLE drawing (
    schedule_id INTEGER PRIMARY KEY REFERENCES schedule (schedule_id),
    front_x     REAL,
    front_y     REAL,
    shapes      TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(shapes)),
    CHECK ((front_x IS NULL) = (front_y IS NULL))
) STRICT;

CREATE TABLE reservation (
    reservation_id  BLOB    PRIMARY KEY CHECK (length(reservation_id) = 16),
    user_id         BLOB    NOT NULL REFERENCES user (user_id),
    schedule_id     INTEGER NOT NULL REFERENCES schedule (schedule_id),
    status          TEXT    NOT NULL CHECK (status IN ('PENDING_PAYMENT', 'CONFIRMED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED')),
    amount          INTEGER NOT NULL CHECK (amount >= 0),
    created_at      INTEGER NOT NULL,
    hold_expires_at INTEGER NOT NULL,
    -- When it left PENDING_PAYMENT.
    ended_at        INTEGER,
    failure         TEXT CHECK (failure IN ('INSUFFICIENT_BALANCE')),
    -- Its payment: there is exactly one, and its state is the reservation's, so it is stored once.
    payment_id      BLOB    NOT NULL UNIQUE CHECK (length(payment_id) = 16),
    declined_count  INTEGER NOT NULL DEFAULT 0 CHECK (declined_count >= 0),
    paid_at         INTEGER,
    refunded_at     INTEGER CHECK ((status = 'REFUNDED') = (refunded_at IS NOT NULL)),
    -- Made by staff at the counter: it is part of no visit, and its user may have another one of their own.
    at_counter      INTEGER NOT NULL DEFAULT 0 CHECK (at_counter IN (0, 1)),
    -- How it was paid at the counter; null: with points, or not yet.
    method          TEXT
        CHECK (method IS NULL OR (method IN ('CASH', 'CARD', 'FREE') AND paid_at IS NOT NULL AND (method <> 'FREE' OR amount = 0))),
    -- What staff wrote beside it.
    note            TEXT CHECK (length(note) <= 200),
    -- The terms of its sale, as its date had them then: the start, and until so many hours before it users may take
    -- their points back; null: they may not.
    sold_starts_at     INTEGER CHECK (sold_starts_at IS NULL OR paid_at IS NOT NULL),
    refund_until_hours INTEGER CHECK (refund_until_hours BETWEEN 0 AND 8760),
    -- The line of the visit that it is part of; 0 for those of the counter.
    line_id         INTEGER NOT NULL DEFAULT 0 CHECK (line_id = 0 OR at_counter = 0),
    -- The reservation whose seats were exchanged for these.
    exchanged_from  BLOB REFERENCES reservation (reservation_id),
    CHECK (hold_expires_at > created_at),
    CHECK ((status = 'PENDING_PAYMENT') = (ended_at IS NULL)),
    CHECK ((status = 'FAILED') = (failure IS NOT NULL)),
    CHECK ((status IN ('CONFIRMED', 'REFUNDED')) = (paid_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- One unpaid reservation of their own a user, even for wrong code.
CREATE UNIQUE INDEX reservation_pending ON reservation (user_id) WHERE status = 'PENDING_PAYMENT' AND at_counter = 0;
CREATE INDEX reservation_due ON reservation (hold_expires_at) WHERE status = 'PENDING_PAYMENT';
CREATE INDEX reservation_user ON reservation (user_id);
CREATE INDEX reservation_exchanged ON reservation (exchanged_from) WHERE exchanged_from IS NOT NULL;
-- The sales of a date. Holds leave it alone. SQLite takes it only for statements that have its condition word for word.
CREATE INDEX reservation_sold ON reservation (schedule_id, status) WHERE status IN ('CONFIRMED', 'REFUNDED');

-- The seats of a reservation at the price that was agreed; they stay when the hold is gone.
CREATE TABLE reservation_seat (
    reservation_id BLOB    NOT NULL REFERENCES reservation (reservation_id),
    seat_no        INTEGER NOT NULL,
    label          TEXT    NOT NULL,
    price          INTEGER NOT NULL CHECK (price >= 0),
    -- The kind of price, by its name and note at the hold; null: the full price.
    tariff         TEXT,
    tariff_note    TEXT CHECK (tariff_note IS NULL OR tariff IS NOT NULL),
    PRIMARY KEY (reservation_id, seat_no)
) STRICT, WITHOUT ROWID;

-- Seats that a paid reservation had and gave back while it kept others.
CREATE TABLE returned_seat (
    reservation_id BLOB    NOT NULL REFERENCES reservation (reservation_id),
    seat_no        INTEGER NOT NULL,
    label          TEXT    NOT NULL,
    price          INTEGER NOT NULL CHECK (price >= 0),
    -- The refund by which its price came back.
    entry_id       INTEGER NOT NULL REFERENCES ledger_entry (entry_id),
    tariff         TEXT,
    PRIMARY KEY (reservation_id, seat_no)
) STRICT, WITHOUT ROWID;

-- Who has a seat: held, sold, or kept back by the venue. A seat without a row is free. The key makes a second live
-- claim on a seat impossible, whatever the code does.
CREATE TABLE claim (
    schedule_id    INTEGER NOT NULL,
    seat_no        INTEGER NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('HELD', 'SOLD', 'BLOCKED')),
    reservation_id BLOB REFERENCES reservation (reservation_id),
    user_id        BLOB,
    -- A hold counts while now < held_until.
    held_until     INTEGER,
    reason         TEXT CHECK (length(reason) <= 200),
    PRIMARY KEY (schedule_id, seat_no),
    FOREIGN KEY (schedule_id, seat_no) REFERENCES seat (schedule_id, seat_no),
    CHECK ((status = 'HELD') = (held_until IS NOT NULL)),
    CHECK ((status = 'BLOCKED') = (reservation_id IS NULL)),
    CHECK ((reservation_id IS NULL) = (user_id IS NULL)),
    CHECK (status = 'BLOCKED' OR reason IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE balance (
    user_id    BLOB    PRIMARY KEY REFERENCES user (user_id),
    points     INTEGER NOT NULL CHECK (points >= 0),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change of a balance, with the balance after it. The amounts of a user add up to the balance.
CREATE TABLE ledger_entry (
    entry_id       INTEGER PRIMARY KEY,
    user_id        BLOB    NOT NULL REFERENCES user (user_id),
    kind           TEXT    NOT NULL CHECK (kind IN ('TOP_UP', 'PAYMENT', 'REFUND', 'CORRECTION', 'PAYOUT')),
    amount         INTEGER NOT NULL,
    balance_after  INTEGER NOT NULL CHECK (balance_after >= 0),
    -- Of a top-up and a payout: the sale at the counter whose money it is.
    reservation_id BLOB REFERENCES reservation (reservation_id),
    reason         TEXT CHECK (length(reason) <= 200),
    at             INTEGER NOT NULL,
    -- How the money was taken or given at the counter; null where none was.
    method         TEXT CHECK (method IN ('CASH', 'CARD', 'FREE')),
    -- The staff key by which it was written; null where no staff did it.
    key_id         INTEGER REFERENCES staff_key (key_id),
    CHECK (kind <> 'TOP_UP' OR amount > 0),
    CHECK (kind <> 'REFUND' OR amount >= 0),
    CHECK (kind <> 'PAYMENT' OR amount <= 0),
    CHECK (kind <> 'PAYOUT' OR (amount < 0 AND method IS NOT NULL)),
    CHECK (kind NOT IN ('PAYMENT', 'REFUND') OR reservation_id IS NOT NULL),
    CHECK (kind <> 'CORRECTION' OR reservation_id IS NULL),
    CHECK (method IS NOT 'FREE' OR amount = 0)
) STRICT;
CREATE INDEX ledger_entry_user ON ledger_entry (user_id, entry_id);
-- A reservation is paid once, even for wrong code.
CREATE UNIQUE INDEX ledger_entry_paid ON ledger_entry (reservation_id) WHERE kind = 'PAYMENT';
-- The money of a sale at the counter is taken once.
CREATE UNIQUE INDEX ledger_entry_taken ON ledger_entry (reservation_id) WHERE kind = 'TOP_UP' AND reservation_id IS NOT NULL;
-- And refunded once for each time that seats go back; `boxoffice check` finds them by it.
CREATE INDEX ledger_entry_refunded ON ledger_entry (reservation_id) WHERE kind = 'REFUND';
CREATE INDEX ledger_entry_at ON ledger_entry (at); -- the ledger of a day

CREATE TABLE ticket (
    ticket_id      BLOB    PRIMARY KEY CHECK (length(ticket_id) = 16),
    reservation_id BLOB    NOT NULL REFERENCES reservation (reservation_id),
    seat_no        INTEGER NOT NULL,
    label          TEXT    NOT NULL,
    -- What a person reads out: ten characters without 0, O, 1 and I.
    number         TEXT    NOT NULL UNIQUE CHECK (length(number) = 10),
    -- What the QR code carries: the number is in it, so no two are alike, and the number finds it.
    code           TEXT    NOT NULL,
    issued_at      INTEGER NOT NULL,
    -- Who goes in with it, where its owner gave it to somebody.
    holder         TEXT CHECK (length(holder) BETWEEN 1 AND 80),
    UNIQUE (reservation_id, seat_no)
) STRICT, WITHOUT ROWID;
-- Codes of format 1 say nothing and are looked for whole. The long ones of today are left out: an index of them would
-- be the largest part of the file, and each payment would change a page of it somewhere else.
CREATE UNIQUE INDEX ticket_older_code ON ticket (code) WHERE length(code) = 26;

-- What tickets were called before they were made out anew: it opens no door any more, and the door says so.
CREATE TABLE former_code (
    ticket_id BLOB    NOT NULL REFERENCES ticket (ticket_id),
    number    TEXT    NOT NULL UNIQUE CHECK (length(number) = 10),
    code      TEXT    NOT NULL,
    ended_at  INTEGER NOT NULL,
    PRIMARY KEY (ticket_id, number)
) STRICT, WITHOUT ROWID;

-- Who is in: one row a ticket, whatever the code does. A scan that was undone is gone from here; the events keep it.
CREATE TABLE check_in (
    ticket_id BLOB    PRIMARY KEY REFERENCES ticket (ticket_id),
    -- When somebody went in; where the door had no network, by the clock of its laptop.
    at        INTEGER NOT NULL,
    door      TEXT    CHECK (length(door) BETWEEN 1 AND 80),
    offline   INTEGER NOT NULL CHECK (offline IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Scans of doors without network, told later. Each is kept with what came of it, so that telling it twice does no harm.
CREATE TABLE door_scan (
    scan_no   INTEGER PRIMARY KEY,
    -- Made by the laptop that scanned.
    scan_id   BLOB    NOT NULL UNIQUE CHECK (length(scan_id) = 16),
    ticket_id BLOB    NOT NULL REFERENCES ticket (ticket_id),
    at        INTEGER NOT NULL,
    door      TEXT    NOT NULL CHECK (length(door) BETWEEN 1 AND 80),
    told_at   INTEGER NOT NULL,
    outcome   TEXT    NOT NULL CHECK (outcome IN ('CHECKED_IN', 'CONFLICT', 'VOID')),
    -- The check-in that was there before, where the ticket was seen twice.
    other_at      INTEGER CHECK ((outcome = 'CONFLICT') = (other_at IS NOT NULL)),
    other_door    TEXT,
    other_offline INTEGER CHECK (other_offline IN (0, 1))
) STRICT;
CREATE INDEX door_scan_conflict ON door_scan (scan_no) WHERE outcome <> 'CHECKED_IN'; -- what staff must look at
