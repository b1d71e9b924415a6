-- Records may leave once they are kept elsewhere; how many did is counted by the hour in which they had arrived.
ALTER TABLE passages ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

-- The newest position that was ever given out in a kind's table: none comes twice, though the newest rows leave.
CREATE TABLE positions (
    table_name TEXT PRIMARY KEY NOT NULL,
    newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO positions (table_name, newest) SELECT 'campaign_metrics', coalesce(max(position), 0) FROM campaign_metrics;
