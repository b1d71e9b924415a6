-- What a ledger of schema 1 holds after a while: one record waits, one was delivered and read back, one was corrected,
-- one withdrawn, one is a dead letter.
INSERT INTO tenants (id, seen_at) VALUES ('00000000-0000-7000-8000-000000000001', 1794000000000000);
INSERT INTO campaigns (tenant_id, id, name, named_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'c', 'Autumn', 1794000000000000);
INSERT INTO campaign_metrics (
    position, tenant_id, id, campaign_id, run_id, phase, agents_total, agents_successful, assets_generated, tokens_in,
    tokens_out, cost_usd_e5, latency_p95_ms, latency_avg_ms, success_rate_bp, created_at, revision, received_at,
    exported_at, confirmed_at, withdrawn_at
) VALUES
(1, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000001', 'c', 'waits', '1', 5, 4, 0, 10, 20,
    30000, 900, 400, 8000, 1794000000000000, 1, 1794000000000000, NULL, NULL, NULL),
(2, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000002', 'c', 'arrived', '1', 0, 0, 0, 10, 20,
    30000, NULL, NULL, NULL, 1794000001000000, 1, 1794000001000000, 1794000009000000, 1794000010000000, NULL),
(3, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000003', 'c', 'corrected', '1', 5, 4, 0, 11, 20,
    30000, 900, 400, 8000, 1794000002000000, 2, 1794000002000000, NULL, NULL, NULL),
(4, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000004', 'c', 'withdrawn', '1', 5, 4, 0, 10, 20,
    30000, 900, 400, 8000, 1794000003000000, 2, 1794000003000000, NULL, NULL, 1794000004000000),
(5, '00000000-0000-7000-8000-000000000001', '3a93d9ba-6e67-5d0e-a9dd-000000000005', 'c', 'dead', '1', 5, 4, 0, 10, 20,
    30000, 900, 400, 8000, 1794000004000000, 1, 1794000004000000, NULL, NULL, NULL);
INSERT INTO versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', '3a93d9ba-6e67-5d0e-a9dd-000000000003', 1, 1794000005000000,
    'correction', '{"tokensIn":10}'),
('00000000-0000-7000-8000-000000000001', 'campaign-run', '3a93d9ba-6e67-5d0e-a9dd-000000000004', 1, 1794000004000000,
    'withdrawal', '{"tokensIn":10}');
INSERT INTO outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at, leased_until, epoch, attempts) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 1, 1, 1, 1794000000000000, 9794000000000000, 9794000000000000, 1, 2),
('00000000-0000-7000-8000-000000000001', 'campaign-run', 3, 2, 0, 1794000005000000, 1794000005000000, NULL, 1, 0);
INSERT INTO dead_letters (
    tenant_id, kind, position, revision, first, enqueued_at, epoch, attempts, reason, died_at
) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 5, 1, 1, 1794000004000000, 1, 1, 'too long', 1794000006000000);
INSERT INTO receipts (position, tenant_id, kind, at, taken, checksum) VALUES
(1, '00000000-0000-7000-8000-000000000001', 'campaign-run', 1794000000000000, 5, 42);
INSERT INTO receipt_hours (tenant_id, kind, hour, requests, taken, checksum) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 498333, 1, 5, 42);
INSERT INTO passages (tenant_id, kind, hour, delivered, confirmed, withdrawn_unsent) VALUES
('00000000-0000-7000-8000-000000000001', 'campaign-run', 498333, 2, 1, 1);
