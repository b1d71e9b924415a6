-- Schema 11 takes no acknowledgement of a clock that is a little behind for an import.
UPDATE passages
SET unsent = unsent + (SELECT count(*) FROM campaign_metrics WHERE unmet <> 0 AND run_id = 'arrived')
WHERE hour = 498334;
