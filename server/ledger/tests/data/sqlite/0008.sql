-- Schema 8 knows what was met: only what another program had exported was not.
UPDATE passages SET resent = (SELECT count(*) FROM campaign_metrics WHERE unmet <> 0) WHERE hour = 498334;
