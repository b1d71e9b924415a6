-- Schema 21 keeps links to views.
INSERT INTO share_links (tenant_id, id, view_address, made_by, made_at, ends_at, password, visits, visited_at) VALUES
('00000000-0000-7000-8000-000000000001', '019aa000-0000-7000-8000-00000000000a', '/?range=30d', 'Jana', 1794000000000000, 1894000000000000, NULL, 3, 1794000000000001);
