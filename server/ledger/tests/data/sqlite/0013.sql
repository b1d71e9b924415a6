-- Schema 13 counts what left: a record of others was read in, read back and archived, and its position is not given out again.
UPDATE passages SET mirrored = mirrored + 1, confirmed = confirmed + 1, archived = archived + 1 WHERE hour = 498334;
UPDATE positions SET newest = newest + 1 WHERE newest = (SELECT max(position) FROM campaign_metrics);
