-- Schema 17 keeps keys of services.
INSERT INTO studio.service_keys (tenant_id, name, code, scope, made_at, expires_at, rate_per_minute, used_at) VALUES
('00000000-0000-7000-8000-000000000001', 'studio', '00ff', 'write', 1794000000000000, NULL, 600, 1794000000000002);
INSERT INTO studio.access_secrets (tenant_id, secret, closed) VALUES ('00000000-0000-0000-0000-000000000000', '0a0b', 1);
