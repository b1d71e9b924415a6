-- What comes in from Dataverse, where others write too.

-- The record's primary key there, when somebody else made the row; else it is the record's own id.
ALTER TABLE studio.campaign_metrics ADD COLUMN dataverse_id uuid;

CREATE UNIQUE INDEX campaign_metrics_dataverse_id ON studio.campaign_metrics (tenant_id, dataverse_id)
    WHERE dataverse_id IS NOT NULL;

-- Where the reading of a table's changes stands, lent to one process at a time. That concerns no tenant, so that each has
-- a tenant of noughts.
CREATE TABLE studio.marks (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    link text COLLATE "C",
    -- When the link was kept.
    read_at bigint,
    leased_until bigint,
    -- Grows with each lease, so that whoever comes back late is known.
    epoch bigint NOT NULL DEFAULT 0,
    -- More rows vanished there than anybody deletes by accident: how many, of how many, and what was answered.
    gone bigint,
    gone_of bigint,
    asked_at bigint,
    answer text COLLATE "C" CHECK (answer IN ('withdraw', 'send-again')),
    PRIMARY KEY (tenant_id, kind)
);

-- Rows there that are no records of ours.
CREATE TABLE studio.rejects (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    dataverse_id uuid NOT NULL,
    reason text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, dataverse_id)
);

CREATE INDEX rejects_at ON studio.rejects (tenant_id, kind, at);

ALTER TABLE studio.passages
    -- Came from outside, and was acknowledged by nobody here.
    ADD COLUMN mirrored bigint NOT NULL DEFAULT 0,
    -- Changed there by others.
    ADD COLUMN changed bigint NOT NULL DEFAULT 0,
    -- Deleted there by others.
    ADD COLUMN removed bigint NOT NULL DEFAULT 0,
    -- Changed there by others, while a newer change waited here.
    ADD COLUMN kept_out bigint NOT NULL DEFAULT 0;

-- A record may be replaced by what others wrote there.
ALTER TABLE studio.versions DROP CONSTRAINT versions_replaced_by_check;
ALTER TABLE studio.versions ADD CONSTRAINT versions_replaced_by_check
    CHECK (replaced_by IN ('correction', 'withdrawal', 'mirror'));
