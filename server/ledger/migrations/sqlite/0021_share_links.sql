-- Views that are shown to those who have a link to them.
CREATE TABLE share_links (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The view, as the panel's address says it.
    view_address TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    -- What is left of the password (Argon2id, with its salt), where there is one.
    password TEXT,
    visits INTEGER NOT NULL DEFAULT 0,
    visited_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
