-- A door of its own for the flow: what it may read, and where it says what it has carried. Run once, as the user of
-- DATABASE_URL, when a server has made the ledger:  psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f setup.sql
-- Then let the role in and give it a password, which psql asks for: ALTER ROLE studio_flow LOGIN; \\password studio_flow

BEGIN;

CREATE ROLE studio_flow;
CREATE SCHEMA studio_flow;

-- What waits, and which of its states it is.
CREATE VIEW studio_flow.pending AS
SELECT r.revision, v.*
FROM studio.v_campaign_metrics_pending AS v
JOIN studio.campaign_metrics AS r ON r.tenant_id = v.tenant_id AND r.id = v.id;

-- What was carried, and when. The connector writes to tables whose key is one column, and to nothing else.
CREATE TABLE studio_flow.exported (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    revision bigint NOT NULL,
    exported_at timestamptz NOT NULL
);
CREATE INDEX exported_exported_at ON studio_flow.exported (exported_at);

-- Marks the run in the ledger, unless it was corrected while the flow carried its former state: then it goes on waiting.
-- A run that is carried once more replaces its own line, and lines of last month go.
CREATE FUNCTION studio_flow.mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    DELETE FROM studio_flow.exported WHERE id = NEW.id OR exported_at < now() - interval '30 days';
    UPDATE studio.campaign_metrics
    SET exported_at = (extract(epoch FROM NEW.exported_at) * 1000000)::bigint
    WHERE tenant_id = NEW.tenant_id AND id = NEW.id AND revision = NEW.revision
        AND exported_at IS NULL AND withdrawn_at IS NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER exported_mark BEFORE INSERT ON studio_flow.exported FOR EACH ROW EXECUTE FUNCTION studio_flow.mark();

REVOKE ALL ON FUNCTION studio_flow.mark() FROM PUBLIC;
GRANT USAGE ON SCHEMA studio_flow TO studio_flow;
GRANT SELECT ON studio_flow.pending TO studio_flow;
GRANT SELECT, INSERT ON studio_flow.exported TO studio_flow;

COMMIT;
