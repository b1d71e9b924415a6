-- What schema 7 can hold beside: to which organisation it belongs.
INSERT INTO identity (tenant_id, organisation, place) VALUES
('00000000-0000-0000-0000-000000000000', '0f6c7a52-1d7f-4c55-9f7e-6a3d5f0c1b11', 'https://a.crm4.dynamics.com');
