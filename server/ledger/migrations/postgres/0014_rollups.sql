-- What records add up to in quarter hours, hours and days, all of a kind together and by each of its dimensions.
CREATE SEQUENCE studio.rollup_series_id;

CREATE TABLE studio.rollup_series (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    -- The place among the kind's dimensions; -1 for all records.
    dimension bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, dimension, key),
    UNIQUE (tenant_id, id)
);

-- Each process writes rows of its own, so that none waits for another; now and then they are added up, with writer 0. A cell is
-- the sum of its rows, and one that nothing is left of is no row.
CREATE TABLE studio.rollups (
    tenant_id uuid NOT NULL,
    series bigint NOT NULL,
    -- 0 a quarter hour, 1 an hour, 2 a day.
    grain bigint NOT NULL,
    -- Which of them, counted from 1970 on.
    number bigint NOT NULL,
    writer bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (tenant_id, series, grain, number, writer)
) WITH (fillfactor = 50);

CREATE INDEX rollups_of_writers ON studio.rollups (tenant_id, series, grain, number) WHERE writer <> 0;

-- The kinds whose records are in the rollups, all of them, and what those were made of then.
CREATE TABLE studio.rollup_kinds (kind text COLLATE "C" PRIMARY KEY, layout text NOT NULL);

-- A process of an earlier version would write records that no rollup counts.
CREATE FUNCTION studio.enter(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
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

CREATE OR REPLACE FUNCTION studio.fence(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION 'a newer version of this program has the ledger by now; start that one'
    USING ERRCODE = 'ST003', HINT = format('generation %s', claimed);
END
$$;
