-- What people need to see of a dead letter, and what they do about it.

-- The exchange in which the record was refused.
ALTER TABLE dead_letters ADD COLUMN request TEXT;
ALTER TABLE dead_letters ADD COLUMN response TEXT;
-- Given up by a person: it stays, and is never sent unless the record is corrected.
ALTER TABLE dead_letters ADD COLUMN dropped_at INTEGER;

-- What people did about what nobody else could decide. What concerns no tenant has a tenant of noughts.
CREATE TABLE handlings (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    by_whom TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT,
    what TEXT NOT NULL CHECK (what IN ('mended', 'resent', 'dropped', 'answered')),
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX handlings_tenant_id ON handlings (tenant_id, position);
