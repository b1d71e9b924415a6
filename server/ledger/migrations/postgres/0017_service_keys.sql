-- Keys that services send with their requests. Of a key's text only its code is kept.
CREATE TABLE studio.service_keys (
    tenant_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- The text under the ledger's secret (HMAC-SHA-256), in hexadecimal digits.
    code text COLLATE "C" NOT NULL,
    -- write, read or admin.
    scope text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    expires_at bigint,
    rate_per_minute bigint,
    used_at bigint,
    PRIMARY KEY (tenant_id, name)
);

-- One row, of the ledger itself.
CREATE TABLE studio.access_secrets (
    tenant_id uuid PRIMARY KEY,
    -- What codes are made with.
    secret text COLLATE "C" NOT NULL,
    -- 1 from the first key on: what writes needs one then, also when the last one was revoked.
    closed bigint NOT NULL DEFAULT 0
);
