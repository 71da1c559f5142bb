-- From format 2 to format 3. What stands here stands in `schema.sql` too; a test compares both ends.

-- ticket: without an index of its long codes. A constraint goes only with its table
-- (<https://www.sqlite.org/lang_altertable.html>).
CREATE TABLE ticket_of_3 (
    ticket_id      BLOB    PRIMARY KEY CHECK (length(ticket_id) = 16),
    reservation_id BLOB    NOT NULL REFERENCES reservation (reservation_id),
    seat_no        INTEGER NOT NULL,
    label          TEXT    NOT NULL,
    number         TEXT    NOT NULL UNIQUE CHECK (length(number) = 10),
    code           TEXT    NOT NULL,
    issued_at      INTEGER NOT NULL,
    UNIQUE (reservation_id, seat_no)
) STRICT, WITHOUT ROWID;
INSERT INTO ticket_of_3 SELECT ticket_id, reservation_id, seat_no, label, number, code, issued_at FROM ticket;
DROP TABLE ticket;
ALTER TABLE ticket_of_3 RENAME TO ticket;
CREATE UNIQUE INDEX ticket_older_code ON ticket (code) WHERE length(code) = 26;
