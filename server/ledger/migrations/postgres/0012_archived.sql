-- Records may leave once they are kept elsewhere; how many did is counted by the hour in which they had arrived.
ALTER TABLE studio.passages ADD COLUMN archived bigint NOT NULL DEFAULT 0;

-- The newest position that a folder had given out in a kind's table, where a ledger came over from one. The sequences go on
-- from there.
CREATE TABLE studio.positions (
    table_name text COLLATE "C" PRIMARY KEY,
    newest bigint NOT NULL
);
