-- The time of an acknowledgement was the relay's once, and that of an arrival the database's: an acknowledgement that lies
-- before the arrival by less than five minutes tells of two clocks, and not of another program. After an import the whole
-- table is read, and meets what was exported a moment before: as long as that is still to come, all of it stays as it is.
UPDATE studio.campaign_metrics SET unmet = 0
WHERE unmet <> 0 AND exported_at > received_at - 300000000 AND EXISTS (
    SELECT 1 FROM studio.marks AS m WHERE m.kind = 'campaign-run' AND m.link IS NOT NULL
);
