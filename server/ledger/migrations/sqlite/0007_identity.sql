-- To which organisation the ledger belongs, and what else is true of all of it: one row, with a tenant of noughts.
CREATE TABLE identity (
    tenant_id TEXT PRIMARY KEY,
    -- The organisation's id, as WhoAmI gives it; none before the first contact.
    organisation TEXT,
    -- How people know it.
    place TEXT,
    -- 1 where that is an emulator inside the server.
    inside INTEGER NOT NULL DEFAULT 0 CHECK (inside IN (0, 1)),
    -- 1 where the records were made up for a demo.
    demo INTEGER NOT NULL DEFAULT 0 CHECK (demo IN (0, 1)),
    -- Grows whenever the ledger goes to another organisation.
    generation INTEGER NOT NULL DEFAULT 0,
    -- When this copy was taken, or the ledger went to another organisation: until it is known what stands there, ours may
    -- be older.
    copied_at INTEGER
) STRICT, WITHOUT ROWID;
