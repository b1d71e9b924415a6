-- Schema 18 reads figures from indexes alone; what is kept stays as it is.
INSERT INTO day_notes (tenant_id, id, day, words, author, made_at) VALUES
('00000000-0000-7000-8000-000000000001', '019aa000-0000-7000-8000-000000000002', '2026-10-21', 'And back', 'Jana', 1794000000000001);
