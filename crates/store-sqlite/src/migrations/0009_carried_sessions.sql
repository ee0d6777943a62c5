-- Where a session comes from that was carried to another site, and to which. No reference: the one it comes from may be forgotten
-- first.
ALTER TABLE sessions ADD COLUMN carried_from BLOB CHECK (length(carried_from) = 16);
ALTER TABLE sessions ADD COLUMN carried_to TEXT CHECK ((carried_from IS NULL) = (carried_to IS NULL));

CREATE INDEX sessions_active_carried ON sessions (carried_from) WHERE ended_at IS NULL AND carried_from IS NOT NULL;
