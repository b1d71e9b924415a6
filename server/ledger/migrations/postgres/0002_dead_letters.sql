-- What people need to see of a dead letter, and what they do about it.

ALTER TABLE studio.dead_letters
    -- The exchange in which the record was refused.
    ADD COLUMN request text COLLATE "C",
    ADD COLUMN response text COLLATE "C",
    -- Given up by a person: it stays, and is never sent unless the record is corrected.
    ADD COLUMN dropped_at bigint;

-- What people did about what nobody else could decide. What concerns no tenant has a tenant of noughts.
CREATE SEQUENCE studio.handlings_position;
CREATE TABLE studio.handlings (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL DEFAULT nextval('studio.handlings_position'),
    at bigint NOT NULL,
    by_whom text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid,
    what text COLLATE "C" NOT NULL CHECK (what IN ('mended', 'resent', 'dropped', 'answered')),
    reason text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
