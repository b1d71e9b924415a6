// Sends one run from Node or a browser: never awaited by your work, with a deadline, never throwing into it.
// Sending the same run again is safe: it is stored once.

export interface Run {
  campaignId: string;
  campaignName?: string;
  runId: string;
  phase: string;
  agentsTotal: number;
  agentsSuccessful: number;
  assetsGenerated?: number;
  tokensIn?: number;
  tokensOut?: number;
  /** A text keeps money exact. */
  costUSD?: string | number;
  latencyP95Ms?: number;
  latencyAvgMs?: number;
  createdAt?: string;
}

/** Returns at once; the promise is for a script that is about to end, and never rejects. */
export function sendRun(run: Run, studio = "http://127.0.0.1:3000"): Promise<void> {
  return post(run, studio).catch(() => undefined);
}

async function post(run: Run, studio: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await fetch(`${studio}/api/metrics/campaign`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(run),
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined); // the studio is away: try again, then let it be
    if (answer && answer.status < 500 && answer.status !== 429) {
      if (!answer.ok) console.warn("run refused:", await answer.text());
      return;
    }
  }
}
