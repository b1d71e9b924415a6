-- Schema 15 keeps generations of rollups: one was under way when the process ended, and made of other fields. What an earlier one
-- left is on its way out.
INSERT INTO studio.rollup_series (tenant_id, kind, generation, dimension, key, id) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 3, -1, '', nextval('studio.rollup_series_id')),
('00000000-0000-7000-8000-000000000001', 'campaign-run', 4, 0, 'half', nextval('studio.rollup_series_id'));
INSERT INTO studio.rollups (tenant_id, series, grain, number, writer, content) VALUES
('00000000-0000-7000-8000-000000000001', 3, 0, 1993333, 0, '\x0103'),
('00000000-0000-7000-8000-000000000001', 4, 2, 20763, 9, '\x05');
INSERT INTO studio.rollup_makings (kind, generation, layout, tenant_id, "time", position, folded, records) VALUES
('campaign-run', 4, '0;cost', '00000000-0000-7000-8000-000000000001', 1794000000000000, 2, 2, 5);
INSERT INTO studio.rollup_wishes (kind) VALUES ('agent-task');
