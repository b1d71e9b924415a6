-- To which organisation the ledger belongs, and what else is true of all of it: one row, with a tenant of noughts.
CREATE TABLE studio.identity (
    tenant_id uuid PRIMARY KEY,
    -- The organisation's id, as WhoAmI gives it; none before the first contact.
    organisation uuid,
    -- How people know it.
    place text COLLATE "C",
    -- 1 where that is an emulator inside the server.
    inside bigint NOT NULL DEFAULT 0 CHECK (inside IN (0, 1)),
    -- 1 where the records were made up for a demo.
    demo bigint NOT NULL DEFAULT 0 CHECK (demo IN (0, 1)),
    -- Grows whenever the ledger goes to another organisation.
    generation bigint NOT NULL DEFAULT 0,
    -- When this copy was taken, or the ledger went to another organisation: until it is known what stands there, ours may
    -- be older.
    copied_at bigint
);

-- Every transaction that writes goes through here first. A command that carries a ledger over into this schema, or gives it
-- to another organisation, waits until none is within, and is seen by all that come after. `claimed` is the generation that
-- a server goes by, below 0 before it knows any.
CREATE FUNCTION studio.fence(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('fence of studio.identity', 0));
    IF to_regclass('studio.unfinished') IS NOT NULL THEN
        RAISE EXCEPTION 'a ledger is being carried over' USING ERRCODE = 'ST001';
    END IF;
    IF claimed >= 0 AND claimed <> coalesce(
        (SELECT generation FROM studio.identity WHERE tenant_id = '00000000-0000-0000-0000-000000000000'), 0
    ) THEN
        RAISE EXCEPTION 'the ledger is another organisation''s by now' USING ERRCODE = 'ST002';
    END IF;
END
$$;
