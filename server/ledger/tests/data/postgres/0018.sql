-- Schema 18 changes who may write, and nothing that is kept.
SELECT 1;
