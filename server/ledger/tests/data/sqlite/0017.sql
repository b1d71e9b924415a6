-- Schema 17 keeps what people set on the panel.
INSERT INTO day_notes (tenant_id, id, day, words, author, made_at) VALUES
('00000000-0000-7000-8000-000000000001', '019aa000-0000-7000-8000-000000000001', '2026-10-20', 'Larger model', 'Jana', 1794000000000000);
INSERT INTO panel_settings (tenant_id, cost_budget_e5) VALUES ('00000000-0000-7000-8000-000000000001', 45000000);
