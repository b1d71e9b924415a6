-- The ledger on PostgreSQL: records, what waits to be delivered, and what proves that nothing is missing.
--
-- Times are microseconds since 1970 in UTC, money hundred-thousandths of a dollar, percentages hundredths of a percent:
-- the same integers as in SQLite, so that both stores compare and add up alike. Texts are compared byte by byte.
--
-- Every key and every index begins with the tenant, and no foreign key leaves it: the tables can be sharded by tenant.
-- The schema is written here as `studio`, and bears its own name in the database.

-- The clock that all processes go by, in microseconds.
CREATE FUNCTION studio.clock() RETURNS bigint LANGUAGE sql VOLATILE
AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

CREATE TABLE studio.tenants (
    id uuid PRIMARY KEY,
    seen_at bigint NOT NULL
);

-- What every kind's table holds: position (order of arrival), tenant_id, id, the kind's fields, and the seven below them.
CREATE SEQUENCE studio.campaign_metrics_position;
CREATE TABLE studio.campaign_metrics (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    id uuid NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    phase text COLLATE "C" NOT NULL,
    agents_total integer NOT NULL,
    agents_successful integer NOT NULL,
    assets_generated integer NOT NULL,
    tokens_in integer NOT NULL,
    tokens_out integer NOT NULL,
    cost_usd_e5 bigint NOT NULL,
    latency_p95_ms integer,
    latency_avg_ms integer,
    success_rate_bp integer,
    created_at bigint NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    received_at bigint NOT NULL,
    -- When Dataverse acknowledged what the record says now; a correction empties it.
    exported_at bigint,
    -- When what the record says now was read back out of Dataverse; never before exported_at.
    confirmed_at bigint,
    withdrawn_at bigint,
    -- The transaction that brought the row. Positions are taken before the commit, so that a later one may be there
    -- first; whoever counts only what came since goes by this.
    arrived_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id, position)
);

CREATE UNIQUE INDEX campaign_metrics_id ON studio.campaign_metrics (tenant_id, id);

-- Figures are read from this index alone.
CREATE INDEX campaign_metrics_created_at ON studio.campaign_metrics (tenant_id, created_at, position)
    INCLUDE (campaign_id, phase, agents_total, agents_successful, assets_generated, tokens_in, tokens_out, cost_usd_e5,
        latency_p95_ms, latency_avg_ms)
    WHERE withdrawn_at IS NULL;

CREATE INDEX campaign_metrics_campaign_id
    ON studio.campaign_metrics (tenant_id, campaign_id, created_at, position)
    INCLUDE (phase, agents_total, agents_successful, assets_generated, tokens_in, tokens_out, cost_usd_e5,
        latency_p95_ms, latency_avg_ms)
    WHERE withdrawn_at IS NULL;

-- What is on the way: it waits for delivery, or for being read back. What has arrived leaves it.
CREATE INDEX campaign_metrics_exported_at ON studio.campaign_metrics (tenant_id, exported_at)
    WHERE confirmed_at IS NULL;

CREATE INDEX campaign_metrics_withdrawn_at ON studio.campaign_metrics (tenant_id, withdrawn_at)
    WHERE withdrawn_at IS NOT NULL;

CREATE INDEX campaign_metrics_arrived_in ON studio.campaign_metrics (tenant_id, arrived_in);

-- The names that came with the records. The newest one stands.
CREATE TABLE studio.campaigns (
    tenant_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    named_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- What a record was before it was corrected or withdrawn.
CREATE TABLE studio.versions (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision bigint NOT NULL,
    replaced_at bigint NOT NULL,
    replaced_by text COLLATE "C" NOT NULL CHECK (replaced_by IN ('correction', 'withdrawal')),
    fields jsonb NOT NULL,
    PRIMARY KEY (tenant_id, kind, id, revision)
);

-- What waits to be delivered, one entry a record: its newest state is what is sent.
CREATE TABLE studio.outbox (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    -- The revision that has to arrive.
    revision bigint NOT NULL,
    -- 1 as long as Dataverse never acknowledged the record.
    first bigint NOT NULL CHECK (first IN (0, 1)),
    -- Since when the oldest state that was not sent waits.
    enqueued_at bigint NOT NULL,
    -- When it may be lent out: after a lease or a pause, when that ends.
    due_at bigint NOT NULL,
    leased_until bigint,
    -- Grows with each lease, so that whoever comes back late is known.
    epoch bigint NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, position)
);

CREATE INDEX outbox_due_at ON studio.outbox (tenant_id, kind, due_at, position);
CREATE INDEX outbox_enqueued_at ON studio.outbox (tenant_id, kind, enqueued_at);

