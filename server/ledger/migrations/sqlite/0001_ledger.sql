-- The ledger: records, what waits to be delivered, and what proves that nothing is missing.
-- Times are microseconds since 1970 in UTC, money hundred-thousandths of a dollar, percentages hundredths of a percent.

CREATE TABLE tenants (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What every kind's table holds: position (order of arrival), tenant_id, id, the kind's fields, and the seven below them.
CREATE TABLE campaign_metrics (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
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
    withdrawn_at INTEGER
) STRICT;

-- Ids come in no order, so that each touches a page of its own in this index: as bytes it has a third of the pages that
-- it had as text. The tenant is one of the parts that an id is made of.
CREATE UNIQUE INDEX campaign_metrics_id ON campaign_metrics (unhex(id, '-'));

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
    WHERE unhex(id, '-') = unhex(NEW.id, '-');
END;

-- The names that came with the records. The newest one stands.
CREATE TABLE campaigns (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    named_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- What a record was before it was corrected or withdrawn.
CREATE TABLE versions (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    replaced_by TEXT NOT NULL CHECK (replaced_by IN ('correction', 'withdrawal')),
    fields TEXT NOT NULL CHECK (json_valid(fields)),
    PRIMARY KEY (tenant_id, kind, id, revision)
) STRICT, WITHOUT ROWID;

-- What waits to be delivered, one entry a record: its newest state is what is sent.
CREATE TABLE outbox (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    -- The revision that has to arrive.
    revision INTEGER NOT NULL,
    -- 1 as long as Dataverse never acknowledged the record.
    first INTEGER NOT NULL CHECK (first IN (0, 1)),
    -- Since when the oldest state that was not sent waits.
    enqueued_at INTEGER NOT NULL,
    -- When it may be lent out: after a lease or a pause, when that ends.
    due_at INTEGER NOT NULL,
    leased_until INTEGER,
    -- Grows with each lease, so that whoever comes back late is known.
    epoch INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due_at ON outbox (tenant_id, kind, due_at);
CREATE INDEX outbox_leased_until ON outbox (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX outbox_again ON outbox (tenant_id, enqueued_at) WHERE first = 0;

-- What Dataverse refuses for a reason of the record's own.
CREATE TABLE dead_letters (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    first INTEGER NOT NULL CHECK (first IN (0, 1)),
    enqueued_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind, position)
) STRICT, WITHOUT ROWID;

-- One receipt for each request that brought something new: how many records, and the sum of their ids' digests.
CREATE TABLE receipts (
    position INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    taken INTEGER NOT NULL CHECK (taken > 0),
    checksum INTEGER NOT NULL
) STRICT;

-- The receipts added up by the hour.
CREATE TABLE receipt_hours (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind, hour)
) STRICT, WITHOUT ROWID;

-- What happened to records on the way, by the hour in which it did, written by whoever did it.
CREATE TABLE passages (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour INTEGER NOT NULL,
    -- Acknowledged by Dataverse for the first time.
    delivered INTEGER NOT NULL DEFAULT 0,
    -- Read back, less those that a correction made unconfirmed again.
    confirmed INTEGER NOT NULL DEFAULT 0,
    -- Withdrawn while nothing of them had ever been sent.
    withdrawn_unsent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, hour)
) STRICT, WITHOUT ROWID;

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
