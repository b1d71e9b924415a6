-- What schema 4 can hold beside: an hour's cost.
INSERT INTO studio.spending (tenant_id, hour, writer, cost) VALUES ('00000000-0000-0000-0000-000000000000', 498333, 77, 12);
