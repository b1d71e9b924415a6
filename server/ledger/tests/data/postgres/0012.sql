-- Schema 12 counts what left: a record of others was read in, read back and archived.
UPDATE studio.passages
SET mirrored = mirrored + 1, confirmed = confirmed + 1, archived = archived + 1 WHERE hour = 498334;
