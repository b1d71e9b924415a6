// The panel stays fresh by itself, quietly.
import type { Page } from "@playwright/test";
import { expect, open, test, tile } from "./studio";

/** Every answer to a poll from here on: its status. */
function polls(page: Page): number[] {
  const seen: number[] = [];
  page.on("response", (answer) => {
    if (new URL(answer.url()).pathname === "/api/panel") seen.push(answer.status());
  });
  return seen;
}

async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);
}

test("a new run is on the panel with the next poll", async ({ page, empty }) => {
  await empty.post({ runId: "1", costUSD: "1.5" });
  await page.clock.install();
  await open(page, empty);
  await expect(tile(page, "cost").locator("data")).toHaveAttribute("value", "1.50000");
  const before = await tile(page, "cost").elementHandle();
  await page.getByLabel("Campaign", { exact: true }).focus();
  await empty.post({ runId: "2", costUSD: "0.25", agentsSuccessful: 3 });
  await page.clock.fastForward(10_000);
  await expect(tile(page, "cost").locator("data")).toHaveAttribute("value", "1.75000");
  await expect(tile(page, "success").locator("data")).toHaveAttribute("value", "87.50");
  await expect(page.locator("tr[data-run]")).toHaveCount(2);
  expect(await before?.evaluate((node) => node.isConnected), "the tile stayed where it was").toBe(true);
  await expect(page.getByLabel("Campaign", { exact: true })).toBeFocused();
});

test("a poll with nothing new is a 304 and touches no figure", async ({ page, demo }) => {
  await page.clock.install();
  await open(page, demo, "/?range=90d");
  const seen = polls(page);
  await page.clock.fastForward(10_000);
  await expect.poll(() => seen.length).toBe(1);
  await page.evaluate(() => {
    (window as any).changes = [];
    new MutationObserver((all) => (window as any).changes.push(...all.map((one) => one.target.nodeName))).observe(
      document.getElementById("main")!,
      { subtree: true, childList: true, attributes: true, characterData: true },
    );
  });
  for (let poll = 2; poll <= 4; poll += 1) {
    await page.clock.fastForward(10_000);
    await expect.poll(() => seen.length).toBe(poll);
  }
  await expect(page.locator("[data-fresh=good]")).toBeVisible();
  expect(await page.evaluate(() => (window as any).changes)).toEqual([]);
  const query = "range=90d&tile=cost&tz=UTC";
  const first = await fetch(`${demo.url}/api/panel?${query}`);
  const again = await fetch(`${demo.url}/api/panel?${query}`, { headers: { "if-none-match": first.headers.get("etag") ?? "" } });
  expect(again.status).toBe(304);
});

test("a page that nobody sees does not poll, and is fresh at once when seen", async ({ page, demo }) => {
  await page.clock.install();
  await open(page, demo);
  const seen = polls(page);
  await setHidden(page, true);
  await page.clock.fastForward(60_000);
  expect(seen).toEqual([]);
  await setHidden(page, false);
  await expect.poll(() => seen.length).toBe(1);
});

test("there are never two polls at once", async ({ page, demo }) => {
  await page.clock.install();
  await open(page, demo);
  let open_polls = 0;
  let most = 0;
  let finish: (() => void) | undefined;
  await page.route("**/api/panel?*", async (route) => {
    open_polls += 1;
    most = Math.max(most, open_polls);
    await new Promise<void>((resolve) => (finish = resolve));
    open_polls -= 1;
    await route.continue();
  });
  await page.clock.fastForward(10_000);
  await expect.poll(() => open_polls).toBe(1);
  await page.clock.fastForward(5_000);
  expect(most).toBe(1);
  finish?.();
  await expect.poll(() => open_polls).toBe(0);
  await page.unroute("**/api/panel?*");
});

test("a pause stops the polls until it ends", async ({ page, demo }) => {
  await page.clock.install();
  await open(page, demo);
  const seen = polls(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.locator(".fresh")).toContainText("Paused");
  await page.clock.fastForward(40_000);
  expect(seen).toEqual([]);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => seen.length).toBe(1);
  await expect(page.locator(".fresh")).toContainText("Live");
});

test("the server goes and comes back, and the last good figures stay", async ({ page, empty, complaints }) => {
  await empty.post({ runId: "1", costUSD: "1.5" });
  await page.clock.install();
  await open(page, empty);
  await empty.stop("SIGKILL");
  const fresh = page.locator(".fresh");
  await page.clock.fastForward(10_000);
  await expect(fresh).toContainText("Live");
  await page.clock.fastForward(10_000);
  await expect(fresh).toContainText("Stale");
  await expect(fresh).toHaveAttribute("data-fresh", "late");
  await page.clock.fastForward(20_000);
  await expect(fresh).toContainText("Offline");
  await expect(fresh).toContainText("the server does not answer");
  await expect(fresh).toHaveAttribute("data-fresh", "bad");
  await expect(page.getByRole("status")).toContainText("Offline");
  await expect(page).toHaveTitle("Offline · Studio Metrics");
  await expect(page.locator("h1")).toContainText("The server is out of reach.");
  await expect(tile(page, "cost").locator("data")).toHaveAttribute("value", "1.50000");
  await empty.start();
  await empty.post({ runId: "2", costUSD: "0.5" });
  await page.clock.fastForward(80_000);
  await expect(fresh).toContainText("Live");
  await expect(tile(page, "cost").locator("data")).toHaveAttribute("value", "2.00000");
  // A server that is not there is what this test is about.
  const others = complaints.filter((text) => !text.includes("ERR_CONNECTION_REFUSED"));
  complaints.splice(0, complaints.length, ...others);
});
