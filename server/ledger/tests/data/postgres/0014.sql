-- Schema 14 keeps rollups: these were made of other fields once, so they are made anew.
INSERT INTO studio.rollup_series (tenant_id, kind, dimension, key, id) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', -1, '', nextval('studio.rollup_series_id')),
('00000000-0000-7000-8000-000000000001', 'campaign-run', 7, 'gone', nextval('studio.rollup_series_id'));
INSERT INTO studio.rollups (tenant_id, series, grain, number, writer, content) VALUES
('00000000-0000-7000-8000-000000000001', 1, 0, 1993333, 0, '\x0102'),
('00000000-0000-7000-8000-000000000001', 2, 2, 20763, 9, '\x03');
INSERT INTO studio.rollup_kinds (kind, layout) VALUES ('campaign-run', '0;cost');
