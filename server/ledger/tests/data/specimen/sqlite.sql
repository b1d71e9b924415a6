-- What a step makes for a kind, for one that has every type of field.
CREATE TABLE specimens (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    id BLOB NOT NULL,
    campaign_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    agents_total INTEGER NOT NULL,
    agents_successful INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    lane BLOB NOT NULL,
    cost_usd_e5 INTEGER NOT NULL,
    is_live INTEGER NOT NULL,
    story TEXT,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    tags TEXT,
    user_id TEXT,
    source TEXT,
    failed INTEGER,
    revision INTEGER NOT NULL DEFAULT 1,
    received_at INTEGER NOT NULL,
    exported_at INTEGER,
    confirmed_at INTEGER,
    withdrawn_at INTEGER,
    dataverse_id BLOB,
    unmet INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX specimens_id ON specimens (id);
CREATE UNIQUE INDEX specimens_dataverse_id ON specimens (dataverse_id, tenant_id) WHERE dataverse_id IS NOT NULL;
CREATE INDEX specimens_created_at ON specimens (tenant_id, created_at, position) WHERE withdrawn_at IS NULL;
CREATE INDEX specimens_exported_at ON specimens (exported_at) WHERE confirmed_at IS NULL;
CREATE INDEX specimens_withdrawn_at ON specimens (tenant_id, withdrawn_at) WHERE withdrawn_at IS NOT NULL;
