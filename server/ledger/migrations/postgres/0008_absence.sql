-- What is not there any more need not have been deleted.

-- Another program exported the record, and under which id its row stands in Dataverse is not known until it is met there.
ALTER TABLE studio.campaign_metrics ADD COLUMN unmet integer NOT NULL DEFAULT 0;

-- Only what was imported was exported before it came.
UPDATE studio.campaign_metrics SET unmet = 1 WHERE confirmed_at IS NULL AND exported_at < received_at;

ALTER TABLE studio.marks
    -- Of the rows that are asked about: those of which Dataverse does not say that they were deleted.
    ADD COLUMN unseen bigint,
    -- What is done about deletions there from now on, without asking.
    ADD COLUMN policy text COLLATE "C" CHECK (policy IN ('withdraw', 'send-again'));

ALTER TABLE studio.passages
    -- Of the removed ones: those of which a person said so, and those that had never been read back.
    ADD COLUMN removed_asked bigint NOT NULL DEFAULT 0,
    ADD COLUMN removed_unread bigint NOT NULL DEFAULT 0,
    -- Acknowledged, not there, and put in line once more.
    ADD COLUMN resent bigint NOT NULL DEFAULT 0;
