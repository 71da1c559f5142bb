-- From format 1 to format 2. What stands here stands in `schema.sql` too; a test compares both ends.

-- token
CREATE INDEX token_ended ON token (ended_at) WHERE ended_at IS NOT NULL;

-- staff_key: the one key of format 1 is the first admin's
CREATE TABLE staff_key (
    key_id     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'counter', 'door')),
    key_hash   BLOB    NOT NULL CHECK (length(key_hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX staff_key_name ON staff_key (name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX staff_key_hash ON staff_key (key_hash) WHERE revoked_at IS NULL;
INSERT INTO staff_key (name, role, key_hash, created_at) SELECT 'admin', 'admin', staff_key_hash, created_at FROM venue;
ALTER TABLE venue DROP COLUMN staff_key_hash;
ALTER TABLE event ADD COLUMN key_id INTEGER REFERENCES staff_key (key_id);

-- venue: the secret itself comes from the operating system when the file is opened
ALTER TABLE venue ADD COLUMN seal_secret BLOB CHECK (length(seal_secret) = 32);

-- schedule
ALTER TABLE schedule ADD COLUMN refund_until_hours INTEGER CHECK (refund_until_hours BETWEEN 0 AND 8760);
ALTER TABLE schedule ADD COLUMN cancelled_at INTEGER;
ALTER TABLE schedule ADD COLUMN settled_at INTEGER
    CHECK (settled_at IS NULL OR (cancelled_at IS NOT NULL AND settled_at >= cancelled_at));
CREATE INDEX schedule_to_settle ON schedule (cancelled_at) WHERE cancelled_at IS NOT NULL AND settled_at IS NULL;

-- reservation: nothing could be refunded before
ALTER TABLE reservation ADD COLUMN refunded_at INTEGER CHECK ((status = 'REFUNDED') = (refunded_at IS NOT NULL));
CREATE INDEX reservation_sold ON reservation (schedule_id, status) WHERE status IN ('CONFIRMED', 'REFUNDED');

-- ledger_entry
CREATE UNIQUE INDEX ledger_entry_refunded ON ledger_entry (reservation_id) WHERE kind = 'REFUND';
CREATE INDEX ledger_entry_at ON ledger_entry (at);

-- seat
ALTER TABLE seat ADD COLUMN category TEXT;

-- check_in, door_scan
CREATE TABLE check_in (
    ticket_id BLOB    PRIMARY KEY REFERENCES ticket (ticket_id),
    at        INTEGER NOT NULL,
    door      TEXT    CHECK (length(door) BETWEEN 1 AND 80),
    offline   INTEGER NOT NULL CHECK (offline IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE door_scan (
    scan_no   INTEGER PRIMARY KEY,
    scan_id   BLOB    NOT NULL UNIQUE CHECK (length(scan_id) = 16),
    ticket_id BLOB    NOT NULL REFERENCES ticket (ticket_id),
    at        INTEGER NOT NULL,
    door      TEXT    NOT NULL CHECK (length(door) BETWEEN 1 AND 80),
    told_at   INTEGER NOT NULL,
    outcome   TEXT    NOT NULL CHECK (outcome IN ('CHECKED_IN', 'CONFLICT', 'VOID')),
    other_at      INTEGER CHECK ((outcome = 'CONFLICT') = (other_at IS NOT NULL)),
    other_door    TEXT,
    other_offline INTEGER CHECK (other_offline IN (0, 1))
) STRICT;
CREATE INDEX door_scan_conflict ON door_scan (scan_no) WHERE outcome <> 'CHECKED_IN';
