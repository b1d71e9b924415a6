-- Rollups are made anew beside those that are read: one generation of each kind is read, and another one may be under way. One
-- that is neither read nor under way is on its way out.
ALTER TABLE studio.rollup_series ADD COLUMN generation bigint NOT NULL DEFAULT 0;

ALTER TABLE studio.rollup_series DROP CONSTRAINT rollup_series_pkey;

ALTER TABLE studio.rollup_series ADD PRIMARY KEY (tenant_id, kind, generation, dimension, key);

-- The generation of each kind that is read. All records are in it; of a kind that is missing here they are counted one by one.
ALTER TABLE studio.rollup_kinds ADD COLUMN generation bigint NOT NULL DEFAULT 0;

-- The generation of each kind that is under way: the records up to a tenant's time and position are in it.
CREATE TABLE studio.rollup_makings (
    kind text COLLATE "C" PRIMARY KEY,
    generation bigint NOT NULL,
    layout text NOT NULL,
    tenant_id uuid NOT NULL,
    "time" bigint NOT NULL,
    position bigint NOT NULL,
    -- How many records are in it, and how many there were when it was begun.
    folded bigint NOT NULL,
    records bigint NOT NULL
);

-- Kinds whose rollups are to be made anew.
CREATE TABLE studio.rollup_wishes (kind text COLLATE "C" PRIMARY KEY);

-- What a process that writes goes by, behind the fence, which is closed whenever it changes. Every transaction asks for it, so that
-- it is a function whose plan is kept.
CREATE FUNCTION studio.rollup_generations() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_array(kind, generation, layout, tenant_id, "time", position, folded, records)), '[]')::text
        FROM (
            SELECT kind, generation, layout, NULL::uuid AS tenant_id, NULL::bigint AS "time", NULL::bigint AS position,
                NULL::bigint AS folded, NULL::bigint AS records
            FROM studio.rollup_kinds
            UNION ALL
            SELECT kind, generation, layout, tenant_id, "time", position, folded, records FROM studio.rollup_makings
        ) AS all_of_them
    );
END
$$;

-- A process of an earlier version would write into the generation that is read, and into no other.
CREATE FUNCTION studio.admit(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
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

CREATE OR REPLACE FUNCTION studio.enter(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION 'a newer version of this program has the ledger by now; start that one'
    USING ERRCODE = 'ST003', HINT = format('generation %s', claimed);
END
$$;
