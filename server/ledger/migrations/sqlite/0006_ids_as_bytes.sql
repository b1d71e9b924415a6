-- Ids are kept as the sixteen bytes that they are. As text each had to go through a function on its way into the index, and
-- SQLite, which takes every function for one that may fail, then keeps a copy of each page that a statement touches.
-- SQLite changes a column's type by way of a new table only.

DROP VIEW v_campaign_metrics_pending;

CREATE TABLE campaign_metrics_with_bytes (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    id BLOB NOT NULL,
    campaign_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    agents_total INTEGER NOT NULL,
    agents_successful INTEGER NOT NULL,
    assets_generated INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost_usd_e5 INTEGER NOT NULL,
    latency_p95_ms INTEGER,
    latency_avg_ms INTEGER,
    success_rate_bp INTEGER,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    received_at INTEGER NOT NULL,
    -- When Dataverse acknowledged what the record says now; a correction empties it.
    exported_at INTEGER,
    -- When what the record says now was read back out of Dataverse; never before exported_at.
    confirmed_at INTEGER,
    withdrawn_at INTEGER,
    -- The record's primary key in Dataverse, when somebody else made the row; else it is the record's own id.
    dataverse_id BLOB
) STRICT;

INSERT INTO campaign_metrics_with_bytes
SELECT
    position,
    tenant_id,
    unhex(id, '-'),
    campaign_id,
    run_id,
    phase,
    agents_total,
    agents_successful,
    assets_generated,
    tokens_in,
    tokens_out,
    cost_usd_e5,
    latency_p95_ms,
    latency_avg_ms,
    success_rate_bp,
    created_at,
    revision,
    received_at,
    exported_at,
    confirmed_at,
    withdrawn_at,
    unhex(dataverse_id, '-')
FROM campaign_metrics
ORDER BY position;

DROP TABLE campaign_metrics;
ALTER TABLE campaign_metrics_with_bytes RENAME TO campaign_metrics;

-- Ids come in no order, so that each touches a page of its own in this index. The tenant is one of the parts that an id is
-- made of.
CREATE UNIQUE INDEX campaign_metrics_id ON campaign_metrics (id);

CREATE UNIQUE INDEX campaign_metrics_dataverse_id ON campaign_metrics (dataverse_id, tenant_id)
    WHERE dataverse_id IS NOT NULL;

-- Lists and figures are read from this index alone.
CREATE INDEX campaign_metrics_created_at ON campaign_metrics (
    tenant_id, created_at, campaign_id, phase, agents_total, agents_successful, assets_generated,
    tokens_in, tokens_out, cost_usd_e5, latency_p95_ms, latency_avg_ms
) WHERE withdrawn_at IS NULL;

CREATE INDEX campaign_metrics_campaign_id ON campaign_metrics (tenant_id, campaign_id, created_at)
    WHERE withdrawn_at IS NULL;

-- What is on the way: it waits for delivery, or for being read back. What has arrived leaves it.
CREATE INDEX campaign_metrics_exported_at ON campaign_metrics (exported_at) WHERE confirmed_at IS NULL;

CREATE INDEX campaign_metrics_withdrawn_at ON campaign_metrics (tenant_id, withdrawn_at)
    WHERE withdrawn_at IS NOT NULL;

CREATE VIEW v_campaign_metrics_pending AS
SELECT
    lower(
        substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-'
        || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)
    ) AS id,
    tenant_id,
    campaign_id,
    run_id,
    phase,
    agents_total,
    agents_successful,
    assets_generated,
    tokens_in,
    tokens_out,
    CAST(cost_usd_e5 / 100000.0 AS NUMERIC(10, 5)) AS cost_usd,
    latency_p95_ms,
    latency_avg_ms,
    CAST(success_rate_bp / 100.0 AS NUMERIC(5, 2)) AS success_rate,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    exported_at
FROM campaign_metrics
WHERE exported_at IS NULL AND confirmed_at IS NULL AND withdrawn_at IS NULL
ORDER BY position;

-- A flow marks a row of the view as delivered with its own time, as RFC 3339 or in microseconds.
CREATE TRIGGER v_campaign_metrics_pending_exported INSTEAD OF UPDATE OF exported_at ON v_campaign_metrics_pending
BEGIN
    UPDATE campaign_metrics
    SET exported_at = CASE typeof(NEW.exported_at)
        WHEN 'integer' THEN NEW.exported_at
        ELSE CAST(round(unixepoch(NEW.exported_at, 'subsec') * 1000000.0) AS INTEGER)
    END
    WHERE id = unhex(NEW.id, '-');
END;

-- Whoever sets exported_at from outside has delivered the record. The relay takes the record out of the outbox first, so
-- that this finds nothing to do.
CREATE TRIGGER campaign_metrics_delivered_outside AFTER UPDATE OF exported_at ON campaign_metrics
WHEN OLD.exported_at IS NULL AND NEW.exported_at IS NOT NULL
BEGIN
    INSERT INTO passages (tenant_id, kind, hour, delivered)
    SELECT tenant_id, kind, NEW.exported_at / 3600000000, first FROM outbox
    WHERE tenant_id = NEW.tenant_id AND kind = 'campaign-run' AND position = NEW.position
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET delivered = delivered + excluded.delivered;
    DELETE FROM outbox WHERE tenant_id = NEW.tenant_id AND kind = 'campaign-run' AND position = NEW.position;
END;
