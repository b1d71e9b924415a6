-- Schema 5 adds a count that is 0 as long as every kind is sent.
UPDATE studio.passages SET unsent = 0 WHERE hour = 498334;
