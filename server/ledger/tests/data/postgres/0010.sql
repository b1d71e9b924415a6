-- Schema 10 counts what waits and what is refused beside it: what was there has been counted.
UPDATE studio.passages
SET unsent = unsent + (
    SELECT abs(sum(waiting) - 2) + abs(sum(waiting_first) - 1) + abs(sum(refused_first) - 1) FROM studio.backlog
)
WHERE hour = 498334;
