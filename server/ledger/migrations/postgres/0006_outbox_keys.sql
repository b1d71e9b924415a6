-- An entry of the outbox is found by its key. As long as PostgreSQL has not counted what is in the table, every index that
-- begins with tenant and kind promises a single row, and it took the newest one: each record that a flow marked was looked
-- for among all that waited. An index with a condition is taken only for what implies it; these two are for whoever asks
-- about their own time.
DROP INDEX studio.outbox_due_at;
DROP INDEX studio.outbox_enqueued_at;
CREATE INDEX outbox_due_at ON studio.outbox (tenant_id, kind, due_at, position) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_enqueued_at ON studio.outbox (tenant_id, kind, enqueued_at) WHERE enqueued_at IS NOT NULL;
