-- What comes in from Dataverse, where others write too.

-- The record's primary key there, when somebody else made the row; else it is the record's own id.
ALTER TABLE campaign_metrics ADD COLUMN dataverse_id TEXT;

CREATE UNIQUE INDEX campaign_metrics_dataverse_id ON campaign_metrics (unhex(dataverse_id, '-'), tenant_id)
    WHERE dataverse_id IS NOT NULL;

-- Where the reading of a table's changes stands, lent to one process at a time. That concerns no tenant, so that each has
-- a tenant of noughts.
CREATE TABLE marks (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    link TEXT,
    -- When the link was kept.
    read_at INTEGER,
    leased_until INTEGER,
    -- Grows with each lease, so that whoever comes back late is known.
    epoch INTEGER NOT NULL DEFAULT 0,
    -- More rows vanished there than anybody deletes by accident: how many, of how many, and what was answered.
    gone INTEGER,
    gone_of INTEGER,
    asked_at INTEGER,
    answer TEXT CHECK (answer IN ('withdraw', 'send-again')),
    PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;

-- Rows there that are no records of ours.
CREATE TABLE rejects (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    dataverse_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX rejects_dataverse_id ON rejects (dataverse_id, kind);
CREATE INDEX rejects_at ON rejects (tenant_id, kind, at);

-- Came from outside, and was acknowledged by nobody here.
ALTER TABLE passages ADD COLUMN mirrored INTEGER NOT NULL DEFAULT 0;
-- Changed there by others.
ALTER TABLE passages ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
-- Deleted there by others.
ALTER TABLE passages ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Changed there by others, while a newer change waited here.
ALTER TABLE passages ADD COLUMN kept_out INTEGER NOT NULL DEFAULT 0;

-- A record may be replaced by what others wrote there. SQLite changes a CHECK by way of a new table only.
CREATE TABLE versions_wider (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    replaced_by TEXT NOT NULL CHECK (replaced_by IN ('correction', 'withdrawal', 'mirror')),
    fields TEXT NOT NULL CHECK (json_valid(fields)),
    PRIMARY KEY (tenant_id, kind, id, revision)
) STRICT, WITHOUT ROWID;

INSERT INTO versions_wider (tenant_id, kind, id, revision, replaced_at, replaced_by, fields)
SELECT tenant_id, kind, id, revision, replaced_at, replaced_by, fields FROM versions;

DROP TABLE versions;
ALTER TABLE versions_wider RENAME TO versions;
