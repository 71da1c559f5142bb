-- From format 1 to format 2. What stands here stands in `schema.sql` too; a test compares both ends.

-- token
CREATE INDEX token_ended ON token (ended_at) WHERE ended_at IS NOT NULL;

-- seat
ALTER TABLE seat ADD COLUMN category TEXT;
