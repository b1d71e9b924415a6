-- People who may sign in: whose records they see, and whether they decide there too.
CREATE TABLE studio.people (
    tenant_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- reader or admin.
    role text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- One for each name, of the ledger itself: a person of several tenants has one password.
CREATE TABLE studio.passwords (
    tenant_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- What is left of it (Argon2id, with its salt).
    code text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- Those who are signed in, of the ledger itself.
CREATE TABLE studio.sessions (
    tenant_id uuid NOT NULL,
    -- What the browser sends, under the ledger's secret (HMAC-SHA-256), in hexadecimal digits.
    code text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- Whose records are shown.
    shown_tenant_id uuid NOT NULL,
    -- What a provider said of them, as JSON: tenant and role of each. NULL where they stand among the people.
    roles text COLLATE "C",
    made_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, code)
);

-- 1 from the first of the people on: what is read needs a sign-in then, also when the last one was removed.
ALTER TABLE studio.access_secrets ADD COLUMN peopled bigint NOT NULL DEFAULT 0;
