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
