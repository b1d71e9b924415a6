-- What schema 2 can hold beside: the exchange of a refusal, and who sent it again before.
UPDATE studio.dead_letters SET request = 'PATCH /apex_campaignmetricses', response = '400 0x80048d19';
INSERT INTO studio.handlings (tenant_id, at, by_whom, kind, id, what, reason) VALUES
('00000000-0000-7000-8000-000000000001', 1794000005000000, 'Ada', 'campaign-run', '3a93d9ba-6e67-5d0e-a9dd-000000000005',
    'resent', 'too long');
