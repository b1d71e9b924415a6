-- What schema 7 can hold beside: to which organisation it belongs.
INSERT INTO studio.identity (tenant_id, organisation, place) VALUES
('00000000-0000-0000-0000-000000000000', '0f6c7a52-1d7f-4c55-9f7e-6a3d5f0c1b11', 'https://a.crm4.dynamics.com');
-- One was acknowledged by a clock that is behind the database's, and was not read back yet.
UPDATE studio.campaign_metrics SET exported_at = received_at - 60000000, confirmed_at = NULL WHERE run_id = 'arrived';
-- One was exported by another program, before it came.
UPDATE studio.campaign_metrics SET exported_at = received_at - 86400000000 WHERE run_id = 'withdrawn';
