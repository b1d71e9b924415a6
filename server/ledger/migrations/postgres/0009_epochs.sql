-- Epochs never start over: a record may leave the outbox and come back, and the process that carried it before must not be
-- taken for the one that carries it now. They begin above all that were ever given out one by one.
CREATE SEQUENCE studio.outbox_epoch START WITH 1000000;

-- Since when an entry of the outbox has been sent in vain, time after time; nothing while it was not.
ALTER TABLE studio.outbox ADD COLUMN failing_since bigint;
