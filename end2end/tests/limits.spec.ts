// Names without a break and numbers at their limits: every page stays as wide as the screen, every tile keeps to itself.
import type { Page } from "@playwright/test";
import { expect, open, type Studio, test } from "./studio";

const WIDTHS = [320, 375, 600, 1200];
const MOST = 2_147_483_647;

async function fill(studio: Studio): Promise<void> {
  const most = { agentsTotal: MOST, agentsSuccessful: MOST, assetsGenerated: MOST, tokensIn: MOST, tokensOut: MOST };
  const limits = { ...most, costUSD: "99999.99999", latencyP95Ms: MOST, latencyAvgMs: MOST };
  await studio.post({ ...limits, campaignId: "W".repeat(64), runId: "W".repeat(64), phase: "W".repeat(16) });
  await studio.post({ ...limits, campaignId: "0123456789abcdef".repeat(4), runId: "r", phase: "1" });
}

/** What is wider than the place it has. */
async function spilled(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    const over = root.scrollWidth > root.clientWidth ? [`the page by ${root.scrollWidth - root.clientWidth} px`] : [];
    for (const part of document.querySelectorAll(".figure, .delta, .note, .newest th, .newest td, .equation data, .lines li")) {
      if (part.scrollWidth > part.clientWidth + 1) over.push(`${part.className || part.tagName}: ${part.textContent}`);
    }
    return over;
  });
}

for (const width of WIDTHS) {
  test(`nothing runs over at ${width} px`, async ({ page, empty }) => {
    await fill(empty);
    await page.setViewportSize({ width, height: 900 });
    for (const path of ["/", "/?range=90d&tile=tokens", `/?campaign=${"W".repeat(64)}`]) {
      await open(page, empty, path);
      await expect(page.locator("[data-run]").first()).toBeVisible();
      expect(await spilled(page), path).toEqual([]);
    }
    await page.goto(`${empty.url}/pipeline`);
    expect(await spilled(page), "/pipeline").toEqual([]);
  });

  test(`a reason is read to its end at ${width} px`, async ({ page, empty }) => {
    await empty.post({ runId: "without a latency" });
    await page.setViewportSize({ width, height: 900 });
    await open(page, empty);
    await expect(page.locator("[data-tile=latency] .delta")).toContainText("came with a latency");
    expect(await spilled(page)).toEqual([]);
  });
}
