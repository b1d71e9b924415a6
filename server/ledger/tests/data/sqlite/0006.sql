-- Schema 6 keeps ids as bytes: those that were there have come over.
UPDATE passages
SET unsent = unsent + (SELECT count(*) FROM campaign_metrics WHERE length(id) <> 16 OR length(dataverse_id) <> 16)
WHERE hour = 498334;
