"""The same questions to DuckDB, and to SQLite over the plain table: median milliseconds of each, as JSON.

Called with the runs as CSV, and with the ledger's file where it is one.
"""

import json
import sqlite3
import statistics
import sys
import time

import duckdb

ROUNDS = 9
DAY = "CAST(date_trunc('day', timezone('Europe/Berlin', createdAt)) AS DATE)"
SUMS = (
    "count(*), sum(costUSD), sum(agentsTotal), sum(agentsSuccessful), sum(assetsGenerated), sum(tokensIn), "
    "sum(tokensOut), quantile_disc(latencyP95Ms, [0.5, 0.95, 0.99]), count(DISTINCT campaignId)"
)
LAST = "createdAt >= (SELECT max(createdAt) FROM runs) - INTERVAL 90 DAY"


def duck(csv):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE runs AS SELECT * REPLACE (CAST(costUSD AS DECIMAL(18, 5)) AS costUSD, CAST(createdAt AS TIMESTAMPTZ) "
        f"AS createdAt) FROM read_csv('{csv}')"
    )
    return {
        "all": lambda: connection.execute(f"SELECT {DAY}, {SUMS} FROM runs WHERE {LAST} GROUP BY ALL").fetchall(),
        "campaign": lambda: connection.execute(
            f"SELECT {DAY}, {SUMS} FROM runs WHERE {LAST} AND campaignId = 'c-7' GROUP BY ALL"
        ).fetchall(),
        "by": lambda: connection.execute(
            f"SELECT campaignId, {SUMS} FROM runs WHERE {LAST} GROUP BY ALL"
        ).fetchall(),
    }


def plain(ledger):
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    (last,) = connection.execute("SELECT max(created_at) FROM campaign_metrics").fetchone()
    since = last - 90 * 86_400_000_000
    sums = (
        "count(*), sum(cost_usd_e5), sum(agents_total), sum(agents_successful), sum(assets_generated), sum(tokens_in), "
        "sum(tokens_out), max(latency_p95_ms), count(DISTINCT campaign_id)"
    )
    table = "FROM campaign_metrics WHERE withdrawn_at IS NULL AND created_at >= ?"
    day = "(created_at + 3600000000) / 86400000000"
    return {
        "all": lambda: connection.execute(f"SELECT {day}, {sums} {table} GROUP BY 1", (since,)).fetchall(),
        "campaign": lambda: connection.execute(
            f"SELECT {day}, {sums} {table} AND campaign_id = 'c-7' GROUP BY 1", (since,)
        ).fetchall(),
        "by": lambda: connection.execute(f"SELECT campaign_id, {sums} {table} GROUP BY 1", (since,)).fetchall(),
    }


def median(question):
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert question()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


csv, *ledgers = sys.argv[1:]
answers = {"duckdb": duck(csv), **{"sqlite": plain(ledger) for ledger in ledgers}}
print(json.dumps({name: {key: median(ask) for key, ask in asks.items()} for name, asks in answers.items()}))
