-- What records add up to in quarter hours, hours and days, all of a kind together and by each of its dimensions.
CREATE TABLE rollup_series (
    id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The place among the kind's dimensions; -1 for all records.
    dimension INTEGER NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (tenant_id, kind, dimension, key)
) STRICT;

-- A cell that nothing is left of is no row.
CREATE TABLE rollups (
    series INTEGER NOT NULL REFERENCES rollup_series (id),
    -- 0 a quarter hour, 1 an hour, 2 a day.
    grain INTEGER NOT NULL,
    -- Which of them, counted from 1970 on.
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (series, grain, number)
) STRICT, WITHOUT ROWID;

-- The kinds whose records are in the rollups, all of them, and what those were made of then.
CREATE TABLE rollup_kinds (kind TEXT PRIMARY KEY, layout TEXT NOT NULL) STRICT, WITHOUT ROWID;
