-- How much waits and how much is refused, kept beside it as it changes: counting the outbox took as long as it is.
CREATE TABLE backlog (
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The hour since which it waits, or waited when it was refused; 0 for all that is older than a week.
    hour INTEGER NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    -- Of those, what Dataverse never acknowledged before.
    waiting_first INTEGER NOT NULL DEFAULT 0,
    -- Refused and not given up, and of those again what was never acknowledged.
    refused INTEGER NOT NULL DEFAULT 0,
    refused_first INTEGER NOT NULL DEFAULT 0,
    dropped_first INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, kind, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first, refused, refused_first, dropped_first)
SELECT tenant_id, kind, hour, sum(waiting), sum(waiting_first), sum(refused), sum(refused_first), sum(dropped_first)
FROM (
    SELECT
        tenant_id, kind, enqueued_at / 3600000000 AS hour, 1 AS waiting, first AS waiting_first, 0 AS refused,
        0 AS refused_first, 0 AS dropped_first
    FROM outbox
    UNION ALL
    SELECT
        tenant_id, kind, enqueued_at / 3600000000, 0, 0, dropped_at IS NULL, first * (dropped_at IS NULL),
        first * (dropped_at IS NOT NULL)
    FROM dead_letters
)
GROUP BY tenant_id, kind, hour;

-- A trigger runs once for each row. What comes in with requests is counted by the intake, a group at a time; it has never
-- been lent out and never been acknowledged.
CREATE TRIGGER outbox_came AFTER INSERT ON outbox WHEN NEW.first = 0 OR NEW.epoch > 0
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first)
    VALUES (NEW.tenant_id, NEW.kind, NEW.enqueued_at / 3600000000, 1, NEW.first)
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    waiting = waiting + 1, waiting_first = waiting_first + excluded.waiting_first;
END;

CREATE TRIGGER outbox_left AFTER DELETE ON outbox
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first)
    VALUES (OLD.tenant_id, OLD.kind, OLD.enqueued_at / 3600000000, -1, -OLD.first)
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    waiting = waiting - 1, waiting_first = waiting_first + excluded.waiting_first;
END;

CREATE TRIGGER outbox_turned AFTER UPDATE OF first, enqueued_at ON outbox
WHEN OLD.first <> NEW.first OR OLD.enqueued_at / 3600000000 <> NEW.enqueued_at / 3600000000
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first)
    VALUES (OLD.tenant_id, OLD.kind, OLD.enqueued_at / 3600000000, -1, -OLD.first)
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    waiting = waiting - 1, waiting_first = waiting_first + excluded.waiting_first;
    INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first)
    VALUES (NEW.tenant_id, NEW.kind, NEW.enqueued_at / 3600000000, 1, NEW.first)
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    waiting = waiting + 1, waiting_first = waiting_first + excluded.waiting_first;
END;

CREATE TRIGGER dead_letters_came AFTER INSERT ON dead_letters
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, refused, refused_first, dropped_first)
    VALUES (
        NEW.tenant_id, NEW.kind, NEW.enqueued_at / 3600000000, NEW.dropped_at IS NULL,
        NEW.first * (NEW.dropped_at IS NULL), NEW.first * (NEW.dropped_at IS NOT NULL)
    )
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    refused = refused + excluded.refused,
    refused_first = refused_first + excluded.refused_first,
    dropped_first = dropped_first + excluded.dropped_first;
END;

CREATE TRIGGER dead_letters_left AFTER DELETE ON dead_letters
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, refused, refused_first, dropped_first)
    VALUES (
        OLD.tenant_id, OLD.kind, OLD.enqueued_at / 3600000000, -(OLD.dropped_at IS NULL),
        -OLD.first * (OLD.dropped_at IS NULL), -OLD.first * (OLD.dropped_at IS NOT NULL)
    )
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    refused = refused + excluded.refused,
    refused_first = refused_first + excluded.refused_first,
    dropped_first = dropped_first + excluded.dropped_first;
END;

CREATE TRIGGER dead_letters_dropped AFTER UPDATE OF dropped_at ON dead_letters
WHEN OLD.dropped_at IS NULL AND NEW.dropped_at IS NOT NULL
BEGIN
    INSERT INTO backlog (tenant_id, kind, hour, refused, refused_first, dropped_first)
    VALUES (NEW.tenant_id, NEW.kind, NEW.enqueued_at / 3600000000, -1, -NEW.first, NEW.first)
    ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET
    refused = refused + excluded.refused,
    refused_first = refused_first + excluded.refused_first,
    dropped_first = dropped_first + excluded.dropped_first;
END;

-- The newest of many letters are found without reading what the others say.
CREATE INDEX dead_letters_died_at ON dead_letters (tenant_id, kind, died_at, position) WHERE dropped_at IS NULL;

-- Lists are in the order of this index, however many records are of one moment.
DROP INDEX campaign_metrics_created_at;
CREATE INDEX campaign_metrics_created_at ON campaign_metrics (
    tenant_id, created_at, position, campaign_id, phase, agents_total, agents_successful, assets_generated,
    tokens_in, tokens_out, cost_usd_e5, latency_p95_ms, latency_avg_ms
) WHERE withdrawn_at IS NULL;
