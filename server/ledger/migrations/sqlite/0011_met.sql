-- Nothing was ever imported into a folder: an acknowledgement that lies before the arrival tells of a clock that was set.
UPDATE campaign_metrics SET unmet = 0 WHERE unmet <> 0;
