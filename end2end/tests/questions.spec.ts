// A question about rows that are gone is answered by its buttons, and by nothing that is pressed in passing.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, Studio, test } from "./studio";

/** An organisation in a process of its own, and the way of another application into it. */
class Organisation {
  private process?: ChildProcess;
  private about: Record<string, string> = {};

  async start(): Promise<void> {
    const child = spawn(process.env.STUDIO_BIN!, ["emulate", "--listen", "127.0.0.1:0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.process = child;
    this.about = await new Promise((resolve) =>
      createInterface({ input: child.stdout! }).once("line", (line) => resolve(JSON.parse(line))),
    );
    const env = { PATH: process.env.PATH, ...this.settings() };
    execFileSync(process.env.STUDIO_BIN!, ["provision"], { env, stdio: ["ignore", "ignore", "inherit"] });
  }

  stop(): void {
    this.process?.kill("SIGKILL");
  }

  settings(): Record<string, string> {
    return {
      DATAVERSE_URL: this.about.url,
      AZURE_AUTHORITY_HOST: this.about.url,
      DATAVERSE_TENANT_ID: this.about.tenantId,
      DATAVERSE_CLIENT_ID: this.about.clientId,
      DATAVERSE_CLIENT_SECRET: this.about.clientSecret,
      STUDIO_MIRROR_SECONDS: "1",
    };
  }

  async empty(table: string): Promise<void> {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: this.about.clientId,
      client_secret: this.about.clientSecret,
      scope: `${this.about.url}/.default`,
    });
    const token = (await (await fetch(this.about.tokenUrl, { method: "POST", body: form })).json()).access_token;
    const headers = { authorization: `Bearer ${token}` };
    const address = `${this.about.url}/api/data/v9.2/${table}`;
    const rows = (await (await fetch(address, { headers })).json()).value;
    for (const row of rows) {
      const deleted = await fetch(`${address}(${row.apex_campaignmetricsid})`, { method: "DELETE", headers });
      expect(deleted.status).toBe(204);
    }
  }
}

test("Enter in the question's box answers nothing", async ({ page }) => {
  test.setTimeout(120_000);
  const organisation = new Organisation();
  await organisation.start();
  const studio = new Studio(organisation.settings());
  try {
    await studio.start();
    for (let run = 0; run < 30; run += 1) await studio.post({ runId: `run-${run}` });
    const settled = async () => (await studio.json("/api/pipeline")).balance[0].confirmed;
    // What the mirror meets before its acknowledgement is confirmed a minute later, which need not be waited for.
    await expect.poll(settled, { timeout: 30_000 }).toBeGreaterThanOrEqual(20);
    await organisation.empty("apex_campaignmetricses");
    const open = async () =>
      (await studio.json("/api/pipeline")).mirror.questions.filter((question: any) => !question.answer).length;
    await expect.poll(open, { timeout: 30_000 }).toBe(1);

    await page.goto(`${studio.url}/pipeline`);
    const box = page.getByRole("checkbox", { name: /from now on/ });
    await box.focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await expect(box).toBeChecked();
    await expect(page.getByRole("button", { name: "Yes, withdraw them here too" })).toBeVisible();
    expect(await open()).toBe(1);
    // From the box the keyboard goes on to the answers.
    await page.keyboard.press("Tab");
    await expect(page.getByRole("button", { name: "Yes, withdraw them here too" })).toBeFocused();
    await page.getByRole("button", { name: "No, send them again" }).click();
    await expect.poll(open).toBe(0);
    await page.goto("about:blank");
  } finally {
    await studio.discard();
    organisation.stop();
  }
});
