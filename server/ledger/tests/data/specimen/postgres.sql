-- What a step makes for a kind, for one that has every type of field.
CREATE SEQUENCE studio.specimens_position;
CREATE TABLE studio.specimens (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL,
    id uuid NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    phase text COLLATE "C" NOT NULL,
    agents_total bigint NOT NULL,
    agents_successful integer NOT NULL,
    slot bigint NOT NULL,
    tokens_in integer NOT NULL,
    lane uuid NOT NULL,
    cost_usd_e5 bigint NOT NULL,
    is_live smallint NOT NULL,
    story text COLLATE "C",
    payload text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    tags text COLLATE "C",
    user_id text COLLATE "C",
    source text COLLATE "C",
    failed bigint,
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
CREATE UNIQUE INDEX specimens_id ON studio.specimens (tenant_id, id);
CREATE UNIQUE INDEX specimens_dataverse_id ON studio.specimens (tenant_id, dataverse_id) WHERE dataverse_id IS NOT NULL;
CREATE INDEX specimens_created_at ON studio.specimens (tenant_id, created_at, position) WHERE withdrawn_at IS NULL;
CREATE INDEX specimens_exported_at ON studio.specimens (tenant_id, exported_at) WHERE confirmed_at IS NULL;
CREATE INDEX specimens_withdrawn_at ON studio.specimens (tenant_id, withdrawn_at) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX specimens_arrived_in ON studio.specimens (tenant_id, arrived_in);
