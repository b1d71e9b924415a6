-- People who may sign in: whose records they see, and whether they decide there too.
CREATE TABLE people (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- reader or admin.
    role TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- One for each name, of the ledger itself: a person of several tenants has one password.
CREATE TABLE passwords (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- What is left of it (Argon2id, with its salt).
    code TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- Those who are signed in, of the ledger itself.
CREATE TABLE sessions (
    tenant_id TEXT NOT NULL,
    -- What the browser sends, under the ledger's secret (HMAC-SHA-256), in hexadecimal digits.
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Whose records are shown.
    shown_tenant_id TEXT NOT NULL,
    -- What a provider said of them, as JSON: tenant and role of each. NULL where they stand among the people.
    roles TEXT,
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, code)
) STRICT, WITHOUT ROWID;

-- 1 from the first of the people on: what is read needs a sign-in then, also when the last one was removed.
ALTER TABLE access_secrets ADD COLUMN peopled INTEGER NOT NULL DEFAULT 0;
