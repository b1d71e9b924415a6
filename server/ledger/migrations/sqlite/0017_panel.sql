-- What people write at a day of the calendar, so that others know later what happened then.
CREATE TABLE day_notes (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- As 2026-11-21: whichever stretch of time that is to those who look.
    day TEXT NOT NULL,
    words TEXT NOT NULL,
    -- Empty where that is not said.
    author TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX day_notes_by_day ON day_notes (tenant_id, day);

-- What was set on the panel, and holds instead of what the server was started with: one row for each tenant.
CREATE TABLE panel_settings (
    tenant_id TEXT PRIMARY KEY,
    -- What a month may cost, in hundred-thousandths of a dollar; none where nothing is set.
    cost_budget_e5 INTEGER
) STRICT, WITHOUT ROWID;
