-- How much waits and how much is refused, kept beside it as it changes: counting the outbox took as long as it is. Each
-- connection writes rows of its own, so that none waits for another; now and then they are added up, with writer 0.
CREATE TABLE studio.backlog (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    -- The hour since which it waits, or waited when it was refused; 0 for all that is older than a week.
    hour bigint NOT NULL,
    writer bigint NOT NULL,
    waiting bigint NOT NULL DEFAULT 0,
    -- Of those, what Dataverse never acknowledged before.
    waiting_first bigint NOT NULL DEFAULT 0,
    -- Refused and not given up, and of those again what was never acknowledged.
    refused bigint NOT NULL DEFAULT 0,
    refused_first bigint NOT NULL DEFAULT 0,
    dropped_first bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, hour, writer)
) WITH (fillfactor = 50);

INSERT INTO studio.backlog
    (tenant_id, kind, hour, writer, waiting, waiting_first, refused, refused_first, dropped_first)
SELECT tenant_id, kind, hour, 0, sum(waiting), sum(waiting_first), sum(refused), sum(refused_first), sum(dropped_first)
FROM (
    SELECT
        tenant_id, kind, enqueued_at / 3600000000 AS hour, 1 AS waiting, first AS waiting_first, 0 AS refused,
        0 AS refused_first, 0 AS dropped_first
    FROM studio.outbox
    UNION ALL
    SELECT
        tenant_id, kind, enqueued_at / 3600000000, 0, 0, (dropped_at IS NULL)::int,
        first * (dropped_at IS NULL)::int, first * (dropped_at IS NOT NULL)::int
    FROM studio.dead_letters
) AS found
GROUP BY tenant_id, kind, hour;

CREATE FUNCTION studio.outbox_came() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, waiting, waiting_first)
    SELECT tenant_id, kind, enqueued_at / 3600000000, pg_backend_pid(), count(*), sum(first) FROM come GROUP BY 1, 2, 3
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    waiting = b.waiting + excluded.waiting, waiting_first = b.waiting_first + excluded.waiting_first;
    RETURN NULL;
END
$$;

CREATE FUNCTION studio.outbox_left() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, waiting, waiting_first)
    SELECT tenant_id, kind, enqueued_at / 3600000000, pg_backend_pid(), -count(*), -sum(first) FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    waiting = b.waiting + excluded.waiting, waiting_first = b.waiting_first + excluded.waiting_first;
    RETURN NULL;
END
$$;

-- Leases and pauses, which are many, do not touch what this is for.
CREATE FUNCTION studio.outbox_turned() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, waiting, waiting_first)
    SELECT NEW.tenant_id, NEW.kind, c.hour, pg_backend_pid(), sum(c.waiting), sum(c.first)
    FROM (
        VALUES (OLD.enqueued_at / 3600000000, -1, -OLD.first), (NEW.enqueued_at / 3600000000, 1, NEW.first)
    ) AS c (hour, waiting, first)
    GROUP BY c.hour
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    waiting = b.waiting + excluded.waiting, waiting_first = b.waiting_first + excluded.waiting_first;
    RETURN NULL;
END
$$;

CREATE FUNCTION studio.dead_letters_came() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, refused, refused_first, dropped_first)
    SELECT
        tenant_id, kind, enqueued_at / 3600000000, pg_backend_pid(), count(*) FILTER (WHERE dropped_at IS NULL),
        coalesce(sum(first) FILTER (WHERE dropped_at IS NULL), 0),
        coalesce(sum(first) FILTER (WHERE dropped_at IS NOT NULL), 0)
    FROM come GROUP BY 1, 2, 3
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    refused = b.refused + excluded.refused, refused_first = b.refused_first + excluded.refused_first,
    dropped_first = b.dropped_first + excluded.dropped_first;
    RETURN NULL;
END
$$;

CREATE FUNCTION studio.dead_letters_left() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, refused, refused_first, dropped_first)
    SELECT
        tenant_id, kind, enqueued_at / 3600000000, pg_backend_pid(), -count(*) FILTER (WHERE dropped_at IS NULL),
        -coalesce(sum(first) FILTER (WHERE dropped_at IS NULL), 0),
        -coalesce(sum(first) FILTER (WHERE dropped_at IS NOT NULL), 0)
    FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    refused = b.refused + excluded.refused, refused_first = b.refused_first + excluded.refused_first,
    dropped_first = b.dropped_first + excluded.dropped_first;
    RETURN NULL;
END
$$;

CREATE FUNCTION studio.dead_letters_dropped() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO studio.backlog AS b (tenant_id, kind, hour, writer, refused, refused_first, dropped_first)
    VALUES (NEW.tenant_id, NEW.kind, NEW.enqueued_at / 3600000000, pg_backend_pid(), -1, -NEW.first, NEW.first)
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET
    refused = b.refused + excluded.refused, refused_first = b.refused_first + excluded.refused_first,
    dropped_first = b.dropped_first + excluded.dropped_first;
    RETURN NULL;
END
$$;

CREATE TRIGGER outbox_came AFTER INSERT ON studio.outbox
REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION studio.outbox_came();
CREATE TRIGGER outbox_left AFTER DELETE ON studio.outbox
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION studio.outbox_left();
CREATE TRIGGER outbox_turned AFTER UPDATE OF first, enqueued_at ON studio.outbox
FOR EACH ROW WHEN (OLD.first <> NEW.first OR OLD.enqueued_at / 3600000000 <> NEW.enqueued_at / 3600000000)
EXECUTE FUNCTION studio.outbox_turned();
CREATE TRIGGER dead_letters_came AFTER INSERT ON studio.dead_letters
REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION studio.dead_letters_came();
CREATE TRIGGER dead_letters_left AFTER DELETE ON studio.dead_letters
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION studio.dead_letters_left();
CREATE TRIGGER dead_letters_dropped AFTER UPDATE OF dropped_at ON studio.dead_letters
FOR EACH ROW WHEN (OLD.dropped_at IS NULL AND NEW.dropped_at IS NOT NULL)
EXECUTE FUNCTION studio.dead_letters_dropped();

-- The newest of many letters are found without reading what the others say.
CREATE INDEX dead_letters_died_at ON studio.dead_letters (tenant_id, kind, died_at, position) WHERE dropped_at IS NULL;
