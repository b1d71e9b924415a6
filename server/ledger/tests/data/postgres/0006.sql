-- Schema 6 finds what waits by other indexes; what it says stays.
UPDATE studio.outbox SET attempts = attempts + 0 WHERE kind = 'campaign-run';
