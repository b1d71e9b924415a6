-- Agent tasks, kept as every kind of record is.
CREATE SEQUENCE studio.agent_metrics_position;
CREATE TABLE studio.agent_metrics (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    id uuid NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C",
    agent_name text COLLATE "C" NOT NULL,
    model text COLLATE "C",
    tokens_in integer,
    tokens_out integer,
    latency_ms integer,
    cost_usd_e5 bigint,
    timestamp bigint NOT NULL,
    status text COLLATE "C" NOT NULL,
    error_message text COLLATE "C",
    revision bigint NOT NULL DEFAULT 1,
    received_at bigint NOT NULL,
    exported_at bigint,
    confirmed_at bigint,
    withdrawn_at bigint,
    dataverse_id uuid,
    unmet integer NOT NULL DEFAULT 0,
    arrived_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id, position)
);

CREATE UNIQUE INDEX agent_metrics_id ON studio.agent_metrics (tenant_id, id);

CREATE UNIQUE INDEX agent_metrics_dataverse_id ON studio.agent_metrics (tenant_id, dataverse_id)
    WHERE dataverse_id IS NOT NULL;

-- A list is in the order of this index and is filtered in it.
CREATE INDEX agent_metrics_timestamp ON studio.agent_metrics (tenant_id, timestamp, position)
    INCLUDE (agent_name, model, campaign_id, status)
    WHERE withdrawn_at IS NULL;

CREATE INDEX agent_metrics_exported_at ON studio.agent_metrics (tenant_id, exported_at) WHERE confirmed_at IS NULL;

CREATE INDEX agent_metrics_withdrawn_at ON studio.agent_metrics (tenant_id, withdrawn_at)
    WHERE withdrawn_at IS NOT NULL;

CREATE INDEX agent_metrics_arrived_in ON studio.agent_metrics (tenant_id, arrived_in);

-- A record whose exported_at is set from outside is delivered. The relay takes a record out of the outbox first, so that
-- this finds nothing to do.
CREATE FUNCTION studio.agent_metrics_delivered_outside() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    WITH gone AS (
        DELETE FROM studio.outbox
        WHERE tenant_id = NEW.tenant_id AND kind = 'agent-task' AND position = NEW.position
        RETURNING first
    )
    INSERT INTO studio.passages AS p (tenant_id, kind, hour, writer, delivered)
    SELECT NEW.tenant_id, 'agent-task', NEW.exported_at / 3600000000, 0, gone.first FROM gone
    ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET delivered = p.delivered + excluded.delivered;
    RETURN NULL;
END
$$;

CREATE TRIGGER agent_metrics_delivered_outside AFTER UPDATE OF exported_at ON studio.agent_metrics
FOR EACH ROW WHEN (OLD.exported_at IS NULL AND NEW.exported_at IS NOT NULL)
EXECUTE FUNCTION studio.agent_metrics_delivered_outside();

CREATE VIEW studio.v_agent_metrics_pending AS
SELECT
    id,
    tenant_id,
    task_id,
    campaign_id,
    agent_name,
    model,
    tokens_in,
    tokens_out,
    latency_ms,
    (cost_usd_e5 / 100000.0)::numeric(10, 5) AS cost_usd,
    timestamptz 'epoch' + timestamp * interval '1 microsecond' AS timestamp,
    status,
    error_message,
    timestamptz 'epoch' + exported_at * interval '1 microsecond' AS exported_at
FROM studio.agent_metrics
WHERE exported_at IS NULL AND confirmed_at IS NULL AND withdrawn_at IS NULL
ORDER BY position;

-- A flow marks a row of the view as delivered with its own time, and can change nothing else there.
CREATE FUNCTION studio.v_agent_metrics_pending_exported() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    IF to_jsonb(NEW) - 'exported_at' IS DISTINCT FROM to_jsonb(OLD) - 'exported_at' THEN
        RAISE EXCEPTION 'only exported_at can be set in v_agent_metrics_pending'
            USING HINT = 'send a correction to the server instead', ERRCODE = 'feature_not_supported';
    END IF;
    UPDATE studio.agent_metrics
    SET exported_at = (extract(epoch FROM NEW.exported_at) * 1000000)::bigint
    WHERE tenant_id = OLD.tenant_id AND id = OLD.id AND exported_at IS NULL AND withdrawn_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER v_agent_metrics_pending_exported INSTEAD OF UPDATE ON studio.v_agent_metrics_pending
FOR EACH ROW EXECUTE FUNCTION studio.v_agent_metrics_pending_exported();
