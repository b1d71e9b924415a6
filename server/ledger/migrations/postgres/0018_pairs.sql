-- Rollups keep which campaigns ever had a run of a phase, among the series: a process of an earlier version would not.
CREATE FUNCTION studio.let_write(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
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

CREATE OR REPLACE FUNCTION studio.admit(claimed bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION 'a newer version of this program has the ledger by now; start that one'
    USING ERRCODE = 'ST003', HINT = format('generation %s', claimed);
END
$$;
