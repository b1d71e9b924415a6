-- What requests to Dataverse cost, by the hour. That concerns no tenant, so that each row has a tenant of noughts. Each open
-- ledger writes rows of its own, so that none waits for another.
CREATE TABLE studio.spending (
    tenant_id uuid NOT NULL,
    hour bigint NOT NULL,
    writer bigint NOT NULL,
    cost bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour, writer)
);
