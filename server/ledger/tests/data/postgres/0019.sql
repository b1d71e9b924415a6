-- Schema 19 keeps people and their sessions.
INSERT INTO studio.people (tenant_id, name, role, made_at) VALUES ('00000000-0000-7000-8000-000000000001', 'Jana', 'admin', 1794000000000000);
INSERT INTO studio.passwords (tenant_id, name, code) VALUES ('00000000-0000-0000-0000-000000000000', 'Jana', 'code of Jana');
INSERT INTO studio.sessions (tenant_id, code, name, shown_tenant_id, roles, made_at, ends_at) VALUES
('00000000-0000-0000-0000-000000000000', '00aa', 'Jana', '00000000-0000-7000-8000-000000000001', NULL, 1794000000000000, 1894000000000000);
UPDATE studio.access_secrets SET peopled = 1;
