-- Records of a kind that is never sent to Dataverse.
ALTER TABLE passages ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
