-- Schema 12 leaves the counting of what goes into the outbox to the statement that puts it there.
CREATE TEMPORARY TABLE away AS SELECT * FROM outbox WHERE first = 0;
DELETE FROM outbox WHERE first = 0;
INSERT INTO outbox SELECT * FROM away;
INSERT INTO backlog (tenant_id, kind, hour, waiting)
SELECT tenant_id, kind, enqueued_at / 3600000000, count(*) FROM away WHERE 1 GROUP BY 1, 2, 3
ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET waiting = waiting + excluded.waiting;
DROP TABLE away;
