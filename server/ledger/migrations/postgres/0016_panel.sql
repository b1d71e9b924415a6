-- What people write at a day of the calendar, so that others know later what happened then.
CREATE TABLE studio.day_notes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- As 2026-11-21: whichever stretch of time that is to those who look.
    day text COLLATE "C" NOT NULL,
    words text COLLATE "C" NOT NULL,
    -- Empty where that is not said.
    author text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX day_notes_by_day ON studio.day_notes (tenant_id, day);

-- What was set on the panel, and holds instead of what the server was started with: one row for each tenant.
CREATE TABLE studio.panel_settings (
    tenant_id uuid PRIMARY KEY,
    -- What a month may cost, in hundred-thousandths of a dollar; none where nothing is set.
    cost_budget_e5 bigint
);
