// A visit that ends tells how fast the panel was painted, and nothing else.
import type { Page } from "@playwright/test";
import { expect, type Studio, test } from "./studio";

/** What the server has measured of the panel's paint. */
async function painted(studio: Studio): Promise<{ samples: number; measured: string | null }> {
  const { targets } = await studio.json("/api/pipeline");
  return targets.find((target: { name: string }) => target.name === "panel_lcp");
}

/** Opens the panel and waits until something of it is painted: a visit that ends before has nothing to tell. */
async function visit(page: Page, studio: Studio): Promise<void> {
  await page.goto(studio.url);
  await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver(() => done(true)).observe({ type: "largest-contentful-paint", buffered: true });
      }),
  );
}

/** As if another tab were chosen. */
async function hide(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
}

test("a hidden panel tells its paint once", async ({ page, empty }) => {
  await visit(page, empty);
  expect((await painted(empty)).samples).toBe(0);
  const beacon = page.waitForRequest("**/api/beacon");
  await hide(page);
  const sent = (await beacon).postData() ?? "";
  expect(sent).toMatch(/^[1-9][0-9]{0,5}$/);
  await expect.poll(async () => (await painted(empty)).samples).toBe(1);
  const { measured } = await painted(empty);
  expect(Math.abs(Number(measured) - Number(sent))).toBeLessThanOrEqual(Number(sent) / 64);
  // Hidden once more and left, it tells nothing more: the second sample is the second visit's.
  await hide(page);
  await visit(page, empty);
  await page.goto("about:blank");
  await expect.poll(async () => (await painted(empty)).samples).toBe(2);
});

test("a panel that is left tells its paint, another page does not", async ({ page, empty }) => {
  await page.goto(`${empty.url}/pipeline`);
  await expect(page.locator("#measured")).toContainText("not measured yet");
  await visit(page, empty);
  await page.goto("about:blank");
  await expect.poll(async () => (await painted(empty)).samples).toBe(1);
});
