-- Schema 13 keeps agent tasks: one was delivered and read back.
INSERT INTO studio.agent_metrics (
    position, tenant_id, id, task_id, campaign_id, agent_name, model, tokens_in, tokens_out, latency_ms, cost_usd_e5,
    timestamp, status, received_at, exported_at, confirmed_at
) VALUES
(1, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000014', 't', 'c', 'Mia', NULL, 10, 20, 900, 30000,
    1794000000000000, 'success', 1794000000000000, 1794000009000000, 1794000010000000);
INSERT INTO studio.receipts (position, tenant_id, kind, at, taken, checksum) VALUES
(nextval('studio.receipts_position'), '00000000-0000-7000-8000-000000000001', 'agent-task', 1794000000000000, 1, 42);
INSERT INTO studio.receipt_hours (tenant_id, kind, hour, writer, requests, taken, checksum) VALUES
('00000000-0000-7000-8000-000000000001', 'agent-task', 498333, 77, 1, 1, 42);
INSERT INTO studio.passages (tenant_id, kind, hour, writer, delivered, confirmed) VALUES
('00000000-0000-7000-8000-000000000001', 'agent-task', 498333, 77, 1, 1);
SELECT setval('studio.agent_metrics_position', 1);
