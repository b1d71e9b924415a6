-- Schema 16 keeps generations of rollups: one was under way when the process ended, and made of other fields. What an earlier one
-- left is on its way out.
INSERT INTO rollup_series (id, tenant_id, kind, generation, dimension, key) VALUES
(11, '00000000-0000-7000-8000-000000000001', 'campaign-run', 3, -1, ''),
(12, '00000000-0000-7000-8000-000000000001', 'campaign-run', 4, 0, 'half');
INSERT INTO rollups (series, grain, number, content) VALUES (11, 0, 1993333, x'0103'), (12, 2, 20763, x'05');
INSERT INTO rollup_makings (kind, generation, layout, tenant_id, time, position, folded, records) VALUES
('campaign-run', 4, '0;cost', '00000000-0000-7000-8000-000000000001', 1794000000000000, 2, 2, 5);
INSERT INTO rollup_wishes (kind) VALUES ('agent-task');
