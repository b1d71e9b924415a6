-- Agent tasks, kept as every kind of record is.
CREATE TABLE agent_metrics (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    id BLOB NOT NULL,
    task_id TEXT NOT NULL,
    campaign_id TEXT,
    agent_name TEXT NOT NULL,
    model TEXT,
    tokens_in INTEGER,
    tokens_out INTEGER,
    latency_ms INTEGER,
    cost_usd_e5 INTEGER,
    timestamp INTEGER NOT NULL,
    status TEXT NOT NULL,
    error_message TEXT,
    revision INTEGER NOT NULL DEFAULT 1,
    received_at INTEGER NOT NULL,
    exported_at INTEGER,
    confirmed_at INTEGER,
    withdrawn_at INTEGER,
    dataverse_id BLOB,
    unmet INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX agent_metrics_id ON agent_metrics (id);

CREATE UNIQUE INDEX agent_metrics_dataverse_id ON agent_metrics (dataverse_id, tenant_id)
    WHERE dataverse_id IS NOT NULL;

-- A list is in the order of this index and is filtered in it.
CREATE INDEX agent_metrics_timestamp ON agent_metrics (
    tenant_id, timestamp, position, agent_name, model, campaign_id, status
) WHERE withdrawn_at IS NULL;

CREATE INDEX agent_metrics_exported_at ON agent_metrics (exported_at) WHERE confirmed_at IS NULL;

CREATE INDEX agent_metrics_withdrawn_at ON agent_metrics (tenant_id, withdrawn_at) WHERE withdrawn_at IS NOT NULL;

CREATE VIEW v_agent_metrics_pending AS
SELECT
    lower(
        substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-'
        || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)
    ) AS id,
    tenant_id,
    task_id,
    campaign_id,
    agent_name,
    model,
    tokens_in,
    tokens_out,
    latency_ms,
    CAST(cost_usd_e5 / 100000.0 AS NUMERIC(10, 5)) AS cost_usd,
    strftime('%Y-%m-%dT%H:%M:%S', timestamp / 1000000, 'unixepoch')
        || printf('.%06dZ', timestamp % 1000000) AS timestamp,
    status,
    error_message,
    exported_at
FROM agent_metrics
WHERE exported_at IS NULL AND confirmed_at IS NULL AND withdrawn_at IS NULL
ORDER BY position;

-- A flow marks a row of the view as delivered with its own time, as RFC 3339 or in microseconds.
CREATE TRIGGER v_agent_metrics_pending_exported INSTEAD OF UPDATE OF exported_at ON v_agent_metrics_pending
BEGIN
    UPDATE agent_metrics
    SET exported_at = CASE typeof(NEW.exported_at)
        WHEN 'integer' THEN NEW.exported_at
        ELSE CAST(round(unixepoch(NEW.exported_at, 'subsec') * 1000000.0) AS INTEGER)
    END
    WHERE id = unhex(NEW.id, '-');
END;

-- A record whose exported_at is set from outside is delivered. The relay takes a record out of the outbox first, so that
-- this finds nothing to do.
CREATE TRIGGER agent_metrics_delivered_outside AFTER UPDATE OF exported_at ON agent_metrics
WHEN OLD.exported_at IS NULL AND NEW.exported_at IS NOT NULL
BEGIN
    INSERT INTO passages (tenant_id, kind, hour, delivered)
    SELECT tenant_id, kind, NEW.exported_at / 3600000000, first FROM outbox
    WHERE tenant_id = NEW.tenant_id AND kind = 'agent-task' AND position = NEW.position
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET delivered = delivered + excluded.delivered;
    DELETE FROM outbox WHERE tenant_id = NEW.tenant_id AND kind = 'agent-task' AND position = NEW.position;
END;
