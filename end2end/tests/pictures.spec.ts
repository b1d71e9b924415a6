// The panel in each of its states, held against pictures that are kept. The clock stands still in the server and in the
// browser, and letters come from one font, so that what differs is the panel. `STUDIO_ACCEPT=1 cargo xtask test e2e` keeps new ones.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { expect, NOW, open, Studio, test as base } from "./studio";

const FONT = readFileSync(createRequire(__filename).resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"));
const FACE = `@font-face { font-family: Pictured; src: url("/pictured.woff2"); font-weight: 100 900; }
:root { --font: Pictured !important; --font-code: Pictured !important; }
/* What goes on while the clock stands still: the seconds since the last answer, and what is on its way to Dataverse. */
.fresh .words, .balance { visibility: hidden; }`;

/** Half a minute after midnight in Berlin, where the browser is. */
const MIDNIGHT = "2026-11-20T23:00:30Z";

interface Servers {
  /** A campaign for each shape that a history may have. */
  shapes: Studio;
  midnight: Studio;
}

const test = base.extend<{}, Servers>({
  page: async ({ page }, use) => {
    await page.route("**/pictured.woff2", (route) => route.fulfill({ body: FONT, contentType: "font/woff2" }));
    await page.route("**/*.css", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `${await answer.text()}\n${FACE}` });
    });
    await use(page);
  },
  shapes: [
    async ({}, use) => {
      const studio = new Studio({ STUDIO_NOW: NOW, STUDIO_DEMO: "off" });
      await studio.start();
      for (const [campaign, days] of Object.entries(SHAPES)) {
        for (const [day, run] of days) await studio.post({ ...run, campaignId: campaign, runId: `${day}`, createdAt: ago(day) });
      }
      await use(studio);
      await studio.discard();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  midnight: [
    async ({}, use) => {
      const studio = new Studio({ STUDIO_NOW: MIDNIGHT });
      await studio.start();
      await use(studio);
      await studio.discard();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

test.use({ bypassCSP: true, viewport: { width: 1320, height: 900 } });

type Run = Record<string, unknown>;
type Days = [daysAgo: number, run: Run][];

const MONTH = Array.from({ length: 30 }, (_, day) => day);
const usual = (day: number): Run => ({
  costUSD: (0.2 + ((day * 7) % 5) / 50).toFixed(2),
  latencyP95Ms: 20_000 + ((day * 7) % 11) * 1_000,
  latencyAvgMs: 9_000,
  assetsGenerated: 6 + (day % 3),
  tokensIn: 5_000 + 100 * (day % 7),
  tokensOut: 2_000 + 50 * (day % 7),
  agentsSuccessful: day % 6 === 0 ? 3 : 4,
});
const nothing: Run = {
  costUSD: "0",
  latencyP95Ms: 0,
  latencyAvgMs: 0,
  assetsGenerated: 0,
  tokensIn: 0,
  tokensOut: 0,
  agentsSuccessful: 0,
};

const SHAPES: Record<string, Days> = {
  "one-point": [[9, usual(9)]],
  "two-points": [[9, usual(9)], [20, usual(20)]],
  spike: MONTH.map((day) => [day, day === 11 ? { ...usual(day), costUSD: "240.00" } : usual(day)]),
  "all-equal": MONTH.map((day) => [day, usual(3)]),
  "all-zero": MONTH.map((day) => [day, nothing]),
  "missing-days": MONTH.filter((day) => day % 9 < 4 || day === 15).map((day) => [day, usual(day)]),
};

/** An hour before now, and that many days. */
function ago(days: number): string {
  return new Date(Date.parse(NOW) - days * 86_400_000 - 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Opens a page at a moment, once its forecast is made. */
async function look(page: Page, studio: Studio, path: string, now = NOW): Promise<void> {
  await page.clock.setFixedTime(now);
  const asked = path.replace("/?", "");
  const forecast = async () => JSON.stringify((await studio.json(`/api/metrics/history?${asked}`)).forecast);
  await expect.poll(forecast, { timeout: 30_000 }).not.toContain("being computed");
  await open(page, studio, path);
  await page.evaluate(() => document.fonts.ready);
}

/** A few pixels where edges of letters are drawn otherwise: fewer than a thin line has. */
async function compare(page: Page, name: string, fullPage = false): Promise<void> {
  await expect(page).toHaveScreenshot(`${name}.png`, { fullPage, maxDiffPixelRatio: 0.0005, animations: "disabled" });
}

for (const campaign of Object.keys(SHAPES)) {
  test(`a history looks as it did: ${campaign}`, async ({ page, shapes }) => {
    await look(page, shapes, `/?range=30d&campaign=${campaign}`);
    await compare(page, campaign);
  });
}

test("an empty panel looks as it did", async ({ page, shapes }) => {
  await look(page, shapes, "/?from=2026-01-01&to=2026-01-31");
  await compare(page, "empty");
});

test("the panel looks as it did in light, dark, print and at twice the size", async ({ page, demo }) => {
  await look(page, demo, "/?range=90d");
  await compare(page, "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await compare(page, "dark");
  await page.emulateMedia({ colorScheme: "light", media: "print" });
  // An A4 sheet.
  await page.setViewportSize({ width: 794, height: 1123 });
  await compare(page, "print", true);
  await page.emulateMedia({ media: "screen" });
  // What a browser does at 200 %: half the width for what is laid out.
  await page.setViewportSize({ width: 660, height: 900 });
  await look(page, demo, "/?range=90d");
  await compare(page, "twice-the-size");
});

test("ninety days look as they did on a narrow screen", async ({ page, demo }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, demo, "/?range=90d");
  await compare(page, "narrow", true);
});

for (const range of ["live", "30d"]) {
  test(`right after midnight the panel looks as it did: ${range}`, async ({ page, midnight }) => {
    await look(page, midnight, `/?range=${range}&tz=Europe/Berlin`, MIDNIGHT);
    await compare(page, `midnight-${range}`);
  });
}
