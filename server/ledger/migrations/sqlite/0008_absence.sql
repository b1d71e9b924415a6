-- What is not there any more need not have been deleted.

-- Another program exported the record, and under which id its row stands in Dataverse is not known until it is met there.
ALTER TABLE campaign_metrics ADD COLUMN unmet INTEGER NOT NULL DEFAULT 0;

-- Only what was imported was exported before it came.
UPDATE campaign_metrics SET unmet = 1 WHERE confirmed_at IS NULL AND exported_at < received_at;

-- Of the rows that are asked about: those of which Dataverse does not say that they were deleted.
ALTER TABLE marks ADD COLUMN unseen INTEGER;
-- What is done about deletions there from now on, without asking.
ALTER TABLE marks ADD COLUMN policy TEXT CHECK (policy IN ('withdraw', 'send-again'));

-- Of the removed ones: those of which a person said so, and those that had never been read back.
ALTER TABLE passages ADD COLUMN removed_asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE passages ADD COLUMN removed_unread INTEGER NOT NULL DEFAULT 0;
-- Acknowledged, not there, and put in line once more.
ALTER TABLE passages ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
