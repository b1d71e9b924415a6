-- What requests to Dataverse cost, by the hour. That concerns no tenant, so that each row has a tenant of noughts.
CREATE TABLE spending (
    tenant_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour)
) STRICT, WITHOUT ROWID;
