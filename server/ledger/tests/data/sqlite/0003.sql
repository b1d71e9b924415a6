-- What schema 3 can hold beside: a row that another program made, one that is no record, and where the reading stands.
UPDATE campaign_metrics SET dataverse_id = '5b0c0f3e-0d5c-4a0e-8a51-000000000002' WHERE run_id = 'arrived';
INSERT INTO marks (tenant_id, kind, link, read_at, leased_until, epoch, gone, gone_of, asked_at, answer) VALUES
('00000000-0000-0000-0000-000000000000', 'campaign-run', 'https://a.crm4.dynamics.com/api/data/v9.2/apex_campaignmetricses?$deltatoken=1', 1794000009000000,
    1794000060000000, 3, 7, 9, 1794000009000000, NULL);
INSERT INTO rejects (tenant_id, kind, dataverse_id, reason, content, at) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', '5b0c0f3e-0d5c-4a0e-8a51-000000000003', 'no phase', '{}', 1794000009000000);
INSERT INTO passages (tenant_id, kind, hour, changed, kept_out) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 498334, 1, 2);
INSERT INTO versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', '3a93d9ba-6e67-5d0e-a9dd-000000000002', 1, 1794000008000000,
    'mirror', '{"tokensIn":10}');
