// What the documents say about sending a run, typed as it stands there.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { sendRun } from "../../docs/senders/send";
import { expect, type Studio, test } from "./studio";

const SENDERS = join(__dirname, "../../docs/senders");

function type(command: string, file: string, studio: string): Promise<number | null> {
  const child = spawn(command, [join(SENDERS, file)], { env: { ...process.env, STUDIO_URL: studio } });
  return new Promise((resolve) => child.on("exit", resolve));
}

async function expectRun(studio: Studio, runId: string): Promise<void> {
  const arrived = async () => (await studio.json("/api/metrics/campaign")).runs.map((run: any) => run.runId);
  await expect.poll(arrived).toContain(runId);
}

for (const [command, file, runId] of [["sh", "send.sh", "from-curl"], ["python3", "send.py", "from-python"]]) {
  test(`${file} sends a run, and is not troubled by a studio that is away`, async ({ empty }) => {
    expect(await type(command, file, empty.url)).toBe(0);
    await expectRun(empty, runId);
    await empty.stop();
    expect(await type(command, file, empty.url)).toBe(0);
  });
}

test("send.ts sends a run, and is not troubled by a studio that is away", async ({ empty }) => {
  const run = { campaignId: "autumn", runId: "from-typescript", phase: "1", agentsTotal: 5, agentsSuccessful: 5 };
  await sendRun(run, empty.url);
  await expectRun(empty, "from-typescript");
  await empty.stop();
  await sendRun(run, empty.url);
});
