// A server process for a test, and a page that may not complain.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Page, test as base } from "@playwright/test";

export const NOW = "2026-11-21T13:05:00Z";

export class Studio {
  url = "";
  private process?: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), "studio-"));

  constructor(private readonly settings: Record<string, string>) {}

  /** Starts on a free port the first time, on the same port from then on. */
  async start(): Promise<void> {
    const binary = process.env.STUDIO_BIN;
    if (!binary) throw new Error("STUDIO_BIN must name the server; run this through `cargo xtask test e2e`");
    const address = this.url ? new URL(this.url).host : "127.0.0.1:0";
    const child = spawn(binary, ["serve"], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, STUDIO_ADDR: address, STUDIO_DATA: join(this.folder, "data"), ...this.settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    const said: string[] = [];
    child.stderr?.on("data", (chunk) => said.push(String(chunk)));
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout! }).on("line", (line) => {
        const ready = /^Studio Metrics is ready: (\S+)$/.exec(line);
        if (ready) resolve(ready[1]);
      });
      child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${said.join("")}`)));
    });
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** What an administrator does on the machine itself. */
  command(words: string[], input = ""): void {
    const env = { PATH: process.env.PATH, STUDIO_DATA: join(this.folder, "data"), ...this.settings };
    const done = spawnSync(process.env.STUDIO_BIN!, words, { cwd: this.folder, env, input, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`studio ${words.join(" ")}: ${done.status} ${done.stderr}`);
  }

  async discard(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async json(path: string): Promise<any> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** What is answered to what is sent. */
  async make(path: string, wish: Record<string, unknown>): Promise<any> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(wish) });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async post(run: Record<string, unknown>): Promise<void> {
    const body = { campaignId: "c1", phase: "1", agentsTotal: 4, agentsSuccessful: 4, ...run };
    const answer = await fetch(`${this.url}/api/metrics/campaign`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.status !== 201) throw new Error(`posting a run: ${answer.status} ${await answer.text()}`);
  }
}

interface Fixtures {
  /** A server of this test's own, without any run. */
  empty: Studio;
  /** What the browser complained about; a test ends with none of it. */
  complaints: string[];
}

export const test = base.extend<Fixtures, { demo: Studio }>({
  /** Demo data with the clock standing still, for all tests that only look. */
  demo: [
    async ({}, use) => {
      const studio = new Studio({ STUDIO_NOW: NOW });
      await studio.start();
      await use(studio);
      await studio.discard();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  empty: async ({}, use) => {
    const studio = new Studio({ STUDIO_DEMO: "off" });
    await studio.start();
    await use(studio);
    await studio.discard();
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await use(complaints);
      base.expect(complaints, "the browser complained").toEqual([]);
    },
    { auto: true },
  ],
});

export const { expect } = base;

/** Opens a page and waits until the browser has taken it over. */
export async function open(page: Page, studio: Studio, path = "/"): Promise<void> {
  await page.goto(studio.url + path);
  await page.locator("body[data-hydrated]").waitFor();
}

export function tile(page: Page, name: string) {
  return page.locator(`[data-tile=${name}]`);
}

/** The exact values of a tile, as a program reads them. */
export async function values(page: Page, name: string): Promise<string[]> {
  return tile(page, name).locator("data").evaluateAll((all) => all.map((one) => one.getAttribute("value") ?? ""));
}

/** All five tiles say what the interface for programs says. */
export async function expectFigures(page: Page, studio: Studio, query: string): Promise<void> {
  const { figures } = await studio.json(`/api/metrics/history?${query}`);
  // What does not exist is null there and a dash here.
  const one = (value: unknown) => (value === null ? [] : [String(value)]);
  await expect.poll(() => values(page, "cost")).toEqual(one(figures.cost.value));
  expect(await values(page, "latency")).toEqual(one(figures.latency.value));
  expect(await values(page, "success")).toEqual(one(figures.success.value));
  expect(await values(page, "assets")).toEqual(one(figures.assets.value));
  expect(await values(page, "tokens")).toEqual([...one(figures.tokens.in), ...one(figures.tokens.out)]);
}
