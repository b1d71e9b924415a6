-- Rollups are made anew beside those that are read: one generation of each kind is read, and another one may be under way.
CREATE TABLE rollup_series_of_generations (
    id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- One that is neither read nor under way is on its way out.
    generation INTEGER NOT NULL,
    -- The place among the kind's dimensions; -1 for all records.
    dimension INTEGER NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (tenant_id, kind, generation, dimension, key)
) STRICT;

INSERT INTO rollup_series_of_generations SELECT id, tenant_id, kind, 0, dimension, key FROM rollup_series;

CREATE TABLE rollups_of_generations (
    series INTEGER NOT NULL REFERENCES rollup_series_of_generations (id),
    -- 0 a quarter hour, 1 an hour, 2 a day, 3 eight days.
    grain INTEGER NOT NULL,
    -- Which of them, counted from 1970 on.
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (series, grain, number)
) STRICT, WITHOUT ROWID;

INSERT INTO rollups_of_generations SELECT series, grain, number, content FROM rollups;

DROP TABLE rollups;

DROP TABLE rollup_series;

ALTER TABLE rollup_series_of_generations RENAME TO rollup_series;

ALTER TABLE rollups_of_generations RENAME TO rollups;

-- The generation of each kind that is read. All records are in it; of a kind that is missing here they are counted one by one.
ALTER TABLE rollup_kinds ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

-- The generation of each kind that is under way: the records up to a tenant's time and position are in it.
CREATE TABLE rollup_makings (
    kind TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    layout TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- How many records are in it, and how many there were when it was begun.
    folded INTEGER NOT NULL,
    records INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Kinds whose rollups are to be made anew. Another process may write here beside the one that has the folder.
CREATE TABLE rollup_wishes (kind TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
