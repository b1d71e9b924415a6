-- Records of a kind that is never sent to Dataverse.
ALTER TABLE studio.passages ADD COLUMN unsent bigint NOT NULL DEFAULT 0;
