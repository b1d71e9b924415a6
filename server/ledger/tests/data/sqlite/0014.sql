-- Schema 14 keeps agent tasks: one was delivered and read back.
INSERT INTO agent_metrics (
    position, tenant_id, id, task_id, campaign_id, agent_name, model, tokens_in, tokens_out, latency_ms, cost_usd_e5,
    timestamp, status, received_at, exported_at, confirmed_at
) VALUES
(1, '00000000-0000-7000-8000-000000000001', x'3a93d9ba6e675d0ea9dd000000000014', 't', 'c', 'Mia', NULL, 10, 20, 900, 30000,
    1794000000000000, 'success', 1794000000000000, 1794000009000000, 1794000010000000);
INSERT INTO receipts (tenant_id, kind, at, taken, checksum) VALUES
('00000000-0000-7000-8000-000000000001', 'agent-task', 1794000000000000, 1, 42);
INSERT INTO receipt_hours (tenant_id, kind, hour, requests, taken, checksum) VALUES
('00000000-0000-7000-8000-000000000001', 'agent-task', 498333, 1, 1, 42);
INSERT INTO passages (tenant_id, kind, hour, delivered, confirmed) VALUES
('00000000-0000-7000-8000-000000000001', 'agent-task', 498333, 1, 1);
INSERT INTO positions (table_name, newest) VALUES ('agent_metrics', 1);