-- What Dataverse refuses for a reason of the record's own.
CREATE TABLE studio.dead_letters (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    revision bigint NOT NULL,
    first bigint NOT NULL CHECK (first IN (0, 1)),
    enqueued_at bigint NOT NULL,
    epoch bigint NOT NULL,
    attempts bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    died_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, position)
);

-- One receipt for each request that brought something new: how many records, and the sum of their ids' digests.
CREATE SEQUENCE studio.receipts_position;
CREATE TABLE studio.receipts (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL DEFAULT nextval('studio.receipts_position'),
    kind text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    taken bigint NOT NULL CHECK (taken > 0),
    checksum bigint NOT NULL,
    PRIMARY KEY (tenant_id, position)
);

-- Checksums are added up as 64 bits that run over.
CREATE FUNCTION studio.wrapped(total numeric) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT (mod(mod(total + 9223372036854775808, 18446744073709551616) + 18446744073709551616, 18446744073709551616)
    - 9223372036854775808)::bigint';

-- The receipts added up by the hour. Each open ledger writes rows of its own, so that none waits for another.
CREATE TABLE studio.receipt_hours (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    writer bigint NOT NULL,
    requests bigint NOT NULL,
    taken bigint NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, hour, writer)
);

-- What happened to records on the way, by the hour in which it did, written by whoever did it; 0 is a flow outside.
CREATE TABLE studio.passages (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    writer bigint NOT NULL,
    -- Acknowledged by Dataverse for the first time.
    delivered bigint NOT NULL DEFAULT 0,
    -- Read back, less those that a correction made unconfirmed again.
    confirmed bigint NOT NULL DEFAULT 0,
    -- Withdrawn while nothing of them had ever been sent.
    withdrawn_unsent bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, hour, writer)
);

-- Whoever sets exported_at from outside has delivered the record. The relay takes the record out of the outbox first, so
-- that this finds nothing to do.
CREATE FUNCTION studio.campaign_metrics_delivered_outside() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    WITH gone AS (
        DELETE FROM studio.outbox
        WHERE tenant_id = NEW.tenant_id AND kind = 'campaign-run' AND position = NEW.position
        RETURNING first
    )
    INSERT INTO studio.passages AS p (tenant_id, kind, hour, writer, delivered)
    SELECT NEW.tenant_id, 'campaign-run', NEW.exported_at / 3600000000, 0, gone.first FROM gone
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET delivered = p.delivered + excluded.delivered;
    RETURN NULL;
END
$$;

CREATE TRIGGER campaign_metrics_delivered_outside AFTER UPDATE OF exported_at ON studio.campaign_metrics
FOR EACH ROW WHEN (OLD.exported_at IS NULL AND NEW.exported_at IS NOT NULL)
EXECUTE FUNCTION studio.campaign_metrics_delivered_outside();

CREATE VIEW studio.v_campaign_metrics_pending AS
SELECT
    id,
    tenant_id,
    campaign_id,
    run_id,
    phase,
    agents_total,
    agents_successful,
    assets_generated,
    tokens_in,
    tokens_out,
    (cost_usd_e5 / 100000.0)::numeric(10, 5) AS cost_usd,
    latency_p95_ms,
    latency_avg_ms,
    (success_rate_bp / 100.0)::numeric(5, 2) AS success_rate,
    timestamptz 'epoch' + created_at * interval '1 microsecond' AS created_at,
    timestamptz 'epoch' + exported_at * interval '1 microsecond' AS exported_at
FROM studio.campaign_metrics
WHERE exported_at IS NULL AND confirmed_at IS NULL AND withdrawn_at IS NULL
ORDER BY position;

-- A flow marks a row of the view as delivered with its own time, and can change nothing else there.
CREATE FUNCTION studio.v_campaign_metrics_pending_exported() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    IF to_jsonb(NEW) - 'exported_at' IS DISTINCT FROM to_jsonb(OLD) - 'exported_at' THEN
        RAISE EXCEPTION 'only exported_at can be set in v_campaign_metrics_pending'
            USING HINT = 'send a correction to the server instead', ERRCODE = 'feature_not_supported';
    END IF;
    UPDATE studio.campaign_metrics
    SET exported_at = (extract(epoch FROM NEW.exported_at) * 1000000)::bigint
    WHERE tenant_id = OLD.tenant_id AND id = OLD.id AND exported_at IS NULL AND withdrawn_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER v_campaign_metrics_pending_exported INSTEAD OF UPDATE ON studio.v_campaign_metrics_pending
FOR EACH ROW EXECUTE FUNCTION studio.v_campaign_metrics_pending_exported();
