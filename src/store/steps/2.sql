-- From format 1 to format 2. What stands here stands in `schema.sql` too; a test compares both ends.

-- token
CREATE INDEX token_ended ON token (ended_at) WHERE ended_at IS NOT NULL;

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
