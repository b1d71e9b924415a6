-- Keys that services send with their requests. Of a key's text only its code is kept.
CREATE TABLE service_keys (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The text under the ledger's secret (HMAC-SHA-256), in hexadecimal digits.
    code TEXT NOT NULL,
    -- write, read or admin.
    scope TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER,
    rate_per_minute INTEGER,
    used_at INTEGER,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- One row, of the ledger itself.
CREATE TABLE access_secrets (
    tenant_id TEXT PRIMARY KEY,
    -- What codes are made with.
    secret TEXT NOT NULL,
    -- 1 from the first key on: what writes needs one then, also when the last one was revoked.
    closed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
