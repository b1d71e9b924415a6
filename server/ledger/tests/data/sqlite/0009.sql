-- Schema 9 knows since when something fails; what waited fails no longer than that.
UPDATE outbox SET failing_since = NULL;
