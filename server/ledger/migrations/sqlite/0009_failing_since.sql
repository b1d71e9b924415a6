-- Since when an entry of the outbox has been sent in vain, time after time; nothing while it was not.
ALTER TABLE outbox ADD COLUMN failing_since INTEGER;
