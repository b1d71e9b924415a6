-- Views that are shown to those who have a link to them.
CREATE TABLE studio.share_links (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- The view, as the panel's address says it.
    view_address text COLLATE "C" NOT NULL,
    made_by text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    -- What is left of the password (Argon2id, with its salt), where there is one.
    password text COLLATE "C",
    visits bigint NOT NULL DEFAULT 0,
    visited_at bigint,
    PRIMARY KEY (tenant_id, id)
);
